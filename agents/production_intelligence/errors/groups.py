"""Log records counted by error: what is known of each kind while millions go by, in bounded memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http.client import responses
from typing import NamedTuple

from ....analysis.frequent import Frequent
from ....analysis.texts.log_masks import mask
from ....analysis.texts.log_templates import OVERFLOW, TemplateMiner
from ....analysis.texts.stack_traces import bounded, culprit, identity, joined, parse
from ....core.records.bulk.logs import LogRow
from ....core.user_agent import browser
from ..endpoints import endpoint
from .told_twice import ToldTwice

MAX_TRACKED = 4_000
"""Patterns counted at a time; every pattern that makes up more than 1/4,000 of the errors is among them."""
MAX_SAMPLE_BYTES = 4_000
"""Of a sample trace; what is over is cut from its middle."""
MAX_LINE_CHARS = 200
MINUTE_S = 60

_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
# Distinct requests, and context values, counted a pattern; the most frequent ones are among them.
_TRACKED_VALUES = 128
# Pairs of user and pattern remembered over all patterns; beyond it `affected_users` is a lower bound.
_MAX_USER_PAIRS = 1_000_000
# Pairs of minute and pattern; a pattern that came with more has no timeline.
_MAX_MINUTES = 1_000_000
# Requests whose error was logged and whose answer may follow later in the log.
_MAX_UNANSWERED = 10_000
# Longer paths are listed nowhere: a shortened one would be another request.
_MAX_PATH_CHARS = 500


def _endpoint_of(row: LogRow) -> str | None:
    if not row.request_method or not row.request_path:
        return None
    return f"{row.request_method} {endpoint(row.request_path[:_MAX_PATH_CHARS])}"


DIMENSIONS: tuple[tuple[str, Callable[[LogRow], str | None]], ...] = (
    ("endpoint", _endpoint_of),
    ("release", lambda row: row.release),
    ("browser", lambda row: row.user_agent and browser(row.user_agent)),
    ("region", lambda row: row.region),
)
"""What contexts are counted over."""
BACKGROUND = tuple((name, value_of) for name, value_of in DIMENSIONS if name != "endpoint")
"""What is counted of all records, to compare with; endpoints stand only in some of a request's records."""


def _said(row: LogRow) -> frozenset[str]:
    """What the row tells of an error besides the error itself; of DIMENSIONS by their names."""
    told = {
        "endpoint": row.request_method and row.request_path,
        "release": row.release,
        "browser": row.user_agent,
        "region": row.region,
        "status": row.status,
        "user": row.user or row.session,
    }
    return frozenset(name for name, value in told.items() if value)


class _Error(NamedTuple):
    """What a row is grouped by; see stack_traces.identity."""

    error_type: str
    culprit: str | None
    scope: str
    message: str


_NO_ERROR = _Error("", None, "", "")


def _error_of(row: LogRow) -> _Error:
    if row.level not in _ERROR_LEVELS and not row.stack_trace:
        return _answer(row)
    text = bounded(row.stack_trace or row.message)
    error = _read(text, row.error_type, None)
    # The row's own message changes from row to row: it is asked only for traces that hold none.
    return error if error.message else _read(text, row.error_type, bounded(row.message))


def _answer(row: LogRow) -> _Error:
    """What is an error for its answer alone is told by that: its message may be "request completed"."""
    kind = f"HTTP {row.status} {responses.get(row.status or 0, '')}".strip()
    return _Error(kind, None, joined(kind, _endpoint_of(row) or ""), _read(bounded(row.message), None, None).message)


@lru_cache(maxsize=256)
def _read(text: str, error_type: str | None, message: str | None) -> _Error:
    trace = parse(text, error_type=error_type, message=message)
    scope, told = identity(trace)
    return _Error(trace.error_type.rpartition(".")[2], culprit(trace), scope, told)


@dataclass(slots=True)
class _Request:
    status: int | None = None


