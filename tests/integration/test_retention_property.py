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
from aqe.fleet.server import ServerInfo
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
        st.tuples(st.just("trim")),
    ),
    min_size=5,
    max_size=40,
)


class Model:
    """What must be there: for each group, what was published and not acknowledged."""

    def __init__(self) -> None:
        self.needed: dict[str, list[str]] = {group: [] for group in GROUPS}
        self.held: dict[str, list[Entry]] = {group: [] for group in GROUPS}


async def follow(parts: Runtime, raw: Any, course: list[tuple[Any, ...]]) -> None:
    """Take the steps; after each one look whether everything needed is still in the stream."""
    bus, model = parts.bus, Model()
    bus.publisher.cap = CAP
    consumers = {group: bus.consumer(group, lease_s=30.0) for group in GROUPS}
    for group, consumer in consumers.items():
        await parts.clients.commands.sadd(bus.names.durable(STREAM), group)
        await consumer.ensure([STREAM])
    retention = Retention(parts.clients.commands, bus, parts.clock, source="test", keep_s=-60)
    for number, step in enumerate(course):
        match step:
            case ("publish", count):
                for n in range(count):
                    payload = AgentStopped(agent=f"{number}-{n}", agent_type="t")
                    try:
                        entry = await bus.publish(Event.of(payload, source="t", time=parts.clock.now()))
                    except StreamFullError:
                        assert raw.xlen(STREAM) >= CAP, "refused although there was room"
                        assert any(model.needed.values()), "refused although nobody needed what was there"
                        break
                    for group in GROUPS:
                        model.needed[group].append(entry)
            case ("read", group, count):
                model.held[group] += await consumers[group].read([STREAM], count=count, block_ms=None)
            case ("ack", group, position):
                if model.held[group]:
                    done = model.held[group].pop(position % len(model.held[group]))
                    await consumers[group].acknowledge({STREAM: [done.id]})
                    model.needed[group].remove(done.id)
            case ("trim",):
                await retention.run()
                # The round drops whole nodes of the stream only; here exactly what it may.
                await bus.functions.call("aqe_trim", [STREAM], [FUTURE, ""])
        there = {row[0].decode() for row in raw.xrange(STREAM)}
        for group in GROUPS:
            assert set(model.needed[group]) <= there, f"{group} lost {set(model.needed[group]) - there} at {step}"


@pytest.mark.xdist_group("retention")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
