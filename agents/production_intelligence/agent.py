"""The production-intelligence agent: reads bulk data, lets the pure modules find, stores and publishes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ...bus.events import ProductionAnalyzed
from ...core.errors import TaskVetoed
from ...core.records.findings import FindingPriority, Insight, MiningResult
from ...core.records.logs import LogRow
from ...core.records.rows import LOGS
from ...core.records.scenarios import TestScenario
from ...core.records.tasks import TaskAssignment
from ..base import BaseAgent, TaskContext
from .error_patterns import mine
from .insights import insights_from
from .scenarios import scenarios_from

DEFAULT_WINDOW_DAYS = 7.0
DEFAULT_MIN_OCCURRENCES = 2
MAX_SCENARIOS = 20
"""Scenarios kept, most important first: tests that people are to review."""


@dataclass(frozen=True)
class Loaded:
    """What a task is found from.

    Args:
        rows: log records in order of time, read from the dataset while they are looked at: there may be millions.
        previous: those of the window before, for the trend.
        now: aware UTC.
    """

    rows: Iterable[LogRow]
    previous: Iterable[LogRow]
    now: datetime


@dataclass(frozen=True)
class Findings:
    """Everything the agent found."""

    mined: MiningResult
    insights: tuple[Insight, ...]
    scenarios: tuple[TestScenario, ...]


class ProductionIntelligenceAgent(BaseAgent):
    """Error-pattern mining over log records.

    Task payload, all optional: `days` (window back from now, > 0), `release` (only records imported for it),
    `minOccurrences` (>= 1), `includeUnsafe` (also make scenarios of requests that change something).
    """

    agent_type = "production-intelligence"
    task_types: ClassVar[Mapping[str, str]] = {"error-pattern-mining": "error-pattern-mining"}

    async def on_pre_task(self, context: TaskContext) -> Loaded:
        """The log records of the window and of the one before."""
        payload = context.task.payload
        window = timedelta(days=_number(payload, "days", DEFAULT_WINDOW_DAYS))
        start = context.now - window
        # A record is written with its own clock: one that is a little ahead of ours still belongs to this window.
        end = context.now + timedelta(days=1)
        release = payload.get("release")
        incidents = await self.memory.retrieve("aqe/production/incidents")
        self.log.info("production intelligence analysis started", recent_incidents=len(incidents or ()))
        datasets = self.services.datasets
        return Loaded(
            rows=_log_rows(datasets.rows(LOGS, since=start, until=end, release=release)),
            previous=_log_rows(datasets.rows(LOGS, since=start - window, until=start, release=release)),
            now=context.now,
        )

    def perform_task(self, task: TaskAssignment, inputs: Loaded) -> Findings:
        """Patterns, what they mean, and scenarios that would show them."""
        minimum = int(_number(task.payload, "minOccurrences", DEFAULT_MIN_OCCURRENCES))
        mined = mine(inputs.rows, min_occurrences=minimum, previous=inputs.previous)
        unsafe = bool(task.payload.get("includeUnsafe"))
        return Findings(
            mined=mined,
            insights=tuple(insights_from(mined, now=inputs.now)),
            scenarios=tuple(scenarios_from(mined, include_unsafe=unsafe))[:MAX_SCENARIOS],
        )

    async def on_post_task(self, context: TaskContext, result: Findings) -> Any:
        """Patterns, insights and scenarios to their keys, and the event."""
        release = context.task.payload.get("release")
        context.store("aqe/production/patterns", result.mined)
        context.store("aqe/production/insights", result.insights)
        context.store("aqe/production/test-scenarios", result.scenarios)
        context.store("aqe/test-scenarios/production-derived", result.scenarios)
        context.emit(
            ProductionAnalyzed(
                scenarios_generated=len(result.scenarios),
                anomalies_detected=None,
                high_priority_insights=sum(i.priority is FindingPriority.HIGH for i in result.insights),
                patterns_found=len(result.mined.patterns),
                release=release,
            ),
            subject=release,
        )
        return {"patterns": result.mined, "insights": result.insights, "scenarios": result.scenarios}


def _log_rows(rows: Iterable[tuple[Any, ...]]) -> Iterable[LogRow]:
    return (LogRow(*row) for row in rows)


def _number(payload: dict[str, Any], name: str, default: float) -> float:
    value = payload.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise TaskVetoed(f"{name} is {value!r}, expected a number above 0")
    return float(value)
