"""Metric points of OTLP/JSON. A distribution becomes its count, sum, smallest, largest, and buckets as Prometheus has
them: observations up to the bound in label `le`.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from ....core.records.bulk.apm import MetricRow
from ..pages import Reading
from ..shapes import dict_at
from ..values import at_us, labels, number, text, whole
from .otlp_resource import resource_of
from .otlp_values import attributes, nanoseconds

_DELTA = (1, "AGGREGATION_TEMPORALITY_DELTA")
_SHAPES = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_NOT_RECORDED = 1
"""Bit of `flags`: the series had ended, and the values are none."""
_ABSENT_IS_0: dict[str, dict[str, Any]] = {
    "histogram": {"count": 0},
    "exponentialHistogram": {"count": 0, "scale": 0},
    "summary": {"count": 0, "sum": 0},
}
"""What the protocol has no "not set" for: many writers leave it out when it is 0."""


def metric_rows(resource: dict[str, Any], scope: Any, reading: Reading) -> Iterator[MetricRow]:
    """The points of one scope; what cannot be used is counted."""
    about = resource_of(resource)
    metrics = scope.get("metrics") if isinstance(scope, dict) else None
    for metric in metrics if isinstance(metrics, list) else ():
        name, unit = text(dict_at(metric).get("name")), text(dict_at(metric).get("unit"))
        shape = next((shape for shape in _SHAPES if shape in dict_at(metric)), None)
        if name is None or shape is None:
            reading.refuse("a metric needs `name` and one of its shapes")
            continue
        data = dict_at(metric, shape)
        kind = _kind(shape, data)
        points = data.get("dataPoints")
        for point in points if isinstance(points, list) else ():
            end = at_us(nanoseconds(dict_at(point).get("timeUnixNano")) // 1000)
            if end is None:
                reading.refuse("a metric point needs `timeUnixNano`")
                continue
            reading.used += 1
            start = at_us(nanoseconds(point.get("startTimeUnixNano")) // 1000)
            length = (end - start).total_seconds() if kind == "delta" and start and end > start else None
            told = about.instance | attributes(point.get("attributes"))
            series = labels(told)
            for statistic, value, bound in _values(shape, point):
                shown = series if bound is None else labels(told | {"le": bound})
                yield MetricRow(end, name, value, statistic, kind, unit, about.service, shown, length)


def _kind(shape: str, data: dict[str, Any]) -> str:
    if shape == "gauge":
        return "gauge"
    if data.get("aggregationTemporality") in _DELTA:
        return "delta"
    return "counter" if shape != "sum" or data.get("isMonotonic") is True else "gauge"


def _values(shape: str, point: dict[str, Any]) -> Iterator[tuple[str, float, str | None]]:
    """Statistic, value, and the bound of a bucket."""
    if (whole(point.get("flags")) or 0) & _NOT_RECORDED:
        return
    point = _ABSENT_IS_0.get(shape, {}) | point
    if shape in ("gauge", "sum"):
        value = number(point.get("asDouble")) if "asDouble" in point else number(point.get("asInt"))
        if value is not None:
            yield "value", value, None
        return
    for statistic in ("count", "sum", "min", "max"):
        value = number(point.get(statistic))
        if value is not None:
            yield statistic, value, None
    if shape == "summary":
        for entry in _list(point.get("quantileValues")):
            quantile, value = (number(dict_at(entry).get(name, 0)) for name in ("quantile", "value"))
            if quantile is not None and value is not None:
                yield f"p{100 * quantile:g}", value, None
        return
    yield from _cumulative(_buckets(point) if shape == "histogram" else _exponential(point))


def _cumulative(buckets: Iterable[tuple[float, int]]) -> Iterator[tuple[str, float, str]]:
    total = 0
    for bound, count in buckets:
        total += count
        yield "bucket", float(total), "+Inf" if math.isinf(bound) else f"{bound:g}"


def _buckets(point: dict[str, Any]) -> Iterator[tuple[float, int]]:
    bounds = [number(bound) for bound in _list(point.get("explicitBounds"))]
    counts = [whole(count) for count in _list(point.get("bucketCounts"))]
    if len(counts) != len(bounds) + 1 or None in bounds or None in counts:
        return
    for bound, count in zip([*bounds, math.inf], counts, strict=True):
        yield bound or 0.0, count or 0


def _exponential(point: dict[str, Any]) -> Iterator[tuple[float, int]]:
    """Bucket i of offset o ends at base ** (o + i + 1), base = 2 ** 2 ** -scale; the negative ones mirror it."""
    scale = whole(point.get("scale"))
    if scale is None or not -10 <= scale <= 20:
        return
    growth = math.log(2) * 2.0**-scale

    def bound(exponent: int) -> float:
        return math.exp(min(growth * exponent, 700.0))

    below, above = (dict_at(point, side) for side in ("negative", "positive"))
    first = whole(below.get("offset")) or 0
    for at, count in reversed(list(enumerate(_list(below.get("bucketCounts"))))):
        yield -bound(first + at), whole(count) or 0
    yield number(point.get("zeroThreshold")) or 0.0, whole(point.get("zeroCount")) or 0
    first = whole(above.get("offset")) or 0
    for at, count in enumerate(_list(above.get("bucketCounts"))):
        yield bound(first + at + 1), whole(count) or 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
