"""An incident made to happen again: what is asked of a service under which faults, and how that compares."""

from typing import Any, Literal

from pydantic import Field

from ..base import Record
from .incident_analysis import Masking
from .scenarios import Conditions


class Arrival(Record):
    """Requests that come at one moment."""

    at_s: float = Field(ge=0)
    """Seconds of production after the first."""
    count: int = Field(default=1, ge=1)
    method: str
    path: str = Field(pattern=r"^/[!-~]*$")
    body: Any = None


class Figures(Record):
    """What requests met: in the incident, or in a replay of it. Times in milliseconds of production."""

    requests: int
    outcomes: dict[str, int]
    """`504 GATEWAY_TIMEOUT` -> how many: status and error, where the source has them."""
    p50_ms: float
    p95_ms: float
    max_ms: float


class ReplayPlan(Record):
    """All that a replay needs, and all that stands in its YAML file. Times are those of production."""

    incident: str
    title: str
    service: str | None = None
    conditions: Conditions
    """Faults by dependency; how many requests were under way at most."""
    dependencies: tuple[str, ...]
    pool_size: int | None = Field(default=None, ge=1)
    """Connections to the database; None = not recorded."""
    timeout_ms: float | None = Field(default=None, gt=0)
    """The time-out that the incident names."""
    arrivals: tuple[Arrival, ...] = Field(min_length=1)
    figures: Figures
    """Of the incident."""
    masking: tuple[Masking, ...] = ()
    reasons: tuple[str, ...] = ()
    """Where the conditions come from, one line each."""


class Comparison(Record):
    """One figure of the incident beside the replay's."""

    what: str
    incident: str
    replay: str
    within: bool


class Check(Record):
    """Something that must hold of the repaired service."""

    what: str
    holds: bool
    found: str


class Hidden(Record):
    """Failures of a dependency that a time-out hides from whoever looks at the service."""

    dependency: str
    calls: int
    would_fail: int
    """Of them, by the faults."""
    unseen: int
    """Of these, the service had given up."""
    words: str


class ReplayRun(Record):
    """One replay against one service."""

    target: str
    scale: float
    """Production seconds a second."""
    figures: Figures
    probe: Figures | None = None
    """One more request when all is over."""
    hidden: tuple[Hidden, ...] = ()
    late_ms: float
    """By how much the proxies' answers were late, 95th percentile, milliseconds of this machine."""
    arrivals_late_ms: float
    """Likewise the requests."""
    error_share: float = Field(ge=0)
    """Of its times, 0 to 1: so closely this machine kept the shortest delay at this scale."""
    wall_s: float


class ReplayReport(Record):
    """What a replay says."""

    incident: str
    verdict: Literal["REPRODUCED", "FIXED", "FAILS_OTHERWISE", "INCONCLUSIVE"]
    because: str
    baseline: ReplayRun | None = None
    """Of the service as it was, when given: the symptoms are looked for here."""
    run: ReplayRun
    symptoms: tuple[Comparison, ...]
    """Of the baseline, else of the run."""
    checks: tuple[Check, ...]
    identical_runs: int
    """Replays with the same outcome counts and verdict as the last one."""
    runs: int
    notes: tuple[str, ...] = ()
