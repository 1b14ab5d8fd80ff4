"""Datadog metric queries: v1 (`series` with `pointlist`) and v2 (`times` and `values`). Times in ms; null is a gap."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.rows import METRICS
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import at_ms, labels, number, tags_to_dict, text

_AGGREGATION = re.compile(r"^(avg|min|max|sum|count|p\d\d?)\b")
_MAX_POINTS = 1_000_000


class DatadogMetrics(PagesFormat):
    """Datadog metric series -> rows of metric points."""

    name = "datadog-metrics"
    produces: tuple[str, ...] = (METRICS,)
    about = About(
        title="Datadog metric series",
        producers="Datadog",
        versions="API v1 query, API v2 query/timeseries",
        recognised_by="`series` with `pointlist`, or `data` of type timeseries_response",
        fields="metric, scope, tag_set, interval, unit, aggr, pointlist; times, values, group_tags",
        sample=Sample.RECORDED,
        how_to_export="GET https://api.datadoghq.com/api/v1/query?from=...&to=...&query=avg:system.cpu.idle{*}",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("series",),)
    one = "point"

    def recognises(self, head: Head) -> bool:
        """By the envelope of either version."""
        page = dict_at(head.json)
        return (
            "pointlist" in dict_at(first_of(page.get("series")))
            or {"res_type", "from_date", "query"} <= page.keys()
            or dict_at(page, "data").get("type") == "timeseries_response"
        )

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[MetricRow]:
        """The points of one series, v1."""
        series = dict_at(item)
        points, name = series.get("pointlist"), text(series.get("metric")) or text(series.get("expression"))
        if not isinstance(points, list) or name is None:
            raise Unusable("a series needs `metric` and `pointlist`")
        expression = text(series.get("expression")) or ""
        told = series.get("tag_set")
        tags = tags_to_dict(told if isinstance(told, list) and told else (text(series.get("scope")) or "").split(","))
        tags.pop("*", None)
        found = _AGGREGATION.match(text(series.get("aggr")) or expression)
        make = _maker(
            name, tags, expression, found[1] if found else "value", series.get("unit"), series.get("interval")
        )
        yield from make((first, second) for first, second in map(_pair, points[:_MAX_POINTS]))

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """The points of v2; errors of both."""
        page = dict_at(document)
        if page.get("status") == "error" or page.get("errors") or page.get("error"):
            reading.fail(page.get("error") or first_of(page.get("errors")))
        elif dict_at(page, "data").get("type") == "timeseries_response":
            yield from _version_2(dict_at(page, "data", "attributes"))
        elif "series" not in page:
            raise Unusable("no `series`")


def _version_2(told: dict[str, Any]) -> Iterable[MetricRow]:
    times, values, series = told.get("times"), told.get("values"), told.get("series")
    if not (isinstance(times, list) and isinstance(values, list) and isinstance(series, list)):
        raise Unusable("an answer needs `times`, `values` and `series`")
    for one, column in zip(series, values, strict=False):
        tags = tags_to_dict(dict_at(one).get("group_tags"))
        name = f"query-{text(dict_at(one).get('query_index')) or 0}"
        make = _maker(name, tags, "", "value", dict_at(one).get("unit"), None)
        yield from make(zip(times, column if isinstance(column, list) else (), strict=False))


def _maker(name: str, tags: dict[str, str], expression: str, statistic: str, unit: Any, interval: Any) -> Any:
    told, kind = labels(tags), "delta" if "as_count()" in expression else "gauge"
    unit_name, length = text(dict_at(first_of(unit)).get("name")), number(interval)

    def rows(points: Iterable[tuple[Any, Any]]) -> Iterable[MetricRow]:
        for moment, value in points:
            at, found = at_ms(moment), number(value)
            if at is not None and found is not None:
                yield MetricRow(at, name, found, statistic, kind, unit_name, tags.get("service"), told, length)

    return rows


def _pair(point: Any) -> tuple[Any, Any]:
    return (point[0], point[1]) if isinstance(point, list) and len(point) == 2 else (None, None)
