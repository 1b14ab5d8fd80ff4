"""The commander: what is submitted is queued, done, or refused with a reason, whoever submits and whatever dies."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from aqe.agents import base
from aqe.agents.base import BaseAgent, TaskContext, agent_key, task_key
from aqe.agents.commander import agent as commander_module
from aqe.agents.commander.agent import FleetCommander
from aqe.agents.commander.routing import AgentProfile
from aqe.bus import heartbeats, lanes
from aqe.bus.deadletters import list_dead_letters
from aqe.bus.events import ApprovalExpired, Event, TaskCancelled, TaskSubmitted
from aqe.bus.reading import read_event
from aqe.bus.subscription import Delivery
from aqe.core.errors import ConflictError, TaskVetoed
from aqe.core.records.approvals import Approval, ApprovalState, approval_key
from aqe.core.records.release import Release
from aqe.core.records.tasks import AgentRecord, AgentState, Priority, TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.fleet.signals import list_releases
from aqe.fleet.tasks import agents, list_tasks
from aqe.memory.audit import AuditReader
from aqe.tests.integration.conftest import Open, OwnServer, eventually, ids_in, pending


class Fake(BaseAgent):
    """Does what its payload says and leaves a trace of the order."""

    async def on_pre_task(self, context: TaskContext) -> Any:
        trouble = context.task.payload.get(f"{context.task.type}-trouble")
        if trouble == "veto":
            raise TaskVetoed("not today")
        if trouble == "bug":
            raise ValueError("broken")
        return None

    def perform_task(self, task: TaskAssignment, inputs: Any) -> Any:
        return f"{task.type} of {task.payload.get('version')}"

    async def on_post_task(self, context: TaskContext, result: Any) -> Any:
        context.append("aqe/trace", result)
        return result


class Miner(Fake):
    agent_type = "production-intelligence"
    task_types: ClassVar[Mapping[str, str]] = {"error-pattern-mining": "error-pattern-mining"}


class Judge(Fake):
    agent_type = "deployment-readiness"
    task_types: ClassVar[Mapping[str, str]] = {"deployment-assessment": "gates", "risk-score": "risk-scoring"}


PROFILES = tuple(AgentProfile(agent.agent_type, agent.task_types) for agent in (Miner, Judge))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of lease instead of thirty, so that reads and stops are short; the rest is as in production."""
    monkeypatch.setattr(commander_module, "DURABLE", Delivery(durable=True, lease_s=1.0, backoff_s=0.02))
    monkeypatch.setattr(commander_module, "WATCH_EVERY_S", 0.1)
    monkeypatch.setattr(lanes, "UPKEEP_S", 0.1)


def a_commander(parts: Runtime) -> FleetCommander:
    return FleetCommander(
        parts.memory, parts.bus, parts.keeper, parts.clock, parts.clients.commands, PROFILES
    )  # fmt: skip


