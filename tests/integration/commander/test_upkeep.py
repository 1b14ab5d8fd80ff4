"""What a commander tidies up: tasks of killed commands, approvals that nobody gave in time."""

from datetime import timedelta
from typing import Any

import pytest

from aqe.agents import base
from aqe.agents.base import task_key
from aqe.agents.commander import agent as commander_module
from aqe.bus import heartbeats
from aqe.bus.events import ApprovalExpired
from aqe.core.records.decisions.approvals import Approval, ApprovalState, approval_key
from aqe.core.records.tasks import TaskAssignment, TaskStatus
from aqe.fleet.runtime import Runtime
from aqe.memory.audit import AuditReader
from aqe.tests.integration.commander.workers import a_commander, events, record, running
from aqe.tests.integration.conftest import eventually

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
