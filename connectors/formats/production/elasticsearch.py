"""Elasticsearch and OpenSearch: hits of a search or a dump, in the Elastic Common Schema or any other names.

The number of hits is no number of rows (it may be a lower bound); whether all was searched, in time and on all shards,
the answer says. Documents of Elastic APM are spans.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import SpanRow
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS, SPANS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import clock, listed, number, text, us_to_ms
from . import log_fields as fields
from .log_rows import log_row
from .otlp_values import hex_id
from .span_attributes import request_columns


class Elasticsearch(PagesFormat):
    """Elasticsearch hits -> rows of logs and spans."""

    name = "elasticsearch"
    produces: tuple[str, ...] = (LOGS, SPANS)
    about = About(
        title="Elasticsearch or OpenSearch hits",
        producers="Elasticsearch, OpenSearch, elasticdump",
        versions="_search and _msearch of 6 and later; one hit a line; ECS with dots or nested; Elastic APM documents",
        recognised_by="`hits.hits`, or lines with `_index` and `_source`",
        fields="`_source` @timestamp, log.level, message, service, error, http, url, trace, user",
        sample=Sample.CONSTRUCTED,
        how_to_export="elasticdump --input=http://es:9200/logs --output=logs.jsonl, or _search page by page",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("hits", "hits"),)
    one = "hit"

    def recognises(self, head: Head) -> bool:
        """By the envelope or a line of a dump."""
        page = dict_at(head.json)
        responses = page.get("responses")
        return (
            "hits" in dict_at(page, "hits")
            or {"_index", "_source"} <= page.keys()
            or (isinstance(responses, list) and any("hits" in dict_at(answer) for answer in responses))
        )

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[LogRow | SpanRow]:
        """One document."""
        source = dict_at(item).get("_source") or _of_fields(dict_at(item).get("fields"))
        if not isinstance(source, dict) or not source:
            raise Unusable("a hit needs `_source` or `fields`")
        found = _with_dots(source)
        at = next((at for name in fields.TIME if (at := clock(found.get(name)))), None)
        if at is None:
            raise Unusable("a document without a time")
        span = _span(found, at) if "trace.id" in found else None
        yield span or log_row(at, "", found.get("message") or found.get("event.original"), found)

    def document(self, document: Any, reading: Reading) -> Iterable[LogRow | SpanRow]:
        """What the answer says about itself; answers inside of an answer; a line of a dump."""
        page = dict_at(document)
        if {"_index", "_source"} <= page.keys():
            yield from self.item((), page, reading)
            reading.used += 1
        elif isinstance(page.get("responses"), list):
            for answer in page["responses"]:
                for hit in listed(dict_at(answer, "hits").get("hits")):
                    yield from self.item((), hit, reading)
                    reading.used += 1
                yield from self.document(dict_at(answer), reading)
        elif "error" in page:
            error = page["error"]
            reading.fail(dict_at(error).get("reason") or error)
        elif "hits" not in page:
            raise Unusable("no `hits`")
        else:
            _note_gaps(page, reading)


def _note_gaps(page: dict[str, Any], reading: Reading) -> None:
    if page.get("timed_out") is True:
        reading.note("a search timed out: its hits are not all there are")
    failed = number(dict_at(page, "_shards").get("failed"))
    if failed:
        reading.note(f"a search failed on {failed:g} shards")
    if "aggregations" in page:
        reading.note("aggregations are not read")


def _of_fields(told: Any) -> dict[str, Any]:
    """`fields` holds lists of values."""
    return {name: value[0] if isinstance(value, list) and value else value for name, value in dict_at(told).items()}


def _with_dots(source: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects and dotted names, which documents mix, as dotted names."""
    found: dict[str, Any] = {}
    for name, value in source.items():
        if isinstance(value, dict) and depth < 8:
            found |= {key: inner for key, inner in _with_dots(value, f"{prefix}{name}.", depth + 1).items()}
        else:
            found[f"{prefix}{name}"] = value
    return found


def _span(found: dict[str, Any], at: Any) -> SpanRow | None:
    """A transaction or span of Elastic APM."""
    part = text(found.get("processor.event"))
    if part not in ("transaction", "span"):
        return None
    trace_id, span_id = hex_id(found.get("trace.id")), hex_id(found.get(f"{part}.id"))
    if trace_id is None or span_id is None:
        return None
    kind = "server" if part == "transaction" else "client" if "span.destination.service.resource" in found else ""
    columns = request_columns(found, kind)
    return SpanRow(
        at=at,
        duration_ms=us_to_ms(found.get(f"{part}.duration.us")),
        trace_id=trace_id,
        span_id=span_id,
        parent_id=hex_id(found.get("parent.id")),
        service=text(found.get("service.name")),
        name=text(found.get(f"{part}.name")) or "",
        kind=kind,
        is_error=found.get("event.outcome") == "failure",
        release=text(found.get("service.version")),
        environment=text(found.get("service.environment")),
        region=text(found.get("cloud.region")),
        host=text(found.get("kubernetes.pod.name")) or text(found.get("host.name")),
        **columns | {"peer": text(found.get("span.destination.service.resource")) or columns["peer"]},
    )
