"""Error-pattern mining: log records in, the bugs behind them out.

A record is an error when its level says so, when it carries a stack trace or when its request was answered with 5xx.
Errors of one fingerprint (type, innermost function of the application, message template; analysis/stack_traces) are
one pattern. Memory is bounded whatever the records hold, see the constants.

Priority, first rule that holds:
1. LOW: the service refused as it was made to. All known answers are 4xx; or no answer is known, the type is a
   refusal's (`ValidationError`) and every error has a user of its own: people who mistyped once, not a bug.
2. HIGH: at least HIGH_IMPACT users were hit (an error that names none counts as one), and requests failed (answered
   with 5xx, or a trace was logged while serving them) or the pattern makes up HIGH_SHARE of all errors.
3. MEDIUM: everything else.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from ...analysis.frequent import Frequent
from ...analysis.log_templates import OVERFLOW, TemplateMiner, digest, mask
from ...analysis.rate_ratio import rate_ratio_p_value
from ...analysis.stack_traces import bounded, culprit, identity, joined, parse
from ...core.errors import InputError
from ...core.records.findings import ErrorContext, ErrorPattern, FindingPriority, MiningResult, RequestShape, Trend
from ...core.records.logs import LogRow

MAX_TRACKED = 4_000
"""Patterns counted at a time; every pattern that makes up more than 1/4,000 of the errors is among them."""
MAX_LISTED = 100
"""Patterns in a result."""
MAX_RESULT_BYTES = 800_000
"""Of the listed patterns as JSON: a memory value must stay below 1 MB."""
MAX_REQUESTS = 20
"""Requests listed a pattern."""
MAX_SAMPLE_BYTES = 4_000
"""Of a sample trace; what is over is cut from its middle."""
HIGH_IMPACT = 5
"""Users; fewer may be one person's odd client."""
HIGH_SHARE = 0.08
"""Share of all errors."""

_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
_REFUSAL = re.compile(r"Validation|Invalid|BadRequest|NotFound|Unauthorized|Forbidden|Denied|Conflict")
# Distinct requests, and context values, counted a pattern; the most frequent ones are among them.
_TRACKED_VALUES = 128
# Context values listed a dimension.
_LISTED_VALUES = 5
# Pairs of user and pattern remembered over all patterns; beyond it `affected_users` is a lower bound.
_MAX_USER_PAIRS = 1_000_000
# Requests whose error was logged and whose answer may follow later in the log.
_MAX_UNANSWERED = 10_000
# Longer paths are listed nowhere: a shortened one would be another request.
_MAX_PATH_CHARS = 500
_MAX_LINE_CHARS = 200

# A trend needs both: a chance below 1 in 100, and a change of a tenth that somebody would care about.
_SIGNIFICANCE = 0.01
_SMALLEST_CHANGE = 1.1


def mine(rows: Iterable[LogRow], *, min_occurrences: int, previous: Iterable[LogRow] | None = None) -> MiningResult:
    """Find the error patterns, most important first.

    Args:
        rows: log records. One that only reports how a request was answered belongs to the error logged before it
            under the same request id, and is not counted again.
        min_occurrences: 1 or more. Patterns with fewer are only numbered, in `below_threshold`; so are those
            displaced from MAX_TRACKED (once each time) and those beyond MAX_LISTED or MAX_RESULT_BYTES.
        previous: the records of the window before, for the trends; without any, trends are UNKNOWN.

    Raises:
        InputError: `min_occurrences` is below 1.
    """
    if min_occurrences < 1:
        raise InputError(f"min_occurrences is {min_occurrences}, expected 1 or more")
    miner = TemplateMiner()
    before, now = _Counts(miner), _Counts(miner)
    for counts, records in ((before, previous or ()), (now, rows)):
        for row in records:
            counts.add(row)
    groups, groups_before = now.groups(), before.groups()
    patterns = []
    for name, group in groups.items():
        if group.occurrences >= min_occurrences:
            known = groups_before.get(name)
            trend = _trend(now, group.occurrences, before, known.occurrences if known else 0)
            patterns.append(_pattern(name, group, now.errors, trend))
    order = list(FindingPriority)
    patterns.sort(key=lambda p: (order.index(p.priority), -(p.affected_users or p.occurrences), -p.occurrences, p.id))
    sizes = accumulate(len(pattern.to_json().encode()) for pattern in patterns[:MAX_LISTED])
    listed = tuple(pattern for pattern, size in zip(patterns, sizes, strict=False) if size <= MAX_RESULT_BYTES)
    return MiningResult(
        total_records=now.records,
        total_errors=now.errors,
        window_from=now.first,
        window_to=now.last,
        patterns=listed,
        below_threshold=len(groups) - len(listed) + now.displaced,
    )


# A number, a number behind a word (`prod_123`), a UUID, long with digits in it, or what redaction put in its place
# (`<token:3f2a9c1b>`). `v2` and `top10` are words.
_ID_SEGMENT = re.compile(
    r".*<[a-z_-]+:[0-9a-f]{8}>.*|\d+|[A-Za-z][\w%-]*[_-]\d+|(?=\D*\d)[0-9a-fA-F-]{8,}|(?=\D*\d)[\w%~.:-]{16,}", re.ASCII
)


