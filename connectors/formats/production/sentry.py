"""Sentry: events of SDKs (store format, envelopes), events and issues of the API.

The last exception is the one that was raised, those before are its causes; frames come oldest first. The counts of an
issue are text; its latest occurrence is the one whose time is told.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS, METRICS, SPANS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_s, clock, labels, listed, long_text, number, path_of, text
from . import log_fields as fields
from .otlp_values import hex_id
from .sentry_traces import trace_of
from .span_attributes import request_columns


class Sentry(PagesFormat):
    """Sentry events and issues -> rows of logs, spans, counts."""

    name = "sentry"
    produces: tuple[str, ...] = (LOGS, SPANS, METRICS)
    about = About(
        title="Sentry events, envelopes, issues",
        producers="Sentry and its SDKs, GlitchTip",
        versions="event protocol 7, envelopes (not packed), API 0 events and issues",
        recognised_by="`event_id` with an exception, platform or envelope header; issues with `culprit` and `shortId`",
        fields="exception values with frames, level, message, release, environment, tags, user, request, trace; "
        "transactions with spans; issues with counts",
        sample=Sample.REAL,
        how_to_export="GET https://sentry.io/api/0/projects/ORG/PROJECT/events/?full=true, page by page",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)

    def recognises(self, head: Head) -> bool:
        """By the keys of an event, an envelope's header or an issue."""
        first = dict_at(first_of(head.json) if isinstance(head.json, list) else head.json)
        is_header = "event_id" in first and ("sent_at" in first or "dsn" in first)
        return is_header or _is_event(first) or {"culprit", "shortId", "lastSeen"} <= first.keys()

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[LogRow | MetricRow | SpanRow]:
        """One event or issue."""
        told = dict_at(item)
        if {"culprit", "shortId", "lastSeen"} <= told.keys():
            return _issue(told)
        if told.get("type") == "transaction":
            return _transaction(told)
        if _is_event(told):
            return [_event(told)]
        raise Unusable("no event or issue")

    def document(self, document: Any, reading: Reading) -> Iterable[LogRow | MetricRow | SpanRow]:
        """A list is done; a line is an event, or belongs to an envelope."""
        told = dict_at(document)
        if isinstance(document, list) or (told and _is_envelope_line(told)):
            return
        if told.keys() == {"detail"}:
            reading.fail(told["detail"])
            return
        yield from self.item((), told, reading)
        reading.used += 1


def _is_event(told: dict[str, Any]) -> bool:
    if not {"event_id", "eventID"}.isdisjoint(told):
        return not {"exception", "platform", "logentry", "entries", "message", "spans"}.isdisjoint(told)
    return False


def _is_envelope_line(told: dict[str, Any]) -> bool:
    """A header, or an item of another kind: sessions, client reports."""
    header = "event_id" in told and not _is_event(told)
    item_header = isinstance(told.get("type"), str) and told.keys() <= {
        "type", "length", "content_type", "filename", "attachment_type", "item_count", "headers", "platform",
    }  # fmt: skip
    return header or item_header or "sid" in told or "discarded_events" in told or "sent_at" in told


def _event(told: dict[str, Any]) -> LogRow:
    at = clock(told.get("timestamp")) or clock(told.get("dateCreated")) or clock(told.get("dateReceived"))
    if at is None:
        raise Unusable("an event needs `timestamp`")
    entries = {text(dict_at(entry).get("type")): dict_at(entry, "data") for entry in listed(told.get("entries"))}
    exceptions = dict_at(told, "exception") or entries.get("exception") or {}
    values = listed(exceptions.get("values") or told.get("exception"))
    raised = dict_at(values[-1]) if values else {}
    written = dict_at(told, "logentry") or entries.get("message") or {}
    message = long_text(raised.get("value")) or long_text(written.get("formatted")) or long_text(written.get("message"))
    request = dict_at(told, "request") or entries.get("request") or {}
    tags, headers = _pairs(told.get("tags")), _pairs(request.get("headers"))
    trace_id = hex_id(dict_at(told, "contexts", "trace").get("trace_id"))
    release = told.get("release")
    return LogRow(
        at=at,
        level=fields.level_of(text(told.get("level")) or text(tags.get("level")) or ("error" if values else "info")),
        message=message or long_text(told.get("message")) or long_text(told.get("title")) or "",
        logger=text(told.get("logger")) or text(told.get("transaction")) or text(told.get("culprit")),
        service=text(dict_at(told, "project").get("slug")) or text(tags.get("service")),
        release=_version(dict_at(release).get("version") or release or tags.get("release")),
        error_type=text(raised.get("type")),
        stack_trace=trace_of(values, text(told.get("platform"))),
        request_method=text(request.get("method")),
        request_path=path_of(request.get("url")),
        user=text(dict_at(told, "user").get("id")) or text(dict_at(told, "user").get("username")),
        request=trace_id,
        region=text(dict_at(told, "user", "geo").get("country_code")),
        user_agent=text(headers.get("User-Agent")),
        host=text(told.get("server_name")) or text(tags.get("server_name")),
        trace_id=trace_id,
        environment=text(told.get("environment")) or text(tags.get("environment")),
        tracker="sentry",
    )