@dataclass(slots=True, eq=False)
class Group:
    """Errors of one fingerprint, while they are counted; equal to itself alone."""

    error: _Error = _NO_ERROR
    """The first of them."""
    template_id: str = OVERFLOW
    template: str = ""
    """Set when all is counted."""
    sample: str | None = None
    occurrences: int = 0
    refused: int = 0
    """Answered with 4xx."""
    failed: int = 0
    """Answered with 5xx."""
    first: datetime | None = None
    last: datetime | None = None
    users: set[str] = field(default_factory=set)
    nameless: int = 0
    """Errors that name no user."""
    minutes: Counter[int] | None = field(default_factory=Counter)
    """Minute since the epoch -> errors; None = they were too many to keep."""
    contexts: Frequent[tuple[str, str], None] = field(default_factory=lambda: Frequent(_TRACKED_VALUES, lambda: None))
    requests: Frequent[tuple[str, str], _Request] = field(default_factory=lambda: Frequent(_TRACKED_VALUES, _Request))

    def add(self, row: LogRow) -> None:
        """Count an error."""
        self.occurrences += 1
        if self.sample is None and row.stack_trace:
            self.sample = trimmed(row.stack_trace)
        self.seen(row.at, row.at)
        self.answered(row)
        for dimension, value_of in DIMENSIONS:
            if value := value_of(row):
                self.contexts.count((dimension, value[:MAX_LINE_CHARS]))

    def completed(self, row: LogRow, said: frozenset[str]) -> None:
        """Take in what another row adds to an error that is counted; `said` = what the counted row told."""
        if self.sample is None and row.stack_trace:
            self.sample = trimmed(row.stack_trace)
        self.answered(row, said)
        if "user" not in said and (row.user or row.session):
            self.nameless -= 1
        for dimension, value_of in DIMENSIONS:
            if dimension not in said and (value := value_of(row)):
                self.contexts.count((dimension, value[:MAX_LINE_CHARS]))

    def answered(self, row: LogRow, said: frozenset[str] = frozenset()) -> None:
        """Take in request and status; `said` = what an earlier row of the same error told."""
        if row.status is not None and "status" not in said:
            self.refused += 400 <= row.status < 500
            self.failed += row.status >= 500
        path = row.request_path
        # What no client can send cannot be replayed.
        if row.request_method and path and len(path) <= _MAX_PATH_CHARS and path.isprintable():
            shape = (row.request_method[:MAX_LINE_CHARS], path)
            request = self.requests.count(shape, 0 if "endpoint" in said and shape in self.requests else 1)
            request.status = row.status or request.status

    def seen(self, first: datetime, last: datetime) -> None:
        """Take in when errors were."""
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def absorb(self, other: "Group") -> None:
        """Take in a group that turned out to have the same template."""
        self.occurrences += other.occurrences
        self.refused += other.refused
        self.failed += other.failed
        if other.first and other.last:
            self.seen(other.first, other.last)
        self.users |= other.users
        self.nameless += other.nameless
        self.minutes = None if self.minutes is None or other.minutes is None else self.minutes + other.minutes
        for context, times, _ in other.contexts.items():
            self.contexts.count(context, times)
        for shape, times, request in other.requests.items():
            own = self.requests.count(shape, times)
            own.status = own.status or request.status


class _Counted(NamedTuple):
    """An error that is counted, while more rows may tell of it."""

    group: Group
    said: frozenset[str]
    """What its row told."""