def endpoint(path: str) -> str:
    """The path without query and with ids as `{id}`: `/api/products/17?x=1` -> `/api/products/{id}`."""
    segments = re.split(r"[?#]", path, maxsplit=1)[0].split("/")
    return "/".join("{id}" if _ID_SEGMENT.fullmatch(segment) else segment for segment in segments)


# Every browser also names those it descends from, so the order decides.
_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "FxiOS", "CriOS", "HeadlessChrome", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "FxiOS": "Firefox", "CriOS": "Chrome", "HeadlessChrome": "Chrome"}


def _browser(user_agent: str) -> str:
    """Family without version; of other clients the name before the first `/`."""
    found = next((name for name in _BROWSERS if f"{name}/" in user_agent), user_agent.split("/")[0])
    return _BROWSER_NAMES.get(found, found)


def _endpoint_of(row: LogRow) -> str | None:
    if not row.request_method or not row.request_path:
        return None
    return f"{row.request_method} {endpoint(row.request_path[:_MAX_PATH_CHARS])}"


_DIMENSIONS: tuple[tuple[str, Callable[[LogRow], str | None]], ...] = (
    ("endpoint", _endpoint_of),
    ("release", lambda row: row.release),
    ("browser", lambda row: row.user_agent and _browser(row.user_agent)),
    ("region", lambda row: row.region),
)
"""What contexts are counted over."""


class _Error(NamedTuple):
    """What a row is grouped by; see stack_traces.identity."""

    error_type: str
    culprit: str | None
    scope: str
    message: str


_NO_ERROR = _Error("", None, "", "")


def _error_of(row: LogRow) -> _Error:
    text = bounded(row.stack_trace or row.message or f"{row.request_method or 'request'} answered {row.status}")
    error = _read(text, row.error_type, None)
    # The row's own message changes from row to row: it is asked only for traces that hold none.
    return error if error.message else _read(text, row.error_type, bounded(row.message))


@lru_cache(maxsize=256)
def _read(text: str, error_type: str | None, message: str | None) -> _Error:
    trace = parse(text, error_type=error_type, message=message)
    scope, told = identity(trace)
    return _Error(trace.error_type.rpartition(".")[2], culprit(trace), scope, told)


@dataclass(slots=True)
class _Request:
    status: int | None = None


@dataclass(slots=True)
class _Group:
    """Errors of one fingerprint, while they are counted."""

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
    contexts: Frequent[tuple[str, str], None] = field(default_factory=lambda: Frequent(_TRACKED_VALUES, lambda: None))
    requests: Frequent[tuple[str, str], _Request] = field(default_factory=lambda: Frequent(_TRACKED_VALUES, _Request))

    def add(self, row: LogRow) -> None:
        self.occurrences += 1
        if self.sample is None and row.stack_trace:
            self.sample = _trimmed(row.stack_trace)
        self.seen(row.at, row.at)
        self.answered(row)
        for dimension, value_of in _DIMENSIONS:
            if value := value_of(row):
                self.contexts.count((dimension, value[:_MAX_LINE_CHARS]))

    def answered(self, row: LogRow, *, counted: bool = False) -> None:
        """Take in request and status; `counted` = an earlier row was the error."""
        if row.status is not None:
            self.refused += 400 <= row.status < 500
            self.failed += row.status >= 500
        path = row.request_path
        # What no client can send cannot be replayed.
        if row.request_method and path and len(path) <= _MAX_PATH_CHARS and path.isprintable():
            shape = (row.request_method[:_MAX_LINE_CHARS], path)
            request = self.requests.count(shape, 0 if counted and shape in self.requests else 1)
            request.status = row.status or request.status

    def seen(self, first: datetime, last: datetime) -> None:
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def absorb(self, other: "_Group") -> None:
        """Take in a group that turned out to have the same template."""
        self.occurrences += other.occurrences
        self.refused += other.refused
        self.failed += other.failed
        if other.first and other.last:
            self.seen(other.first, other.last)
        self.users |= other.users
        self.nameless += other.nameless
        for context, times, _ in other.contexts.items():
            self.contexts.count(context, times)
        for shape, times, request in other.requests.items():
            own = self.requests.count(shape, times)
            own.status = own.status or request.status