@asynccontextmanager
async def running(*workers: FleetCommander | BaseAgent) -> AsyncIterator[None]:
    """They work inside the block and are stopped in good order after it; one that ends before is a failure."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
        for task in tasks:
            assert not task.done() or task.result(), "ended by itself"
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 15)


async def submit(parts: Runtime, task_id: str, task_type: str, **fields: Any) -> None:
    submitted = TaskSubmitted(type=task_type, task_id=task_id, **fields)
    await parts.bus.publish(Event.of(submitted, source="a-test", time=parts.clock.now(), subject=task_id))


async def record(parts: Runtime, task_id: str) -> TaskAssignment | None:
    raw = await parts.memory.retrieve(task_key(task_id))
    return None if raw is None else TaskAssignment.from_value(raw, where=task_id)


def until(parts: Runtime, task_id: str, status: str) -> Callable[[], Awaitable[TaskAssignment | None]]:
    async def reached() -> TaskAssignment | None:
        task = await record(parts, task_id)
        return task if task is not None and task.status == status else None

    return reached


def events(raw: Any, event_type: str) -> list[Event]:
    rows: Any = raw.xrange(f"aqe:events:{event_type}")
    return [read_event(fields) for _, fields in rows]


# Dispatch ------------------------------------------------------------------------------------------------------------


async def test_a_task_from_another_language_is_queued_and_done(parts: Runtime, raw: Any) -> None:
    """A plain XADD of the CloudEvents fields, and an answer on the events with the submitter's own ids."""
    fields = {
        "id": "go-1", "type": "task:submitted", "source": "a-go-program", "time": "2026-01-10T12:00:00Z",
        "specversion": "1.0", "datacontenttype": "application/json", "correlationid": "build-9",
        "data": json.dumps({"type": "risk-score", "taskId": "go-task", "payload": {"version": "v1"}}),
    }  # fmt: skip
    raw.xadd("aqe:events:task:submitted", fields)
    async with running(a_commander(parts), Judge(parts.services())):
        task = await eventually(until(parts, "go-task", "completed"))
    assert task.result == "risk-score of v1"
    assert (task.agent_type, task.lane, task.correlation_id) == (
        "deployment-readiness", "aqe:tasks:deployment-readiness:medium", "build-9",
    )  # fmt: skip
    assert task.submitted_at.isoformat() == "2026-01-10T12:00:00+00:00"
    for event_type in ("task:assigned", "task:started", "task:completed"):
        [event] = events(raw, event_type)
        assert (event.data.task_id, event.subject, event.correlation_id) == ("go-task", "go-task", "build-9")
    assert events(raw, "task:assigned")[0].causation_id == "go-1"


async def test_without_an_id_of_its_own_the_task_has_the_events(parts: Runtime, raw: Any) -> None:
    """`type` is all a submitter has to say."""
    fields = {"id": "e-77", "type": "task:submitted", "source": "s", "time": "2026-01-10T12:00:00Z",
              "data": '{"type":"risk-score"}'}  # fmt: skip
    raw.xadd("aqe:events:task:submitted", fields)
    async with running(a_commander(parts)):
        task = await eventually(until(parts, "e-77", "queued"))
    assert (task.priority, task.correlation_id) == (Priority.MEDIUM, "e-77")


@pytest.mark.parametrize("priority", list(Priority))
async def test_each_priority_has_its_lane(parts: Runtime, raw: Any, priority: Priority) -> None:
    """Deadline, payload and requirements go into the record."""
    deadline = parts.clock.now() + timedelta(hours=1)
    await submit(
        parts, "t", "risk-score", priority=priority.value, deadline=deadline, requirements=("gates",), payload={"n": 1}
    )
    async with running(a_commander(parts)):
        task = await eventually(until(parts, "t", "queued"))
    assert raw.xlen(f"aqe:tasks:deployment-readiness:{priority}") == 1
    assert (task.deadline, task.requirements, task.payload) == (deadline, ("gates",), {"n": 1})


async def test_an_unknown_type_fails_with_what_was_probably_meant(parts: Runtime, raw: Any) -> None:
    """At once, as an event and in the record; the lanes stay empty."""
    await submit(parts, "t", "risk-scor")
    async with running(a_commander(parts)):
        task = await eventually(until(parts, "t", "failed"))
    assert "no agent serves 'risk-scor', did you mean 'risk-score'" in (task.error or "")
    [failed] = events(raw, "task:failed")
    assert failed.data.error == task.error and failed.data.agent is None
    assert raw.keys("aqe:tasks:*") == []


async def test_requirements_nobody_has_fail(parts: Runtime) -> None:
    """It is told what is missing."""
    await submit(parts, "t", "risk-score", requirements=("flying",))
    async with running(a_commander(parts)):
        task = await eventually(until(parts, "t", "failed"))
    assert "['flying']" in (task.error or "")


