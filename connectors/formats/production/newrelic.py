"""New Relic NRQL results, as NerdGraph answers them: events, aggregates by time, aggregates by facet.

Durations are in seconds. An answer with errors comes with HTTP 200. A facet is a text or a list.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS, METRICS, RUM, SPANS
from ....core.records.bulk.rum import RumRow
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, at_s, device_of, labels, listed, long_text, ms, number, path_of, s_to_ms, status, text
from .log_rows import log_row
from .span_attributes import request_columns

Row = MetricRow | SpanRow | LogRow | RumRow
_FUNCTIONS = ("percentile", "average", "sum", "min", "max", "median", "rate", "stddev", "uniqueCount", "percentage")
_STATISTICS = {"average": "avg", "median": "p50"}
_TIMES = ("beginTimeSeconds", "endTimeSeconds", "facet", "inspectedCount", "comparison")
_VITALS_S = {"largestContentfulPaint": "lcp_ms", "firstContentfulPaint": "fcp_ms", "firstPaint": "fcp_ms"}
_VITALS_MS = {"interactionToNextPaint": "inp_ms", "firstInputDelay": "fid_ms"}


class NewRelic(PagesFormat):
    """NRQL results -> rows of metric points, spans, logs, real users."""

    name = "newrelic"
    produces: tuple[str, ...] = (METRICS, SPANS, LOGS, RUM)
    about = About(
        title="New Relic NRQL results",
        producers="New Relic",
        versions="NerdGraph `nrql` of one or several accounts, the result alone",
        recognised_by="`data.actor` with an `nrql` result",
        fields="aggregates with beginTimeSeconds, endTimeSeconds, facet; events Transaction, Span, Log, PageView, "
        "PageViewTiming, JavaScriptError",
        sample=Sample.CONSTRUCTED,
        how_to_export="POST https://api.newrelic.com/graphql with {actor {account(id: 1) {nrql(query: ...) {results "
        "metadata {facets timeWindow {begin end}}}}}}",
    )
    one = "result"

    def recognises(self, head: Head) -> bool:
        """By the way to the results."""
        page = dict_at(head.json)
        return bool(list(_answers(page))) or "actor" in dict_at(page, "data")

    def document(self, document: Any, reading: Reading) -> Iterable[Row]:
        """Everything of one answer."""
        page = dict_at(document)
        answers = list(_answers(page))
        if page.get("errors"):
            reading.fail(dict_at(first_of(page["errors"])).get("message") or first_of(page["errors"]))
        elif not answers and "actor" not in dict_at(page, "data"):
            raise Unusable("no `data.actor` with an `nrql` result")
        for answer in answers:
            window = dict_at(answer, "metadata", "timeWindow")
            end = at_ms(window.get("end"))
            for result in listed(answer.get("results")):
                try:
                    yield from _rows(dict_at(result), dict_at(answer, "metadata"), end)
                    reading.used += 1
                except Unusable as error:
                    reading.refuse(str(error))


def _answers(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every nrql answer below, under whatever alias."""
    found = dict_at(value)
    if isinstance(found.get("results"), list) and ("metadata" in found or depth >= 3):
        yield found
    elif depth < 5:
        for inner in found.values():
            yield from _answers(inner, depth + 1)


def _rows(result: dict[str, Any], metadata: dict[str, Any], end: datetime | None) -> Iterable[Row]:
    at = at_ms(result.get("timestamp"))
    if at is not None:
        return [_event(result, at)]
    begin, stop = at_s(result.get("beginTimeSeconds")), at_s(result.get("endTimeSeconds"))
    moment = stop or begin or end
    if moment is None:
        raise Unusable("an aggregate needs TIMESERIES, or metadata.timeWindow")
    length = (stop - begin).total_seconds() if begin and stop and stop > begin else None
    return list(_points(result, metadata, moment, length))


