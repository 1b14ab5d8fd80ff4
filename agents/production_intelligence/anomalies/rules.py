"""When something is an event, and what it means: which way is worse, how bad it is, whether chance explains it."""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from ....analysis.inference.binomial import at_least, at_most
from ....analysis.series.alarms import AlarmRules
from ....analysis.series.excursions import Excursion
from ....core.records.production.anomalies import AnomalyType, Severity
from .series import Measure

CHANCE = 1e-4
"""Of a share: an event that chance brings about more often than that is no anomaly; many buckets are looked at."""
LONE_POINT = 5 / 3
"""Half widths of the expected range (3 standard deviations) that a single point must be off: of a normal series
one point in two million is. Two points in a row need no more than the alarm."""
INSIDE_SCORE = 1.0
"""Least score of an event that never leaves the expected range, such as a slow drift: of 1,200 series of noise of six
kinds one reached it in a week."""
LEAST_TRAFFIC = 10.0
"""Requests expected of a bucket, below which a bucket without any says nothing."""

_PART = r"(?:^|[^a-z])(?:{})(?![a-z])"


@dataclass(frozen=True)
class Method:
    """How events are found.

    Args:
        threshold: of the score, > 0.
        sigmas: with a number the fixed rule decides, and `threshold` is not looked at.
    """

    threshold: float = AlarmRules.threshold
    sigmas: float | None = None

    def rules(self, interval_s: float) -> AlarmRules:
        """For points so many seconds apart."""
        return AlarmRules.for_interval(interval_s, threshold=self.sigmas or self.threshold)


class Meaning(NamedTuple):
    """What a value that is too high, or too low, stands for; None = it is an improvement."""

    high: AnomalyType | None
    low: AnomalyType | None

    @property
    def worse(self) -> int:
        """1 or -1 where only higher or only lower values are worse, 0 where both are."""
        return (self.high is not None) - (self.low is not None)


_ERRORS = Meaning(AnomalyType.ERROR_RATE_SPIKE, None)
_SLOWER = Meaning(AnomalyType.LATENCY_DEGRADATION, None)
_TRAFFIC = Meaning(AnomalyType.THROUGHPUT_SURGE, AnomalyType.THROUGHPUT_DROP)
_GAVE_UP = Meaning(AnomalyType.USER_BEHAVIOR_ANOMALY, None)
_BEHAVIOUR = Meaning(None, AnomalyType.USER_BEHAVIOR_ANOMALY)
_UNKNOWN = Meaning(AnomalyType.METRIC_ANOMALY, AnomalyType.METRIC_ANOMALY)

_MEANING = {
    Measure.ERRORS: _ERRORS,
    Measure.P50: _SLOWER,
    Measure.P95: _SLOWER,
    Measure.P99: _SLOWER,
    Measure.TRAFFIC: _TRAFFIC,
    Measure.GAVE_UP: _GAVE_UP,
    Measure.CONVERSION: _BEHAVIOUR,
}
_NAMED: tuple[tuple[re.Pattern[str], Meaning], ...] = tuple(
    (re.compile(_PART.format(words)), meaning)
    for words, meaning in (
        (r"err(?:or)?s?|fail(?:ed|ures?|ing)?|exceptions?|5xx|timeouts?|rejected|dropped", _ERRORS),
        (r"latency|duration|elapsed|(?:response|request|query|wait)[^a-z]?time|lag", _SLOWER),
        (r"conversions?|orders|purchases|revenue|sign[^a-z]?ups|checkouts", _BEHAVIOUR),
        (r"success(?:es|ful)?|availability|uptime|apdex", Meaning(None, AnomalyType.METRIC_ANOMALY)),
        (r"throughput|rps|qps|rpm|requests|hits|traffic", _TRAFFIC),
    )
)


def meaning_of(measure: Measure, name: str) -> Meaning:
    """What leaving the range means.

    Args:
        name: of a metric: its words tell what it is of; where they tell nothing both ways may be worse.

    >>> meaning_of(Measure.METRIC, "http_errors_total").high
    <AnomalyType.ERROR_RATE_SPIKE: 'ERROR_RATE_SPIKE'>
    >>> meaning_of(Measure.METRIC, "interrupts").high
    <AnomalyType.METRIC_ANOMALY: 'METRIC_ANOMALY'>
    """
    if measure in _MEANING:
        return _MEANING[measure]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name[:200]).lower()
    return next((meaning for pattern, meaning in _NAMED if pattern.search(words)), _UNKNOWN)


def severity_of(type_: AnomalyType, unit: str | None, event: Excursion) -> Severity:
    """How bad, from the size of what was seen.

    Errors: a share of 25 % of all requests is critical, 5 % high, 1 % medium. Clients that gave up: 25 % high, 5 %
    medium; what made them shows as latency. Latency and everything else, by how many times the expected: tenfold high,
    threefold medium. Lost traffic and lost conversions: nine tenths critical, half high. More traffic than expected,
    and metrics of which nobody knows what they mean, are medium at most.
    """
    share = _as_share(unit, event.observed)
    if type_ is AnomalyType.ERROR_RATE_SPIKE and share is not None:
        return _step(share, (0.25, 0.05, 0.01))
    if type_ is AnomalyType.USER_BEHAVIOR_ANOMALY and event.deviation > 0 and share is not None:
        return _step(share, (math.inf, 0.25, 0.05))
    if type_ in (AnomalyType.THROUGHPUT_DROP, AnomalyType.USER_BEHAVIOR_ANOMALY):
        lost = -event.deviation / event.expected if event.expected > 0 else 0.0
        return _step(lost, (0.9, 0.5, 0.2))
    times = event.observed / event.expected if event.expected > 0 else abs(event.deviation) / _half(event)
    found = _step(times, (30.0, 10.0, 3.0))
    mild = type_ in (AnomalyType.THROUGHPUT_SURGE, AnomalyType.METRIC_ANOMALY)
    return Severity.MEDIUM if mild and found in (Severity.CRITICAL, Severity.HIGH) else found


def chance_of(hits: float, total: float, expected: float) -> float:
    """Chance of so many hits or more, or of so few or fewer, whichever side of the expectation they are on.

    Args:
        hits: of `total`.
        expected: share, 0 to 1.

    >>> chance_of(2, 4, 0.01) > CHANCE, chance_of(40, 400, 0.01) < CHANCE
    (False, True)
    >>> chance_of(1, 10, 0.01) > CHANCE
    True
    """
    if total <= 0:
        return 1.0
    beyond = at_least if hits / total >= expected else at_most
    return beyond(hits, total, expected)


def _as_share(unit: str | None, value: float) -> float | None:
    if unit == "share":
        return value
    return value / 100 if (unit or "").lower() in ("%", "percent") else None


def _half(event: Excursion) -> float:
    return max(event.high - event.expected, 1e-12)


def _step(value: float, steps: tuple[float, float, float]) -> Severity:
    above = sum(value >= step for step in steps)
    return (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)[above]