@pytest.mark.parametrize(
    ("task_id", "payload", "says"),
    [("a\nb", {}, "cannot be a key"), ("t", {"x": "y" * 600_000}, "bulk data belongs in a dataset")],
    ids=["no id", "too large"],
)
async def test_what_cannot_be_queued_fails_with_an_event(
    parts: Runtime, raw: Any, task_id: str, payload: dict[str, Any], says: str
) -> None:
    """Who waits for it hears of it; it is no silent dead letter."""
    await submit(parts, task_id, "risk-score", payload=payload)
    async with running(a_commander(parts)):
        [failed] = await eventually(lambda: events(raw, "task:failed"))
    assert failed.data.task_id == task_id and says in failed.data.error
    assert await list_dead_letters(parts.clients.commands, parts.bus.names) == []


async def test_a_submission_nobody_can_read_is_put_aside_and_the_next_is_done(parts: Runtime, raw: Any) -> None:
    """The commander itself is not harmed."""
    fields = {"id": "bad", "type": "task:submitted", "source": "s", "time": "2026-01-10T12:00:00Z",
              "data": '{"type":"risk-score","priority":"urgent"}'}  # fmt: skip
    raw.xadd("aqe:events:task:submitted", fields)
    await submit(parts, "good", "risk-score")
    async with running(a_commander(parts)):
        await eventually(until(parts, "good", "queued"))
        [letter] = await list_dead_letters(parts.clients.commands, parts.bus.names)
    assert letter.fields["id"] == "bad" and "data.priority" in letter.error


async def test_a_task_submitted_twice_is_done_once(open_parts: Open, raw: Any) -> None:
    """Two events of one task id before two commanders, twenty times: one record, one entry, one assignment each."""
    one, two = await open_parts("one"), await open_parts("two")
    for n in range(20):
        await asyncio.gather(submit(one, f"t{n}", "risk-score"), submit(two, f"t{n}", "risk-score"))
    async with running(a_commander(one), a_commander(two)):
        await eventually(until(one, "t19", "queued"))
        await eventually(lambda: pending(raw, "aqe:events:task:submitted", "commander") == 0)
    assert raw.xlen("aqe:tasks:deployment-readiness:medium") == 20
    assert sorted(ids_in(raw, "aqe:events:task:assigned")) == sorted(f"t{n}:task:assigned" for n in range(20))
    assert await list_dead_letters(one.clients.commands, one.bus.names) == []


async def test_a_task_that_somebody_else_queued_meanwhile_is_not_queued_again(parts: Runtime, raw: Any) -> None:
    """Two commanders hold an event each of one task; by the time the second commits, an agent works on it."""
    await submit(parts, "t", "risk-score")
    await submit(parts, "w", "release-check")
    first, second = events(raw, "task:submitted")
    commander = a_commander(parts)
    for event, task_id in ((first, "t"), (second, "w")):
        writes = await commander.on_submitted(event)
        await parts.memory.store(task_key(task_id), {"status": "running"})
        with pytest.raises(ConflictError):
            await parts.memory.apply(writes)
        assert await commander.on_submitted(event) == []
    assert raw.keys("aqe:tasks:*") == []


async def test_a_finished_task_submitted_again_is_not_done_again(parts: Runtime, raw: Any) -> None:
    """As long as its record is kept."""
    async with running(a_commander(parts), Judge(parts.services())):
        await submit(parts, "t", "risk-score")
        await eventually(until(parts, "t", "completed"))
        await submit(parts, "t", "risk-score")
        await submit(parts, "next", "risk-score")
        await eventually(until(parts, "next", "completed"))
    assert len(events(raw, "task:completed")) == 2


# Workflows -----------------------------------------------------------------------------------------------------------


