"""Which task comes first, who takes it, and what becomes of tasks whose agent stops or dies."""

import asyncio
from typing import Any

import pytest

from aqe.agents.base import TaskContext
from aqe.bus import lanes
from aqe.core.errors import FencedOutError
from aqe.core.records.tasks import Priority, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.agents.doubler import (
    COMPLETED,
    Doubler,
    ended,
    events,
    queue,
    record,
    working,
)
from aqe.tests.integration.conftest import Open, eventually, ids_in

# Priorities ----------------------------------------------------------------------------------------------------------


async def test_the_more_urgent_comes_first_whenever_it_was_queued(parts: Runtime, agent: Doubler) -> None:
    """Queued from low to critical, done from critical to low; within a lane in order."""
    for priority in reversed(Priority):
        for n in range(2):
            await queue(parts, f"{priority}-{n}", priority=priority)
    async with working(agent):
        for priority in Priority:
            await ended(parts, f"{priority}-1")
    assert agent.performed[:7] == [
        "critical-0", "critical-1", "high-0", "high-1", "medium-0", "medium-1", "low-0",
    ]  # fmt: skip


async def test_a_low_task_is_not_starved_by_a_stream_of_critical_ones(parts: Runtime, agent: Doubler) -> None:
    """Every FAIR_EVERY-th pick looks from the other end."""
    for n in range(3 * lanes.FAIR_EVERY):
        await queue(parts, f"critical-{n}", priority=Priority.CRITICAL)
    for n in range(2):
        await queue(parts, f"low-{n}", priority=Priority.LOW)
    async with working(agent):
        await ended(parts, f"critical-{3 * lanes.FAIR_EVERY - 1}")
    position = agent.performed.index
    assert position("low-0") < lanes.FAIR_EVERY
    assert position("low-1") < 2 * lanes.FAIR_EVERY


async def test_many_agents_share_a_lane_and_do_each_task_once(open_parts: Open, raw: Any) -> None:
    """Four agents, sixty tasks: all done, none twice."""
    processes = [await open_parts(f"p{n}") for n in range(4)]
    agents = [Doubler(process.services()) for process in processes]
    for n in range(60):
        await queue(processes[0], f"t{n}", priority=list(Priority)[n % 4])
    running = [asyncio.create_task(agent.run()) for agent in agents]
    await eventually(lambda: raw.xlen(COMPLETED) == 60, within_s=20)
    for agent in agents:
        agent.stop()
    await asyncio.gather(*running)
    done = [task_id for agent in agents for task_id in agent.performed]
    assert sorted(done) == sorted(f"t{n}" for n in range(60))
    assert sum(bool(agent.performed) for agent in agents) >= 2
    assert len(set(ids_in(raw, COMPLETED))) == 60


async def test_tasks_of_a_dead_agent_are_shared_out(open_parts: Open, raw: Any) -> None:
    """It held six. Three others take one each; nobody hoards what it has not begun, and nobody's wait is an attempt."""
    processes = [await open_parts(f"p{n}") for n in range(4)]
    names = processes[0].bus.names
    for n in range(6):
        await queue(processes[0], f"t{n}", priority=Priority.HIGH if n % 2 else Priority.LOW)
    streams = [names.lane("doubler", priority) for priority in Priority]
    dead = processes[0].bus.consumer(lanes.GROUP, lease_s=30)
    await dead.ensure(streams)
    held = await dead.read(streams, count=10, block_ms=None)
    assert len(held) == 6
    for entry in held:  # for a minute already
        raw.xclaim(entry.stream, lanes.GROUP, dead.consumer, 0, [entry.id], idle=60_000, justid=True)
    takers = [
        lanes.LaneConsumer(process.bus.consumer(lanes.GROUP, lease_s=30), streams, process.clock)
        for process in processes[1:]
    ]
    taken = [await taker.next(wait_s=0.01) for taker in takers]
    assert [entry.fields[b"taskId"] for entry in taken if entry] == [b"t1", b"t3", b"t5"], "the urgent ones first"
    assert [entry.attempts for entry in taken if entry] == [2, 2, 2]
    rows = raw.xpending_range("aqe:tasks:doubler:low", "agents", "-", "+", 10)
    assert [(row["consumer"], row["times_delivered"]) for row in rows] == [(dead.consumer.encode(), 1)] * 3


