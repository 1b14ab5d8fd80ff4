"""Error-pattern mining: log records in, the bugs behind them out.

A record is an error when its level says so, when it carries a stack trace or when its request was answered with 5xx.
Errors of one fingerprint (type, innermost function of the application, message template; see analysis/stack_traces)
are one pattern. Memory is bounded whatever the records hold: see the limits below.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush, heapreplace
from typing import Generic, TypeVar

from ...analysis.log_templates import OVERFLOW, TemplateMiner
from ...analysis.stack_traces import StackTrace, fingerprint, identity
from ...core.errors import InputError
from ...core.records.findings import MiningResult
from ...core.records.logs import LogRow

MAX_TRACKED = 4_000
"""Patterns counted at a time: every pattern that makes up more than 1/4,000 of the errors is among them."""
MAX_LISTED = 100
"""Patterns in a result: a memory value must stay below 1 MB."""
MAX_REQUESTS = 20
MAX_SAMPLE_BYTES = 4_000

_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
# Distinct requests and context values counted a pattern; the most frequent ones are among them.
_TRACKED_VALUES = 64
_LISTED_VALUES = 5
# Pairs of user and pattern remembered over all patterns; beyond it `affected_users` is a lower bound.
_MAX_USER_PAIRS = 1_000_000
# Requests whose error was logged and whose answer may still follow in the log.
_MAX_OPEN_REQUESTS = 10_000
_MAX_PATH_CHARS = 500
_MAX_TITLE_CHARS = 200

# A trend needs both: 1 in 100 by chance at most, and a change of a tenth that somebody would care about.
_SIGNIFICANCE = 0.01
_SMALLEST_CHANGE = 1.1

# HIGH from so many users (or errors, where no user is named) on: fewer may be one person's odd client.
_HIGH_IMPACT = 5
# HIGH without a failed request, from this share of all errors on.
_HIGH_SHARE = 0.08
_REFUSAL = re.compile(r"Validation|Invalid|BadRequest|NotFound|Unauthorized|Forbidden|Denied|Conflict")


def mine(rows: Iterable[LogRow], *, min_occurrences: int, previous: MiningResult | None = None) -> MiningResult:
    """Find the error patterns.

    Args:
        rows: log records, in any order; one that only reports the 5xx answer of a request is folded into the error
            logged before it under the same request id.
        min_occurrences: patterns with fewer are counted in `below_threshold` only; 1 or more. So are patterns that
            were displaced from MAX_TRACKED or do not fit into MAX_LISTED.
        previous: the result of the window before, mined with the same `min_occurrences`; without it trends are
            UNKNOWN.

    Raises:
        InputError: `min_occurrences` is below 1.
    """
    if min_occurrences < 1:
        raise InputError(f"min_occurrences is {min_occurrences}, expected 1 or more")
    counts = _Counts()
    for row in rows:
        counts.add(row)
    window_s = _seconds(counts.first, counts.last)
    grouped = counts.patterns()
    listed = [
        _pattern(name, group, counts.errors, _trend(name, group.occurrences, window_s, previous, min_occurrences))
        for name, group in grouped.items()
        if group.occurrences >= min_occurrences
    ]
    listed.sort(key=lambda p: (_ORDER.index(p.priority), -(p.affected_users or p.occurrences), -p.occurrences, p.id))
    return MiningResult(
        total_records=counts.records,
        total_errors=counts.errors,
        window_from=counts.first,
        window_to=counts.last,
        patterns=tuple(listed[:MAX_LISTED]),
        below_threshold=len(grouped) - len(listed[:MAX_LISTED]) + counts.dropped,
    )


def endpoint(path: str) -> str:
    """The path without query, ids as `{id}`: `/api/products/17?x=1` -> `/api/products/{id}`."""
    segments = re.split(r"[?#]", path, maxsplit=1)[0].split("/")
    return "/".join("{id}" if _ID.fullmatch(segment) else segment for segment in segments)


# A number, a number behind a word (`prod_123`), a UUID, or long with digits in it. `v2` and `top10` are words.
_ID = re.compile(r"\d+|[A-Za-z][\w%-]*[_-]\d+|(?=\D*\d)[0-9a-fA-F-]{8,}|(?=\D*\d)[\w%~.:-]{16,}")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    total: int
    """Never below the true count."""
    inherited: int
    """How much of `total` was taken over from the key displaced; the rest was counted."""

    @property
    def counted(self) -> int:
        return self.total - self.inherited


class _Frequent(Generic[K, V]):
    """The most frequent keys in bounded memory, each with a value of its own: the space-saving algorithm.

    A new key displaces the rarest and takes over its count, so a key that is frequent cannot be kept out by a flood of
    rare ones. Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data streams",
    ICDT 2005.
    """

    def __init__(
        self, capacity: int, new: Callable[[], V], displaced: Callable[[V], None] = lambda value: None
    ) -> None:
        self._capacity = capacity
        self._new = new
        self._displaced = displaced
        self._entries: dict[K, _Entry[V]] = {}
        # Totals as they were when queued; brought up to date when they reach the front. The serial breaks ties.
        self._queue: list[tuple[int, int, K]] = []
        self._serial = 0

    def count(self, key: K, times: int = 1) -> V:
        """Count the key and give its value."""
        entry = self._entries.get(key)
        if entry is None:
            floor = self._displace() if len(self._entries) >= self._capacity else 0
            entry = self._entries[key] = _Entry(self._new(), floor, floor)
            self._serial += 1
            heappush(self._queue, (floor, self._serial, key))
        entry.total += times
        return entry.value

    def get(self, key: K) -> V | None:
        """The key's value, if it is known."""
        entry = self._entries.get(key)
        return entry.value if entry else None

    def items(self) -> Iterator[tuple[K, int, V]]:
        """Key, times counted and value, most frequent first."""
        ordered = sorted(self._entries.items(), key=lambda item: -item[1].counted)
        return ((key, entry.counted, entry.value) for key, entry in ordered)

    def _displace(self) -> int:
        while True:
            total, serial, key = self._queue[0]
            entry = self._entries[key]
            if entry.total == total:
                heappop(self._queue)
                del self._entries[key]
                self._displaced(entry.value)
                return total
            heapreplace(self._queue, (entry.total, serial, key))