class Counts:
    """All that is kept of the rows of one window."""

    def __init__(self, miner: TemplateMiner) -> None:
        self.records = self.errors = self.displaced = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._miner = miner
        self._groups: Frequent[str, Group] = Frequent(MAX_TRACKED, Group, self._forget)
        self._user_pairs = 0
        self._minutes = 0
        self.hours: Counter[int] = Counter()
        """Hour of the day, UTC -> records."""
        self.contexts: Frequent[tuple[str, str], None] = Frequent(_TRACKED_VALUES, lambda: None)
        """The same as a group's, over all records that say."""
        self.told_twice = 0
        """Errors that a log and a tracker both told; counted once."""
        self._told: ToldTwice[_Counted] = ToldTwice()
        self._unanswered: dict[str, _Counted] = {}

    def add(self, row: LogRow) -> None:
        """Count a record."""
        self.records += 1
        self.first = row.at if self.first is None else min(row.at, self.first)
        self.last = row.at if self.last is None else max(row.at, self.last)
        self.hours[row.at.hour] += 1
        for dimension, value_of in BACKGROUND:
            if value := value_of(row):
                self.contexts.count((dimension, value[:MAX_LINE_CHARS]))
        if row.level in _ERROR_LEVELS or row.stack_trace:
            self._add_error(row)
        elif row.status is not None:
            counted = self._unanswered.pop(row.request[:MAX_LINE_CHARS], None) if row.request else None
            if counted is not None:
                self._complete(counted, row)
            elif row.status >= 500:
                self._add_error(row)

    @property
    def seconds(self) -> float:
        """From the first record to the last."""
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0

    def groups(self) -> dict[str, Group]:
        """Fingerprint -> group, now that templates are as general as they will be."""
        merged: dict[str, Group] = {}
        for _, _, group in self._groups.items():
            full = group.template_id == OVERFLOW
            group.template = mask(group.error.message) if full else self._miner.template(group.template_id)
            name = joined(group.error.scope, group.template)
            if name in merged:
                merged[name].absorb(group)
            else:
                merged[name] = group
        return merged

    def _add_error(self, row: LogRow) -> None:
        error = _error_of(row)
        said = _said(row)
        if (known := self._told.first_told(row, error)) is not None:
            self.told_twice += 1
            self._complete(known, row)
            self._await_answer(row, _Counted(known.group, known.said | said))
            return
        self.errors += 1
        template_id = self._miner.resolve(self._miner.add(error.message, error.scope))
        # With the miner full each masked message is a group of its own, and rare ones are displaced.
        full = template_id == OVERFLOW
        group = self._groups.count(joined(error.scope, mask(error.message)) if full else template_id)
        if group.occurrences == 0:
            group.error, group.template_id = error, template_id
        group.add(row)
        self._note_time(group, row.at)
        group.nameless += "user" not in said
        self._note_user(group, row)
        self._told.tell(row, error, _Counted(group, said))
        self._await_answer(row, _Counted(group, said))

    def _complete(self, counted: _Counted, row: LogRow) -> None:
        """Take in what another row of a counted error tells."""
        counted.group.completed(row, counted.said)
        self._note_user(counted.group, row)

    def _note_user(self, group: Group, row: LogRow) -> None:
        user = (row.user or row.session or "")[:MAX_LINE_CHARS]
        if user and user not in group.users and self._user_pairs < _MAX_USER_PAIRS:
            group.users.add(user)
            self._user_pairs += 1

    def _await_answer(self, row: LogRow, counted: _Counted) -> None:
        if row.request and "status" not in counted.said:
            self._unanswered[row.request[:MAX_LINE_CHARS]] = counted
            if len(self._unanswered) > _MAX_UNANSWERED:
                del self._unanswered[next(iter(self._unanswered))]

    def _note_time(self, group: Group, at: datetime) -> None:
        if group.minutes is None:
            return
        minute = int(at.timestamp()) // MINUTE_S
        if minute not in group.minutes:
            if self._minutes >= _MAX_MINUTES:
                group.minutes = None
                return
            self._minutes += 1
        group.minutes[minute] += 1

    def _forget(self, group: Group) -> None:
        self.displaced += 1
        self._minutes -= len(group.minutes or ())
        self._user_pairs -= len(group.users)


def trimmed(trace: str) -> str:
    """At most MAX_SAMPLE_BYTES, both ends kept: the error stands at one of them."""
    half = MAX_SAMPLE_BYTES // 2 - 10
    ends = trace if len(trace) <= 2 * half else f"{trace[:half]}\n…\n{trace[-half:]}"
    data = "".join(c if c.isprintable() or c in "\n\t" else " " for c in ends).encode()
    if len(data) > MAX_SAMPLE_BYTES:
        data = data[:half] + "\n…\n".encode() + data[-half:]
    return data.decode(errors="ignore")
