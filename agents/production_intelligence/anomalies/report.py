"""From events to what people read: one anomaly an event, in words, the worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ....analysis.texts.log_templates import digest
from ....core.numbers import amount, duration_text
from ....core.records.evidence import NotMeasured
from ....core.records.production.anomalies import Anomaly, AnomalyType, NearestDeployment, Severity
from .rules import CHANCE, INSIDE_SCORE, LEAST_TRAFFIC, LONE_POINT, chance_of, meaning_of, severity_of
from .search import Found
from .series import PER_BUCKET, Measure

BLAME_S = 86_400
"""A deployment longer ago than a day is not named: something else happened since."""
TOGETHER_S = 1_800
"""Begins so close are one event: an endpoint with few requests shows an outage some buckets later."""
MAX_NAME_CHARS = 300
_WORST_FIRST = list(Severity)
_NO_CHANCE = NotMeasured(reason="not a share: the score ranks, and is no probability")
_NOBODY_ASKED = NotMeasured(reason="not looked up")


@dataclass(frozen=True)
class Deployment:
    """A deployment that may have something to do with an event."""

    at: datetime
    version: str
    service: str | None
    source: str


@dataclass(frozen=True)
class Judged:
    """What became of an event.

    Args:
        better: it is an improvement.
        chance: it may be chance: too few requests, or one point that is hardly outside.
    """

    anomaly: Anomaly
    better: bool = False
    chance: bool = False


def judge(found: Found, deployments: Sequence[Deployment]) -> Judged:
    """One event as an anomaly, an improvement or nothing."""
    about, event = found.about, found.event
    meaning = meaning_of(about.measure, about.name)
    upward = event.deviation >= 0
    type_ = meaning.high if upward else meaning.low
    expected_share = max(event.expected, found.usual.most) if upward else min(event.expected, found.usual.least)
    p_value = chance_of(found.hits, found.total, expected_share) if about.unit == "share" else None
    few = p_value > CHANCE if p_value is not None else False
    few |= type_ is AnomalyType.THROUGHPUT_DROP and event.expected < LEAST_TRAFFIC
    reach = abs(event.deviation) / max(event.high - event.expected, 1e-300)
    few |= (event.points == 1 and reach < LONE_POINT) or (reach <= 1.0 and event.score < INSIDE_SCORE)
    began = _at(event.began_s)
    ended = None if event.ended_s is None else _at(event.ended_s)
    deployment = nearest(deployments, began, about.scope.service)
    named = type_ or meaning.high or meaning.low or AnomalyType.METRIC_ANOMALY
    name = about.name[:MAX_NAME_CHARS]
    return Judged(
        Anomaly(
            id=f"anm-{digest(f'{about.source} {about.name} {event.began_s:.0f}')}",
            type=named,
            severity=severity_of(named, about.unit, event),
            status="open" if ended is None else "resolved",
            series=name,
            source=about.source,
            service=about.scope.service or None,
            endpoint=about.scope.endpoint[:MAX_NAME_CHARS] or None,
            unit=about.unit,
            began_at=began,
            detected_at=_at(event.alarm_s),
            ended_at=ended,
            resolved_at=ended,
            last_data_at=_at(found.last_s),
            observed=event.observed,
            expected=event.expected,
            expected_low=event.low,
            expected_high=event.high,
            ratio=event.observed / event.expected if event.expected > 0 else None,
            score=event.score,
            p_value=_NO_CHANCE if p_value is None else p_value,
            affected_users=_NOBODY_ASKED,
            deployment=deployment,
            explanation=_explanation(found, name, began, ended, deployment),
            recommendation=WAITED_TOO_LONG if about.measure is Measure.GAVE_UP else _RECOMMENDATIONS[named],
            recent=found.recent,
        ),
        better=type_ is None,
        chance=few,
    )


def nearest(deployments: Iterable[Deployment], began: datetime, service: str) -> NearestDeployment | None:
    """The last deployment before the event: of its service, or one that does not say of which."""
    before = [
        d
        for d in deployments
        if d.at <= began
        and (began - d.at).total_seconds() <= BLAME_S
        and (not service or d.service in (None, "", service))
    ]
    last = max(before, key=lambda d: d.at, default=None)
    if last is None:
        return None
    return NearestDeployment(
        version=last.version,
        service=last.service,
        deployed_at=last.at,
        minutes_before=round((began - last.at).total_seconds() / 60, 1),
        source=last.source,
    )


def one_each(anomalies: Iterable[Anomaly]) -> list[Anomaly]:
    """Events of the same thing in the same time as one: p50, p95 and p99 of an endpoint rise together.

    The worst stays and names the others.
    """
    kept: list[Anomaly] = []
    for anomaly in sorted(anomalies, key=worst_first):
        same = next((k for k, one in enumerate(kept) if _same_event(one, anomaly)), None)
        if same is None:
            kept.append(anomaly)
        elif kept[same].series != anomaly.series:
            also = tuple(dict.fromkeys((*kept[same].also, anomaly.series)))
            kept[same] = kept[same].model_copy(update={"also": also})
    return kept


def in_events(anomalies: Sequence[Anomaly]) -> tuple[Anomaly, ...]:
    """The same, each with the event that it belongs to.

    Each goes with the worst one that it began beside and overlaps: chains of neighbours would make a day one event.

    Args:
        anomalies: the worst first.
    """
    events: list[list[Anomaly]] = []
    for anomaly in anomalies:
        mine = next((event for event in events if _goes_with(event[0], anomaly)), None)
        if mine is None:
            events.append([anomaly])
        else:
            mine.append(anomaly)
    named = {one.id: min(event, key=lambda a: (a.began_at, a.id)).id for event in events for one in event}
    return tuple(anomaly.model_copy(update={"event": named[anomaly.id]}) for anomaly in anomalies)


def _goes_with(worst: Anomaly, other: Anomaly) -> bool:
    return abs((worst.began_at - other.began_at).total_seconds()) <= TOGETHER_S and overlap(worst, other)


def worst_first(anomaly: Anomaly) -> tuple[int, bool, float, str]:
    """Order: severity, those that last, score."""
    return _WORST_FIRST.index(anomaly.severity), anomaly.status != "open", -anomaly.score, anomaly.id


def _same_event(one: Anomaly, other: Anomaly) -> bool:
    # Metrics of one name differ in what they are of: pods, queues.
    same_thing = (one.type, one.source, one.service, one.endpoint) == (
        other.type, other.source, other.service, other.endpoint,
    ) and (one.source != "metric-points" or one.series == other.series)  # fmt: skip
    return same_thing and overlap(one, other)


def overlap(one: Anomaly, other: Anomaly) -> bool:
    """Whether both were under way at one moment."""
    return not (
        (one.ended_at is not None and one.ended_at < other.began_at)
        or (other.ended_at is not None and other.ended_at < one.began_at)
    )


def _explanation(
    found: Found, name: str, began: datetime, ended: datetime | None, deployment: NearestDeployment | None
) -> str:
    event, unit = found.event, found.about.unit
    seen, usual, low, high = (
        _value(v, unit) for v in (event.observed, event.expected, _floor(event.low, unit), event.high)
    )
    lasted = duration_text((event.ended_s or found.last_s + found.about.interval_s) - event.began_s)
    span = f" in {duration_text(found.about.interval_s)}" if unit == PER_BUCKET else ""
    where = "outside of" if not event.low <= event.observed <= event.high else "an unusual course inside of"
    text = (
        f"{name} was {seen}{span} at {_at(event.peak_s):%Y-%m-%d %H:%M} UTC, {where} the expected {low} to {high}"
        f" (usual: {usual}); it began at {began:%Y-%m-%d %H:%M} and"
        + (f" was over after {lasted}" if ended else f" lasts, {lasted} so far")
    )
    if deployment:
        text += f"; {deployment.version} was deployed {deployment.minutes_before:g} min before"
    return text


def _floor(low: float, unit: str | None) -> float:
    return max(low, 0.0) if unit in ("share", "ms", PER_BUCKET) else low


def _value(value: float, unit: str | None) -> str:
    return amount(value, None if unit == PER_BUCKET else unit)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


WAITED_TOO_LONG = (
    "look how long answers took just before, and at time-outs of clients that are shorter than the service's own"
)
_RECOMMENDATIONS = {
    AnomalyType.ERROR_RATE_SPIKE: "mine the errors of this time (`aqe production mine-errors`) and test what changed",
    AnomalyType.LATENCY_DEGRADATION: "measure the endpoint under load and compare with the release before",
    AnomalyType.THROUGHPUT_DROP: "check that the service can be reached, and what stands before it",
    AnomalyType.THROUGHPUT_SURGE: "check that the load tests cover this much traffic (`aqe production load-patterns`)",
    AnomalyType.USER_BEHAVIOR_ANOMALY: "walk through the affected flow as a user and test it in the browser",
    AnomalyType.METRIC_ANOMALY: "look at the metric with those who own it",
}
