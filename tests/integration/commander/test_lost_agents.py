"""Agents that are lost, come back or say goodbye, and commanders that go."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.base import agent_key
from aqe.agents.commander import agent as commander_module
from aqe.bus import heartbeats
from aqe.core.records.release import Release
from aqe.core.records.tasks import AgentRecord, AgentState, TaskAssignment
from aqe.fleet.runtime import Runtime
from aqe.fleet.signals import list_releases
from aqe.fleet.tasks import agents, list_tasks
from aqe.tests.integration.commander.workers import (
    a_commander,
    events,
    running,
    submit,
    until,
)
from aqe.tests.integration.conftest import Open, eventually


async def an_agent(
    parts: Runtime, name: str, state: AgentState = AgentState.IDLE, *, age_s: float = 3600, task: str | None = None
) -> AgentRecord:
    """A record without a heartbeat."""
    agent = AgentRecord(
        id=name, type="t", capabilities=("x",), state=state, host="h", pid=1, task=task,
        started_at=parts.clock.now() - timedelta(seconds=age_s),
    )  # fmt: skip
    await parts.memory.store(agent_key(name), agent)
    return agent


async def state_of(parts: Runtime, name: str) -> AgentState:
    return AgentRecord.from_value(await parts.memory.retrieve(agent_key(name)), where=name).state


async def test_a_lost_agent_is_declared_once_by_two_commanders(open_parts: Open, raw: Any) -> None:
    """Both look at the same moment, again and again: one event, one record."""
    one, two = await open_parts("one"), await open_parts("two")
    for n in range(10):
        await an_agent(one, f"a{n}", AgentState.BUSY, task="task-7")
    commanders = a_commander(one), a_commander(two)
    for _ in range(3):
        await asyncio.gather(*(commander.watch() for commander in commanders for _ in range(2)))
    lost = events(raw, "agent:lost")
    assert sorted(event.data.agent for event in lost) == sorted(f"a{n}" for n in range(10))
    assert {event.data.task for event in lost} == {"task-7"}
    assert {await state_of(one, f"a{n}") for n in range(10)} == {AgentState.LOST}


async def test_only_the_lost_are_declared_lost(parts: Runtime, raw: Any) -> None:
    """Not who has a heartbeat, who stopped, who has just started; and not the commander itself."""
    await an_agent(parts, "alive")
    raw.set("aqe:heartbeat:alive", "t", px=60_000)
    await an_agent(parts, "stopped", AgentState.STOPPED)
    await an_agent(parts, "young", age_s=1)
    await an_agent(parts, "dead")
    async with running(a_commander(parts)):
        await eventually(lambda: events(raw, "agent:lost"))
        await asyncio.sleep(0.3)
    assert [event.data.agent for event in events(raw, "agent:lost")] == ["dead"]
    assert await state_of(parts, "alive") is AgentState.IDLE


@pytest.mark.parametrize("moment", ["before the heartbeats", "before the last write"])
async def test_an_agent_that_says_goodbye_meanwhile_is_not_lost(
    parts: Runtime, raw: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It stops between the commander's look at the records and what it does about them."""
    agent = await an_agent(parts, "leaving")

    async def leave() -> None:
        await parts.memory.store(agent_key("leaving"), agent.model_copy(update={"state": AgentState.STOPPED}))

    look, retrieve_record = heartbeats.alive, parts.memory.retrieve_record

    async def slow_look(*args: Any) -> set[str]:
        await leave()
        return await look(*args)

    async def slow_retrieve(key: str) -> Any:
        found = await retrieve_record(key)
        await leave()
        return found

    if moment == "before the heartbeats":
        monkeypatch.setattr(commander_module, "alive", slow_look)
    else:
        monkeypatch.setattr(parts.memory, "retrieve_record", slow_retrieve)
    await a_commander(parts).watch()
    assert events(raw, "agent:lost") == []
    assert await state_of(parts, "leaving") is AgentState.STOPPED


async def test_an_agent_that_comes_back_can_be_lost_again(parts: Runtime, raw: Any) -> None:
    """It stood still for a while, worked on, then died: both are told."""
    commander = a_commander(parts)
    agent = await an_agent(parts, "a")
    await commander.watch()
    await parts.memory.store(agent_key("a"), agent)
    await commander.watch()
    assert len(events(raw, "agent:lost")) == 2


@pytest.mark.parametrize("value", ["no json", '{"id": 1}', '{"fieldOfTheFuture": true}'])
async def test_a_record_nobody_can_read_hides_no_lost_agent(parts: Runtime, raw: Any, value: str) -> None:
    """Somebody wrote it by hand, or a newer version did."""
    await an_agent(parts, "dead")
    raw.set("aqe/fleet/agents/aaa", value)
    await parts.memory.reindex()
    await a_commander(parts).watch()
    assert [event.data.agent for event in events(raw, "agent:lost")] == ["dead"]


@pytest.mark.parametrize("value", ["no json", '{"id": 1}', "[]"])
async def test_a_record_nobody_can_read_hides_no_other_from_people(parts: Runtime, raw: Any, value: str) -> None:
    """Agents, tasks and releases are listed, and with them it is known whether a fleet runs."""
    await an_agent(parts, "mine")
    task = TaskAssignment(id="mine", type="sleep", submitted_at=parts.clock.now())
    await parts.memory.store("aqe/fleet/tasks/mine", task)
    await parts.memory.store("aqe/releases/v1/release", Release(version="v1"))
    for key in ("aqe/fleet/agents/aaa", "aqe/fleet/tasks/aaa", "aqe/releases/aaa/release", "aqe/releases/v1/decision"):
        raw.set(key, value)
    await parts.memory.reindex()
    assert [record.id for record, _ in await agents(parts)] == ["mine"]
    assert [record.id for record in await list_tasks(parts)] == ["mine"]
    assert [view.release.version for view in await list_releases(parts)] == ["v1"]


async def test_a_commander_registers_and_leaves_in_good_order(parts: Runtime, raw: Any) -> None:
    """With a heartbeat while it lives; when it leaves, the record keeps when it came."""
    commander = a_commander(parts)
    async with running(commander):
        await eventually(lambda: raw.exists(f"aqe:heartbeat:{commander.id}"))
        await eventually(lambda: _handled_nothing(raw))
        here = AgentRecord.from_value(await parts.memory.retrieve(agent_key(commander.id)), where="commander")
    gone = AgentRecord.from_value(await parts.memory.retrieve(agent_key(commander.id)), where="commander")
    assert (here.state, gone.state) == (AgentState.IDLE, AgentState.STOPPED)
    assert gone.started_at == here.started_at
    assert gone.stopped_at is not None and gone.stopped_at > gone.started_at


def _handled_nothing(raw: Any) -> bool:
    return bool(raw.exists("aqe:events:task:cancelled"))


async def test_a_stream_that_was_deleted_does_not_end_the_commander(parts: Runtime, raw: Any) -> None:
    """Its type still stands in the set of types."""
    raw.sadd("aqe:events", "weather:changed", b"\xff")
    async with running(a_commander(parts)):
        await submit(parts, "t", "risk-score")
        await eventually(until(parts, "t", "queued"))


async def test_a_commander_brings_the_index_in_line(parts: Runtime, raw: Any) -> None:
    """A bare SET of somebody else's is found by globs."""
    raw.set("aqe/quality-signals/security", "{}")
    async with running(a_commander(parts)):
        await eventually(lambda: parts.memory.keys("aqe/quality-signals/*"))
