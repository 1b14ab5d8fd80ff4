"""AppDynamics' Controller API as JSON: metric data, health rule violations, request snapshots."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS, METRICS, SPANS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, labels, listed, long_text, ms, number, path_of, record_id, text, whole

_FREQUENCIES = {"ONE_MIN": 60.0, "TEN_MIN": 600.0, "SIXTY_MIN": 3600.0, "ONE_HOUR": 3600.0}
_METRIC, _VIOLATION, _SNAPSHOT = (
    {"metricPath", "metricValues"},
    {"incidentStatus", "startTimeInMillis"},
    {"requestGUID"},
)
_ENDED = ("RESOLVED", "CANCELED", "CANCELLED", "CLOSED")


class AppDynamics(PagesFormat):
    """AppDynamics answers -> metric points, incidents, spans."""

    name = "appdynamics"
    produces: tuple[str, ...] = (METRICS, INCIDENTS, SPANS)
    about = About(
        title="AppDynamics metric data, health rule violations, request snapshots",
        producers="AppDynamics (Splunk AppDynamics)",
        versions="Controller REST API with output=JSON, 4.5 and later",
        recognised_by="a list whose items have `metricPath`, `incidentStatus` or `requestGUID`",
        fields="metricPath, frequency, metricValues; name, severity, incidentStatus, times; URL, time taken, errors",
        sample=Sample.CONSTRUCTED,
        how_to_export="GET /controller/rest/applications/APP/metric-data?output=JSON; problems/healthrule-violations; "
        "request-snapshots",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)

    def recognises(self, head: Head) -> bool:
        """By the first item."""
        first = dict_at(first_of(head.json)) if isinstance(head.json, list) else {}
        return any(keys <= first.keys() for keys in (_METRIC, _VIOLATION, _SNAPSHOT))

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[MetricRow | Incident | SpanRow]:
        """One metric, violation or snapshot."""
        told = dict_at(item)
        if told.keys() >= _METRIC:
            return _points(told)
        if told.keys() >= _VIOLATION:
            return [_incident(told)]
        if told.keys() >= _SNAPSHOT:
            return [_span(told)]
        raise Unusable("no metric, violation or snapshot")

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """A list is done."""
        if not isinstance(document, list):
            raise Unusable("no list")
        return ()


def _points(told: dict[str, Any]) -> Iterator[MetricRow]:
    path = text(told.get("metricPath"))
    if path is None or path == "METRIC DATA NOT FOUND":
        raise Unusable("a metric without data")
    parts = path.split("|")
    name, frequency = parts[-1], text(told.get("frequency")) or ""
    shown = labels({"path": "|".join(parts[:-1])})
    is_time = "(ms)" in name or "Response Time" in name
    for point in listed(told.get("metricValues")):
        at = at_ms(dict_at(point).get("startTimeInMillis"))
        for statistic, key in (("avg", "value"), ("min", "min"), ("max", "max"), ("count", "count")):
            value = number(dict_at(point).get(key))
            if at is not None and value is not None:
                unit, length = "ms" if is_time and statistic != "count" else None, _FREQUENCIES.get(frequency)
                yield MetricRow(at, name, value, statistic, "gauge", unit, None, shown, length)


def _incident(told: dict[str, Any]) -> Incident:
    started, ended = at_ms(told.get("startTimeInMillis")), at_ms(told.get("endTimeInMillis"))
    identity = record_id("appdynamics", told.get("id"))
    if started is None or identity is None:
        raise Unusable("a violation needs `id` and `startTimeInMillis`")
    closed = text(told.get("incidentStatus")) in _ENDED
    return Incident(
        id=identity,
        source="appdynamics",
        kind="alert",
        title=text(told.get("name")) or "without a name",
        status="resolved" if closed else "open",
        severity=text(told.get("severity")),
        service=text(dict_at(told, "affectedEntityDefinition").get("name")),
        started_at=started,
        detected_at=at_ms(told.get("detectedTimeInMillis")) if whole(told.get("detectedTimeInMillis")) else None,
        resolved_at=ended if closed and ended is not None and ended >= started else None,
        description=long_text(told.get("description")),
        url=text(told.get("deepLinkUrl")),
    )


def _span(told: dict[str, Any]) -> SpanRow:
    """The whole request; its inner calls are not told."""
    at, guid = at_ms(told.get("serverStartTime")), text(told.get("requestGUID"))
    if at is None or guid is None:
        raise Unusable("a snapshot needs `requestGUID` and `serverStartTime`")
    failed = told.get("errorOccured") is True or told.get("errorOccurred") is True
    url = told.get("URL") or told.get("url")
    return SpanRow(
        at=at,
        duration_ms=ms(told.get("timeTakenInMilliSecs")),
        trace_id=guid,
        span_id=text(told.get("id")) or guid,
        parent_id=None,
        service=text(told.get("applicationComponentName")) or text(told.get("applicationComponentId")),
        name=text(told.get("businessTransactionName")) or path_of(url) or "",
        kind="server",
        is_error=failed,
        message=long_text(told.get("summary")) if failed else None,
        stack_trace=long_text(told.get("errorDetails")) if failed else None,
        request_path=path_of(url),
        session=text(told.get("httpSessionID")),
    )
