"""Zipkin spans; microseconds. The two halves of a call may share one id (`shared`): they differ in `kind`.

v1 says in annotations (`sr`: server received) and binary annotations what v2 has fields and tags for.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import SpanRow
from ....core.records.bulk.rows import SPANS
from ..json_stream import Way
from ..pages import PagesFormat, Reading
from ..shapes import dict_at, first_of
from ..values import at_us, listed, long_text, text, us_to_ms, whole
from .otlp_values import hex_id
from .span_attributes import request_columns

_KINDS = frozenset({"client", "server", "producer", "consumer"})
_V1_KINDS = {"sr": "server", "ss": "server", "cs": "client", "cr": "client", "mr": "consumer", "ms": "producer"}
_TELLS = frozenset({"localEndpoint", "timestamp", "annotations", "kind", "parentId"})


class Zipkin(PagesFormat):
    """Zipkin JSON -> rows of spans."""

    name = "zipkin"
    produces: tuple[str, ...] = (SPANS,)
    about = About(
        title="Zipkin spans",
        producers="Zipkin, Brave, Spring Cloud Sleuth, Micrometer Tracing",
        versions="v2 and v1 JSON: a list of spans, or of traces",
        recognised_by="a list of objects with `traceId`, `id` and `localEndpoint`, `timestamp` or `annotations`",
        fields="traceId, id, parentId, kind, name, timestamp, duration, localEndpoint, remoteEndpoint; `tags` error, "
        "http.*; v1: annotations, binaryAnnotations",
        sample=Sample.REAL,
        how_to_export="curl 'http://zipkin:9411/api/v2/traces?limit=1000' > traces.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one = "span"
    counts_items = False

    def recognises(self, head: Head) -> bool:
        """By the first span, of the first trace where traces are lists."""
        first = first_of(head.json) if isinstance(head.json, list) else head.json
        return _is_span(first_of(first) if isinstance(first, list) else first)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[SpanRow]:
        """A span, or the spans of a trace."""
        for span in item if isinstance(item, list) else (item,):
            row = _row(span if "localEndpoint" in span else _as_v2(span)) if _is_span(span) else None
            if row is None:
                reading.refuse("a span needs `traceId`, `id` and `timestamp`")
            else:
                reading.used += 1
                yield row

    def document(self, document: Any, reading: Reading) -> Iterable[SpanRow]:
        """A list is done; a line may be a span itself."""
        return () if isinstance(document, list) else self.item((), document, reading)


def _is_span(value: Any) -> bool:
    span = dict_at(value)
    return {"traceId", "id"} <= span.keys() and not _TELLS.isdisjoint(span)


def _as_v2(span: dict[str, Any]) -> dict[str, Any]:
    """A span of v1 with the fields of v2; one of v2 without an endpoint stays as it is."""
    marks = [mark for one in listed(span.get("annotations")) if (mark := dict_at(one)).get("value") in _V1_KINDS]
    told = [dict_at(one) for one in listed(span.get("binaryAnnotations"))]
    if not marks and not told:
        return span
    kinds = [_V1_KINDS[mark["value"]] for mark in marks]
    times = sorted(at for mark in marks if (at := whole(mark.get("timestamp"))) is not None)
    near = [dict_at(one, "endpoint") for one in (*marks, *(one for one in told if one.get("key") not in ("ca", "sa")))]
    far = [dict_at(one, "endpoint") for one in told if one.get("key") in ("ca", "sa")]
    return {
        "kind": "server" if "server" in kinds else next(iter(kinds), None),
        "timestamp": next(iter(times), None),
        "duration": times[-1] - times[0] if len(times) > 1 else None,
        "localEndpoint": next(filter(None, near), {}),
        "remoteEndpoint": next(filter(None, far), {}),
        "tags": {one["key"]: one["value"] for one in told if isinstance(one.get("value"), str) and "key" in one},
        **{name: value for name, value in span.items() if value is not None},
    }


def _row(span: dict[str, Any]) -> SpanRow | None:
    trace_id, span_id = hex_id(span.get("traceId")), hex_id(span.get("id"))
    at = at_us(whole(span.get("timestamp")) or 0)
    if trace_id is None or span_id is None or at is None:
        return None
    kind = (text(span.get("kind")) or "").lower()
    tags = dict_at(span, "tags")
    columns = request_columns(tags, kind)
    remote = text(dict_at(span, "remoteEndpoint").get("serviceName"))
    columns["peer"] = (remote if kind in ("client", "producer") else None) or columns["peer"]
    error = text(tags.get("error"))
    return SpanRow(
        at=at,
        duration_ms=us_to_ms(span.get("duration")),
        trace_id=trace_id,
        span_id=span_id,
        parent_id=hex_id(span.get("parentId")),
        service=text(dict_at(span, "localEndpoint").get("serviceName")),
        name=text(span.get("name")) or "",
        kind=kind if kind in _KINDS else "",
        is_error="error" in tags and error != "false",
        message=long_text(error) if error not in ("true", "false") else None,
        **columns,
    )
