"""GA4 Data API reports: dimensions and metrics as text. With a date among the dimensions they are series of points.

Dates are in the property's time zone. `(not set)` and `(other)` are values of a dimension like others.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ....core.importing import About, Head, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.rows import METRICS
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import labels, listed, number, text

_DATES = {"date": 86_400.0, "dateHour": 3600.0, "dateHourMinute": 60.0}
_DIGITS = re.compile(r"\d{8}(?:\d\d){0,2}")


class Ga4Report(PagesFormat):
    """GA4 reports -> rows of metric points."""

    name = "ga4-report"
    produces: tuple[str, ...] = (METRICS,)
    about = About(
        title="Google Analytics 4 Data API report",
        producers="Google Analytics Data API",
        versions="v1beta runReport, batchRunReports",
        recognised_by="`dimensionHeaders` or `metricHeaders`",
        fields="headers, rows' dimensionValues and metricValues, metadata timeZone and its warnings",
        sample=Sample.CONSTRUCTED,
        how_to_export="POST https://analyticsdata.googleapis.com/v1beta/properties/1:runReport with the dimension date",
    )
    one = "row"

    def recognises(self, head: Head) -> bool:
        """By the kind or the headers."""
        page = dict_at(head.json)
        kind = text(page.get("kind")) or ""
        return kind.startswith("analyticsData#") or not {"dimensionHeaders", "metricHeaders"}.isdisjoint(page)

    def document(self, document: Any, reading: Reading) -> Iterable[MetricRow]:
        """One report, or several of a batch."""
        page = dict_at(document)
        if "error" in page:
            reading.fail(dict_at(page, "error").get("message") or page["error"])
            return
        for report in listed(page.get("reports")) or [page]:
            yield from _report(dict_at(report), reading)


def _report(report: dict[str, Any], reading: Reading) -> Iterable[MetricRow]:
    metrics = [dict_at(header) for header in listed(report.get("metricHeaders"))]
    dimensions = [text(dict_at(header).get("name")) or "" for header in listed(report.get("dimensionHeaders"))]
    if not metrics:
        raise Unusable("no `metricHeaders`")
    told = dict_at(report, "metadata")
    _note_limits(told, reading)
    date = next((name for name in dimensions if name in _DATES), None)
    if date is None:
        reading.note("the report has no date among its dimensions, so its figures have no time")
        return
    zone = _zone(told.get("timeZone"), reading)
    for row in listed(report.get("rows")):
        values = [text(dict_at(one).get("value")) or "" for one in listed(dict_at(row).get("dimensionValues"))]
        tags = dict(zip(dimensions, values, strict=False))
        at = _moment(tags.pop(date, ""), zone)
        if at is None:
            reading.refuse(f"a row whose {date} is no date")
            continue
        reading.used += 1
        shown = labels(tags)
        for header, one in zip(metrics, listed(dict_at(row).get("metricValues")), strict=False):
            found, name = number(dict_at(one).get("value")), text(header.get("name"))
            if found is not None and name is not None:
                kind = "delta" if header.get("type") == "TYPE_INTEGER" else "gauge"
                yield MetricRow(at, name, found, kind=kind, labels=shown, interval_s=_DATES[date])


def _note_limits(told: dict[str, Any], reading: Reading) -> None:
    if told.get("dataLossFromOtherRow") is True:
        reading.note("the report has put rows together as (other): single values are too low")
    if told.get("subjectToThresholding") is True:
        reading.note("the report leaves out rows of few users")
    if told.get("samplingMetadatas"):
        reading.note("the report is sampled")


def _zone(name: Any, reading: Reading) -> tzinfo:
    try:
        return ZoneInfo(name) if isinstance(name, str) else UTC
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        pass
    reading.note("the time zone of the property is not known here: its dates were taken for UTC")
    return UTC


def _moment(digits: str, zone: tzinfo) -> datetime | None:
    """`20261120`, `2026112013`, `202611201305` in the zone, as UTC."""
    if not _DIGITS.fullmatch(digits):
        return None
    padded = digits.ljust(12, "0")
    try:
        return datetime.strptime(padded, "%Y%m%d%H%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
