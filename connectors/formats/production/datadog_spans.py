"""One span of Datadog. `custom.duration` is in nanoseconds; a parent of "0" is none."""

from typing import Any

from ....core.records.bulk.apm import SpanRow
from ..pages import Unusable
from ..shapes import dict_at
from ..values import clock, long_text, ns_to_ms, path_of, status, text

_KINDS = frozenset({"server", "client", "producer", "consumer", "internal"})
_DATABASES = frozenset({"sql", "db", "mongodb", "redis", "cassandra", "elasticsearch", "memcached"})


def span_row(item: dict[str, Any]) -> SpanRow:
    """The row.

    Raises:
        Unusable: no ids or no start.
    """
    outer = dict_at(item, "attributes")
    told = dict_at(outer, "custom")
    start, end = clock(outer.get("start_timestamp")), clock(outer.get("end_timestamp"))
    trace_id, span_id = text(outer.get("trace_id")), text(outer.get("span_id"))
    if start is None or trace_id is None or span_id is None:
        raise Unusable("a span needs `trace_id`, `span_id` and `start_timestamp`")
    duration = ns_to_ms(told.get("duration"))
    if duration is None and end is not None:
        duration = (end - start).total_seconds() * 1000
    http, error, database = (dict_at(told, name) for name in ("http", "error", "db"))
    parent, kind = text(outer.get("parent_id")), text(dict_at(told, "span").get("kind"))
    resource = text(outer.get("resource_name"))
    is_database = outer.get("type") in _DATABASES or bool(database)
    return SpanRow(
        at=start,
        duration_ms=duration,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=None if parent in (None, "0", "") else parent,
        service=text(outer.get("service")),
        name=resource or text(outer.get("operation_name")) or "",
        kind=kind if kind in _KINDS else "",
        is_error=outer.get("status") == "error" or bool(error),
        error_type=text(error.get("type")),
        message=long_text(error.get("message")) or long_text(error.get("msg")),
        stack_trace=long_text(error.get("stack")),
        request_method=text(http.get("method")),
        request_path=text(http.get("route")) or path_of(http.get("url")),
        status=status(http.get("status_code")),
        peer=text(dict_at(told, "peer").get("service")) or text(dict_at(told, "peer").get("hostname")),
        db_system=(text(database.get("system")) or text(database.get("type")) or text(outer.get("type")))
        if is_database
        else None,
        statement=(text(database.get("statement")) or resource) if is_database else None,
        release=text(told.get("version")),
        environment=text(outer.get("env")) or text(told.get("env")),
        host=text(outer.get("host")),
        user=text(dict_at(told, "usr").get("id")),
    )
