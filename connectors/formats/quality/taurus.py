"""Taurus's final statistics: the reports `dump-xml` and `dump-csv` of its module final-stats.

The group without a label is the run as a whole. Times are seconds; `throughput` is a number of requests, not a rate,
which needs the duration that the XML alone may have.
"""

from collections.abc import Mapping
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..csv_rows import csv_rows
from ..documents import EMPTY_FILE, XmlFormat, XmlReader, clean
from ..load_tests import METRICS, PERCENTILES, load_test
from ..values import number

_WHAT = "Taurus final statistics"
_PRODUCES = (SignalKind.PERFORMANCE.value,)


class TaurusXml(XmlFormat):
    """Taurus final statistics, XML -> performance."""

    name = "taurus-xml"
    produces: tuple[str, ...] = _PRODUCES
    roots = ("FinalStatus",)
    about = About(
        title="Taurus final statistics, XML",
        producers="Taurus (bzt), BlazeMeter",
        versions="reporter final-stats with dump-xml",
        recognised_by="root element `FinalStatus`",
        fields="group without label: throughput, fail, perc 50.0, 95.0, 99.0 (s); TestDuration",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="reporting: [{module: final-stats, dump-xml: stats.xml}]",
    )

    def reader(self) -> XmlReader:
        """A fresh reader."""
        return _Reader()


class TaurusCsv:
    """Taurus final statistics, CSV -> performance."""

    name = "taurus-csv"
    produces: tuple[str, ...] = _PRODUCES
    about = About(
        title="Taurus final statistics, CSV",
        producers="Taurus (bzt)",
        versions="reporter final-stats with dump-csv",
        recognised_by="a header with `label`, `avg_rt`, `succ`, `fail` and `throughput`",
        fields="row without label: throughput, fail, perc_50.0, perc_95.0, perc_99.0 (s)",
        metrics=tuple(name for name in METRICS if name != "throughput_rps"),
        sample=Sample.CONSTRUCTED,
        how_to_export="reporting: [{module: final-stats, dump-csv: stats.csv}]",
    )

    def recognises(self, head: Head) -> bool:
        """By the header."""
        return {"label", "avg_rt", "succ", "fail", "throughput"} <= set(head.first_line.split(","))

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read the row of the whole run."""
        rows = csv_rows(stream, _WHAT, delimiters=",")
        header = next(rows, None)
        if header is None:
            return EMPTY_FILE
        if "label" not in header:
            raise InputError(f"{_WHAT}: the header is {clean(','.join(header), 80)!r}, expected label,avg_ct,...")
        for row in rows:
            told = dict(zip(header, row, strict=False))
            if not told.get("label"):
                return _parsed(told)
        raise InputError(f"{_WHAT}: no row without a label: the file is cut off")


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__(_WHAT, TaurusXml.roots)
        self._told: dict[str, str] = {}
        self._has_run = self._in_run = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Group":
            self._in_run = not attributes.get("label")
            self._has_run = self._has_run or self._in_run
        elif name == "TestDuration":
            self.collect_text()
        elif self._in_run and "value" in attributes:
            of = f"{name}_{attributes['param']}" if name == "perc" and "param" in attributes else name
            self._told.setdefault(of, attributes["value"])

    def closed(self, name: str) -> None:
        if name == "Group":
            self._in_run = False
        elif name == "TestDuration":
            self._told[name] = self.collected_text().strip()

    def parsed(self) -> Parsed:
        if not self._has_run:
            raise InputError(f"{_WHAT}: no group without a label: is the run's summary switched off?")
        return _parsed(self._told)


def _parsed(told: Mapping[str, str]) -> Parsed:
    count, failed, duration_s = (_number(told, name) for name in ("throughput", "fail", "TestDuration"))
    if count is None or failed is None:
        raise InputError(f"{_WHAT}: the whole run has no `throughput` or no `fail`")
    seconds = {percent: _number(told, f"perc_{percent}.0") for percent in PERCENTILES}
    return load_test(
        "taurus",
        requests=int(count),
        failed_share=failed / count if count else None,
        percentiles={percent: None if s is None else s * 1000 for percent, s in seconds.items()},
        throughput_rps=count / duration_s if duration_s else None,
    )


def _number(told: Mapping[str, str], name: str) -> float | None:
    said = told.get(name)
    if not said:
        return None
    found = number(said)
    if found is None:
        raise InputError(f"{_WHAT}: {name} is {clean(said, 20)!r}, expected a number")
    return found
