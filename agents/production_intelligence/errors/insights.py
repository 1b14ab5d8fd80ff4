"""Patterns in plain words: what fails, for whom, since when, and what to do about it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from ....core.numbers import counted
from ....core.records.production.findings import ErrorPattern, FindingPriority, Insight, MiningResult, Trend
from .scenarios import missing_name

# Dimensions that can hint at a cause; the endpoint is part of the finding itself.
_HINTING = ("release", "browser", "region")
# A hint needs so many errors elsewhere to compare with, and this chance at most of being an accident.
_MIN_OTHERS = 10
_MAX_CHANCE = 0.01

_TRENDS = {
    Trend.INCREASING: "More frequent than in the window before.",
    Trend.DECREASING: "Less frequent than in the window before.",
    Trend.STABLE: "As frequent as in the window before.",
    Trend.UNKNOWN: "",
}


def insights_from(mined: MiningResult, *, now: datetime) -> tuple[Insight, ...]:
    """One insight a pattern, in the patterns' order: most important first.

    Args:
        mined: the patterns; their order is kept.
        now: aware UTC; becomes `created_at`.
    """
    return tuple(
        Insight(
            id=f"insight-{pattern.id}",
            title=_title(pattern),
            detail=" ".join(filter(None, (*_facts(pattern, mined), *_inferences(pattern, mined.patterns)))),
            priority=pattern.priority,
            evidence=(pattern.id, "aqe/production/patterns"),
            recommendation=_recommendation(pattern),
            created_at=now,
            occurrences=pattern.occurrences,
            affected_users=pattern.affected_users,
            benefit=_benefit(pattern),
        )
        for pattern in mined.patterns
    )


def _title(pattern: ErrorPattern) -> str:
    where = _values(pattern, "endpoint")
    more = f" and {len(where) - 1} more" if len(where) > 1 else ""
    return f"{pattern.title} on {where[0][0]}{more}" if where else pattern.title


def _facts(pattern: ErrorPattern, mined: MiningResult) -> Iterator[str]:
    users = "" if pattern.affected_users is None else f" for {counted(pattern.affected_users, 'known user')}"
    yield (
        f"{counted(pattern.occurrences, 'error')}{users} between {_minute(pattern.first_seen)} and"
        f" {_minute(pattern.last_seen)}, of {counted(mined.total_errors, 'error')} in"
        f" {counted(mined.total_records, 'record')}."
    )
    if pattern.culprit:
        yield f"Raised in {pattern.culprit}."
    yield _TRENDS[pattern.trend]
    if pattern.priority is FindingPriority.LOW:
        yield "The service refused as it was made to: not a bug by itself."


def _inferences(pattern: ErrorPattern, patterns: Iterable[ErrorPattern]) -> Iterator[str]:
    """What the evidence suggests without showing it."""
    name = missing_name(pattern)
    if name is not None:
        yield f"Inference from the message: the code takes {name!r} for granted, and some data come without it."
    for dimension in _HINTING:
        value = _only_value(pattern, dimension, patterns)
        if value is not None:
            yield (
                f"Inference from the counts: it belongs to {dimension} {value}, where all of its errors were seen,"
                f" while other errors in the same records came from elsewhere."
            )


def _only_value(pattern: ErrorPattern, dimension: str, patterns: Iterable[ErrorPattern]) -> str | None:
    """The one value of all errors of a pattern, when that would be a strange accident given all other errors."""
    own = _values(pattern, dimension)
    if len(own) != 1:
        return None
    value, times = own[0]
    others: Counter[str] = Counter()
    for other in patterns:
        if other.id != pattern.id:
            others.update(dict(_values(other, dimension)))
    if others.total() < _MIN_OTHERS:
        return None
    # One more on each side: having seen no error elsewhere does not make one impossible.
    share = (others[value] + 1) / (others.total() + 2)
    return value if share**times < _MAX_CHANCE else None


def _recommendation(pattern: ErrorPattern) -> str:
    if pattern.priority is FindingPriority.LOW:
        return "Nothing to repair; watch the number, and whether the form or the client could prevent the mistake."
    place = pattern.culprit or "the code that logs this"
    name = missing_name(pattern)
    repair = f"Handle a missing {name!r} in {place}" if name else f"Repair {place}"
    test = "with the recorded requests as a regression test" if pattern.requests else "and log the failing request"
    return f"{repair}, {test}, before the next release."


def _benefit(pattern: ErrorPattern) -> str:
    if pattern.priority is FindingPriority.LOW:
        return ""
    users = "" if pattern.affected_users is None else f" for {counted(pattern.affected_users, 'known user')}"
    return f"{counted(pattern.occurrences, 'error')}{users} fewer in a window like this one."


def _values(pattern: ErrorPattern, dimension: str) -> list[tuple[str, int]]:
    return [(c.value, c.occurrences) for c in pattern.contexts if c.dimension == dimension]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
