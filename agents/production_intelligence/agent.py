"""The production-intelligence agent: loads what a capability needs, lets it find, stores and publishes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, get_args

from ...bus.events import AnomalyDetected, Payload, ProductionAnalyzed
from ...core.records.anomalies import AnomalyReport, Severity
from ...core.records.base import Record
from ...core.records.dead_code import DeadCodeReport
from ...core.records.experiment import ExperimentImpact
from ...core.records.features import FeatureReport
from ...core.records.findings import FindingPriority
from ...core.records.incident_analysis import IncidentAnalysis
from ...core.records.journeys import Journeys
from ...core.records.load import LoadPatterns
from ...core.records.rum_analysis import RumAnalysis
from ...core.records.scenarios import BrowserTests, MinedErrors, RecordedTests
from ...core.records.season import SeasonalAnalysis
from ...core.records.tasks import TaskAssignment
from ..base import BaseAgent, TaskContext
from ..outcome import Outcome
from .anomalies.keys import NothingToJudge
from .capabilities import CAPABILITIES
from .loaded import Loaded
from .runners.insights import merge_insights

_CAPABILITY = {capability.task_type: capability for capability in CAPABILITIES}


class ProductionIntelligenceAgent(BaseAgent):
    """One finding a task.

    Task payload, all optional: `days` (window back from now, > 0), `release` (only records imported for it), and what
    the capability asks for, such as `minOccurrences` (>= 1) and `includeUnsafe` (also make scenarios of requests that
    change something) of `error-pattern-mining`.
    """

    agent_type = "production-intelligence"
    task_types: ClassVar[Mapping[str, str]] = {c.task_type: c.serves for c in CAPABILITIES}

    async def on_pre_task(self, context: TaskContext) -> Loaded:
        """What the capability reads from memory; bulk rows are read while they are looked at."""
        incidents = await self.memory.retrieve("aqe/production/incidents")
        self.log.info("production intelligence analysis started", recent_incidents=len(incidents or ()))
        payload = context.task.payload
        keys = _CAPABILITY[context.task.type].reads(payload)
        values = {key: await self.memory.retrieve(key) for key in keys if "*" not in key}
        for glob in (key for key in keys if "*" in key):
            values |= await self.memory.retrieve_pattern(glob)
        records = {key: value for key, value in values.items() if value is not None}
        return Loaded(context.now, payload, self.services.datasets, records)

    def perform_task(self, task: TaskAssignment, inputs: Loaded) -> Outcome:
        """Pure: the same inputs give the same outcome."""
        return _CAPABILITY[task.type].perform(inputs)

    async def on_post_task(self, context: TaskContext, result: Outcome) -> Any:
        """Stores what was found, and says so."""
        await merge_insights(self.memory, context, result)
        for payload in events_of(result.answer, context.task.payload.get("release")):
            series = payload.series if isinstance(payload, AnomalyDetected) else None
            context.emit(payload, subject=series or context.task.payload.get("release"))
        return result.answer

    async def on_task_error(self, context: TaskContext, error: Exception) -> None:
        """That nothing could be judged is stored, too: an earlier state would be taken for today's."""
        if isinstance(error, NothingToJudge):
            for name, value in error.stores.items():
                context.store(name, value)


def events_of(answer: Record, release: str | None) -> Iterator[Payload]:
    """What is published about an answer."""
    for kind, say in _EVENTS.items():
        if isinstance(answer, kind):
            yield from say(answer, release)


def _mined(answer: MinedErrors, release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=len(answer.scenarios),
        anomalies_detected=None,
        high_priority_insights=sum(i.priority is FindingPriority.HIGH for i in answer.insights),
        patterns_found=len(answer.patterns.patterns),
        release=release,
    )


def _recorded(answer: RecordedTests | BrowserTests, release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=len(answer.scenarios), anomalies_detected=None, high_priority_insights=0, release=release
    )


Looked = (
    LoadPatterns
    | SeasonalAnalysis
    | FeatureReport
    | DeadCodeReport
    | IncidentAnalysis
    | ExperimentImpact
    | Journeys
    | RumAnalysis
)
"""Answers of analyses that make no scenarios and look for no anomalies."""


def _looked(answer: Looked, release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=0,
        anomalies_detected=None,
        high_priority_insights=sum(i.priority is FindingPriority.HIGH for i in answer.insights),
        release=release,
    )


def _watched(answer: AnomalyReport, release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=0,
        anomalies_detected=len(answer.anomalies) + answer.held_back,
        high_priority_insights=sum(a.severity in (Severity.CRITICAL, Severity.HIGH) for a in answer.anomalies),
        release=release,
    )
    for one in answer.anomalies:
        if one.id in answer.new:
            yield AnomalyDetected(
                anomaly=one.id,
                type=one.type,
                severity=one.severity,
                series=one.series,
                service=one.service,
                began_at=one.began_at,
                explanation=one.explanation,
                release=release,
            )


_EVENTS: Mapping[type[Record], Callable[[Any, str | None], Iterator[Payload]]] = {
    MinedErrors: _mined,
    RecordedTests: _recorded,
    BrowserTests: _recorded,
    AnomalyReport: _watched,
    **dict.fromkeys(get_args(Looked), _looked),
}
"""Type of answer -> the events about it."""
