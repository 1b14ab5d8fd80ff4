"""Jaeger: the UI's and API's JSON, spans as the storage has them (one a line), and the model's JSON.

The API counts microseconds; the model writes RFC 3339 times and durations such as "100000ns", and base64 ids.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import SpanRow
from ....core.records.bulk.rows import SPANS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_us, clock, listed, long_text, text, us_to_ms, whole
from .otlp_values import hex_id
from .span_attributes import request_columns

_ENVELOPE = frozenset({"data", "total", "limit", "offset", "errors"})
_KINDS = frozenset({"client", "server", "producer", "consumer", "internal"})
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s)")
_TO_MS = {"ns": 1e6, "us": 1e3, "µs": 1e3, "ms": 1, "s": 1e-3}
_VALUES = ("value", "vStr", "vBool", "vInt64", "vFloat64", "v_str", "v_bool", "v_int64", "v_float64")


class Jaeger(PagesFormat):
    """Jaeger traces -> rows of spans."""

    name = "jaeger"
    produces: tuple[str, ...] = (SPANS,)
    about = About(
        title="Jaeger traces",
        producers="Jaeger, Grafana Tempo's Jaeger view",
        versions="query API and UI download, storage documents, model JSON",
        recognised_by="`data` or a list whose items have `traceID` or `spans`; spans with `operationName`",
        fields="traceID, spanID, references, operationName, startTime, duration, tags, logs, processes",
        sample=Sample.REAL,
        how_to_export="curl 'http://jaeger:16686/api/traces?service=shop&limit=1000' > traces.json, or the UI's button",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("data",), ("spans",), ())
    one = "span"
    counts_items = False

    def recognises(self, head: Head) -> bool:
        """By the first trace or span, or the envelope of an empty answer."""
        document = head.json
        page = dict_at(document)
        if _is_span(document) or page.keys() >= _ENVELOPE:
            return True
        first = first_of(document if isinstance(document, list) else page.get("data") or page.get("spans"))
        return _is_span(first) or (_is_trace(first) and "traceID" in dict_at(first))

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[SpanRow]:
        """A trace or a span."""
        trace = dict_at(item)
        if not _is_trace(trace):
            yield from _rows([trace], {}, reading)
            return
        yield from _rows(listed(trace.get("spans")), dict_at(trace, "processes"), reading)

    def document(self, document: Any, reading: Reading) -> Iterable[SpanRow]:
        """A page is done; a line may be a span or a trace itself."""
        page = dict_at(document)
        if page.get("errors"):
            reading.fail(dict_at(first_of(page["errors"])).get("msg") or first_of(page["errors"]))
        elif _is_span(page):
            yield from _rows([page], {}, reading)
        elif not (
            isinstance(document, list)
            or isinstance(page.get("data", page.get("spans")), list)
            or (page.keys() >= _ENVELOPE and page["data"] is None)
        ):
            raise Unusable("no `data`, `spans` or span")


def _is_trace(value: Any) -> bool:
    return isinstance(dict_at(value).get("spans"), list)


def _is_span(value: Any) -> bool:
    span = dict_at(value)
    return "operationName" in span and not {"spanID", "spanId"}.isdisjoint(span)


def _rows(spans: list[Any], processes: dict[str, Any], reading: Reading) -> Iterator[SpanRow]:
    for span in spans:
        row = _row(dict_at(span), processes)
        if row is None:
            reading.refuse("a span needs ids, `operationName` and `startTime`")
        else:
            reading.used += 1
            yield row


def _row(span: dict[str, Any], processes: dict[str, Any]) -> SpanRow | None:
    trace_id, span_id = _id(span, "traceID", "traceId"), _id(span, "spanID", "spanId")
    at = _start(span.get("startTime"))
    if trace_id is None or span_id is None or at is None or not _is_span(span):
        return None
    tags = _tags(span.get("tags"))
    process = dict_at(processes, text(span.get("processID")) or "") or dict_at(span, "process")
    about = _tags(process.get("tags"))
    kind = text(tags.get("span.kind")) or ""
    columns = request_columns(tags, kind)
    error_type, message, trace = _error(span.get("logs"))
    return SpanRow(
        at=at,
        duration_ms=_duration_ms(span.get("duration")),
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_parent(span),
        service=text(process.get("serviceName")),
        name=text(span.get("operationName")) or "",
        kind=kind if kind in _KINDS else "",
        is_error=tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR",
        error_type=error_type or text(tags.get("error.type")),
        message=text(tags.get("otel.status_description")) or message,
        stack_trace=trace,
        release=text(about.get("service.version")) or text(about.get("version")),
        environment=text(about.get("deployment.environment")),
        host=text(about.get("hostname")) or text(about.get("host.name")),
        **columns,
    )


def _id(told: dict[str, Any], *names: str) -> str | None:
    return next((found for name in names if (found := hex_id(told.get(name)))), None)


def _parent(span: dict[str, Any]) -> str | None:
    """The span it is a child of, else the one it follows."""
    references = [dict_at(entry) for entry in listed(span.get("references"))]
    references.sort(key=lambda entry: entry.get("refType") == "FOLLOWS_FROM")
    return next((found for entry in references if (found := _id(entry, "spanID", "spanId"))), None) or _id(
        span, "parentSpanID"
    )


def _start(value: Any) -> datetime | None:
    return clock(value) if isinstance(value, str) else at_us(whole(value) or 0)


def _duration_ms(value: Any) -> float | None:
    if not isinstance(value, str):
        return us_to_ms(value)
    match = _DURATION.fullmatch(value)
    return float(match[1]) / _TO_MS[match[2]] if match else us_to_ms(value)


def _tags(told: Any) -> dict[str, Any]:
    """A list of typed values, or an object."""
    if isinstance(told, dict):
        return told
    found: dict[str, Any] = {}
    for entry in listed(told):
        if isinstance(entry, dict) and isinstance(entry.get("key"), str):
            found[entry["key"]] = next((entry[name] for name in _VALUES if name in entry), None)
    return found


def _error(logs: Any) -> tuple[str | None, str | None, str | None]:
    """Type, message and trace of the last log entry that is an error."""
    for entry in reversed(listed(logs)):
        told = _tags(dict_at(entry).get("fields"))
        if told.get("event") in ("error", "exception"):
            return (
                text(told.get("exception.type")) or text(told.get("error.kind")),
                long_text(told.get("exception.message")) or long_text(told.get("message")),
                long_text(told.get("exception.stacktrace")) or long_text(told.get("stack")),
            )
    return None, None, None
