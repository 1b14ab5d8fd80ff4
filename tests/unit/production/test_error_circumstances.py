"""Where, when and together with what errors come, and when nothing is said about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.errors.patterns import mine
from aqe.analysis.series.daily_rhythm import daily_rhythm
from aqe.analysis.series.lagged_correlation import lagged_correlation
from aqe.cli.production.errors import patterns_text
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.production.findings import MiningResult

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def error(minute: float, message: str, **columns: Any) -> LogRow:
    return LogRow(START + minute * MINUTE, "ERROR", message, **columns)


def traffic(days: int = 7, **columns: Any) -> Iterator[LogRow]:
    """A record every five minutes."""
    return (LogRow(START + 5 * n * MINUTE, "INFO", "served", **columns) for n in range(days * 288))


def mined(rows: list[LogRow]) -> MiningResult:
    return mine(sorted(rows, key=lambda row: row.at), min_occurrences=1)


def test_a_region_with_most_of_the_errors_and_few_of_the_records_is_an_inference() -> None:
    """Said to be one, with both shares."""
    rows = [*traffic(region="eu"), *traffic(region="eu"), *traffic(region="ap")]
    rows += [error(200 * n, "upstream gone", region="ap" if n % 10 else "eu") for n in range(40)]
    (pattern,) = mined(rows).patterns
    (found,) = pattern.concentrations
    assert (found.dimension, found.value, found.share) == ("region", "ap", 0.9)
    assert 0.3 < found.usual_share < 0.4 and found.p_value < 1e-6
    assert pattern.hypothesis is not None and pattern.hypothesis.startswith("Inference, not observed")
    assert "region ap has 90 % of these errors and 34 % of all records" in patterns_text(mined(rows))


def test_errors_spread_as_the_records_are_say_nothing() -> None:
    rows = [*traffic(region="eu"), *traffic(region="ap")]
    rows += [error(97 * n, "upstream gone", region="ap" if n % 2 else "eu") for n in range(80)]
    (pattern,) = mined(rows).patterns
    assert (pattern.concentrations, pattern.time_pattern, pattern.hypothesis) == ((), None, None)


def test_errors_of_every_morning_are_a_time_pattern_and_those_of_one_morning_are_not() -> None:
    mornings = [error(1440 * day + 540 + 7 * n, "pool is empty") for day in range(7) for n in range(15)]
    (pattern,) = mined([*traffic(), *mornings]).patterns
    assert pattern.time_pattern is not None
    assert (pattern.time_pattern.from_hour, pattern.time_pattern.hours, pattern.time_pattern.share) == (9, 2, 1.0)
    once = [error(540 + n / 10, "pool is empty") for n in range(900)]
    once += [error(1440 * day + 60 * ((5 * day) % 24), "pool is empty") for day in range(7)]
    (burst,) = mined([*traffic(), *once]).patterns
    assert burst.time_pattern is None


def test_a_habit_of_busy_hours_stands_out_where_nights_are_quiet() -> None:
    """As it does not when it only goes with the traffic."""
    day = np.array([1] * 5 + [2, 3, 5, 8, 10, 11, 12, 12, 11, 14, 12, 10, 9, 9, 8, 6, 4, 3, 2], dtype=float)
    draws = np.random.default_rng(5)
    usual = draws.poisson(day / 4, (14, 24)).astype(float)
    habit = usual.copy()
    habit[:, 11:13] += 9
    as_ever, found = (daily_rhythm(events, 100 * day, seed=1) for events in (usual, habit))
    assert as_ever is not None and found is not None
    assert as_ever.p_value > 0.05
    assert (found.from_hour, found.hours, found.p_value) == (11, 2, 0.001)


def test_one_pattern_that_follows_another_is_named_with_its_lag() -> None:
    """The third comes at the same time of the day as both, but not with them."""
    random = np.random.default_rng(3)
    causes = np.flatnonzero(random.random(7 * 1440) < 0.01).tolist()
    others = np.flatnonzero(random.random(7 * 1440) < 0.01).tolist()
    rows = [
        *traffic(),
        *(error(m, "query is slow") for m in causes),
        *(error(m + 2, "payment timed out") for m in causes),
    ]
    rows += [error(m, "mail was refused") for m in others]
    (found,) = mined(rows).correlations
    assert found.titles == ("query is slow", "payment timed out")
    assert (found.lag_s, found.p_value < 0.01, found.correlation > 0.9) == (120, True, True)
    assert "2 min after" in found.hypothesis and found.hypothesis.startswith("Inference, not observed")


def test_bursts_that_meet_once_are_no_correlation() -> None:
    """One bad hour makes everything fail at once; it says nothing about which causes which."""
    rows = [*traffic(), *(error(3000 + n, text) for n in range(60) for text in ("query is slow", "payment timed out"))]
    for offset, text in ((11, "query is slow"), (503, "payment timed out")):
        rows += [error(offset + 1440 * day, text) for day in range(7)]
    found = mined(rows)
    assert len(found.patterns) == 2
    assert found.correlations == ()


@given(st.lists(st.integers(0, 50), min_size=24 * 7, max_size=24 * 7), st.integers(0, 9))
def test_a_rhythm_has_a_chance_and_shares(counts: list[int], seed: int) -> None:
    found = daily_rhythm(np.array(counts, dtype=float).reshape(7, 24), np.ones(24), seed=seed)
    if found is not None:
        assert 0 < found.p_value <= 1 and 0 <= found.share <= 1 and 0 < found.usual_share < 1


def test_chance_alone_is_rarely_significant() -> None:
    """Of two hundred unrelated pairs with bursts at most a few percent."""
    random = np.random.default_rng(5)

    def bursts() -> Any:
        return np.convolve(random.random(3000) < 0.003, np.ones(20))[:3000] * random.poisson(3, 3000)

    found = [lagged_correlation(bursts(), bursts()) for _ in range(200)]
    low = sum(one is not None and one.p_value < 0.05 for one in found)
    assert low <= 22


@pytest.mark.parametrize("bins", [0, 1, 50])
def test_too_few_bins_have_no_correlation(bins: int) -> None:
    assert lagged_correlation(np.arange(float(bins)), np.arange(float(bins))) is None


def test_a_clock_that_jumps_over_centuries_does_no_harm() -> None:
    rows = [error(n, "odd") for n in range(30)]
    rows += [error(0, "odd")._replace(at=datetime(year, 1, 1, tzinfo=UTC)) for year in (1, 9999)]
    (pattern,) = mine(rows, min_occurrences=1).patterns
    assert pattern.occurrences == 32