async def test_a_release_check_runs_both_steps_in_order(parts: Runtime, raw: Any) -> None:
    """Each step with the workflow's payload and correlation; its result is the last step's."""
    await submit(parts, "w", "release-check", payload={"version": "v1"}, priority="high")
    async with running(a_commander(parts), Miner(parts.services()), Judge(parts.services())):
        workflow = await eventually(until(parts, "w", "completed"))
    assert await parts.memory.retrieve("aqe/trace") == ["error-pattern-mining of v1", "deployment-assessment of v1"]
    assert workflow.result == "deployment-assessment of v1"
    assert workflow.finished_at is not None and workflow.agent_type == "fleet-commander"
    done = [event.data.task_id for event in events(raw, "task:completed")]
    assert done == ["w.step-0", "w.step-1", "w"]
    followed = [event for name in ("assigned", "started", "completed") for event in events(raw, f"task:{name}")]
    assert len(followed) == 7 and {event.correlation_id for event in followed} == {"w"}
    first = await record(parts, "w.step-0")
    assert first is not None and first.priority is Priority.HIGH


@pytest.mark.parametrize(("trouble", "says"), [("bug", "ValueError: broken"), ("veto", "not today")])
async def test_a_workflow_fails_with_its_step(parts: Runtime, raw: Any, trouble: str, says: str) -> None:
    """The next step is never queued; a veto stays one."""
    await submit(parts, "w", "release-check", payload={"error-pattern-mining-trouble": trouble})
    async with running(a_commander(parts), Miner(parts.services()), Judge(parts.services())):
        workflow = await eventually(until(parts, "w", "failed"))
    assert workflow.error == f"step error-pattern-mining failed: {says}"
    assert await record(parts, "w.step-1") is None
    assert [event.data.vetoed for event in events(raw, "task:failed")] == [trouble == "veto"] * 2


async def test_a_workflow_fails_when_its_step_is_cancelled(parts: Runtime, raw: Any) -> None:
    """Nobody would ever go on with it, and somebody waits."""
    await submit(parts, "w", "release-check")
    async with running(a_commander(parts)):
        step = await eventually(until(parts, "w.step-0", "queued"))
        told = Event.of(TaskCancelled(task_id=step.id, type=step.type), source="cli", time=parts.clock.now())
        cancelled = step.model_copy(update={"status": TaskStatus.CANCELLED})
        await parts.memory.apply([parts.memory.prepare_store(task_key(step.id), cancelled), parts.bus.prepare(told)])
        workflow = await eventually(until(parts, "w", "failed"))
    assert workflow.error == "step error-pattern-mining was cancelled"
    assert [event.data.task_id for event in events(raw, "task:failed")] == ["w"]


async def test_a_workflow_whose_second_step_nobody_serves_fails(parts: Runtime) -> None:
    """The refusal of a step is the failure of the whole."""
    commander = FleetCommander(
        parts.memory, parts.bus, parts.keeper, parts.clock, parts.clients.commands, PROFILES[:1]
    )  # fmt: skip
    await submit(parts, "w", "release-check")
    async with running(commander, Miner(parts.services())):
        workflow = await eventually(until(parts, "w", "failed"))
    assert "step deployment-assessment failed: no agent serves" in (workflow.error or "")


async def test_events_that_come_again_change_nothing(parts: Runtime, raw: Any) -> None:
    """The commander's groups are lost and made again at the beginning: no step is queued twice, nothing is reopened."""
    await submit(parts, "w", "release-check")
    async with running(a_commander(parts), Miner(parts.services()), Judge(parts.services())):
        await eventually(until(parts, "w", "completed"))
    before = await parts.memory.retrieve_pattern("aqe/fleet/tasks/*")
    for event_type in ("submitted", "completed", "failed", "cancelled"):
        raw.xgroup_destroy(f"aqe:events:task:{event_type}", "commander")
    async with running(a_commander(parts)):
        for event_type in ("submitted", "completed"):
            stream = f"aqe:events:task:{event_type}"
            await eventually(lambda stream=stream: _handled(raw, stream))  # type: ignore[misc]
    assert await parts.memory.retrieve_pattern("aqe/fleet/tasks/*") == before
    assert len(await parts.memory.retrieve("aqe/trace")) == 2
    assert await list_dead_letters(parts.clients.commands, parts.bus.names) == []


