"""Tasks of several steps: in order, once, over the death of a commander."""

from typing import Any

import pytest

from aqe.agents.base import task_key
from aqe.agents.commander.agent import FleetCommander
from aqe.bus.deadletters import list_dead_letters
from aqe.bus.events import Event, TaskCancelled
from aqe.core.records.tasks import Priority, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.commander.workers import (
    PROFILES,
    Judge,
    Miner,
    a_commander,
    events,
    record,
    running,
    submit,
    until,
)
from aqe.tests.integration.conftest import Open, OwnServer, eventually


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


async def test_a_step_that_had_nothing_to_look_at_is_gone_on_after(parts: Runtime) -> None:
    """Production may be silent; the release is to be judged all the same. Nothing at all is told as that."""
    await submit(parts, "w", "release-check", payload={"error-pattern-mining-trouble": "no data"})
    await submit(parts, "x", "release-check", payload={"deployment-assessment-trouble": "no data"})
    async with running(a_commander(parts), Miner(parts.services()), Judge(parts.services())):
        workflow = await eventually(until(parts, "w", "completed"))
        last = await eventually(until(parts, "x", "failed"))
    step = await record(parts, "w.step-0")
    assert step is not None and step.no_data and workflow.result == "deployment-assessment of None"
    assert last.error == "step deployment-assessment failed: no log records"


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