def _points(
    result: dict[str, Any], metadata: dict[str, Any], at: datetime, length: float | None
) -> Iterator[MetricRow]:
    names, facet = [text(name) or "" for name in listed(metadata.get("facets"))], result.get("facet")
    values = facet if isinstance(facet, list) else [] if facet is None else [facet]
    if len(names) != len(values):
        names = [f"facet{n}" for n in range(len(values))]
    told = dict(zip(names, values, strict=True))
    shown = labels(told)
    for key, value in result.items():
        if key in _TIMES or key in told:
            continue
        function, _, attribute = key.partition(".")
        name = attribute if attribute and function in _FUNCTIONS else key
        unit = "s" if "duration" in name.lower() and not name.endswith(".ms") else None
        if isinstance(value, dict):
            for quantile, inner in value.items():
                found = number(inner)
                if found is not None:
                    yield MetricRow(at, name, found, f"p{quantile}"[:20], "gauge", unit, None, shown, length)
            continue
        found = number(value) if not isinstance(value, str) else None
        if found is not None:
            statistic = _STATISTICS.get(function, function) if name != key else "value"
            kind = "delta" if key == "count" or function in ("sum", "uniqueCount") else "gauge"
            yield MetricRow(at, name, found, statistic, kind, unit, None, shown, length)


def _event(event: dict[str, Any], at: datetime) -> Row:
    """A row of the kind that its attributes tell."""
    if "pageUrl" in event or "browserTransactionName" in event or "timingName" in event:
        return _rum(event, at)
    trace_id, span_id = text(event.get("trace.id") or event.get("traceId")), text(event.get("id") or event.get("guid"))
    if trace_id is not None and span_id is not None and ("duration" in event or "duration.ms" in event):
        return _span(event, at, trace_id, span_id)
    if "message" in event:
        return log_row(at, text(event.get("level")) or "", event["message"], event)
    raise Unusable("an event that is no span, log or page view")


def _span(event: dict[str, Any], at: datetime, trace_id: str, span_id: str) -> SpanRow:
    kind = text(event.get("span.kind")) or ("server" if "transactionType" in event else "")
    failed = event.get("error") in (True, "true") or "error.class" in event or "errorType" in event
    columns = request_columns(event, kind)
    columns["status"] = columns["status"] or status(event.get("httpResponseCode"))
    columns["request_path"] = columns["request_path"] or path_of(event.get("request.uri"))
    columns["request_method"] = columns["request_method"] or text(event.get("request.method"))
    return SpanRow(
        at=at,
        duration_ms=ms(event["duration.ms"]) if "duration.ms" in event else s_to_ms(event.get("duration")),
        trace_id=trace_id,
        span_id=span_id,
        parent_id=text(event.get("parent.id")) or text(event.get("parentId")),
        service=text(event.get("service.name")) or text(event.get("appName")) or text(event.get("entity.name")),
        name=text(event.get("name")) or "",
        kind=kind if kind in ("server", "client", "producer", "consumer", "internal") else "",
        is_error=failed,
        error_type=text(event.get("error.class")) or text(event.get("errorType")),
        message=long_text(event.get("error.message")) or long_text(event.get("errorMessage")),
        host=text(event.get("host")),
        **columns,
    )


def _rum(event: dict[str, Any], at: datetime) -> RumRow:
    vitals: dict[str, Any] = {name: s_to_ms(event.get(key)) for key, name in _VITALS_S.items() if key in event}
    vitals |= {name: ms(event.get(key)) for key, name in _VITALS_MS.items() if key in event}
    is_error = "errorMessage" in event or "errorClass" in event
    kind = (
        "error"
        if is_error
        else "vital"
        if vitals or "timingName" in event
        else "action"
        if "actionName" in event
        else "view"
    )
    return RumRow(
        at=at,
        event=kind,
        session=text(event.get("session")),
        user=text(event.get("enduser.id")) or text(event.get("userId")),
        page=path_of(event.get("pageUrl")),
        page_group=text(event.get("browserTransactionName")),
        name=text(event.get("actionName")) or text(event.get("timingName")),
        service=text(event.get("appName")),
        region=text(event.get("countryCode")),
        device=device_of(event.get("deviceType")),
        browser=text(event.get("userAgentName")),
        browser_version=text(event.get("userAgentVersion")),
        os=text(event.get("userAgentOS")),
        loading_ms=s_to_ms(event.get("duration")) if kind == "view" else None,
        ttfb_ms=s_to_ms(event.get("backendDuration")) if kind == "view" else None,
        cls=number(event.get("cumulativeLayoutShift")),
        error_type=text(event.get("errorClass")),
        message=long_text(event.get("errorMessage")),
        stack_trace=long_text(event.get("stackTrace")),
        **vitals,
    )