def _version(release: Any) -> str | None:
    """`shop@1.4.0` is 1.4.0 of the package shop: everywhere else it is called 1.4.0."""
    return text((text(release) or "").rpartition("@")[2])


def _pairs(told: Any) -> dict[str, Any]:
    """An object, a list of pairs, or a list of `key` and `value`."""
    if isinstance(told, dict):
        return told
    found: dict[str, Any] = {}
    for entry in listed(told):
        if isinstance(entry, dict) and isinstance(entry.get("key"), str):
            found[entry["key"]] = entry.get("value")
        elif isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
            found[entry[0]] = entry[1]
    return found


def _issue(told: dict[str, Any]) -> Iterator[LogRow | MetricRow]:
    at, about = clock(told.get("lastSeen")), dict_at(told, "metadata")
    if at is None:
        raise Unusable("an issue needs `lastSeen`")
    service = text(dict_at(told, "project").get("slug"))
    kind, message = text(about.get("type")), long_text(about.get("value")) or long_text(told.get("title")) or ""
    yield LogRow(
        at=at,
        level=fields.level_of(told.get("level")),
        message=message,
        logger=text(told.get("culprit")),
        service=service,
        error_type=kind,
        tracker="sentry",
    )
    shown = labels({"issue": told.get("shortId"), "type": kind, "status": told.get("status")})
    for name, key in (("sentry.issue.events", "count"), ("sentry.issue.users", "userCount")):
        value = number(told.get(key))
        if value is not None:
            yield MetricRow(at, name, value, "count", "counter", None, service, shown)
    for point in listed(dict_at(told, "stats").get("24h")):
        moment, count = point if isinstance(point, list) and len(point) == 2 else (None, None)
        bucket, value = at_s(moment), number(count)
        if bucket is not None and value is not None:
            yield MetricRow(bucket, "sentry.issue.hourly", value, "count", "delta", None, service, shown, 3600.0)


def _transaction(told: dict[str, Any]) -> Iterator[SpanRow]:
    root = dict_at(told, "contexts", "trace")
    request = dict_at(told, "request")
    tags = {"http.method": request.get("method"), "url.full": request.get("url"), **dict_at(root, "data")}
    about = {
        "release": _version(told.get("release")),
        "environment": text(told.get("environment")),
        "host": text(told.get("server_name")),
        "user": text(dict_at(told, "user").get("id")),
        "service": text(_pairs(told.get("tags")).get("service")),
    }
    found = [_span({**root, "start_timestamp": told.get("start_timestamp"), "timestamp": told.get("timestamp"),
                    "description": told.get("transaction"), "data": tags}, "server", about)]  # fmt: skip
    found += [_span(dict_at(span), "", about) for span in listed(told.get("spans"))]
    if found[0] is None:
        raise Unusable("a transaction needs `contexts.trace` and `start_timestamp`")
    yield from (span for span in found if span is not None)


def _span(told: dict[str, Any], kind: str, about: dict[str, Any]) -> SpanRow | None:
    trace_id, span_id = hex_id(told.get("trace_id")), hex_id(told.get("span_id"))
    start, end = clock(told.get("start_timestamp")), clock(told.get("timestamp"))
    if trace_id is None or span_id is None or start is None:
        return None
    operation = text(told.get("op")) or ""
    kind = kind or ("client" if operation.startswith(("http.client", "db", "cache", "rpc")) else "internal")
    columns = request_columns(dict_at(told, "data"), kind)
    is_database = operation.startswith("db")
    return SpanRow(
        at=start,
        duration_ms=(end - start).total_seconds() * 1000 if end is not None and end >= start else None,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=hex_id(told.get("parent_span_id")),
        name=text(told.get("description")) or operation,
        kind=kind,
        is_error=told.get("status") not in (None, "ok", "cancelled", "unknown"),
        error_type=text(told.get("status")) if told.get("status") not in (None, "ok") else None,
        **about
        | columns
        | {
            "user": about["user"],
            "db_system": columns["db_system"] or ("db" if is_database else None),
            "statement": columns["statement"] or (text(told.get("description")) if is_database else None),
        },
    )
