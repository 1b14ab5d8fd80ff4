"""Spans of OTLP/JSON. A loop over few names: files of gigabytes come through here."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ....core.records.bulk.apm import SpanRow
from ..pages import Reading
from ..values import MAX_TEXT, host_of, long_text, path_of, status, text
from .otlp_resource import Resource, resource_of
from .otlp_values import hex_id, plain
from .span_attributes import CALLS_OUT, WANTED

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_KINDS_BY_NAME = {f"SPAN_KIND_{kind.upper()}": kind for kind in _KINDS.values()}
_wanted = WANTED.get
_ERROR = (2, "STATUS_CODE_ERROR")
_NO_EXCEPTION = (None, None, None)
_END_NS = 253_402_300_800_000_000_000
"""The year 10000."""


def span_rows(resource: dict[str, Any], scope: Any, reading: Reading) -> Iterator[SpanRow]:
    """The spans of one scope; what cannot be used is counted."""
    about = resource_of(resource)
    spans = scope.get("spans") if isinstance(scope, dict) else None
    for span in spans if isinstance(spans, list) else ():
        try:
            row = _row(span, about)
        except (TypeError, AttributeError, KeyError, ValueError, OverflowError):
            row = None
        if row is None:
            reading.refuse("a span needs `traceId`, `spanId` and `startTimeUnixNano`")
            continue
        reading.used += 1
        yield row


def _row(span: dict[str, Any], about: Resource) -> SpanRow | None:
    trace_id, span_id, start = hex_id(span["traceId"]), hex_id(span["spanId"]), int(span["startTimeUnixNano"])
    if trace_id is None or span_id is None or not 0 < start < _END_NS:
        return None
    end = int(span.get("endTimeUnixNano") or 0)
    told = _told(span.get("attributes"))
    get = told.get
    kind = span.get("kind")
    kind = (_KINDS.get(kind) or _KINDS_BY_NAME.get(kind, "")) if kind else ""
    verdict = span.get("status") or {}
    is_error = verdict.get("code") in _ERROR
    events = span.get("events")
    error_type, message, trace = _exception(events) if events else _NO_EXCEPTION
    if is_error:
        error_type = error_type or get("error")
        message = text(verdict.get("message")) or message
    code = get("status")
    name = span.get("name")
    # By hand: the class would look at two dozen names first.
    return tuple.__new__(
        SpanRow,
        (
            datetime.fromtimestamp(start // 1000 / 1e6, UTC),
            (end - start) / 1e6 if end >= start else None,
            trace_id,
            span_id,
            hex_id(span.get("parentSpanId")),
            about.service,
            name if type(name) is str else text(name) or "",
            kind,
            is_error,
            error_type,
            message,
            trace,
            get("method"),
            get("route") or path_of(get("path") or get("url")) if told else None,
            status(code) if code else None,
            get("peer") or (get("server") or host_of(get("url")) if kind in CALLS_OUT else None),
            get("db"),
            get("statement"),
            about.release,
            about.environment,
            about.region,
            about.host,
            get("user"),
            get("session"),
        ),
    )


def _told(attributes: Any) -> dict[str, str | None]:
    """Column -> text, of the attributes that a column is made of."""
    told: dict[str, str | None] = {}
    for entry in attributes or ():
        name = _wanted(entry["key"])
        if name is not None and name not in told:
            value = entry["value"]
            found = value.get("stringValue")
            told[name] = (found[:MAX_TEXT] or None) if type(found) is str else text(plain(value))
    return told


def _exception(events: list[dict[str, Any]]) -> tuple[str | None, str | None, str | None]:
    """Type, message and trace of the last exception event."""
    for event in reversed(events):
        if event.get("name") == "exception":
            told = {entry["key"]: plain(entry["value"]) for entry in event.get("attributes") or ()}
            return (
                text(told.get("exception.type")),
                long_text(told.get("exception.message")),
                long_text(told.get("exception.stacktrace")),
            )
    return None, None, None
