"""What production-intelligence found."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ..base import Record


class Trend(StrEnum):
    """Direction against the previous window; UNKNOWN when there is none to compare with."""

    INCREASING = "INCREASING"
    STABLE = "STABLE"
    DECREASING = "DECREASING"
    UNKNOWN = "UNKNOWN"


class FindingPriority(StrEnum):
    """How urgent."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class RequestShape(Record):
    """A request seen to fail, already redacted."""

    method: str
    path: str
    occurrences: int
    status: int | None = None


class ErrorContext(Record):
    """Where inside the pattern: one value of one dimension (endpoint, release, browser, region)."""

    dimension: str
    value: str
    occurrences: int


class Concentration(Record):
    """A value of a context that holds far more of the errors than of all records."""

    dimension: str
    value: str
    share: float
    """Of the errors that say."""
    usual_share: float
    """Of all records that say."""
    p_value: float
    """Chance of as many, were errors independent; corrected for all that was compared (Benjamini-Hochberg)."""


class DailyPattern(Record):
    """Hours of the day, UTC, to which the errors keep beyond what traffic explains."""

    from_hour: int
    hours: int
    share: float
    """Of the errors."""
    usual_share: float
    """Of all records."""
    p_value: float
    """Of a permutation test over days, in which a single burst is no pattern; corrected as above."""


class ErrorCorrelation(Record):
    """Two patterns that come together."""

    errors: tuple[str, str]
    """Ids of the patterns; the first is the one that comes first."""
    titles: tuple[str, str]
    correlation: float
    """Of the counts by the minute, at the best lag; 1 = always together."""
    lag_s: int
    """By which the second follows the first, 0 or more."""
    p_value: float
    """Of a permutation test that keeps bursts and daily rhythm, corrected as above."""
    hypothesis: str
    """An inference, and said to be one: coming together is no cause."""
    recommendation: str


class ErrorPattern(Record):
    """Errors that are one and the same bug, as far as their traces and messages say."""

    id: str
    """Stable over runs: a digest of the fingerprint."""
    title: str
    """`KeyError: 'price'`; redacted, one line."""
    error_type: str | None
    fingerprint: str
    """What was compared: error type and in-app frames, or the message's template."""
    culprit: str | None = None
    """Innermost frame of the application: `shop/pricing.py in price_of`."""
    occurrences: int
    affected_users: int | None
    """Distinct users; None when the records name none."""
    first_seen: datetime
    last_seen: datetime
    trend: Trend = Trend.UNKNOWN
    contexts: tuple[ErrorContext, ...] = ()
    requests: tuple[RequestShape, ...] = ()
    """Distinct failing requests, most frequent first."""
    concentrations: tuple[Concentration, ...] = ()
    time_pattern: DailyPattern | None = None
    hypothesis: str | None = None
    """An inference from the two above; None = nothing points anywhere."""
    sample_trace: str | None = None
    priority: FindingPriority


class MiningResult(Record):
    """The value at `aqe/production/patterns`."""

    total_records: int
    total_errors: int
    """Each counted once, see `told_twice`."""
    told_twice: int = 0
    """Errors that a log and an error tracker (Sentry) both told."""
    window_from: datetime | None
    window_to: datetime | None
    patterns: tuple[ErrorPattern, ...]
    """Most important first."""
    correlations: tuple[ErrorCorrelation, ...] = ()
    """The strongest first."""
    below_threshold: int = 0
    """Patterns with fewer occurrences than asked for, not listed."""


class Insight(Record):
    """A finding in words, with the evidence it rests on."""

    id: str
    title: str
    detail: str
    priority: FindingPriority
    evidence: tuple[str, ...] = Field(default=())
    """Ids and keys: pattern ids, dataset URIs."""
    recommendation: str
    created_at: datetime
    capability: str | None = None
    """Task type of the analysis that found it; set when it joins the merged list."""
    occurrences: int | None = None
    """How often it was seen; None = not counted."""
    affected_users: int | None = None
    """Distinct users; None = nothing names them."""
    benefit: str = ""
    """What acting on it would spare or gain, as far as it was measured."""
    covered_by: tuple[str, ...] = ()
    """Files of tests that were seen red on a broken and green on a fixed service."""


class Priority(Record):
    """One line of what to do first."""

    rank: int
    """From 1."""
    insight: str
    """Id in `aqe/production/insights`, or of an open anomaly."""
    capability: str
    title: str
    priority: FindingPriority
    because: str
    """The figures that put it here."""
    benefit: str
    recommendation: str
    scenarios: tuple[str, ...] = ()
    """Ids of test scenarios that exist for it."""


class Prioritization(Record):
    """What to test or repair first; the value at `aqe/production/prioritization`."""

    rule: str
    """How the order was made."""
    findings: tuple[Priority, ...]
    left_out: int = 0
    """Insights beyond the bound."""
    updated_at: datetime
