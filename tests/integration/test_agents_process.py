"""Agents as the processes they are: told to stop, killed, killed again and again by their own task."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from aqe.agents import base, work
from aqe.agents.base import BaseAgent, TaskContext, task_key
from aqe.bus import lanes
from aqe.bus.deadletters import list_dead_letters
from aqe.bus.lanes import into_lane
from aqe.bus.reading import read_event
from aqe.core.records.tasks import TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import Programs, eventually, settings_for

LEASE_S = 1.5
SLACK_S = 2.0
"""Beyond the promised lease + 1 s: this machine has two cores and other things to do."""
MAX_ATTEMPTS = 3
COMPLETED = "aqe:events:task:completed"


class Worker(BaseAgent):
    """Sleeps, waits for a file, or takes its own process down."""

    agent_type = "worker"
    task_types: ClassVar[Mapping[str, str]] = {"sleep": "sleeping", "die": "dying"}

    async def on_pre_task(self, context: TaskContext) -> Any:
        return None

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        if task.type == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        while (file := task.payload.get("until")) and not Path(file).exists():
            time.sleep(0.01)
        first_s = task.payload.get("first_seconds")
        time.sleep(first_s if first_s and task.attempts == 1 else task.payload.get("seconds", 0))

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        context.append("aqe/history", context.task.id)


async def queue(parts: Runtime, task_id: str, task_type: str, **payload: Any) -> None:
    now = parts.clock.now()
    task = TaskAssignment(id=task_id, type=task_type, payload=payload, status=TaskStatus.QUEUED, submitted_at=now)
    lane = parts.bus.names.lane("worker", task.priority)
    await parts.memory.apply([parts.memory.prepare_store(task_key(task_id), task), into_lane(lane, task_id)])


async def record(parts: Runtime, task_id: str) -> TaskAssignment:
    return TaskAssignment.from_value(await parts.memory.retrieve(task_key(task_id)), where=task_id)


async def test_sigterm_finishes_the_task_at_hand_and_leaves_the_others(
    parts: Runtime, programs: Programs, raw: Any, redis_url: str, tmp_path: Path
) -> None:
    """Exit code 0, a goodbye, its names gone; what waited is done by the next agent at once, not after the lease."""
    process = await programs.started_up(redis_url)
    told = tmp_path / "told"
    for n in range(3):
        await queue(parts, f"t{n}", "sleep", **({"until": str(told)} if n == 0 else {}))
    await eventually(lambda: _started(raw) == 1)
    process.send_signal(signal.SIGTERM)
    told.touch()
    assert await asyncio.to_thread(process.wait, 10) == 0, programs.logs()
    assert await parts.memory.retrieve("aqe/history") == ["t0"]
    assert (await record(parts, "t0")).status is TaskStatus.COMPLETED
    assert (await record(parts, "t1")).status is TaskStatus.QUEUED
    assert raw.xlen("aqe:events:agent:stopped") == 1
    assert raw.keys("aqe:heartbeat:*") == []
    await programs.started_up(redis_url)
    await eventually(lambda: raw.xlen(COMPLETED) == 3)
    assert await parts.memory.retrieve("aqe/history") == ["t0", "t1", "t2"]


async def test_a_killed_agents_task_is_done_by_another_within_the_lease(
    parts: Runtime, programs: Programs, raw: Any, redis_url: str
) -> None:
    """SIGKILL in the middle: the second process takes it over by itself; attempts say 2, effects happened once."""
    victim = await programs.started_up(redis_url)
    await queue(parts, "t", "sleep", seconds=0.1, first_seconds=60)
    await eventually(lambda: _started(raw) == 1)
    await programs.started_up(redis_url)
    victim.kill()
    killed_at = time.monotonic()
    await eventually(lambda: _started(raw) == 2, what=programs.logs())
    assert time.monotonic() - killed_at < LEASE_S + 1 + SLACK_S
    await eventually(lambda: raw.xlen(COMPLETED) == 1, within_s=20.0)
    task = await record(parts, "t")
    assert (task.status, task.attempts) == (TaskStatus.COMPLETED, 2)
    assert await parts.memory.retrieve("aqe/history") == ["t"]


async def test_a_long_task_that_holds_the_interpreter_is_not_taken_over(
    parts: Runtime, programs: Programs, raw: Any, redis_url: str
) -> None:
    """Three leases long, another agent idle beside it: one start."""
    for _ in range(2):
        await programs.started_up(redis_url)
    await queue(parts, "t", "sleep", seconds=3 * LEASE_S)
    await eventually(lambda: raw.xlen(COMPLETED) == 1)
    assert _started(raw) == 1


async def test_a_task_that_kills_its_agents_is_put_aside(
    parts: Runtime, programs: Programs, raw: Any, redis_url: str
) -> None:
    """After MAX_ATTEMPTS dead processes: dead letter, failed record, two events; the work behind it is done."""
    await queue(parts, "poison", "die")
    await queue(parts, "good", "sleep")
    deaths = 0
    process = await programs.started_up(redis_url)
    while raw.xlen("aqe:dead:worker:medium") == 0 and deaths <= MAX_ATTEMPTS:
        if process.poll() is not None:
            assert process.returncode == -signal.SIGKILL
            deaths += 1
            process = await programs.started_up(redis_url)
        await asyncio.sleep(0.02)
    assert deaths == MAX_ATTEMPTS
    await eventually(lambda: raw.xlen(COMPLETED) == 1)
    assert await parts.memory.retrieve("aqe/history") == ["good"]
    task = await record(parts, "poison")
    assert task.status is TaskStatus.FAILED and "agents died 3 times" in (task.error or "")
    [letter] = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert (letter.name, letter.attempts) == ("worker:medium", MAX_ATTEMPTS + 1)
    for event_type in ("task:dead-lettered", "task:failed"):
        [[_, fields]] = raw.xrange(f"aqe:events:{event_type}")
        assert read_event(fields).data.task_id == "poison"
    assert process.poll() is None


def _started(raw: Any) -> int:
    return int(raw.xlen("aqe:events:task:started"))


# The program ---------------------------------------------------------------------------------------------------------


async def main(url: str) -> None:
    """A worker until SIGTERM."""
    base.TASK_LEASE_S = LEASE_S
    work.MAX_ATTEMPTS = MAX_ATTEMPTS
    lanes.UPKEEP_S = 0.1
    async with open_runtime(settings_for(url, Path.cwd()), name="worker", server=ServerInfo(url, "url")) as parts:
        agent = Worker(parts.services())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, agent.stop)
        print("ready", flush=True)
        await agent.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
