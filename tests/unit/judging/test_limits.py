"""Sustained limits."""

import pytest

from aqe.agents.deployment_readiness.judging.limits import QUIET_S, Limit, LimitState, Point, Watched, watch

TWO_PERCENT = Limit(2.0, for_s=120)


def at(minutes: float, value: float | None, reference: float | None = None) -> Point:
    return Point(60 * minutes, value, reference)


def state(limit: Limit, *points: Point) -> LimitState:
    return watch(limit, points).state(limit, points[-1].at_s)


def test_it_is_broken_when_every_value_of_the_window_is_beyond() -> None:
    assert state(TWO_PERCENT, at(0, 3), at(1, 3)) is LimitState.BREAKING
    assert state(TWO_PERCENT, at(0, 3), at(1, 3), at(2, 3)) is LimitState.BROKEN


def test_one_good_value_begins_anew() -> None:
    assert state(TWO_PERCENT, at(0, 3), at(1, 1), at(2, 3)) is LimitState.BREAKING
    assert state(TWO_PERCENT, at(0, 3), at(1, 3), at(2, 2)) is LimitState.WITHIN


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_value_neither_breaks_nor_mends(missing: float | None) -> None:
    assert state(TWO_PERCENT, at(0, 3), at(1, missing), at(2, 3)) is LimitState.BROKEN
    assert state(TWO_PERCENT, at(0, 1), at(1, missing)) is LimitState.WITHIN


def test_silence_is_no_data_and_never_within() -> None:
    assert Watched().state(TWO_PERCENT, 0) is LimitState.NO_DATA
    assert watch(TWO_PERCENT, [at(0, 1)]).state(TWO_PERCENT, 60 * 2 + 1) is LimitState.NO_DATA
    quick = Limit(2.0)
    assert watch(quick, [at(0, 3)]).state(quick, QUIET_S) is LimitState.BROKEN
    assert watch(quick, [at(0, 3)]).state(quick, QUIET_S + 1) is LimitState.NO_DATA


def test_relative_limits_follow_the_reference() -> None:
    half_more = Limit(1.5, relative=True)
    assert state(half_more, at(0, 151, 100)) is LimitState.BROKEN
    assert state(half_more, at(0, 149, 100)) is LimitState.WITHIN
    assert state(half_more, at(0, 151, None)) is LimitState.NO_DATA


def test_lower_can_be_worse() -> None:
    assert state(Limit(99.0, worse="lower"), at(0, 98.9)) is LimitState.BROKEN
