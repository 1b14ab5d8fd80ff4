"""Insights of several analyses in one list, on the real server: nobody's part is lost."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.agents.context import TaskContext
from aqe.agents.outcome import Outcome
from aqe.agents.production_intelligence.runners.insights import merge_insights
from aqe.core.errors import ConflictError
from aqe.core.records.decisions.production import Health
from aqe.core.records.production.anomalies import ANOMALIES_KEY, Anomaly
from aqe.core.records.production.findings import FindingPriority, Insight, MiningResult
from aqe.core.records.production.scenarios import MinedErrors
from aqe.core.records.tasks import TaskAssignment
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
LIST = "aqe/production/insights"


def found(*ids: str) -> Outcome:
    insights = tuple(
        Insight(id=i, title=i, detail="", priority=FindingPriority.HIGH, recommendation="", created_at=NOW) for i in ids
    )
    mined = MiningResult(total_records=0, total_errors=0, window_from=None, window_to=None, patterns=())
    return Outcome(MinedErrors(patterns=mined, insights=insights, scenarios=()))


async def ending(parts: Runtime, task_type: str, outcome: Outcome) -> TaskContext:
    """A task that has named its effects and not yet applied them."""
    task = TaskAssignment(id=f"task-{task_type}", type=task_type, submitted_at=NOW)
    context = TaskContext(task, parts.services(), "agent")
    await merge_insights(parts.memory, context, outcome)
    return context


async def ids(parts: Runtime) -> set[str]:
    return {insight["id"] for insight in await parts.memory.retrieve(LIST)}


async def test_an_analysis_replaces_only_what_it_found_itself(open_parts: Open) -> None:
    """The list, the parts and the order of work are one transaction with the task."""
    parts = await open_parts()
    for task_type, outcome in (("a", found("a1", "a2")), ("b", found("b1")), ("a", found("a3")), ("c", found())):
        await parts.memory.apply((await ending(parts, task_type, outcome)).effects)
    assert await ids(parts) == {"a3", "b1"}
    ranked = await parts.memory.retrieve("aqe/production/prioritization")
    assert {(f["insight"], f["capability"]) for f in ranked["findings"]} == {("a3", "a"), ("b1", "b")}


async def test_of_two_that_end_together_one_is_refused_and_then_finds_the_other(open_parts: Open) -> None:
    """Its task is tried again, as after any conflict."""
    parts = await open_parts()
    one, other = await ending(parts, "a", found("a1")), await ending(parts, "b", found("b1"))
    await parts.memory.apply(one.effects)
    with pytest.raises(ConflictError):
        await parts.memory.apply(other.effects)
    await parts.memory.apply((await ending(parts, "b", found("b1"))).effects)
    assert await ids(parts) == {"a1", "b1"}


async def test_a_part_that_somebody_else_broke_stops_nobody(open_parts: Open) -> None:
    """It is left out."""
    parts = await open_parts()
    await parts.memory.store(f"{LIST}/broken", [{"title": 1}, 7])
    await parts.memory.store(f"{LIST}/no-list", {"x": 1})
    await parts.memory.apply((await ending(parts, "a", found("a1"))).effects)
    assert await ids(parts) == {"a1"}


async def test_an_analysis_without_insights_leaves_the_list_alone(open_parts: Open) -> None:
    """Only what it stores is written."""
    parts = await open_parts()
    await parts.memory.apply((await ending(parts, "a", found("a1"))).effects)
    outcome = Outcome(Health(status="healthy"), {"aqe/production/status": {"status": "healthy"}})
    assert len((await ending(parts, "z", outcome)).effects) == 1
    assert await ids(parts) == {"a1"}


async def test_an_open_anomaly_stands_in_the_order_and_in_no_list_of_insights(open_parts: Open) -> None:
    """Decisions count anomalies and insights apart; who asks what to do first wants both."""
    parts = await open_parts()
    await parts.memory.apply((await ending(parts, "a", found("a1"))).effects)
    anomalies = [an_anomaly("anm-1", "open"), an_anomaly("anm-2", "resolved"), {"id": "another program's"}]
    outcome = Outcome(Health(status="healthy"), {ANOMALIES_KEY: anomalies})
    await parts.memory.apply((await ending(parts, "anomaly-detection", outcome)).effects)
    await parts.memory.apply((await ending(parts, "b", found("b1"))).effects)
    ranked = await parts.memory.retrieve("aqe/production/prioritization")
    assert [(f["insight"], f["capability"]) for f in ranked["findings"]] == [
        ("anm-1", "anomaly-detection"), ("a1", "a"), ("b1", "b"),
    ]  # fmt: skip
    assert await ids(parts) == {"a1", "b1"}


def an_anomaly(name: str, status: str) -> dict[str, Any]:
    return Anomaly.from_value(
        {
            "id": name, "type": "ERROR_RATE_SPIKE", "severity": "CRITICAL", "status": status, "series": "s: errors",
            "source": "access", "beganAt": NOW, "detectedAt": NOW, "lastDataAt": NOW, "observed": 0.3, "expected": 0.01,
            "expectedLow": 0.0, "expectedHigh": 0.02, "score": 9.0, "pValue": 0.001, "affectedUsers": 4,
            "explanation": "errors rose", "recommendation": "look",
        },
        where="test",
    ).to_dict()  # fmt: skip
