"""Rows of application performance monitoring: spans of traces, points of metric series."""

from datetime import datetime
from typing import NamedTuple

from ..privacy import Id, Json, Session, Text, Url, User, Word


class SpanRow(NamedTuple):
    """One span: a piece of work inside one service. None = the trace does not say."""

    at: datetime
    """Start, aware UTC, to the microsecond."""
    duration_ms: float | None
    """None for a span that was still open."""
    trace_id: Id
    """Lower-case hex where the format has hex, else as written (Datadog: decimal)."""
    span_id: Id
    parent_id: Id | None
    """None for the root."""
    service: Text | None
    name: Text
    kind: Word
    """`server`, `client`, `producer`, `consumer`, `internal`; empty when unknown."""
    is_error: bool
    """The span itself failed, as its status or error mark says."""
    error_type: Text | None = None
    message: Text | None = None
    """Of the status or the exception."""
    stack_trace: Text | None = None
    request_method: Text | None = None
    request_path: Url | None = None
    """Of an HTTP span: route where known, else path with query."""
    status: int | None = None
    """HTTP status."""
    peer: Text | None = None
    """Whom a client span calls: service or host name."""
    db_system: Text | None = None
    """`postgresql`, `redis`; a span with one is a call to a data store."""
    statement: Text | None = None
    """Query text or resource: hostile."""
    release: Id | None = None
    environment: Text | None = None
    region: Text | None = None
    host: Text | None = None
    """Host or pod."""
    user: User | None = None
    session: Session | None = None


class MetricRow(NamedTuple):
    """One point of a metric series. A series is a name, a statistic and labels.

    Gaps are not filled: where the source has null or NaN there is no row.
    """

    at: datetime
    """End of the interval the value is about, or the moment of the sample; aware UTC."""
    name: Text
    value: float
    statistic: Word = "value"
    """`value`; of a distribution `count`, `sum`, `min`, `max`, `avg`, `p50`..., `bucket` (observations up to label
    `le`)."""
    kind: Word = "gauge"
    """`gauge`; `counter` grows until a restart; `delta` counts since the point before; `unknown`."""
    unit: Text | None = None
    """As the source says: `ms`, `By`, `percent`."""
    service: Text | None = None
    labels: Json = "{}"
    """JSON object with sorted keys and text values: equal text = same series."""
    interval_s: float | None = None
    """Length of the interval, where the source says."""
