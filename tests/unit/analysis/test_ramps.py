"""A day as ramps: never more than asked for, the peak where and as high as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aqe.analysis.series.ramps import LEAST_RAMPS, ramps

Array = NDArray[np.float64]


@given(rates=st.lists(st.floats(0, 1e6), min_size=3, max_size=400).map(np.array), count=st.integers(LEAST_RAMPS, 20))
def test_the_peak_is_kept_and_the_budget_too(rates: Array, count: int) -> None:
    """Whatever the traffic: the knots ascend, start and end with it, and none is higher than it ever was."""
    knots = ramps(rates, count)
    at = [knot.at for knot in knots]
    assert at[0] == 0 and at[-1] == len(rates) - 1 and at == sorted(set(at))
    assert len(knots) <= count + 1
    assert all(0 <= knot.rate <= rates.max() for knot in knots)
    assert max(knot.rate for knot in knots) == rates.max()


def test_ramps_that_are_there_are_found() -> None:
    """A trapezoid comes back as one."""
    corners, heights = [0, 300, 600, 900, 1200, 1439], [10, 10, 90, 90, 20, 20]
    day = np.interp(np.arange(1440), corners, heights)
    knots = ramps(day, 12)
    drawn = np.interp(np.arange(1440), [k.at for k in knots], [k.rate for k in knots])
    assert np.abs(drawn - day).mean() < 0.5


def test_more_ramps_fit_better() -> None:
    t = np.arange(1440)
    day = 100 + 60 * np.sin(t / 150) + 20 * np.sin(t / 40)

    def error(count: int) -> float:
        knots = ramps(day, count)
        return float(np.abs(np.interp(t, [k.at for k in knots], [k.rate for k in knots]) - day).mean())

    assert error(24) < error(12) < error(6)


@pytest.mark.parametrize(("points", "count"), [(2, 12), (100, LEAST_RAMPS - 1)])
def test_too_little_is_an_error(points: int, count: int) -> None:
    with pytest.raises(ValueError, match="are needed"):
        ramps(np.ones(points), count)
