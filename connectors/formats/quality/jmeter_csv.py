"""JMeter's results as CSV (JTL).

The columns are told by the header; without one they are in JMeter's default order. Rows of transaction controllers add
up requests that stand there too: they are left out, unless there are no others. A truncated last row means that JMeter
was killed. Throughput needs the time stamps, which a site may write in a form that names no moment: then there is none.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..csv_rows import DELIMITERS, csv_rows
from ..documents import EMPTY_FILE, clean
from ..load_tests import METRICS, Latencies, load_test
from ..times import utc_moment

_WHAT = "JMeter CSV"
_DEFAULT = (
    "timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success",
    "failureMessage", "bytes", "sentBytes", "grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect",
)  # fmt: skip
_MAX_MS = 10**12
"""30 years."""
_BARE_ROW = re.compile(r"\d{10,13}[,;\t|]\d+[,;\t|].*[,;\t|](?:true|false)(?:[,;\t|].*)?", re.IGNORECASE)
_TRANSACTION = re.compile(r"Number of samples in transaction : \d+")


class Requests:
    """Samples of a JMeter run, added up."""

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.failed = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.timeless = 0

    def add(self, stamp: str, elapsed_ms: int, *, failed: bool) -> None:
        """One sample; `stamp` is when it began."""
        if elapsed_ms >= _MAX_MS:
            raise InputError(f"{_WHAT}: a sample took {elapsed_ms} ms")
        self.latencies.add(elapsed_ms)
        self.failed += failed
        at = utc_moment(stamp.replace("/", "-"))
        if at is None:
            self.timeless += 1
            return
        end = at + timedelta(milliseconds=elapsed_ms)
        self.first = min(at, self.first or at)
        self.last = max(end, self.last or end)

    def parsed(self, notes: tuple[str, ...] = ()) -> Parsed:
        """The performance."""
        count = self.latencies.count
        span_s = (self.last - self.first).total_seconds() if self.first and self.last else 0
        if self.timeless:
            notes = (*notes, f"time stamps that name no moment: {self.timeless}; throughput was not measured")
        return load_test(
            "jmeter",
            requests=count,
            failed_share=self.failed / count if count else None,
            percentiles=self.latencies.percentiles(),
            throughput_rps=count / span_s if span_s >= 1 and not self.timeless else None,
            measured_at=self.last,
            notes=notes,
        )


class JmeterCsv:
    """JMeter CSV -> performance."""

    name = "jmeter-csv"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="JMeter results, CSV (JTL)",
        producers="JMeter, Taurus, BlazeMeter",
        versions="with or without header; separated by comma, semicolon, tab or bar",
        recognised_by="a header with `timeStamp`, `elapsed` and `label`; or a first row in the default order",
        fields="timeStamp, elapsed (ms), success; responseMessage, dataType, URL to tell transactions",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="jmeter -n -t plan.jmx -l results.jtl",
    )

    def recognises(self, head: Head) -> bool:
        """By the header, or by the first row."""
        names = set(re.split(f"[{DELIMITERS}]", head.first_line.replace('"', "")))
        return {"timeStamp", "elapsed", "label"} <= names or _BARE_ROW.fullmatch(head.first_line) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Add up the samples."""
        rows = csv_rows(stream, _WHAT)
        first = next(rows, None)
        if first is None:
            return EMPTY_FILE
        columns = {name.strip(): index for index, name in enumerate(first)}
        if "elapsed" in columns:
            return _read(rows, columns)
        if not _BARE_ROW.fullmatch(",".join(first)):
            raise InputError(
                f"{_WHAT}: the first line is {clean(','.join(first), 80)!r}, expected timeStamp,elapsed,..."
            )
        columns = {name: index for index, name in enumerate(_DEFAULT)}
        return _read(_with(first, rows), columns)


def _with(first: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rows


def _read(rows: Iterator[list[str]], columns: dict[str, int]) -> Parsed:
    missing = {"timeStamp", "elapsed", "success"} - columns.keys()
    if missing:
        raise InputError(f"{_WHAT}: no column {', '.join(sorted(missing))}")
    stamp, elapsed, success = columns["timeStamp"], columns["elapsed"], columns["success"]
    samples, transactions = Requests(), Requests()
    broken = ""
    for number, row in enumerate(rows, start=2):
        if broken:
            raise InputError(f"{_WHAT}: {broken}")
        try:
            took_ms, passed = int(row[elapsed]), {"true": True, "false": False}[row[success].strip().lower()]
        except (IndexError, ValueError, KeyError):
            broken = f"row {number} is {clean(','.join(row), 80)!r}, expected elapsed in ms and success true or false"
            continue
        of = transactions if _is_transaction(row, columns) else samples
        of.add(row[stamp].strip(), took_ms, failed=not passed)
    if broken:
        return Parsed(Outcome.TOOL_FAILED, reason=f"the last row is cut off: JMeter was killed ({broken})")
    if transactions.latencies.count and not samples.latencies.count:
        return transactions.parsed(("the file has only transactions, no requests: these count",))
    left_out = transactions.latencies.count
    return samples.parsed((f"transactions, whose requests stand there too, left out: {left_out}",) if left_out else ())


def _is_transaction(row: list[str], columns: dict[str, int]) -> bool:
    """Its message says so; without that column, it has neither a type of data nor a URL."""
    cell = {name: row[index] for name, index in columns.items() if index < len(row)}
    if "responseMessage" in cell:
        return _TRANSACTION.match(cell["responseMessage"]) is not None
    return cell.get("dataType") == "" and cell.get("URL") == "null"