async def test_a_completed_step_that_is_told_twice_is_gone_on_with_once(parts: Runtime, raw: Any) -> None:
    """The next one waits in its lane already, or runs."""
    await submit(parts, "w", "release-check")
    async with running(a_commander(parts), Miner(parts.services())):
        await eventually(until(parts, "w.step-1", "queued"))
    [done] = events(raw, "task:completed")
    assert await a_commander(parts).on_step_completed(done) == []


def _handled(raw: Any, stream: str) -> bool:
    groups: Any = raw.xinfo_groups(stream)
    return any(group["name"] == b"commander" and group["lag"] == 0 and not group["pending"] for group in groups)


async def test_a_step_that_finished_before_its_commander_died_is_gone_on_with(open_parts: Open, raw: Any) -> None:
    """One commander sees the submission, another the completion."""
    first, second = await open_parts("first"), await open_parts("second")
    await submit(first, "w", "release-check")
    async with running(a_commander(first)):
        await eventually(until(first, "w.step-0", "queued"))
    async with running(Miner(second.services()), Judge(second.services())):
        await eventually(until(second, "w.step-0", "completed"))
        async with running(a_commander(second)):
            await eventually(until(second, "w", "completed"))


# Agents --------------------------------------------------------------------------------------------------------------


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


# Commands that were killed -------------------------------------------------------------------------------------------


async def own_task(parts: Runtime, task_id: str, agent: str | None, age_s: float = 60) -> TaskAssignment:
    """A task done in the process of the command that asked for it."""
    at = parts.clock.now() - timedelta(seconds=age_s)
    task = TaskAssignment(
        id=task_id, type="risk-score", status=TaskStatus.RUNNING, agent=agent, submitted_at=at, started_at=at,
        lane=f"aqe:tasks:own:{task_id}",
    )  # fmt: skip
    await parts.memory.store(task_key(task_id), task)
    return task


