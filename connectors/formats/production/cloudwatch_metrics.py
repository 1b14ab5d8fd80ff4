"""CloudWatch metrics: GetMetricData and GetMetricStatistics, as the AWS CLI and the SDKs write them.

A period is not told by the answer: it is the distance of the points. A result whose `StatusCode` is PartialData has a
next page; Forbidden and InternalError have no value.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.rows import METRICS
from ..documents import clean
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import clock, labels, listed, number, text

_STATISTICS = {"Average": "avg", "Sum": "sum", "Minimum": "min", "Maximum": "max", "SampleCount": "count"}
_FAILED = ("Forbidden", "InternalError")


class CloudWatchMetrics(PagesFormat):
    """CloudWatch metrics -> metric points."""

    name = "cloudwatch-metrics"
    produces: tuple[str, ...] = (METRICS,)
    about = About(
        title="CloudWatch metrics",
        producers="Amazon CloudWatch (AWS CLI, SDKs)",
        versions="GetMetricData, GetMetricStatistics",
        recognised_by="`MetricDataResults`, or `Label` with `Datapoints`",
        fields="Id, Label, Timestamps, Values, StatusCode, Messages; Datapoints Timestamp, Average, Sum, Minimum, "
        "Maximum, SampleCount, percentiles, Unit",
        sample=Sample.CONSTRUCTED,
        how_to_export="aws cloudwatch get-metric-data --metric-data-queries file://queries.json --start-time ... "
        "--end-time ... > metrics.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("MetricDataResults",),)
    one = "point"
    counts_items = False

    def recognises(self, head: Head) -> bool:
        """By its keys."""
        return "MetricDataResults" in head.json_keys or {"Label", "Datapoints"} <= head.json_keys

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[MetricRow]:
        """The points of one query."""
        found = dict_at(item)
        times, values = listed(found.get("Timestamps")), listed(found.get("Values"))
        if "Id" not in found or len(times) != len(values):
            raise Unusable("a result needs `Id`, `Timestamps` and as many `Values`")
        state = found.get("StatusCode")
        if state in _FAILED:
            reading.fail(f"{clean(found['Id'], 80)} has the status {state}")
            return
        if state == "PartialData":
            reading.note(f"{clean(found['Id'], 80)} is partial: the next page has more of it")
        name, shown = text(found.get("Label")) or text(found["Id"]) or "metric", labels({"id": found["Id"]})
        for time, value in zip(times, values, strict=True):
            yield from self._row(time, value, reading, name=name, labels=shown)

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """Statistics of one metric; what the answer says of itself."""
        page = dict_at(document)
        for said in listed(page.get("Messages")):
            reading.note(clean(dict_at(said).get("Value") or dict_at(said).get("Code"), 200))
        if "Datapoints" in page:
            for point in listed(page["Datapoints"]):
                yield from self._statistics(dict_at(point), text(page.get("Label")) or "metric", reading)
        elif "MetricDataResults" not in page:
            raise Unusable("no `MetricDataResults` or `Datapoints`")

    def _statistics(self, point: dict[str, Any], name: str, reading: Reading) -> Iterator[MetricRow]:
        unit = text(point.get("Unit"))
        told = {key: point[key] for key in _STATISTICS if key in point} | dict_at(point, "ExtendedStatistics")
        if not told:
            raise Unusable("a point needs a statistic")
        for statistic, value in told.items():
            told_as = _STATISTICS.get(statistic, statistic[:20])
            yield from self._row(point.get("Timestamp"), value, reading, name=name, statistic=told_as,
                                 unit=None if unit == "None" else unit)  # fmt: skip

    def _row(self, time: Any, value: Any, reading: Reading, **columns: Any) -> Iterator[MetricRow]:
        at, found = clock(time), number(value)
        if at is None or found is None:
            reading.refuse("a point without time or value")
            return
        reading.used += 1
        yield MetricRow(at=at, value=found, **columns)
