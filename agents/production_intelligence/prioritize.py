"""One list out of what all analyses found, and the order in which to act on it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ...core.numbers import counted
from ...core.records.production.anomalies import ANOMALIES_KEY, Anomaly, Severity, by_event, in_words
from ...core.records.production.findings import FindingPriority, Insight, Prioritization, Priority
from ...core.records.production.scenarios import TestScenario
from ...core.records.production.verification import Coverage

MAX_INSIGHTS = 400
"""Of the merged list: a value in memory is at most 1 MB."""
RULE = "priority, then known users affected, then how often it was seen; what is not counted comes after what is"
_ORDER = {priority: place for place, priority in enumerate(FindingPriority)}


def merged(parts: Mapping[str, Iterable[Insight]]) -> tuple[Insight, ...]:
    """All insights in the order of RULE, each with its capability; equal ones newest first.

    Args:
        parts: task type -> what its latest run found.
    """
    named = (i.model_copy(update={"capability": capability}) for capability, found in parts.items() for i in found)
    return tuple(sorted(named, key=_place))


def priority_of(severity: Severity) -> FindingPriority:
    """An anomaly's severity in the words of findings, which know nothing above HIGH."""
    return FindingPriority.HIGH if severity is Severity.CRITICAL else FindingPriority(severity.value)


def of_anomalies(anomalies: Iterable[Anomaly]) -> tuple[Insight, ...]:
    """Open anomalies as lines of the same list, one an event; no insights, which a decision would count once more."""
    return tuple(map(_of_event, by_event(one for one in anomalies if one.status == "open")))


def _of_event(event: Sequence[Anomaly]) -> Insight:
    worst = event[0]
    users = [one.affected_users for one in event if isinstance(one.affected_users, int)]
    return Insight(
        id=worst.id,
        title=in_words(event),
        detail=in_words(event),
        priority=priority_of(worst.severity),
        evidence=(*(one.id for one in event), ANOMALIES_KEY),
        recommendation=worst.recommendation,
        created_at=worst.began_at,
        # The same people may be in all of them.
        affected_users=max(users, default=None),
    )


def with_coverage(insights: Iterable[Insight], covered: Iterable[Coverage]) -> tuple[Insight, ...]:
    """Each with the files that cover it, by its own id or that of what it rests on.

    Args:
        covered: of the feedback loop's state, which no analysis rewrites.
    """
    files: dict[str, list[str]] = {}
    for one in covered:
        files.setdefault(one.finding, []).append(one.file)
    return tuple(
        i.model_copy(
            update={"covered_by": tuple(dict.fromkeys(f for of in (i.id, *i.evidence) for f in files.get(of, ())))}
        )
        for i in insights
    )


def _place(insight: Insight) -> tuple[float | str, ...]:
    return (
        _ORDER[insight.priority],
        -(insight.affected_users or 0),
        -(insight.occurrences or 0),
        -insight.created_at.timestamp(),
        insight.id,
    )


def prioritized(insights: Sequence[Insight], scenarios: Iterable[TestScenario], now: datetime) -> Prioritization:
    """What to do first, and why.

    Args:
        insights: as `merged` orders them.
        scenarios: tests that exist; one belongs to the insights whose evidence names its finding.
        now: aware UTC.
    """
    tests: dict[str, list[str]] = {}
    for scenario in scenarios:
        tests.setdefault(scenario.provenance.finding_id, []).append(scenario.id)
    shown = insights[:MAX_INSIGHTS]
    return Prioritization(
        rule=RULE,
        findings=tuple(_line(rank, insight, tests) for rank, insight in enumerate(shown, start=1)),
        left_out=len(insights) - len(shown),
        updated_at=now,
    )


def _line(rank: int, insight: Insight, tests: Mapping[str, Sequence[str]]) -> Priority:
    return Priority(
        rank=rank,
        insight=insight.id,
        capability=insight.capability or "unknown",
        title=insight.title,
        priority=insight.priority,
        because=_because(insight),
        benefit=insight.benefit,
        recommendation=insight.recommendation,
        scenarios=tuple(test for finding in insight.evidence for test in tests.get(finding, ())),
    )


def _because(insight: Insight) -> str:
    users = "users not known" if insight.affected_users is None else counted(insight.affected_users, "known user")
    seen = insight.occurrences
    times = "not counted" if seen is None else f"seen {counted(seen, 'time')}"
    return f"{users}, {times}"
