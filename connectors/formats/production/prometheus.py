"""Prometheus' answers: query_range and query; also VictoriaMetrics' export. Values are text; NaN and infinity are gaps.

An empty result is "no such series", never 0. A counter is told by its name, as the naming rules have it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.rows import METRICS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import at_ms, at_s, labels, listed, number, text

_COUNTERS = ("_total", "_count", "_sum", "_bucket")
_UNITS = {"seconds": "s", "milliseconds": "ms", "bytes": "By", "ratio": "1", "percent": "percent", "celsius": "Cel"}


class Prometheus(PagesFormat):
    """Prometheus query results -> rows of metric points."""

    name = "prometheus"
    produces: tuple[str, ...] = (METRICS,)
    about = About(
        title="Prometheus query results",
        producers="Prometheus, Thanos, Mimir, Cortex, VictoriaMetrics",
        versions="HTTP API v1 query_range and query; VictoriaMetrics' export lines",
        recognised_by="`data.resultType`, or `metric` with `values` and `timestamps`",
        fields="`metric` labels, `values` or `value`, `histograms` count and sum; warnings",
        sample=Sample.REAL,
        how_to_export="curl 'http://prometheus:9090/api/v1/query_range?query=up&start=...&end=...&step=60' > up.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("data", "result"),)
    one = "series"

    def recognises(self, head: Head) -> bool:
        """By the envelope, or the first line of an export."""
        page = dict_at(head.json)
        return (
            {"resultType", "result"} <= dict_at(page, "data").keys()
            or {"metric", "values", "timestamps"} <= page.keys()
            or (page.get("status") == "error" and "errorType" in page)
        )

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[MetricRow]:
        """The points of one series."""
        if not isinstance(item, dict):
            return ()  # a scalar: see `document`
        metric = item.get("metric")
        points = item.get("values") or ([item["value"]] if "value" in item else [])
        if not isinstance(metric, dict) or not isinstance(points, list):
            raise Unusable("a series needs `metric` and `values`")
        return _rows(metric, points, listed(item.get("histograms")), reading)

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """Errors, warnings, a scalar, a line of an export."""
        page = dict_at(document)
        if page.get("status") == "error":
            reading.fail(page.get("error") or page.get("errorType"))
            return
        if {"metric", "values", "timestamps"} <= page.keys():
            yield from _exported(page, reading)
            reading.used += 1
            return
        data = dict_at(page, "data")
        if "resultType" not in data:
            raise Unusable("no `data.resultType`")
        for warning in listed(page.get("warnings")):
            reading.note(f"Prometheus warns: {text(warning, 200)}")
        if data["resultType"] == "scalar" and isinstance(data.get("result"), list):
            yield from _rows({}, [data["result"]], [], reading)
        elif data.get("result") == []:
            reading.note("there is no such series")


def _rows(metric: dict[str, Any], points: list[Any], histograms: list[Any], reading: Reading) -> Iterator[MetricRow]:
    name, statistic, kind, told = _series(metric)
    unit = next((unit for word, unit in _UNITS.items() if f"_{word}" in name), None)
    service, shown = text(metric.get("service")) or text(metric.get("job")), labels(told)
    for point in points:
        moment, value = point if isinstance(point, list) and len(point) == 2 else (None, None)
        at, found = at_s(moment), number(value)
        if at is not None and found is not None:
            yield MetricRow(at, name, found, statistic, kind, unit, service, shown)
        elif at is not None:
            reading.note("points that are no number (NaN, Inf) were left out")
    for point in histograms:
        moment, value = point if isinstance(point, list) and len(point) == 2 else (None, None)
        at = at_s(moment)
        for part in ("count", "sum"):
            found = number(dict_at(value).get(part))
            if at is not None and found is not None:
                yield MetricRow(at, name, found, part, "counter", unit, service, shown)


def _series(metric: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    """Name, statistic, kind, labels: buckets and quantiles are statistics of the metric."""
    name = text(metric.get("__name__")) or "query"
    told = {key: value for key, value in metric.items() if key != "__name__"}
    kind = "counter" if name.endswith(_COUNTERS) else "gauge"
    if "le" in told and name.endswith("_bucket"):
        return name.removesuffix("_bucket"), "bucket", kind, told
    quantile = number(told.get("quantile"))
    if quantile is not None and name != "query":
        return name, f"p{100 * quantile:g}", kind, {key: value for key, value in told.items() if key != "quantile"}
    return name, "value", kind, told


def _exported(page: dict[str, Any], reading: Reading) -> Iterator[MetricRow]:
    name, statistic, kind, told = _series(dict_at(page, "metric"))
    shown = labels(told)
    for moment, value in zip(listed(page["timestamps"]), listed(page["values"]), strict=False):
        at, found = at_ms(moment), number(value)
        if at is not None and found is not None:
            yield MetricRow(at, name, found, statistic, kind, None, text(told.get("job")), shown)
