"""Locust's statistics as CSV (`--csv`).

The row `Aggregated` (`Total` before 1.0) has the run as a whole; times are ms. Of the four files that Locust writes
only `*_stats.csv` has figures of the whole run: the others are refused, so that a window is not taken for the run.
"""

from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..csv_rows import csv_rows
from ..documents import EMPTY_FILE, clean
from ..load_tests import METRICS, load_test
from ..values import number

_WHAT = "Locust CSV"
_REQUESTS = ("Request Count", "# requests")
_FAILURES = ("Failure Count", "# failures")
_P50 = ("50%", "Median Response Time", "Median response time")
_WHOLE_RUN = ("Aggregated", "Total")
_OTHERS = {
    "Timestamp,User Count": "the history",
    "Method,Name,Error": "the failures",
    "Count,Message,Traceback": "the exceptions",
}
"""How the other files begin -> what they are."""


class LocustCsv:
    """Locust CSV -> performance."""

    name = "locust-csv"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="Locust statistics, CSV",
        producers="Locust",
        versions="Locust 0 to 2",
        recognised_by="a header with `Name` and `Request Count` or `# requests`",
        fields="row `Aggregated` (`Total`): request and failure count, Requests/s, 50%, 95%, 99%",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="locust --headless --csv=load ...; then load_stats.csv",
    )

    def recognises(self, head: Head) -> bool:
        """By the header; the other files of a run too, so that the error says which one is wanted."""
        line = head.first_line.replace('"', "")
        return (any(f",{name}," in line for name in _REQUESTS) and ",Name," in line) or line.startswith(tuple(_OTHERS))

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read the row of the whole run."""
        rows = csv_rows(stream, _WHAT, delimiters=",")
        header = next(rows, None)
        if header is None:
            return EMPTY_FILE
        for begin, what in _OTHERS.items():
            if ",".join(header).startswith(begin):
                raise InputError(f"{_WHAT}: this file has {what} of the run", hint="import the file *_stats.csv")
        if not set(_REQUESTS) & set(header) or not set(_FAILURES) & set(header):
            raise InputError(f"{_WHAT}: the header is {clean(','.join(header), 80)!r}, expected ...,Request Count,...")
        found = [dict(zip(header, row, strict=False)) for row in rows]
        whole = next((row for row in found if row.get("Name") in _WHOLE_RUN), None)
        if whole is None:
            raise InputError(
                f"{_WHAT}: no row {' or '.join(_WHOLE_RUN)}: the file is cut off", hint="run Locust to its end"
            )
        return _parsed(whole)


def _parsed(row: dict[str, str]) -> Parsed:
    requests, failures = _number(row, _REQUESTS), _number(row, _FAILURES)
    if requests is None or failures is None:
        raise InputError(f"{_WHAT}: the row {clean(row.get('Name'), 20)} has no counts")
    return load_test(
        "locust",
        requests=int(requests),
        failed_share=failures / requests if requests else None,
        percentiles={50: _number(row, _P50), 95: _number(row, ("95%",)), 99: _number(row, ("99%",))},
        throughput_rps=_number(row, ("Requests/s",)),
    )


def _number(row: dict[str, str], names: tuple[str, ...]) -> float | None:
    """The first of these columns that is there; None for N/A."""
    text = next((row[name].strip() for name in names if name in row), "N/A")
    if text in ("N/A", ""):
        return None
    found = number(text)
    if found is None:
        raise InputError(f"{_WHAT}: {names[0]} is {clean(text, 20)!r}, expected a number")
    return found
