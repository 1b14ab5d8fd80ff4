"""Effects once: whatever happens to a worker at any command, memory writes, events and acknowledgement are one.

Workers are real processes behind a proxy that knows where each command ends. A schedule says what happens at which of
them: SIGKILL before it is sent or after it was executed, a connection that breaks, a reply that gets lost, or a pause
(SIGSTOP) in which another worker takes everything over. Hypothesis makes the schedules.
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from aqe.agents.base import task_key
from aqe.benchmarks.servers.proxy import Ask, Proxy, proxied
from aqe.bus.events import Event
from aqe.bus.lanes import into_lane
from aqe.core.records.tasks import Priority, TaskAssignment, TaskStatus
from aqe.fleet.runtime import open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import eventually, settings_for
from aqe.tests.integration.once import DONE, GROUP, HISTORY, PLANTED, WORK, work

KILLED_BEFORE, KILLED_AFTER = "killed before it is sent", "killed after it was executed"
CUT_BEFORE, REPLY_LOST, REPLY_CUT = "connection cut before", "reply lost", "reply cut in the middle"
OVERTAKEN = "stopped until another one has done everything"
FAULTS = (KILLED_BEFORE, KILLED_AFTER, CUT_BEFORE, REPLY_LOST, REPLY_CUT, OVERTAKEN)
NAMES = ("t1", "t2")
LAST_COMMAND = 16
"""Commands that count (COUNTED) in a life that does all the work; on a slow machine some more."""
COMMIT = "the commit"
"""The next command that carries an acknowledgement with its effects, whichever number it has."""
COUNTED = (b"XREADGROUP", b"XACK", b"XDEL", b"aqe_commit", b"aqe_record", b"aqe_retry", b"aqe_take_over")
SAYS_SO = {"agent": "another agent took the task over", "subscription": "somebody else took the entry over"}
"""In the log of a worker whose commit is refused."""
AGED_MS = 86_400_000

Moment = int | str
"""So many commands after the one before, or COMMIT."""
MOMENTS: tuple[Moment, ...] = (*range(1, LAST_COMMAND + 1), COMMIT)
schedules = st.lists(st.tuples(st.sampled_from(FAULTS), st.sampled_from(MOMENTS)), min_size=1, max_size=3)
"""What happens, and at which moment. No more than three: five deaths are a dead letter."""
Schedule = list[tuple[str, Moment]]

# One process has imported everything; workers are forked off it in 20 ms.
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["aqe.tests.integration.once"])


class Course:
    """One run of a schedule.

    Args:
        kind: of the workers, "agent" or "subscription".
        raw: a connection to the server itself.
        log: of the workers.
        planted: see once.PLANTED.
    """

    def __init__(self, kind: str, schedule: Schedule, raw: Any, url: str, log: Path, planted: str | None) -> None:
        self.kind, self.raw, self.url, self.log, self.planted = kind, raw, url, log, planted
        self.left = list(schedule)
        self.seen = 0
        self.under_way = False
        self.refused = False
        self.worker: Any = None
        self.proxy: Proxy | None = None
        self.stream, self.group = (
            ("aqe:tasks:drill:medium", "agents") if kind == "agent" else (f"aqe:events:{WORK}", GROUP)
        )

    async def run(self) -> None:
        """Until all work is done; the faults happen on the way."""
        await self.queue()
        async with proxied(self.url, self.around) as proxy:
            self.proxy = proxy
            try:
                self.worker = self.start(proxy.url)
                await eventually(self.over, within_s=20, what=f"all done; {self.log.read_text()[-3000:]}")
                if self.refused:
                    await eventually(lambda: SAYS_SO[self.kind] in self.log.read_text(), what="it says so")
            finally:
                await self.end(self.worker)
        self.assert_all_or_nothing()
        assert self.outcome() == dict.fromkeys(NAMES, (1,) * 5)
        assert not self.raw.keys("aqe:dead:*")

    async def queue(self) -> None:
        """What there is to do."""
        async with open_runtime(settings_for(self.url, self.log.parent), name="test", server=_at(self.url)) as parts:
            for name in NAMES:
                if self.kind == "subscription":
                    event = Event(type=WORK, id=name, data={"name": name}, source="t", time=parts.clock.now())
                    await parts.bus.publish(event)
                    continue
                now = parts.clock.now()
                task = TaskAssignment(id=name, type="work", status=TaskStatus.QUEUED, submitted_at=now)
                lane = parts.bus.names.lane("drill", Priority.MEDIUM)
                await parts.memory.apply([parts.memory.prepare_store(task_key(name), task), into_lane(lane, name)])

    def start(self, url: str) -> Any:
        """A worker."""
        worker = forks.Process(target=work, args=(self.kind, url, self.log, self.planted), daemon=True)
        worker.start()
        return worker

    async def end(self, worker: Any) -> None:
        """SIGKILL."""
        worker.kill()
        await asyncio.to_thread(worker.join)

    # Faults ----------------------------------------------------------------------------------------------------------

    async def around(self, command: list[bytes], ask: Ask) -> bytes:
        """What the worker gets for a command."""
        name = command[1] if command[0].startswith(b"FCALL") else command[0]
        if not (self.left and name in COUNTED):
            return await ask()
        self.seen += 1
        fault, at = self.left[0]
        if not (self.seen >= at if isinstance(at, int) else _is_commit(command)):
            return await ask()
        self.seen = 0
        self.left.pop(0)
        self.under_way = True
        reply = await self.happen(fault, ask)
        self.under_way = False
        return reply

    async def happen(self, fault: str, ask: Ask) -> bytes:
        """The fault; returns what still reaches the worker."""
        if fault in (KILLED_BEFORE, KILLED_AFTER):
            if fault == KILLED_AFTER:
                await ask()
            await self.end(self.worker)
            self.assert_all_or_nothing()
            self.age()
            assert self.proxy
            self.worker = self.start(self.proxy.url)
            return b""
        if fault == OVERTAKEN:
            await self.overtake()
            reply = await ask()
            self.refused = self.refused or reply.startswith(b"-FENCED")
            return reply
        reply = b"" if fault == CUT_BEFORE else await ask()
        self.assert_all_or_nothing()
        return reply[: len(reply) // 2] if fault == REPLY_CUT else b""

    async def overtake(self) -> None:
        """The worker stands still for longer than its lease; another one does all there is to do."""
        os.kill(self.worker.pid, signal.SIGSTOP)
        self.age()
        successor = self.start(self.url)
        try:
            await eventually(self.all_done, what=f"the successor; {self.log.read_text()[-3000:]}")
        finally:
            await self.end(successor)
            os.kill(self.worker.pid, signal.SIGCONT)

    def age(self) -> None:
        """As if the leases of all that is held had run out."""
        if not self.raw.exists(self.stream):
            return
        for row in self.pending():
            self.raw.xclaim(
                self.stream, self.group, row["consumer"], 0, [row["message_id"]], idle=AGED_MS, justid=True
            )  # fmt: skip

    # What must hold --------------------------------------------------------------------------------------------------

    def pending(self) -> Any:
        groups = [each["name"].decode() for each in self.raw.xinfo_groups(self.stream)]
        return self.raw.xpending_range(self.stream, self.group, "-", "+", 100) if self.group in groups else []

    def outcome(self) -> dict[str, tuple[int, ...]]:
        """For each piece of work: history items, values, events, ends of its task, acknowledgements."""
        look = self.raw.pipeline(transaction=True)  # one moment
        look.lrange(HISTORY, 0, -1)
        look.keys(f"{DONE}/*")
        look.xrange("aqe:events:signal:imported")
        look.xrange("aqe:events:task:completed")
        look.xrange(self.stream)
        look.xinfo_groups(self.stream)
        look.xpending_range(self.stream, self.group, "-", "+", 100)
        history, values, signals, completed, entries, groups, pending = look.execute(raise_on_error=False)
        items = Counter(item.decode().strip('"') for item in history)
        told = Counter(_id(fields).partition(":")[0] for _, fields in signals)
        ended = Counter(_id(fields).partition(":")[0] for _, fields in completed)
        given = [_order(each["last-delivered-id"]) for each in groups if each["name"] == self.group.encode()]
        held = {row["message_id"] for row in pending} if given else set()
        if self.kind == "subscription":
            ended = Counter(items)  # it has no record of its own
        waiting = {
            fields.get(b"taskId", fields.get(b"id", b"")).decode()
            for key, fields in entries
            if not given or _order(key) > given[0] or key in held
        }
        return {
            name: (items[name], values.count(f"{DONE}/{name}".encode()), told[name], ended[name], name not in waiting)
            for name in NAMES
        }

    def over(self) -> bool:
        """All is done, and who was overtaken has its answer."""
        return self.all_done() and not self.under_way

    def all_done(self) -> bool:
        if self.proxy and self.proxy.failure:
            raise self.proxy.failure
        return all(all(each) for each in self.outcome().values())

    def assert_all_or_nothing(self) -> None:
        """At any moment."""
        for name, each in self.outcome().items():
            assert each in ((0,) * 5, (1,) * 5), f"{name} has (items, values, events, ends, acks) {each}"


def _id(fields: dict[bytes, bytes]) -> str:
    return fields[b"id"].decode()


def _order(entry_id: bytes) -> tuple[int, ...]:
    return tuple(map(int, entry_id.split(b"-")))


def _is_commit(command: list[bytes]) -> bool:
    """FCALL aqe_commit 1 KEY GROUP ...: without a group it acknowledges nothing."""
    return command[1] == b"aqe_commit" and command[4] != b""


def _at(url: str) -> ServerInfo:
    return ServerInfo(url, "url")


def follow(kind: str, schedule: Schedule, url: str, folder: Path, *, planted: str | None = None) -> bool:
    """Run a schedule on an empty server; True when a commit was refused."""
    log = folder / f"workers-{time.monotonic_ns()}.log"
    log.touch()
    with Redis.from_url(url) as raw:
        raw.flushall()
        course = Course(kind, schedule, raw, url, log, planted)
        asyncio.run(course.run())
    return course.refused


KINDS = pytest.mark.parametrize("kind", ["agent", "subscription"])


@KINDS
@pytest.mark.xdist_group("effects")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_command(server_url: str, tmp_path: Path, kind: str, fault: str) -> None:
    """One at a time. Only who was overtaken is ever refused: at least where its commit was next, and it says so."""
    refused = {at: follow(kind, [(fault, at)], server_url, tmp_path) for at in MOMENTS}
    assert refused[COMMIT] == (fault == OVERTAKEN)
    assert fault == OVERTAKEN or not any(refused.values())


@KINDS
@pytest.mark.xdist_group("effects")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedule=schedules)
def test_effects_happen_all_or_not_at_all_and_never_twice(
    server_url: str, tmp_path: Path, kind: str, schedule: Schedule
) -> None:
    """Whatever happens at whichever commands, one after the other."""
    follow(kind, schedule, server_url, tmp_path)


@KINDS
@pytest.mark.xdist_group("effects")
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_found(server_url: str, tmp_path: Path, kind: str, planted: str) -> None:
    """An acknowledgement or an event outside the transaction makes this very property fail."""
    with pytest.raises(AssertionError, match=r"t\d has \(items, values, events, ends, acks\)"):
        for at in MOMENTS:
            follow(kind, [(KILLED_AFTER, at)], server_url, tmp_path, planted=planted)
