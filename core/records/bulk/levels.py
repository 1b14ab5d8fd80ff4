"""How a service did, bucket by bucket: what millions of requests, spans, records or page views come down to."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .kinds import ACCESS, LOGS, RUM, SPANS

GAVE_UP = 499
"""nginx's status for a client that closed the connection before there was an answer: no error of the service's, which
did not get to answer, and no refusal. Other proxies took it over."""
MAX_ENDPOINTS = 100
"""Endpoints a source that get levels of their own, the busiest ones; the others are in their service's levels."""


class LevelSource(StrEnum):
    """Which rows are looked at, and what a failure is among them."""

    ACCESS = "access"
    """Requests of access logs; answered with 5xx."""
    SPANS = "spans"
    """Requests of traces: spans of kind server or consumer, and roots; marked as errors or answered with 5xx."""
    LOG_REQUESTS = "log-requests"
    """Log records that tell how a request was answered; 5xx."""
    LOG_RECORDS = "log-records"
    """All log records; of level ERROR or above, or with a stack trace."""
    PAGE_VIEWS = "page-views"
    """Page views and errors of browsers; the errors."""
    SESSIONS = "sessions"
    """Sessions by the bucket of their first event; here a "failure" is a purchase."""

    @property
    def kind(self) -> str:
        """The dataset, see core/records/bulk/rows."""
        return _KINDS[self]


_KINDS = {
    LevelSource.ACCESS: ACCESS,
    LevelSource.SPANS: SPANS,
    LevelSource.LOG_REQUESTS: LOGS,
    LevelSource.LOG_RECORDS: LOGS,
    LevelSource.PAGE_VIEWS: RUM,
    LevelSource.SESSIONS: RUM,
}


class Scope(NamedTuple):
    """What a level is about; empty = all, or not said."""

    service: str
    endpoint: str
    """`GET /api/products/{id}`; a page for page views."""


class Level(NamedTuple):
    """One bucket of one scope."""

    scope: Scope
    start_s: int
    """Begin of the bucket, seconds since the epoch."""
    total: int
    hits: int
    """Those of `total` that failed; for sessions, that bought."""
    timed: int
    """Those of `total` with a duration."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    gave_up: int = 0
    """Those of `total` whose client closed the connection before the answer (GAVE_UP)."""


class MetricPoint(NamedTuple):
    """A point of a metric series, as `DatasetReader.metric_points` gives them."""

    name: str
    statistic: str
    kind: str
    unit: str | None
    service: str | None
    labels: str
    at_s: float
    value: float


class Stretch(NamedTuple):
    """Rows of one scope in a stretch of time, for the questions who was hit and by what.

    Args:
        source: which rows.
        scope: of them.
        since, until: aware; `until` is not in it.
        slower_than_ms: only rows that took longer; None = only failures.
    """

    source: LevelSource
    scope: Scope
    since: datetime
    until: datetime
    slower_than_ms: float | None = None


class Requested(NamedTuple):
    """What was asked in a stretch, and how often it went wrong."""

    total: int
    bad: int
    """Those of `total` that failed or, where the stretch says so, took longer."""
    worst: tuple[tuple[str, str, int], ...]
    """Method, path with query, bad requests: the most often bad first."""


class Timing(NamedTuple):
    """How long the requests of one endpoint took, over a whole window."""

    endpoint: str
    """`GET /api/products/{id}`; empty = all of them."""
    timed: int
    """Requests with a duration, 1 or more."""
    ms: tuple[float, ...]
    """One for each percentage that was asked for."""
