"""The drills: SIGKILL, twenty times, to agents in the middle of a task and to the server under them.

Each task appends to a history and emits an event of its own. Afterwards both are there exactly once for each task, none
is lost, and no lane, lease or name is left behind.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from aqe.agents import base
from aqe.agents.base import task_key
from aqe.bus import lanes
from aqe.bus.lanes import into_lane
from aqe.core.records.tasks import Priority, TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import Open, OwnServer, Programs, ids_in, settings_for
from aqe.tests.integration.once import DONE, HISTORY, Bookkeeper

KILLS = 20
TASKS = 40
PATIENCE_S = 240
"""After which a drill hangs. Not a measure of speed: other work may keep the machine busy."""
LEASE_S = 1.0
AT_WORK = "drill:at-work"
"""A plain list in which workers say what they have begun; not part of the fleet."""


class Worker(Bookkeeper):
    """Works for as long as the task says; a task that is to be killed waits for it on its first attempt."""

    plain: Redis

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        with contextlib.suppress(RedisError):
            self.plain.rpush(AT_WORK, json.dumps({"pid": os.getpid(), "task": task.id, "attempt": task.attempts}))
        time.sleep(60.0 if inputs["wait"] and task.attempts == 1 else inputs["seconds"])


async def queue_all(parts: Runtime, *, seconds: float, wait: set[int], count: int = TASKS) -> list[str]:
    """Tasks over all four lanes."""
    names = []
    for n in range(count):
        names.append(f"t{n:03}")
        task = TaskAssignment(
            id=names[-1],
            type="work",
            payload={"seconds": seconds, "wait": n in wait},
            priority=list(Priority)[n % 4],
            status=TaskStatus.QUEUED,
            submitted_at=parts.clock.now(),
        )
        lane = parts.bus.names.lane("drill", task.priority)
        await parts.memory.apply([parts.memory.prepare_store(task_key(task.id), task), into_lane(lane, task.id)])
    return names


async def assert_everything_happened_once(parts: Runtime, raw: Any, names: list[str]) -> None:
    """Value, history, events and record of each task; nothing waits anywhere."""
    records = await parts.memory.retrieve_pattern("aqe/fleet/tasks/*")
    assert {record["status"] for record in records.values()} == {"completed"}
    assert len(records) == len(names)
    assert Counter(await parts.memory.retrieve(HISTORY)) == Counter(names)
    assert await parts.memory.keys(f"{DONE}/*") == [f"{DONE}/{name}" for name in names]
    for event_type in ("signal:imported", "task:completed"):
        told = Counter(event_id.partition(":")[0] for event_id in ids_in(raw, f"aqe:events:{event_type}"))
        assert told == Counter(names), event_type
    assert raw.xlen("aqe:events:task:failed") == 0
    for priority in Priority:
        lane = f"aqe:tasks:drill:{priority}"
        assert raw.xlen(lane) == 0
        assert all(group["pending"] == 0 for group in raw.xinfo_groups(lane))


@pytest.mark.xdist_group("drills")
async def test_agents_killed_in_the_middle_of_a_task(
    parts: Runtime, programs: Programs, raw: Any, redis_url: str
) -> None:
    """Twenty SIGKILLs: of tasks that are surely under way, and at any moment around their commit."""
    surely = set(range(0, TASKS, 2))
    names = await queue_all(parts, seconds=0.03, wait=surely)
    workers = [programs.start(redis_url) for _ in range(4)]
    interrupted: list[str] = []
    seen = 0
    deadline = time.monotonic() + PATIENCE_S
    while len(interrupted) < KILLS or raw.xlen("aqe:events:task:completed") < TASKS:
        assert time.monotonic() < deadline, f"{len(interrupted)} kills; {programs.logs()}"
        said: list[bytes] = raw.lrange(AT_WORK, seen, -1)
        seen += len(said)
        for line in said:
            begun = json.loads(line)
            worker = _mine(workers, begun["pid"])
            must_die = names.index(begun["task"]) in surely and begun["attempt"] == 1
            if worker.poll() is not None or not (must_die or len(interrupted) < KILLS):
                continue
            # From "has only just begun" over "is being committed" to "is over".
            await asyncio.sleep(0.004 * (len(interrupted) % 20))
            worker.kill()
            worker.wait()
            interrupted.append(begun["task"])
            workers.append(programs.start(redis_url))
        await asyncio.sleep(0.005)
    assert sum(process.poll() == -signal.SIGKILL for process in workers) == len(interrupted) >= KILLS
    await assert_everything_happened_once(parts, raw, names)
    attempts = await parts.memory.retrieve_pattern(f"{DONE}/*")
    assert all(attempts[f"{DONE}/{names[n]}"] >= 2 for n in surely)


def _mine(workers: list[Any], pid: int) -> Any:
    """Only what this test has started is ever killed."""
    return next(process for process in workers if process.pid == pid)


@pytest.mark.xdist_group("drills")
async def test_the_server_killed_under_its_agents(open_parts: Open, own_server: OwnServer, programs: Programs) -> None:
    """Twenty SIGKILLs of the server, each while a task is under way; the agents wait and go on by themselves."""
    url = own_server.url
    parts = await open_parts("drill", url=url)
    # More than a slow machine gets done between two kills.
    names = await queue_all(parts, seconds=0.1, wait=set(), count=4 * TASKS)
    workers = [await programs.started_up(url) for _ in range(2)]
    kills = begun = 0
    deadline = time.monotonic() + PATIENCE_S
    with Redis.from_url(url) as raw:
        while _count(raw, "aqe:events:task:completed") < len(names):
            assert time.monotonic() < deadline, f"{kills} kills; {programs.logs()}"
            if kills < KILLS and begun < (now_begun := _count(raw, AT_WORK)):
                begun = now_begun
                await asyncio.sleep(0.006 * kills)
                await asyncio.to_thread(own_server.restart)
                kills += 1
            await asyncio.sleep(0.01)
        assert kills == KILLS
        assert [process.poll() for process in workers] == [None, None], programs.logs()
        await assert_everything_happened_once(parts, raw, names)


def _count(raw: Any, key: str) -> int:
    with contextlib.suppress(RedisError):
        return int(raw.llen(key) if key == AT_WORK else raw.xlen(key))
    return 0


# The program ---------------------------------------------------------------------------------------------------------


async def main(url: str) -> None:
    """A worker, for ever."""
    base.TASK_LEASE_S = LEASE_S
    lanes.UPKEEP_S = 0.1
    async with open_runtime(settings_for(url, Path.cwd()), name="drill", server=ServerInfo(url, "url")) as parts:
        worker = Worker(parts.services())
        worker.plain = Redis.from_url(url)
        print("ready", flush=True)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
