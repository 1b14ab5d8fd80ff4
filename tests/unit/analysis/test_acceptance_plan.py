"""Plans that tell a usual share from one that was seen: both chances hold, and no shorter plan keeps them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from aqe.analysis.inference.acceptance_plan import plan_between

FALSE_ALARM, MISS = 0.001, 0.01


def shares(usual: tuple[int, int], seen: tuple[int, int]) -> tuple[float, float]:
    """The exact bounds of the two records, by another route than the module's."""
    highest = 1.0 if usual[0] == usual[1] else beta.ppf(1 - FALSE_ALARM / 2, usual[0] + 1, usual[1] - usual[0])
    lowest = 0.0 if seen[0] == 0 else beta.ppf(MISS / 2, seen[0], seen[1] - seen[0] + 1)
    return float(highest), float(lowest)


def keeps(requests: int, allowed: int, good: float, bad: float) -> bool:
    return bool(binom.sf(allowed, requests, good) <= FALSE_ALARM / 2 and binom.cdf(allowed, requests, bad) <= MISS / 2)


@given(st.tuples(st.integers(0, 60), st.integers(60, 20_000)), st.tuples(st.integers(1, 200), st.integers(200, 2_000)))
def test_both_chances_are_kept(usual: tuple[int, int], seen: tuple[int, int]) -> None:
    plan = plan_between(usual, seen, false_alarm=FALSE_ALARM, miss=MISS)
    if plan is not None:
        assert keeps(*plan, *shares(usual, seen))


@pytest.mark.parametrize(("usual", "seen"), [((1, 500), (60, 100)), ((5, 1_000), (30, 100)), ((0, 200), (20, 20))])
def test_no_shorter_plan_keeps_them(usual: tuple[int, int], seen: tuple[int, int]) -> None:
    plan = plan_between(usual, seen, false_alarm=FALSE_ALARM, miss=MISS)
    assert plan is not None
    bounds = shares(usual, seen)
    shorter = product(range(1, plan.requests), range(plan.requests))
    assert not any(keeps(requests, allowed, *bounds) for requests, allowed in shorter)


def test_what_is_no_worse_cannot_be_told_apart() -> None:
    """Nor what would take too long."""
    assert plan_between((10, 100), (10, 100), false_alarm=FALSE_ALARM, miss=MISS) is None
    assert plan_between((0, 0 + 1), (1, 1), false_alarm=FALSE_ALARM, miss=MISS) is None
    assert plan_between((47, 10_000), (123, 1_000), false_alarm=FALSE_ALARM, miss=MISS, most=100) is None