async def test_the_task_of_a_killed_command_fails_and_no_other(
    parts: Runtime, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one whose process lives, not one that has just begun, not one in a lane that somebody reads."""
    await own_task(parts, "orphan", "dead")
    await own_task(parts, "young", "dead", age_s=1)
    await own_task(parts, "alive", "living")
    raw.set("aqe:heartbeat:living", "t", px=60_000)
    in_a_lane = (await own_task(parts, "queued", None)).model_copy(update={"lane": "aqe:tasks:x:high"})
    await parts.memory.store(task_key("queued"), in_a_lane)
    finishing = await own_task(parts, "finishing", "dead")
    look = heartbeats.alive

    async def slow_look(*args: Any) -> set[str]:
        done = finishing.model_copy(update={"status": TaskStatus.COMPLETED})
        await parts.memory.store(task_key("finishing"), done)
        return await look(*args)

    monkeypatch.setattr(commander_module, "alive", slow_look)
    await a_commander(parts)._fail_orphans()
    assert [event.data.task_id for event in events(raw, "task:failed")] == ["orphan"]
    states = {task_id: (await record(parts, task_id)).status for task_id in ("orphan", "young", "alive", "finishing")}  # type: ignore[union-attr]
    assert states == {"orphan": "failed", "young": "running", "alive": "running", "finishing": "completed"}


# Everything dies -----------------------------------------------------------------------------------------------------


@pytest.mark.xdist_group("own server")
async def test_queued_work_survives_a_restart_of_everything(open_parts: Open, own_server: OwnServer) -> None:
    """Submitted with nobody there, queued by one commander, server killed, done after the restart: each once."""
    submitter = await open_parts("submitter", url=own_server.url)
    for n in range(10):
        await submit(submitter, f"t{n}", "risk-score", payload={"version": n})
    await submit(submitter, "w", "release-check", payload={"version": "w"})
    own_server.restart()
    first = await open_parts("first", url=own_server.url)
    async with running(a_commander(first)):
        await eventually(until(first, "t9", "queued"))
        await eventually(until(first, "w.step-0", "queued"))
    own_server.restart()
    second = await open_parts("second", url=own_server.url)
    async with running(a_commander(second), Miner(second.services()), Judge(second.services())):
        for task_id in (*(f"t{n}" for n in range(10)), "w"):
            await eventually(until(second, task_id, "completed"))
    trace = await second.memory.retrieve("aqe/trace")
    expected = [f"risk-score of {n}" for n in range(10)]
    assert sorted(trace) == sorted([*expected, "error-pattern-mining of w", "deployment-assessment of w"])


def test_the_workflows_steps_are_served_by_agents() -> None:
    """The real fleet's profiles, not this file's."""
    from aqe.agents.commander.routing import route
    from aqe.agents.commander.workflow import WORKFLOWS
    from aqe.fleet.roster import profiles

    for steps in WORKFLOWS.values():
        for step in steps:
            assert route(step, (), profiles())


def test_leases_are_short_enough_for_people() -> None:
    """A dead agent is lost after 15 s, its task goes on before that."""
    from aqe.bus.heartbeats import HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S

    assert (HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S) == (5.0, 15.0)
    assert base.TASK_LEASE_S + 1 < HEARTBEAT_TTL_S


# Approvals -----------------------------------------------------------------------------------------------------------


async def ask(parts: Runtime, version: str, valid: timedelta, settled: ApprovalState) -> None:
    """Store a request about a release that expires `valid` from now."""
    now = parts.clock.now()
    situation = {
        "release": {"version": version, "commit": "a3f5c1e09b7d"},
        "policy": "default",
        "decision": "PENDING_APPROVAL",
        "rule": "An approval is needed",
        "decisionSha256": "0" * 64,
        "seen": {"risk": 50, "metrics": {}, "criteria": {}},
        "commitAuthors": None,
    }
    request = {
        "id": f"ask-{version}",
        "situation": situation,
        "requestedBy": "ci",
        "requestedAt": now - timedelta(days=1),
        "expiresAt": now + valid,
    }
    approval = Approval.from_value({"request": request, "settled": settled}, where=version)
    await parts.memory.store(approval_key(version, approval.request.id), approval)


async def test_an_approval_that_nobody_gave_in_time_is_announced_once(parts: Runtime, raw: Any) -> None:
    """As an event, in the audit log and in its record; one that still waits, or was answered, is left alone."""
    overdue = timedelta(seconds=-1)
    await ask(parts, "open", timedelta(hours=1), ApprovalState.PENDING)
    await ask(parts, "given", overdue, ApprovalState.GRANTED)
    for version in ("late", "later"):  # the second commander finds the first one announced
        await ask(parts, version, overdue, ApprovalState.PENDING)

        async def announced(version: str = version) -> bool:
            return version in [event.subject for event in events(raw, "approval:expired")]

        async with running(a_commander(parts)):
            await eventually(announced)
    first, second = events(raw, "approval:expired")
    assert isinstance(first.data, ApprovalExpired)
    assert (first.subject, first.data.approval, first.data.commit) == ("late", "ask-late", "a3f5c1e09b7d")
    assert second.subject == "later"
    logged = await AuditReader(parts.memory, ("approval:expired",)).entries()
    assert [(entry.subject, entry.details) for entry in logged] == [
        ("late", {"id": "ask-late"}),
        ("later", {"id": "ask-later"}),
    ]
    stored = await parts.memory.retrieve_pattern("aqe/releases/*/approvals/*")
    assert {key.split("/")[2]: value["settled"] for key, value in stored.items()} == {
        "late": "expired",
        "later": "expired",
        "open": "pending",
        "given": "granted",
    }
