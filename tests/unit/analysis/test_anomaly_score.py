"""The anomaly score: causal, the same however the points come, and still where nothing is new."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aqe.analysis.series.alarms import AlarmRules, Alarms
from aqe.analysis.series.anomaly_score import AnomalyScorer
from aqe.analysis.series.three_sigma import ThreeSigma

Array = NDArray[np.float64]
FIVE_MINUTES = 300.0
DAY = 288


def a_week(seed: int = 7, days: int = 7) -> Array:
    """Requests by the time of day, with noise."""
    t = np.arange(days * DAY)
    noise = np.random.default_rng(seed).uniform(-4, 4, len(t))
    return 100 + 40 * np.sin(2 * np.pi * t / DAY) + noise


def times(n: int, step_s: float = FIVE_MINUTES) -> Array:
    return np.arange(n, dtype=np.float64) * step_s + 1_760_000_000


def scores(values: Array, cuts: list[int] | None = None, step_s: float = FIVE_MINUTES) -> Array:
    """Fed in one block, or cut."""
    scorer = AnomalyScorer(1, step_s)
    edges = [0, *(cuts or []), len(values)]
    at = times(len(values), step_s)
    blocks = [scorer.feed(at[a:b], values[None, a:b]).total[0] for a, b in pairwise(edges)]
    return np.concatenate(blocks)


def raised(values: Array) -> list[int]:
    """Where the default rules raise an alarm."""
    return Alarms(AlarmRules.for_interval(FIVE_MINUTES), DAY).feed(scores(values))


@given(
    cuts=st.lists(st.integers(0, 900), max_size=8).map(sorted),
    step_s=st.sampled_from([60.0, 300.0, 3600.0]),
    seed=st.integers(0, 50),
)
@settings(max_examples=40)
def test_blocks_of_any_size_give_the_very_same_scores(cuts: list[int], step_s: float, seed: int) -> None:
    """Not close ones: the same floats, so that a restart or a slow consumer changes nothing."""
    values = np.random.default_rng(seed).lognormal(1, 1.2, 900)
    values[400:430] *= 7
    assert np.array_equal(scores(values, cuts, step_s), scores(values, None, step_s))


def test_point_by_point_is_the_same_as_all_at_once() -> None:
    values = a_week(days=2)
    assert np.array_equal(scores(values, list(range(1, len(values)))), scores(values))


def test_several_series_are_scored_as_if_each_were_alone() -> None:
    rows = np.stack([a_week(1), a_week(2) * 50, np.full(7 * DAY, 3.0)])
    together = AnomalyScorer(3, FIVE_MINUTES).feed(times(rows.shape[1]), rows).total
    assert np.array_equal(together, np.stack([scores(row) for row in rows]))


def test_a_point_is_judged_by_what_came_before_it_only() -> None:
    values = a_week()
    changed = values.copy()
    changed[1500:] = 10_000.0
    assert np.array_equal(scores(values)[:1500], scores(changed)[:1500])


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
def test_the_unit_of_the_metric_does_not_matter(size: float) -> None:
    """Milliseconds or seconds, bytes or gigabytes: the same alarms."""
    values = a_week()
    values[1400:1420] *= 3
    assert raised(values * size) == raised(values)
    assert raised(values)[0] == 1400


def test_a_daily_rhythm_is_no_news_but_its_absence_is() -> None:
    values = a_week(days=10)
    flat = values.copy()
    flat[8 * DAY + 30 : 8 * DAY + 110] = 100.0  # the day's peak does not come, at a value seen a thousand times
    assert raised(values) == []
    assert len(raised(flat)) == 1 and 8 * DAY + 30 <= raised(flat)[0] < 8 * DAY + 110


def test_a_healthy_series_raises_less_than_one_alarm_a_month() -> None:
    """Gaussian noise breaks its own records for ever, but by little and ever more rarely."""
    rows = np.stack([a_week(days=30)] * 40) + np.random.default_rng(3).normal(0, 5, (40, 30 * DAY))
    found = AnomalyScorer(40, FIVE_MINUTES).feed(times(rows.shape[1]), rows).total
    rules = AlarmRules.for_interval(FIVE_MINUTES)
    assert sum(len(Alarms(rules, DAY).feed(row)) for row in found) < 40


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0, 1e12])
def test_a_constant_is_never_an_anomaly(value: float) -> None:
    assert scores(np.full(1000, value)).max() == 0


def test_the_direction_of_a_surprise_is_told() -> None:
    values = a_week()
    up, down = values.copy(), values.copy()
    up[1500] += 400
    down[1500] -= 400
    found = AnomalyScorer(2, FIVE_MINUTES).feed(times(len(up)), np.stack([up, down])).upward[:, 1500]
    assert found[0] > 1 and found[1] < -1


def test_an_event_is_one_alarm_unless_it_becomes_much_worse() -> None:
    rules = AlarmRules(rest_points=50, warm_up_points=0, much_worse=2.0)
    assert Alarms(rules, DAY).feed(np.array([1.0, 1.5, 1.9, 2.1, 4.0])) == [0, 3]


def test_nothing_is_said_before_there_is_enough_to_compare_with() -> None:
    assert Alarms(AlarmRules(warm_up_points=10), DAY).feed(np.full(10, 99.0)) == []


def test_the_budget_holds_back_and_counts() -> None:
    rules = AlarmRules(rest_points=0, warm_up_points=0, much_worse=1.0, budget_a_day=2)
    alarms = Alarms(rules, points_a_day=100)
    assert len(alarms.feed(np.ones(100))) == 3  # two at once and one earned back on the way
    assert alarms.held_back == 97


def test_the_fixed_rule_knows_no_rhythm() -> None:
    """Why it is not the default: with a window of a quarter of a day every evening is an alarm."""
    assert (ThreeSigma(window=12).feed(a_week()) > 3).sum() > 20
