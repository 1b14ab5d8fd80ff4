"""Retention: over any course of publishing, reading, acknowledging and trimming, nothing a durable group needs goes."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from aqe.bus.events import AgentStopped, Event
from aqe.bus.group import Entry
from aqe.bus.retention import Retention
from aqe.core.errors import StreamFullError
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import settings_for

TYPE = "agent:stopped"
STREAM = f"aqe:events:{TYPE}"
CAP = 12
FUTURE = "99999999999999-0"
GROUPS = ("first", "second")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 6)),
        st.tuples(st.just("read"), st.sampled_from(GROUPS), st.integers(1, 5)),
        st.tuples(st.just("ack"), st.sampled_from(GROUPS), st.integers(0, 5)),
        st.tuples(st.just("work"), st.sampled_from(GROUPS), st.integers(1, 5)),
        st.tuples(st.just("trim")),
        st.tuples(st.sampled_from(["join", "leave", "destroy"]), st.sampled_from(GROUPS)),
    ),
    min_size=10,
    max_size=40,
)


class Model:
    """What must be there: for each durable group, what was published and not acknowledged."""

    def __init__(self) -> None:
        self.needed: dict[str, list[str]] = {}
        self.held: dict[str, list[Entry]] = {}
        self.gone: set[str] = set()
        """Durable groups that somebody destroyed: until they are made again, nothing may go."""
        self.refused = 0


class Course:
    """Takes steps on a real stream and in the model."""

    def __init__(self, parts: Runtime, raw: Any) -> None:
        self.parts, self.raw, self.model = parts, raw, Model()
        self.consumers = {group: parts.bus.consumer(group, lease_s=30.0) for group in GROUPS}
        self.retention = Retention(parts.clients.commands, parts.bus, parts.clock, source="test", keep_s=-60)

    def there(self) -> list[str]:
        return [row[0].decode() for row in self.raw.xrange(STREAM)]

    async def join(self, group: str) -> None:
        """A durable group is declared: from now on it needs all that is there. Or one that was destroyed comes back."""
        if group in self.model.gone:  # at the beginning: what it had acknowledged comes again
            self.consumers[group].acked.clear()
            await self.consumers[group].ensure([STREAM])
            self.model.gone.discard(group)
        if group in self.model.needed:
            return
        self.raw.sadd(self.parts.bus.names.durable(STREAM), group)
        self.consumers[group].acked.clear()
        await self.consumers[group].ensure([STREAM])
        self.model.needed[group], self.model.held[group] = self.there(), []

    async def leave(self, group: str) -> None:
        """It is removed for good."""
        await self.parts.bus.remove_group(TYPE, group)
        self.model.needed.pop(group, None)
        self.model.held.pop(group, None)
        self.model.gone.discard(group)

    async def destroy(self, group: str) -> None:
        """Somebody destroys it, and it is still declared."""
        if group in self.model.needed:
            self.raw.xgroup_destroy(STREAM, group)
            self.model.held[group] = []
            self.model.gone.add(group)

    async def publish(self, count: int) -> None:
        for n in range(count):
            payload = AgentStopped(agent=str(n), agent_type="t")
            try:
                entry = await self.parts.bus.publish(Event.of(payload, source="t", time=self.parts.clock.now()))
            except StreamFullError:
                self.model.refused += 1
                assert len(self.there()) >= CAP, "refused although there was room"
                assert self.model.gone or any(self.model.needed.values()), "refused although nobody needed anything"
                return
            for needed in self.model.needed.values():
                needed.append(entry)

    async def read(self, group: str, count: int) -> None:
        if group in self.model.needed and group not in self.model.gone:
            self.model.held[group] += await self.consumers[group].read([STREAM], count=count, block_ms=None)

    async def work(self, group: str, count: int) -> None:
        """Read and acknowledge."""
        await self.read(group, count)
        for _ in range(count):
            await self.ack(group, 0)

    async def ack(self, group: str, position: int) -> None:
        if held := self.model.held.get(group):
            done = held.pop(position % len(held))
            await self.consumers[group].acknowledge({STREAM: [done.id]})
            if done.id in self.model.needed[group]:
                self.model.needed[group].remove(done.id)

    async def trim(self) -> None:
        if self.raw.exists(STREAM):
            await self.retention.run()
            # The round drops whole nodes of the stream only; here exactly what it may.
            await self.parts.bus.functions.call("aqe_trim", [STREAM], [FUTURE, ""])

    def look(self, step: Any) -> None:
        """Everything needed is still there, and every refusal was counted."""
        there = set(self.there())
        for group, needed in self.model.needed.items():
            assert set(needed) <= there, f"{group} lost {set(needed) - there} at {step}"
        assert int(self.raw.hget("aqe:refused", STREAM) or 0) == self.model.refused


async def follow(parts: Runtime, raw: Any, steps: list[tuple[Any, ...]]) -> None:
    """Take the steps; look after each one."""
    parts.bus.publisher.cap = CAP
    course = Course(parts, raw)
    for group in GROUPS:
        await course.join(group)
    for what, *arguments in steps:
        await getattr(course, what)(*arguments)
        course.look((what, *arguments))


@pytest.mark.xdist_group("retention")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=steps)
def test_what_a_durable_group_needs_never_goes(server_url: str, tmp_path: Any, course: list[tuple[Any, ...]]) -> None:
    """And a publish is refused only at the cap, and only while somebody still needs what is there."""

    async def run() -> None:
        settings_here = settings_for(server_url, tmp_path)
        async with open_runtime(settings_here, name="test", server=ServerInfo(server_url, "url")) as parts:
            await follow(parts, raw, course)

    with Redis.from_url(server_url) as raw:
        raw.flushall()
        asyncio.run(run())