async def test_a_lane_whose_group_was_lost_begins_at_its_beginning(open_parts: Open, raw: Any) -> None:
    """One agent has finished the younger task, another holds the older one: that is not behind anybody's position."""
    one, two = [await open_parts(f"p{n}") for n in range(2)]
    await queue(one, "older")
    await queue(one, "younger")
    streams = [one.bus.names.lane("doubler", Priority.MEDIUM)]
    slow, quick = [
        lanes.LaneConsumer(process.bus.consumer(lanes.GROUP, lease_s=60), streams, process.clock)
        for process in (one, two)
    ]
    older, younger = await slow.next(wait_s=0.01), await quick.next(wait_s=0.01)
    assert older is not None and younger is not None
    await quick.finish(younger, [])
    raw.xgroup_destroy(streams[0], lanes.GROUP)
    assert await quick.next(wait_s=0.01) is None
    again = await quick.next(wait_s=0.01)
    assert again is not None and again.fields == older.fields
    with pytest.raises(FencedOutError):
        await slow.finish(older, [])
    await quick.finish(again, [])
    assert raw.xlen(streams[0]) == 0


async def test_no_task_is_lost_with_the_groups_of_its_lanes(open_parts: Open, raw: Any) -> None:
    """The group of every lane is destroyed while two agents work: what lies in a lane is begun again, and done once."""
    processes = [await open_parts(f"p{n}") for n in range(2)]
    agents = [Doubler(process.services()) for process in processes]

    async def pause(agent: Doubler, context: TaskContext) -> None:
        await asyncio.sleep(0.02)

    for agent in agents:
        agent.misbehave["pause"] = pause
    for n in range(40):
        await queue(processes[0], f"t{n}", payload={"trouble": "pause"})
    running = [asyncio.create_task(agent.run()) for agent in agents]
    for threshold in (5, 15, 25):
        await eventually(lambda threshold=threshold: raw.xlen(COMPLETED) >= threshold)  # type: ignore[misc]
        for priority in Priority:
            raw.xgroup_destroy(f"aqe:tasks:doubler:{priority}", "agents")
    await eventually(lambda: raw.xlen(COMPLETED) == 40, within_s=20)
    for agent in agents:
        agent.stop()
    await asyncio.gather(*running)
    history = await processes[0].memory.retrieve("aqe/history")
    assert sorted(item["task"] for item in history) == sorted(f"t{n}" for n in range(40))
    assert raw.xlen("aqe:tasks:doubler:medium") == 0


# Stopping ------------------------------------------------------------------------------------------------------------


async def test_stopping_finishes_the_task_at_hand_and_starts_no_other(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """What waits stays in the lane for the next agent, which gets it at once."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait(agent: Doubler, context: TaskContext) -> None:
        started.set()
        await go_on.wait()

    agent.misbehave["wait"] = wait
    await queue(parts, "first", payload={"trouble": "wait"})
    await queue(parts, "second")
    running = asyncio.create_task(agent.run())
    await started.wait()
    agent.stop()
    await asyncio.sleep(0.05)
    assert not running.done()
    go_on.set()
    await asyncio.wait_for(running, 10)
    assert (await record(parts, "first")).status is TaskStatus.COMPLETED
    assert (await record(parts, "second")).status is TaskStatus.QUEUED
    successor = Doubler(parts.services())
    async with working(successor):
        await ended(parts, "second")
    rows: Any = raw.xinfo_consumers("aqe:tasks:doubler:medium", "agents")
    assert [row["name"] for row in rows if row["name"] != b"handed-back"] == []


async def test_a_shutdown_that_fails_does_not_keep_the_agent(parts: Runtime, raw: Any, agent: Doubler) -> None:
    """It has left in good order all the same."""

    async def broken() -> None:
        raise ValueError("cannot close")

    agent.shutdown = broken  # type: ignore[method-assign]
    async with working(agent):
        await eventually(lambda: events(raw, "agent:started"))
    assert len(events(raw, "agent:stopped")) == 1
