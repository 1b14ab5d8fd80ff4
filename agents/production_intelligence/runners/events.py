"""What is published about an answer."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ....bus.events import AnomalyDetected, Payload, ProductionAnalyzed
from ....core.records.production.anomalies import Severity
from ....core.records.production.findings import FindingPriority
from ...context import TaskContext

if TYPE_CHECKING:  # whoever found an answer has imported its kind; the eleven others take as long as a short analysis
    from ....core.records.production.anomalies import AnomalyReport
    from ....core.records.production.dead_code import DeadCodeReport
    from ....core.records.production.experiment import ExperimentImpact
    from ....core.records.production.features import FeatureReport
    from ....core.records.production.incident_analysis import IncidentAnalysis
    from ....core.records.production.journeys import Journeys
    from ....core.records.production.load import LoadPatterns
    from ....core.records.production.rum_analysis import RumAnalysis
    from ....core.records.production.scenarios import BrowserTests, MinedErrors, RecordedTests
    from ....core.records.production.season import SeasonalAnalysis

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


def emit_events(context: TaskContext, answer: Any) -> None:
    """Name the events about an answer on the context of its task."""
    release = context.task.payload.get("release")
    told = EVENTS.get(context.task.type)
    for payload in told(answer, release) if told else ():
        series = payload.series if isinstance(payload, AnomalyDetected) else None
        context.emit(payload, subject=series or release)


def _mined(answer: "MinedErrors", release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=len(answer.scenarios),
        anomalies_detected=None,
        high_priority_insights=sum(i.priority is FindingPriority.HIGH for i in answer.insights),
        patterns_found=len(answer.patterns.patterns),
        release=release,
    )


def _recorded(answer: "RecordedTests | BrowserTests", release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=len(answer.scenarios), anomalies_detected=None, high_priority_insights=0, release=release
    )


def _looked(answer: "Looked", release: str | None) -> Iterator[Payload]:
    yield ProductionAnalyzed(
        scenarios_generated=0,
        anomalies_detected=None,
        high_priority_insights=sum(i.priority is FindingPriority.HIGH for i in answer.insights),
        release=release,
    )


def _watched(answer: "AnomalyReport", release: str | None) -> Iterator[Payload]:
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


EVENTS: Mapping[str, Callable[[Any, str | None], Iterator[Payload]]] = {
    "error-pattern-mining": _mined,
    "recording-to-tests": _recorded,
    "journeys-to-tests": _recorded,
    "anomaly-detection": _watched,
    "load-pattern-analysis": _looked,
    "seasonal-analysis": _looked,
    "feature-usage-analytics": _looked,
    "dead-code": _looked,
    "incident-analysis": _looked,
    "ab-test-impact": _looked,
    "user-journey-reconstruction": _looked,
    "rum-analysis": _looked,
}
"""Task type -> the events about its answer; the others' answers are for who asked."""
