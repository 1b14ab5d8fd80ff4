"""Tests and intervals that hold at all looks: what they may never do, at the edges and by simulation."""

from math import inf, isfinite, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.inference.always_valid import ALPHA, POOL, CountTest, RankTest, mean_difference_interval

counts = st.integers(min_value=0, max_value=10_000_000)
shares = st.floats(min_value=0.001, max_value=0.999)


@given(counts, counts, shares)
def test_any_counts_give_a_probability_and_an_interval_that_agree(a: int, b: int, share: float) -> None:
    """A ratio of 1 is outside of the interval exactly when the test says so."""
    test = CountTest(a, b, share)
    low, high = test.ratio_interval()
    assert 0 <= test.p_value <= 1 and 0 <= low <= high
    if abs(test.log_evidence() + log(ALPHA)) > 1e-6:
        assert (low <= 1 <= high) == (test.p_value > ALPHA)


def test_before_the_first_event_nothing_is_said() -> None:
    """Not that the rates are equal."""
    assert CountTest(0, 0).ratio_interval() == (0.0, inf)
    assert CountTest(0, 40).ratio_interval()[1] == inf
    assert RankTest().p_value == 1.0
    assert RankTest().updated(np.empty(0), np.empty(0, dtype=bool)).p_value == 1.0
    assert mean_difference_interval(np.array([1.0]), np.array([2.0, 3.0])) is None


def test_events_in_the_planned_split_are_no_difference() -> None:
    """A tenth of the traffic has a tenth of the events."""
    assert CountTest(900, 100, 0.1).p_value == 1.0
    assert CountTest(900, 100, 0.5).p_value < 1e-6


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_arms_that_do_not_differ_are_flagged_in_fewer_than_one_of_twenty_experiments(share: float) -> None:
    """Sixty looks each; the naive test flags a third of them. 400 experiments."""
    rng = np.random.default_rng(3)
    flagged = 0
    for _ in range(400):
        in_b = rng.random((60, 100)) < share
        converted = rng.random((60, 100)) < 0.2
        a, b = (converted & ~in_b).sum(1).cumsum(), (converted & in_b).sum(1).cumsum()
        flagged += any(CountTest(int(x), int(y), share).p_value <= ALPHA for x, y in zip(a, b, strict=True))
    assert flagged / 400 <= ALPHA


def test_ranks_are_not_fooled_by_heavy_tails_nor_by_looking_often() -> None:
    """Values without a mean; 150 experiments without an effect, sixty looks each."""
    rng, flagged = np.random.default_rng(4), 0
    for _ in range(150):
        test, ever = RankTest(), False
        for _ in range(60):
            test = test.updated(rng.standard_cauchy(50), rng.random(50) < 0.5)
            ever |= test.p_value <= ALPHA
        flagged += ever
    assert flagged / 150 <= ALPHA


def test_a_real_difference_is_found_in_either_direction() -> None:
    """And its interval covers it."""
    rng = np.random.default_rng(5)
    in_b = rng.random(4000) < 0.5
    for factor in (1.2, 1 / 1.2):
        values = rng.lognormal(5, 0.5, 4000) * np.where(in_b, factor, 1.0)
        test = RankTest().updated(values, in_b)
        assert test.p_value < 0.01 and (test.excess > 0) == (factor > 1)
        a, b = values[~in_b], values[in_b]
        interval = mean_difference_interval(a, b)
        assert interval and interval[0] < (factor - 1) * np.exp(5 + 0.125) < interval[1]


def test_the_pool_of_earlier_values_is_bounded() -> None:
    """A million values are ranked in the memory of a few thousand."""
    test = RankTest()
    for _ in range(10):
        test = test.updated(np.arange(100_000.0), np.arange(100_000) % 2 == 1)
    assert len(test.pool) <= POOL and isfinite(test.p_value)


def test_equal_values_never_make_a_difference() -> None:
    """All at exactly 0: every rank is the middle one."""
    assert RankTest().updated(np.zeros(500), np.arange(500) < 250).excess == 0
