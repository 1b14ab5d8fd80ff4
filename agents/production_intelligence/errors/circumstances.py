"""Under which circumstances errors come: where, at what time of the day, and together with what.

Everything here is a comparison with all records, tested and corrected for how much was compared: 100 patterns have some
region in which they are more frequent by chance.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....analysis.inference.binomial import at_least
from ....analysis.inference.false_discovery import corrected
from ....analysis.series.daily_rhythm import HOURS, Rhythm, daily_rhythm
from ....analysis.series.lagged_correlation import LaggedCorrelation, lagged_correlation, without_best_meeting
from ....core.numbers import percent
from ....core.records.production.findings import Concentration, DailyPattern, ErrorCorrelation, ErrorPattern
from .groups import BACKGROUND, MINUTE_S, Counts, Group

Array = NDArray[np.float64]
FALSE_SHARE = 0.01
"""Of what is reported, what may be chance."""
LEAST_RATIO = 2.0
"""Times as frequent as in all records; a smaller difference helps nobody."""
LEAST_SHARE = 0.5
"""Of the errors that a value, or a stretch of the day, must hold to describe the pattern."""
LEAST_ERRORS = 20
"""Of a pattern, before anything is said about its time or its company."""
LEAST_CORRELATION = 0.3
COMPARED = 12
"""Patterns compared with each other, the most important ones: each pair more makes all others less certain."""
MAX_MINUTES = 44_640
"""A month of minutes; of longer windows the end."""
SEED = 20260101


class _Compared(NamedTuple):
    pattern: str
    p_value: float
    found: Concentration | DailyPattern


def circumstances(groups: Mapping[str, Group], counts: Counts) -> dict[str, dict[str, Any]]:
    """Id of a pattern -> the fields of its record that tell its circumstances.

    Args:
        groups: id -> group.
        counts: of all records of the same window.
    """
    compared = [
        one
        for name, group in groups.items()
        for one in (*_concentrations(name, group, counts), *_rhythms(name, group, counts))
    ]
    found: dict[str, dict[str, Any]] = {name: {} for name in groups}
    p_values = corrected([one.p_value for one in compared])
    for one, p_value in zip(compared, p_values, strict=True):
        if p_value > FALSE_SHARE or one.found.share < max(LEAST_SHARE, LEAST_RATIO * one.found.usual_share):
            continue
        record = one.found.model_copy(update={"p_value": p_value})
        fields = found[one.pattern]
        if isinstance(record, DailyPattern):
            fields["time_pattern"] = record
        else:
            fields["concentrations"] = (*fields.get("concentrations", ()), record)
    for fields in found.values():
        fields["hypothesis"] = _hypothesis(fields.get("concentrations", ()), fields.get("time_pattern"))
    return found


def correlations(patterns: Sequence[tuple[ErrorPattern, Group]], counts: Counts) -> tuple[ErrorCorrelation, ...]:
    """Pairs of patterns that come together more than their bursts and rhythms explain.

    Args:
        patterns: the most important first, each with its group.
    """
    if counts.first is None or counts.last is None:
        return ()
    last = int(counts.last.timestamp()) // MINUTE_S
    first = max(int(counts.first.timestamp()) // MINUTE_S, last - MAX_MINUTES)
    known = [
        (pattern, _series(group, first, last))
        for pattern, group in patterns
        if group.minutes and pattern.occurrences >= LEAST_ERRORS
    ][:COMPARED]
    pairs = [
        (one, other, found) for (one, a), (other, b) in combinations(known, 2) if (found := _repeated(a, b)) is not None
    ]
    p_values = corrected([found.p_value for _, _, found in pairs])
    told = [
        _correlation(one, other, found, p_value)
        for (one, other, found), p_value in zip(pairs, p_values, strict=True)
        if p_value <= FALSE_SHARE and found.correlation >= LEAST_CORRELATION
    ]
    return tuple(sorted(told, key=lambda c: (-c.correlation, c.errors)))


def _repeated(one: Array, other: Array) -> LaggedCorrelation | None:
    """How they go together, as far as it is no single meeting: the weaker of with and without the best one."""
    found = lagged_correlation(one, other)
    if found is None:
        return None
    rest = lagged_correlation(*without_best_meeting(one, other, found.lag))
    if rest is None:
        return None
    return found if rest.p_value <= found.p_value else found._replace(p_value=rest.p_value)


def _concentrations(name: str, group: Group, counts: Counts) -> list[_Compared]:
    found = []
    everywhere = {key: times for key, times, _ in counts.contexts.items()}
    for dimension, _ in BACKGROUND:
        errors = {value: times for (of, value), times, _ in group.contexts.items() if of == dimension}
        records = {value: times for (of, value), times in everywhere.items() if of == dimension}
        said, all_said = sum(errors.values()), sum(records.values())
        if said < LEAST_ERRORS or len(records) < 2:
            continue
        value, times = max(errors.items(), key=lambda item: (item[1], item[0]))
        usual = min(records.get(value, times) / all_said, 1.0)
        chance = at_least(times, said, usual)
        record = Concentration(dimension=dimension, value=value, share=times / said, usual_share=usual, p_value=chance)
        found.append(_Compared(name, chance, record))
    return found


def _rhythms(name: str, group: Group, counts: Counts) -> list[_Compared]:
    if not group.minutes or group.occurrences < LEAST_ERRORS:
        return []
    minutes = np.array(list(group.minutes))
    hours = minutes // 60
    days = hours // HOURS - (hours // HOURS).min()
    # A clock gone wild makes days without end: the last ones say most.
    recent = days > days.max() - MAX_MINUTES // 1440
    table = np.zeros((MAX_MINUTES // 1440, HOURS))
    place = days[recent] - days.max() + len(table) - 1
    np.add.at(table, (place, hours[recent] % HOURS), np.array(list(group.minutes.values()), dtype=float)[recent])
    traffic = np.array([counts.hours[hour] for hour in range(HOURS)], dtype=float)
    rhythm: Rhythm | None = daily_rhythm(table, traffic, seed=SEED)
    if rhythm is None:
        return []
    return [_Compared(name, rhythm.p_value, DailyPattern(**rhythm._asdict()))]


def _series(group: Group, first: int, last: int) -> Array:
    """(minutes,): errors by the minute."""
    series = np.zeros(last - first + 1)
    for minute, times in (group.minutes or {}).items():
        if first <= minute <= last:
            series[minute - first] = times
    return series


def _hypothesis(concentrations: Sequence[Concentration], rhythm: DailyPattern | None) -> str | None:
    reasons = [
        f"{c.dimension} {c.value} has {percent(c.share)} of these errors and {percent(c.usual_share)} of all records"
        for c in concentrations
    ]
    if rhythm:
        until = (rhythm.from_hour + rhythm.hours) % HOURS
        reasons.append(
            f"{percent(rhythm.share)} come from {rhythm.from_hour:02}:00 to {until:02}:00 UTC,"
            f" as do {percent(rhythm.usual_share)} of all records"
        )
    if not reasons:
        return None
    of = " and ".join([*(c.dimension for c in concentrations), *(["time of day"] if rhythm else [])])
    return f"Inference, not observed: the cause goes with {of}; {'; '.join(reasons)}"


def _correlation(one: ErrorPattern, other: ErrorPattern, found: LaggedCorrelation, p_value: float) -> ErrorCorrelation:
    first, second = (one, other) if found.lag >= 0 else (other, one)
    minutes = abs(found.lag)
    when = f"{minutes} min after" if minutes else "in the same minute as"
    cause = "one may cause the other" if minutes == 0 else "the earlier may cause the later"
    return ErrorCorrelation(
        errors=(first.id, second.id),
        titles=(first.title, second.title),
        correlation=round(found.correlation, 4),
        lag_s=minutes * MINUTE_S,
        p_value=p_value,
        hypothesis=f"Inference, not observed: {second.title} comes {when} {first.title}; {cause}, or a third both",
        recommendation=f"write an integration test that provokes {first.title} and looks for {second.title}",
    )
