"""The commander: what is submitted is queued, done, or refused with a reason, whoever submits and whatever dies."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.base import task_key
from aqe.bus.deadletters import list_dead_letters
from aqe.core.errors import ConflictError
from aqe.core.records.tasks import Priority
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.commander.workers import (
    Judge,
    a_commander,
    events,
    running,
    submit,
    until,
)
from aqe.tests.integration.conftest import Open, eventually, ids_in, pending


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
