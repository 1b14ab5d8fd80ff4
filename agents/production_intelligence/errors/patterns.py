"""Error-pattern mining: log records in, the bugs behind them out.

A record is an error when its level says so, when it carries a stack trace or when its request was answered with 5xx.
Errors of one fingerprint (type, innermost function of the application, message template; analysis/stack_traces) are
one pattern; what a log and an error tracker both tell is one error. Memory is bounded whatever the records hold, see
the constants.

Priority, first rule that holds:
1. LOW: the service refused as it was made to. All known answers are 4xx; or no answer is known, the type is a
   refusal's (`ValidationError`) and every error has a user of its own: people who mistyped once, not a bug.
2. HIGH: at least HIGH_IMPACT users were hit (an error that names none counts as one), and requests failed (answered
   with 5xx, or a trace was logged while serving them) or the pattern makes up HIGH_SHARE of all errors.
3. MEDIUM: everything else.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from ....analysis.inference.rate_ratio import rate_ratio_p_value
from ....analysis.texts.log_templates import TemplateMiner, digest
from ....core.errors import InputError
from ....core.records.bulk.logs import LogRow
from ....core.records.production.findings import (
    ErrorContext,
    ErrorPattern,
    FindingPriority,
    MiningResult,
    RequestShape,
    Trend,
)
from .circumstances import circumstances, correlations
from .groups import DIMENSIONS, MAX_LINE_CHARS, Counts, Group

MAX_LISTED = 100
"""Patterns in a result."""
MAX_RESULT_BYTES = 800_000
"""Of the listed patterns as JSON: a memory value must stay below 1 MB."""
MAX_REQUESTS = 20
"""Requests listed a pattern."""
HIGH_IMPACT = 5
"""Users; fewer may be one person's odd client."""
HIGH_SHARE = 0.08
"""Share of all errors."""

_REFUSAL = re.compile(r"Validation|Invalid|BadRequest|NotFound|Unauthorized|Forbidden|Denied|Conflict")
# Context values listed a dimension.
_LISTED_VALUES = 5

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
    before, now = Counts(miner), Counts(miner)
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
    of_id = {_id(name): group for name, group in groups.items()}
    found = circumstances({pattern.id: of_id[pattern.id] for pattern in listed}, now)
    listed = tuple(pattern.model_copy(update=found[pattern.id]) for pattern in listed)
    return MiningResult(
        total_records=now.records,
        total_errors=now.errors,
        told_twice=now.told_twice,
        window_from=now.first,
        window_to=now.last,
        patterns=listed,
        correlations=correlations([(pattern, of_id[pattern.id]) for pattern in listed], now),
        below_threshold=len(groups) - len(listed) + now.displaced,
    )


def _pattern(name: str, group: Group, all_errors: int, trend: Trend) -> ErrorPattern:
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
        fingerprint=_one_line(name, 2 * MAX_LINE_CHARS),
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


def _contexts(group: Group) -> Iterator[ErrorContext]:
    for dimension, _ in DIMENSIONS:
        values = [(value, times) for (of, value), times, _ in group.contexts.items() if of == dimension]
        for value, times in values[:_LISTED_VALUES]:
            yield ErrorContext(dimension=dimension, value=_one_line(value), occurrences=times)


def _priority(group: Group, all_errors: int) -> FindingPriority:
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


def _trend(now: Counts, occurrences: int, before: Counts, occurrences_before: int) -> Trend:
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


def _one_line(text: str, limit: int = MAX_LINE_CHARS) -> str:
    """One printable line; what cannot be printed (controls, direction marks, half surrogates) becomes a blank."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