@dataclass(slots=True)
class _Request:
    status: int | None = None


@dataclass(slots=True)
class _Group:
    """Errors of one fingerprint, while they are counted."""

    fingerprint: str = ""
    trace: StackTrace = StackTrace("", "", "", ())
    sample: str | None = None
    occurrences: int = 0
    users: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    answered_4xx: int = 0
    answered_5xx: int = 0
    contexts: dict[str, _Frequent[str, None]] = field(default_factory=dict)
    requests: _Frequent[tuple[str, str], _Request] | None = None

    def answered(self, status: int | None) -> None:
        if status is not None:
            self.answered_4xx += 400 <= status < 500
            self.answered_5xx += status >= 500

    def request(self, method: str, path: str, status: int | None, times: int = 1) -> None:
        if self.requests is None:
            self.requests = _Frequent(_TRACKED_VALUES, _Request)
        request = self.requests.count((method, path), times)
        request.status = status or request.status

    def context(self, dimension: str, value: str, times: int = 1) -> None:
        if dimension not in self.contexts:
            self.contexts[dimension] = _Frequent(_TRACKED_VALUES, lambda: None)
        self.contexts[dimension].count(value, times)

    def seen(self, first: datetime, last: datetime) -> None:
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def absorb(self, other: "_Group") -> None:
        """Take in a group that turned out to have the same template."""
        self.occurrences += other.occurrences
        self.users |= other.users
        if other.first is not None and other.last is not None:
            self.seen(other.first, other.last)
        self.answered_4xx += other.answered_4xx
        self.answered_5xx += other.answered_5xx
        for dimension, values in other.contexts.items():
            for value, times, _ in values.items():
                self.context(dimension, value, times)
        for (method, path), times, request in other.requests.items() if other.requests else ():
            self.request(method, path, request.status, times)


class _Counts:
    """All that is kept of the rows."""

    def __init__(self) -> None:
        self.records = self.errors = self.dropped = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._miner = TemplateMiner()
        self._groups: _Frequent[str, _Group] = _Frequent(MAX_TRACKED, _Group, self._drop)
        self._user_pairs = 0
        self._open: dict[str, tuple[_Group, LogRow]] = {}

    def add(self, row: LogRow) -> None:
        self.records += 1
        self.first = row.at if self.first is None else min(row.at, self.first)
        self.last = row.at if self.last is None else max(row.at, self.last)
        logged = row.level in _ERROR_LEVELS or bool(row.stack_trace)
        failed = row.status is not None and row.status >= 500
        if (failed or row.status is not None) and not logged and self._folded(row):
            return
        if logged or failed:
            self.errors += 1
            self._count(row)

    def _folded(self, row: LogRow) -> bool:
        """Whether the row is the answer to a request whose error was counted already."""
        group, error = self._open.pop(row.request or "", (None, row))
        if group is None:
            return False
        group.answered(row.status)
        shape = _shape(error)
        if shape is None:
            self._count_request(group, row)
        elif group.requests and (request := group.requests.get(shape)):
            request.status = row.status
        return True

    def _count(self, row: LogRow) -> None:
        trace = _read(row)
        scope, message = identity(trace)
        template_id = self._miner.resolve(self._miner.add(message, scope))
        # With the miner full, each masked message is a group of its own; the rare ones are displaced.
        key = fingerprint(trace) if template_id == OVERFLOW else template_id
        group = self._groups.count(key)
        if group.occurrences == 0:
            group.fingerprint, group.trace = scope, trace
        group.occurrences += 1
        group.sample = group.sample or row.stack_trace
        group.seen(row.at, row.at)
        group.answered(row.status)
        self._count_user(group, row.user or row.session)
        self._count_request(group, row)
        for dimension, value in (
            ("release", row.release),
            ("browser", row.user_agent and _browser(row.user_agent)),
            ("region", row.region),
        ):
            if value:
                group.context(dimension, _one_line(value))
        if row.request and row.status is None:
            self._open[row.request] = (group, row)
            if len(self._open) > _MAX_OPEN_REQUESTS:
                del self._open[next(iter(self._open))]
