"""Spans, log records and metrics of protobuf in the shape that OTLP/JSON has for them, so that both are read alike.

By hand: protobuf's own `json_format` would write ids as base64 and numbers of 64 bits as text, and take three times as
long. Left out is what no row is made of.

Imported when a file of OTLP as protobuf is read and not before: the generated classes take 50 ms to load.
"""

import base64
import math
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from .protobuf_wire import Damaged
from .span_attributes import WANTED

Json = dict[str, Any]
Parts = TypeVar("Parts", bound=Collection[Any])
MAX_PARTS = 100_000
"""Attributes, points, events or values of one item: each may be two bytes of a message, and two hundred in memory."""


class Signal(NamedTuple):
    """How the items of one signal are read."""

    one: str
    scopes: str
    """Where OTLP/JSON has the scopes of a resource."""
    items: str
    """Where it has the items of a scope."""
    read: Callable[[bytes], Json]
    """One item; raises Damaged."""


def resource(data: bytes) -> Json:
    """A resource.

    Raises:
        Damaged: it is none.
    """
    return {"attributes": _attributes(_parsed(Resource, data).attributes)}


def scope(data: bytes) -> Json:
    """The name of what wrote the items of a scope; raises like `resource`."""
    return {"name": _parsed(InstrumentationScope, data).name}


def _parsed(message: Any, data: bytes) -> Any:
    try:
        return message.FromString(data)
    # Also for values nested deeper than 100. The second where protobuf has no compiled part, as on Alpine.
    except (DecodeError, UnicodeDecodeError) as error:
        raise Damaged("it is damaged, has text that is no UTF-8, or nests too deeply") from error


def _few(found: Parts) -> Parts:
    if len(found) > MAX_PARTS:
        raise Damaged(f"it has more than {MAX_PARTS:,} attributes, points, events or values")
    return found


def _attributes(found: Collection[KeyValue]) -> list[Json]:
    return [{"key": one.key, "value": _value(one.value)} for one in _few(found)]


def _value(value: AnyValue) -> Json:
    if text := value.string_value:  # most are
        return {"stringValue": text}
    kind = value.WhichOneof("value")
    known = _VALUES.get(kind or "")
    return {known[0]: known[1](getattr(value, kind))} if known and kind else {}


def _double(value: float) -> float | str:
    """OTLP/JSON writes what is no number as text."""
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_VALUES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string_value": ("stringValue", str),
    "bool_value": ("boolValue", bool),
    "int_value": ("intValue", int),
    "double_value": ("doubleValue", _double),
    "array_value": ("arrayValue", lambda array: {"values": [_value(one) for one in _few(array.values)]}),
    "kvlist_value": ("kvlistValue", lambda entries: {"values": _attributes(entries.values)}),
    "bytes_value": ("bytesValue", lambda data: base64.b64encode(data).decode()),
}


def _span(data: bytes) -> Json:
    span = _parsed(Span, data)
    told = {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": [
            {"key": key, "value": _value(one.value)} for one in _few(span.attributes) if (key := one.key) in WANTED
        ],
    }
    if span.HasField("status"):
        told["status"] = {"code": span.status.code, "message": span.status.message}
    if span.events:
        told["events"] = [{"name": one.name, "attributes": _attributes(one.attributes)} for one in _few(span.events)]
    return told


def _log_record(data: bytes) -> Json:
    record = _parsed(LogRecord, data)
    return {
        "timeUnixNano": record.time_unix_nano,
        "observedTimeUnixNano": record.observed_time_unix_nano,
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "body": _value(record.body),
        "attributes": _attributes(record.attributes),
        "traceId": record.trace_id.hex(),
    }


def _metric(data: bytes) -> Json:
    metric = _parsed(Metric, data)
    told: Json = {"name": metric.name, "unit": metric.unit}
    shape = metric.WhichOneof("data")
    if shape is not None:
        name, point = _SHAPES[shape]
        found = getattr(metric, shape)
        told[name] = {
            "aggregationTemporality": getattr(found, "aggregation_temporality", None),
            "isMonotonic": getattr(found, "is_monotonic", None),
            "dataPoints": [_any_point(one) | point(one) for one in _few(found.data_points)],
        }
    return told


def _any_point(point: Any) -> Json:
    return {
        "timeUnixNano": point.time_unix_nano,
        "startTimeUnixNano": point.start_time_unix_nano,
        "attributes": _attributes(point.attributes),
        "flags": point.flags,
    }


def _number(point: NumberDataPoint) -> Json:
    kind = point.WhichOneof("value")
    return {"asDouble": point.as_double} if kind == "as_double" else {"asInt": point.as_int} if kind else {}


def _distribution(point: HistogramDataPoint | ExponentialHistogramDataPoint) -> Json:
    optional = {name: getattr(point, name) for name in ("sum", "min", "max") if point.HasField(name)}
    return {"count": point.count, **optional}


def _histogram(point: HistogramDataPoint) -> Json:
    bounds = {"bucketCounts": list(point.bucket_counts), "explicitBounds": list(point.explicit_bounds)}
    return _distribution(point) | bounds


def _exponential(point: ExponentialHistogramDataPoint) -> Json:
    sides = {
        side: {"offset": buckets.offset, "bucketCounts": list(buckets.bucket_counts)}
        for side, buckets in (("positive", point.positive), ("negative", point.negative))
    }
    zero = {"scale": point.scale, "zeroCount": point.zero_count, "zeroThreshold": point.zero_threshold}
    return _distribution(point) | zero | sides


def _summary(point: SummaryDataPoint) -> Json:
    quantiles = [{"quantile": one.quantile, "value": one.value} for one in _few(point.quantile_values)]
    return {"count": point.count, "sum": point.sum, "quantileValues": quantiles}


_SHAPES: dict[str, tuple[str, Callable[[Any], Json]]] = {
    "gauge": ("gauge", _number),
    "sum": ("sum", _number),
    "histogram": ("histogram", _histogram),
    "exponential_histogram": ("exponentialHistogram", _exponential),
    "summary": ("summary", _summary),
}
"""Field of a metric -> its name in OTLP/JSON, and what reads a point."""

SIGNALS: dict[str, Signal] = {
    "resourceSpans": Signal("span", "scopeSpans", "spans", _span),
    "resourceLogs": Signal("log record", "scopeLogs", "logRecords", _log_record),
    "resourceMetrics": Signal("metric", "scopeMetrics", "metrics", _metric),
}
"""Signal, as OTLP/JSON names it -> how its items are read."""
