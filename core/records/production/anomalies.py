"""Events in production that are not as usual, and how production is."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record
from ..evidence import NotMeasured
from .scenarios import TestScenario

ANOMALIES_KEY = "aqe/production/anomalies"
ALERTS_KEY = "aqe/production/alerts"
NOT_JUDGED = "anm-not-judged"
"""Id of the first item of both lists when somebody looked and nothing could be judged: an Alert that says why."""


def is_not_judged(item: object) -> bool:
    """Whether an item of ANOMALIES_KEY or ALERTS_KEY is no finding, but says that there could be none."""
    return isinstance(item, dict) and item.get("id") == NOT_JUDGED


_NEVER_BELOW_0 = ("share", "ms", "per bucket", "By")


class AnomalyType(StrEnum):
    """What kind of thing is not as usual."""

    ERROR_RATE_SPIKE = "ERROR_RATE_SPIKE"
    LATENCY_DEGRADATION = "LATENCY_DEGRADATION"
    THROUGHPUT_DROP = "THROUGHPUT_DROP"
    THROUGHPUT_SURGE = "THROUGHPUT_SURGE"
    USER_BEHAVIOR_ANOMALY = "USER_BEHAVIOR_ANOMALY"
    METRIC_ANOMALY = "METRIC_ANOMALY"
    """Of a metric of which nobody knows which way is worse."""


class Severity(StrEnum):
    """How bad, by what was seen, not by how surprising it was."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class NearestDeployment(Record):
    """The last deployment before an event began. That it came before does not say that it is the cause."""

    version: str
    service: str | None
    deployed_at: AwareDatetime
    minutes_before: float
    source: str
    """Where it is known from: a memory key or `ops-events`."""


class Anomaly(Record):
    """One event of one series: an item of `aqe/production/anomalies`, and `aqe/anomalies/<yyyy-mm-dd>/<id>`."""

    id: str
    """Stable while the event is looked at again: a digest of the series and of its begin when it was first seen."""
    type: AnomalyType
    severity: Severity
    status: Literal["open", "resolved"]
    series: str
    """`payments POST /pay: p95 latency`, a metric's name with its labels."""
    source: str
    """What the series was made of: `access`, `spans`, `metric-points`, ..."""
    service: str | None = None
    endpoint: str | None = None
    unit: str | None = None
    """Of observed and expected: `share` (0 to 1), `ms`, `per bucket`, or the metric's own."""
    began_at: AwareDatetime
    detected_at: AwareDatetime
    """The point at which it was noticed, in the data's time."""
    ended_at: AwareDatetime | None = None
    """First point that was as usual again; None = it lasts, as far as the data go."""
    resolved_at: AwareDatetime | None = None
    """The same, named as alerts name it."""
    last_data_at: AwareDatetime
    """Up to when the series was seen."""
    observed: FiniteFloat
    """The value farthest from the expected one."""
    expected: FiniteFloat
    """What was usual at that time: of this weekday or time of day where that is known, else lately."""
    expected_low: FiniteFloat
    expected_high: FiniteFloat
    ratio: FiniteFloat | None = None
    """Observed over expected; None where the expected value is 0 or below."""
    score: FiniteFloat
    """How surprising: it ranks anomalies, and is no probability."""
    p_value: FiniteFloat | NotMeasured
    """Chance of so many hits among so many if the expected share still held; independent hits assumed."""
    affected_users: int | NotMeasured
    """Different people among the rows that failed, or took longer than expected, while it lasted."""
    deployment: NearestDeployment | None = None
    explanation: str
    recommendation: str
    also: tuple[str, ...] = ()
    """Other series of the same thing that left their range in the same time: p50 beside p95."""
    event: str | None = None
    """Id of the anomaly that began first of those that go with this one, itself included: they began within half an
    hour and were under way together. One outage is one event, whatever number of series shows it."""
    recent: tuple[FiniteFloat | None, ...] = ()
    """The series around the event in at most forty values, the highest of each stretch, for a sparkline."""

    @property
    def lowest_expected(self) -> float:
        """`expected_low`, but no share, time or number below 0: none can be."""
        return max(self.expected_low, 0.0) if self.unit in _NEVER_BELOW_0 else self.expected_low


def by_event(anomalies: Iterable[Anomaly]) -> list[list[Anomaly]]:
    """Those of one event together, the worst event first; in each the one that tells most stands first.

    Of equally bad ones that is a service as a whole before one endpoint of it, and what people met before a metric.

    Args:
        anomalies: the worst first.
    """
    found: dict[str, list[Anomaly]] = {}
    for anomaly in anomalies:
        found.setdefault(anomaly.event or anomaly.id, []).append(anomaly)
    return [
        sorted(event, key=lambda one: tells_most(one.severity, one.source, one.endpoint)) for event in found.values()
    ]


def in_words(event: Sequence[Anomaly]) -> str:
    """The worst anomaly of an event, and how many go with it.

    Args:
        event: of `by_event`.
    """
    more = len(event) - 1
    return event[0].explanation + (f"; {more} more of the same event" if more else "")


def tells_most(severity: Severity, source: str, endpoint: str | None) -> tuple[int, bool, bool]:
    """What the anomalies of one event are sorted by, see `by_event`."""
    return list(Severity).index(severity), source == "metric-points", endpoint is not None


class Unjudged(Record):
    """A series that could not be judged."""

    series: str
    reason: str


class Untested(Record):
    """An anomaly that no test is made of."""

    anomaly: str
    series: str
    reason: str


class AnomalyReport(Record):
    """What was found in a window; the answer of the task `anomaly-detection`."""

    window_from: AwareDatetime
    window_to: AwareDatetime
    method: Literal["score", "3sigma"]
    threshold: FiniteFloat
    """Of the score, or standard deviations."""
    series: int
    """Judged."""
    points: int
    """Values looked at for the first time, those of the time before the window that was only learnt from included."""
    continued: int = 0
    """Series that went on where the last look stopped."""
    not_continued: tuple[str, ...] = ()
    """What was kept by the last look and not gone on with, and why."""
    anomalies: tuple[Anomaly, ...]
    """The worst first."""
    new: tuple[str, ...] = ()
    """Ids of those that were not known before."""
    improvements: tuple[Anomaly, ...] = ()
    """Fewer errors or lower latency than expected: no alarm, but somebody may want to know."""
    by_chance: int = 0
    """Events that chance explains: too few requests or errors, a single point that is hardly outside."""
    held_back: int = 0
    """Anomalies beyond the budget, the mildest; they are in no key."""
    scenarios: tuple[TestScenario, ...] = ()
    """Tests of anomalies that requests can show."""
    untested: tuple[Untested, ...] = ()
    """The other anomalies, and why."""
    unjudged: tuple[Unjudged, ...] = ()
    """At most fifty of them."""
    unjudged_series: int = 0
    """All of them."""


class Alert(Record):
    """An item of `aqe/production/alerts`: what somebody should look at now."""

    id: str
    source: str
    """`production-intelligence`, or what the incident came from."""
    title: str
    severity: str | None
    status: str
    started_at: AwareDatetime
    service: str | None = None
    resolved_at: AwareDatetime | None = None


class ProductionStatus(Record):
    """The value at `aqe/production/status`."""

    status: Literal["healthy", "degraded", "unhealthy", "critical", "NOT_MEASURED"]
    """NOT_MEASURED: somebody looked, and nothing could be judged."""
    reason: str
    open_anomalies: int = Field(ge=0)
    judged_series: int = Field(ge=0)
    looked_at: AwareDatetime
    data_until: AwareDatetime | None
    """Nothing is said about what came later; None = nothing is said at all."""
