"""JMeter's results as CSV (JTL).

The columns are told by the header; without one they are in JMeter's default order. Rows of transaction controllers add
up requests that stand there too: they are left out, unless there are no others. A truncated last row means that JMeter
was killed. Throughput needs the time stamps, which a site may write in a form that names no moment: then there is none.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import add, itemgetter
from typing import IO

import orjson

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..csv_rows import DELIMITERS, csv_rows
from ..documents import EMPTY_FILE, clean
from ..load_tests import EXACT_BELOW, METRICS, Latencies, load_test
from ..times import epoch, utc_moment

_WHAT = "JMeter CSV"
_DEFAULT = (
    "timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success",
    "failureMessage", "bytes", "sentBytes", "grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect",
)  # fmt: skip
_PASSED = {"true": True, "false": False}
_EPOCH_MS = re.compile(r"\d{12,13}")
_FIRST_MS, _END_MS = 10**11, 10**13
"""Stamps of 12 and 13 digits."""
_BATCH = 256
"""Rows looked at together: few enough that they stay in the processor's cache."""
_MAX_MS = 10**12
"""30 years."""
_BARE_ROW = re.compile(r"\d{10,13}[,;\t|]\d+[,;\t|].*[,;\t|](?:true|false)(?:[,;\t|].*)?", re.IGNORECASE)
_TRANSACTION = "Number of samples in transaction : "


class Requests:
    """Samples of a JMeter run, added up."""

    def __init__(self) -> None:
        self.latencies = Latencies()
        self.failed = 0
        self.timeless = 0
        self._first_ms = math.inf
        self._last_ms = -math.inf

    def add(self, stamp: str, elapsed_ms: int, *, failed: bool) -> None:
        """One sample; `stamp` is when it began."""
        if elapsed_ms >= _MAX_MS:
            raise InputError(f"{_WHAT}: a sample took {elapsed_ms} ms")
        self.latencies.add(elapsed_ms)
        self.failed += failed
        # The usual stamp is ms since 1970: compared as a number, it need not become a date.
        start_ms = int(stamp) if _EPOCH_MS.fullmatch(stamp) else _as_ms(stamp)
        if start_ms is None:
            self.timeless += 1
            return
        if start_ms < self._first_ms:
            self._first_ms = start_ms
        if start_ms + elapsed_ms > self._last_ms:
            self._last_ms = start_ms + elapsed_ms

    def add_many(self, first_ms: int, last_ms: int, elapsed_ms: list[int], *, failed: int) -> None:
        """Samples that began at `first_ms` or later and ended until `last_ms`."""
        self.latencies.add_whole(elapsed_ms)
        self.failed += failed
        self._first_ms, self._last_ms = min(self._first_ms, first_ms), max(self._last_ms, last_ms)

    def parsed(self, notes: tuple[str, ...] = ()) -> Parsed:
        """The performance."""
        count = self.latencies.count
        has_time = self._last_ms >= self._first_ms
        span_s = (self._last_ms - self._first_ms) / 1000 if has_time else 0
        if self.timeless:
            notes = (*notes, f"time stamps that name no moment: {self.timeless}; throughput was not measured")
        return load_test(
            "jmeter",
            requests=count,
            failed_share=self.failed / count if count else None,
            percentiles=self.latencies.percentiles(),
            throughput_rps=count / span_s if span_s >= 1 and not self.timeless else None,
            measured_at=epoch(self._last_ms) if has_time else None,
            notes=notes,
        )


def _as_ms(stamp: str) -> float | None:
    """A date in a form that the site chose, as ms since 1970."""
    at = utc_moment(stamp.replace("/", "-"))
    return None if at is None else at.timestamp() * 1000


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
    samples, transactions, is_transaction = Requests(), Requests(), _tells_transactions(columns)
    broken, add_usual = "", _adds_usual(columns, samples)
    number = 1
    while batch := list(islice(rows, _BATCH)):
        if not broken and add_usual(batch):
            number += len(batch)
            continue
        for row in batch:
            number += 1
            if broken:
                raise InputError(f"{_WHAT}: {broken}")
            try:
                took_ms, passed = int(row[elapsed]), _PASSED[row[success].strip().lower()]
            except (IndexError, ValueError, KeyError):
                broken = (
                    f"row {number} is {clean(','.join(row), 80)!r}, expected elapsed in ms and success true or false"
                )
                continue
            of = transactions if is_transaction(row) else samples
            of.add(row[stamp].strip(), took_ms, failed=not passed)
    if broken:
        return Parsed(Outcome.TOOL_FAILED, reason=f"the last row is cut off: JMeter was killed ({broken})")
    if transactions.latencies.count and not samples.latencies.count:
        return transactions.parsed(("the file has only transactions, no requests: these count",))
    left_out = transactions.latencies.count
    return samples.parsed((f"transactions, whose requests stand there too, left out: {left_out}",) if left_out else ())


def _adds_usual(columns: dict[str, int], samples: Requests) -> Callable[[list[list[str]]], bool]:
    """What adds a batch of rows column by column, in a third of the time; False, and nothing added, when one of them is
    not like the usual ones and each must be looked at.
    """
    stamp, elapsed, success = (itemgetter(columns[name]) for name in ("timeStamp", "elapsed", "success"))
    message, kind = (itemgetter(columns[name]) if name in columns else None for name in ("responseMessage", "dataType"))

    def add_usual(batch: list[list[str]]) -> bool:
        try:
            if message is not None:
                unusual = any(word.startswith(_TRANSACTION) for word in set(map(message, batch)))
            else:
                unusual = kind is not None and "" in set(map(kind, batch))
            said = list(map(success, batch))
            starts, took = _integers(map(stamp, batch)), _integers(map(elapsed, batch))
        except (IndexError, ValueError):
            return False
        if unusual or not set(said) <= _PASSED.keys() or min(took) < 0 or max(took) >= EXACT_BELOW:
            return False
        first, last = min(starts), max(map(add, starts, took))
        if first < _FIRST_MS or last >= _END_MS or not len(starts) == len(took) == len(batch):
            return False
        samples.add_many(first, last, took, failed=said.count("false"))
        return True

    return add_usual


def _integers(texts: Iterable[str]) -> list[int]:
    """Whole numbers, read as one JSON list in a third of the time of `int` on each.

    Raises:
        ValueError: one of them is no whole number.
    """
    numbers: list[int] = orjson.loads(f"[{','.join(texts)}]")
    if set(map(type, numbers)) != {int}:
        raise ValueError("not only whole numbers")
    return numbers


def _tells_transactions(columns: dict[str, int]) -> Callable[[list[str]], bool]:
    """By the message; without that column, a transaction has neither a type of data nor a URL."""
    message, kind, url = (columns.get(name) for name in ("responseMessage", "dataType", "URL"))
    if message is not None:
        return lambda row: len(row) > message and row[message].startswith(_TRANSACTION)
    if kind is not None and url is not None:
        return lambda row: len(row) > max(kind, url) and row[kind] == "" and row[url] == "null"
    return lambda row: False