class _Counts:
    """All that is kept of the rows of one window."""

    def __init__(self, miner: TemplateMiner) -> None:
        self.records = self.errors = self.displaced = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._miner = miner
        self._groups: Frequent[str, _Group] = Frequent(MAX_TRACKED, _Group, self._forget)
        self._user_pairs = 0
        self._unanswered: dict[str, _Group] = {}

    def add(self, row: LogRow) -> None:
        self.records += 1
        self.first = row.at if self.first is None else min(row.at, self.first)
        self.last = row.at if self.last is None else max(row.at, self.last)
        if row.level in _ERROR_LEVELS or row.stack_trace:
            self._add_error(row)
        elif row.status is not None:
            group = self._unanswered.pop(row.request[:_MAX_LINE_CHARS], None) if row.request else None
            if group is not None:
                group.answered(row, counted=True)
            elif row.status >= 500:
                self._add_error(row)

    @property
    def seconds(self) -> float:
        """From the first record to the last."""
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0

    def groups(self) -> dict[str, _Group]:
        """Fingerprint -> group, now that templates are as general as they will be."""
        merged: dict[str, _Group] = {}
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
        self.errors += 1
        error = _error_of(row)
        template_id = self._miner.resolve(self._miner.add(error.message, error.scope))
        # With the miner full each masked message is a group of its own, and rare ones are displaced.
        full = template_id == OVERFLOW
        group = self._groups.count(joined(error.scope, mask(error.message)) if full else template_id)
        if group.occurrences == 0:
            group.error, group.template_id = error, template_id
        group.add(row)
        user = (row.user or row.session or "")[:_MAX_LINE_CHARS]
        group.nameless += not user
        if user and user not in group.users and self._user_pairs < _MAX_USER_PAIRS:
            group.users.add(user)
            self._user_pairs += 1
        if row.request and row.status is None:
            self._unanswered[row.request[:_MAX_LINE_CHARS]] = group
            if len(self._unanswered) > _MAX_UNANSWERED:
                del self._unanswered[next(iter(self._unanswered))]

    def _forget(self, group: _Group) -> None:
        self.displaced += 1
        self._user_pairs -= len(group.users)


def _pattern(name: str, group: _Group, all_errors: int, trend: Trend) -> ErrorPattern:
    assert group.first is not None and group.last is not None, "a counted group has been seen"
    error = group.error
    requests = [
        RequestShape(method=_one_line(method), path=path, occurrences=times, status=request.status)
        for (method, path), times, request in group.requests.items()
    ]
    return ErrorPattern(
        id=_id(name),
        title=_one_line(": ".join(filter(None, (error.error_type, group.template)))),
        error_type=_one_line(error.error_type) or None,
        fingerprint=_one_line(name, 2 * _MAX_LINE_CHARS),
        culprit=_one_line(error.culprit) if error.culprit else None,
        occurrences=group.occurrences,
        affected_users=len(group.users) or None,
        first_seen=group.first,
        last_seen=group.last,
        trend=trend,
        contexts=tuple(_contexts(group)),
        requests=tuple(requests[:MAX_REQUESTS]),
        sample_trace=group.sample,
        priority=_priority(group, all_errors),
    )


def _id(name: str) -> str:
    return f"err-{digest(name)}"


def _contexts(group: _Group) -> Iterator[ErrorContext]:
    for dimension, _ in _DIMENSIONS:
        values = [(value, times) for (of, value), times, _ in group.contexts.items() if of == dimension]
        for value, times in values[:_LISTED_VALUES]:
            yield ErrorContext(dimension=dimension, value=_one_line(value), occurrences=times)


def _priority(group: _Group, all_errors: int) -> FindingPriority:
    """The rule in the module's docstring."""
    one_each = len(group.users) == group.occurrences
    unknown_answer_refused = not group.refused and _REFUSAL.search(group.error.error_type) and one_each
    if not group.failed and (group.refused or unknown_answer_refused):
        return FindingPriority.LOW
    impact = len(group.users) + group.nameless
    serving = group.failed or (group.sample and len(group.requests))
    if impact >= HIGH_IMPACT and (serving or group.occurrences >= HIGH_SHARE * all_errors):
        return FindingPriority.HIGH
    return FindingPriority.MEDIUM


def _trend(now: _Counts, occurrences: int, before: _Counts, occurrences_before: int) -> Trend:
    """Errors a second against the window before."""
    if occurrences_before == 0 and before.displaced:
        # It may be one of the displaced.
        return Trend.UNKNOWN
    p_value = rate_ratio_p_value(occurrences, now.seconds, occurrences_before, before.seconds)
    if p_value is None:
        return Trend.UNKNOWN
    rate, rate_before = occurrences / now.seconds, occurrences_before / before.seconds
    if p_value < _SIGNIFICANCE and rate >= rate_before * _SMALLEST_CHANGE:
        return Trend.INCREASING
    if p_value < _SIGNIFICANCE and rate_before >= rate * _SMALLEST_CHANGE:
        return Trend.DECREASING
    return Trend.STABLE


def _one_line(text: str, limit: int = _MAX_LINE_CHARS) -> str:
    """One printable line; what cannot be printed (controls, direction marks, half surrogates) becomes a blank."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _trimmed(trace: str) -> str:
    """At most MAX_SAMPLE_BYTES, both ends kept: the error stands at one of them."""
    half = MAX_SAMPLE_BYTES // 2 - 10
    ends = trace if len(trace) <= 2 * half else f"{trace[:half]}\n…\n{trace[-half:]}"
    data = "".join(c if c.isprintable() or c in "\n\t" else " " for c in ends).encode()
    if len(data) > MAX_SAMPLE_BYTES:
        data = data[:half] + "\n…\n".encode() + data[-half:]
    return data.decode(errors="ignore")
