"""What was found about incidents: where the time went, what may have led to it, what the figures hide."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from ..base import Record
from ..evidence import NotMeasured
from .findings import FindingPriority, Insight


class FactorKind(StrEnum):
    """What may have contributed."""

    DEPLOYMENT = "DEPLOYMENT"
    TRAFFIC_SPIKE = "TRAFFIC_SPIKE"
    DEGRADED_DEPENDENCY = "DEGRADED_DEPENDENCY"
    SLOW_QUERY = "SLOW_QUERY"
    CACHE_HIT_DROP = "CACHE_HIT_DROP"
    SATURATION = "SATURATION"
    """A resource near its limit, or work that waits."""
    RESOURCE_USE = "RESOURCE_USE"
    """More of a resource in use, far from its limit or with none that is recorded."""


class Factor(Record):
    """Something that was different at the time; a record stands behind each."""

    kind: FactorKind
    what: str
    at: datetime | None = None
    before: float | None = None
    during: float | None = None
    unit: str = ""
    p_value: float | None = None
    """Of counts: so far apart by chance; None = not a count."""
    evidence: tuple[str, ...]
    """Memory keys, dataset kinds and ids of the records."""


class Hop(Record):
    """One service of the traces of an incident."""

    service: str
    spans: int
    self_ms: float
    """Mean over the traces of this window."""
    self_before_ms: float | None = None
    """Before the incident; None = no traces from then."""
    share: float
    """Of the traces' whole self time, 0 to 1."""
    errors: int
    errors_begin_here: int
    """Failed spans none of whose children failed."""


class Traces(Record):
    """The traces of an incident."""

    traces: int
    spans: int
    failing: Hop
    """Where the time, or the errors, came from."""
    because: str
    hops: tuple[Hop, ...]
    """Largest self time first."""
    orphans: int = 0
    """Spans whose parent was not sent."""
    circles: int = 0
    skewed: int = 0
    """Spans moved into their parent: clocks differ."""
    unmeasured: int = 0
    truncated: bool = False
    """There were more spans than are held."""


class Masking(Record):
    """A time-out that hides how its calls would have ended."""

    kind: Literal["timeout"] = "timeout"
    service: str
    """The callee."""
    timeout_ms: float
    calls: int
    cut: int
    """Calls as long as the time-out."""
    callee_failures_share: float | None = None
    """Of the callee's own spans, where it sends any: what the caller does not see."""
    words: str


class Plausibility(Record):
    """Little's law against the connections that were reported."""

    service: str
    rate_rps: float
    latency_s: float
    expected: float
    reported: float
    fits: bool
    words: str


class RankedService(Record):
    """A service with the evidence that trouble began there."""

    service: str
    score: float
    signs: tuple[str, ...]


class IncidentFinding(Record):
    """One incident, analysed."""

    incident: str
    number: str | None = None
    """The short number people call it by."""
    title: str
    severity: str
    """As its source rates it; else our reading, see `severity_because`."""
    severity_because: str
    service: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_s: float | None
    affected_users: int | None
    traces: Traces | NotMeasured
    masking: tuple[Masking, ...] = ()
    little: Plausibility | NotMeasured
    factors: tuple[Factor, ...]
    root_services: tuple[RankedService, ...]
    """Likeliest first, at most three; empty without evidence."""
    anomalies: tuple[str, ...] = ()
    """Ids of anomalies at the time."""
    reported: tuple[str, ...] = ()
    """What the incident's source says was so, `cpu: 87.3 percent`; said, and not measured here."""
    priority: FindingPriority


class IncidentAnalysis(Record):
    """The value at `aqe/production/incident-analysis`."""

    window_from: datetime
    window_to: datetime
    incidents: tuple[IncidentFinding, ...]
    """Newest first."""
    alerts_left_out: int = 0
    not_analysed: int = 0
    """Incidents beyond the bound."""
    insights: tuple[Insight, ...] = ()
