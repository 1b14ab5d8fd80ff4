"""A day of traffic as a few ramps that keep its shape and its peak, as load tools want it.

Whatever averages cuts the peak off, by a quarter on real days, and the peak is what a load test is for. So the peak
gets two ramps of its own, up and down, and the rest of the budget follows the shape: the knots are chosen by dynamic
programming over a grid (Bellman 1961, on a smoothed curve), and then the heights of all knots are fitted to the traffic
together by least squares.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID = 15
"""Points between the places at which a ramp may begin."""
SMOOTH = 31
"""Points that a smoothed value is the mean of."""
LEAST_RAMPS = 4


class Knot(NamedTuple):
    """Where one ramp ends and the next begins."""

    at: int
    """Point of the series."""
    rate: float
    """Height there, >= 0."""


def ramps(rates: Array, count: int = 12) -> list[Knot]:
    """Knots of at most `count` ramps through a series, the highest exactly at its peak.

    Args:
        rates: (time,) at equal distances, finite, >= 0, at least 3.
        count: ramps, at least LEAST_RAMPS.

    Returns:
        From the first point to the last.

    Raises:
        ValueError: fewer points or ramps than that.

    >>> day = np.array([10.0] * 60 + [50.0] * 60 + [10.0] * 60)
    >>> day[90] = 80.0
    >>> max(ramps(day, 8), key=lambda knot: knot.rate)
    Knot(at=90, rate=80.0)
    """
    if len(rates) < 3 or count < LEAST_RAMPS:
        raise ValueError(f"{len(rates)} points and {count} ramps; at least 3 and {LEAST_RAMPS} are needed")
    last = len(rates) - 1
    peak = int(np.clip(rates.argmax(), 1, last - 1))
    budget = count - 2
    smoothed = _smoothed(rates)
    before = _Side(rates, smoothed, 0, peak - 1, budget)
    after = _Side(rates, smoothed, peak + 1, last, budget)
    splits = [(left, right) for left in range(budget + 1) for right in range(budget + 1 - left)]
    left, right = min(splits, key=lambda split: before.error(split[0]) + after.error(split[1]))
    knots = np.array([*before.knots(left), peak, *after.knots(right)])
    return [Knot(int(at), float(rate)) for at, rate in zip(knots, _fitted(rates, knots, peak), strict=True)]


class _Side:
    """Best ramps of one side of the peak, for every number of them."""

    def __init__(self, rates: Array, smoothed: Array, first: int, last: int, most: int) -> None:
        self._grid: Ints = np.unique(np.append(np.arange(first, last, GRID), last))
        costs = _costs(rates, smoothed, self._grid)
        # A side of one point needs no ramp; elsewhere none is no way to get across.
        best = np.full(len(self._grid), np.inf)
        best[0] = 0.0
        self._errors, self._steps = [float(best[-1])], []
        for _ in range(most):
            ways = best[:, None] + costs
            self._steps.append(ways.argmin(axis=0))
            best = ways.min(axis=0)
            self._errors.append(float(best[-1]))

    def error(self, count: int) -> float:
        """Summed squared distance with so many ramps, inf where that cannot be."""
        return self._errors[count]

    def knots(self, count: int) -> list[int]:
        """Where they begin and end."""
        at, path = len(self._grid) - 1, [len(self._grid) - 1]
        for step in reversed(self._steps[:count]):
            at = int(step[at])
            path.append(at)
        return [int(self._grid[i]) for i in reversed(path)]


def _smoothed(rates: Array) -> Array:
    window = np.ones(min(SMOOTH, len(rates)))
    means: Array = np.convolve(rates, window, "same") / np.convolve(np.ones(len(rates)), window, "same")
    return means


def _costs(rates: Array, smoothed: Array, grid: Ints) -> Array:
    """(from, to): summed squared distance of the points from the line through the smoothed ends; inf backwards."""
    start, length = grid[:, None], (grid[None, :] - grid[:, None]).astype(float)
    forward = length > 0
    length = np.where(forward, length, 1.0)
    moments = _sums(rates * np.arange(len(rates)), grid)
    total, squares = _sums(rates, grid), _sums(rates**2, grid)
    height = smoothed[grid][:, None]
    slope = (smoothed[grid][None, :] - height) / length
    n = length
    sum_x, sum_xx = n * (n - 1) / 2, (n - 1) * n * (2 * n - 1) / 6
    line = n * height**2 + 2 * height * slope * sum_x + slope**2 * sum_xx
    costs = squares - 2 * (height * total + slope * (moments - start * total)) + line
    return np.where(forward, np.maximum(costs, 0.0), np.inf)


def _sums(values: Array, grid: Ints) -> Array:
    """(from, to): sum over the points from, ..., to - 1."""
    before: Array = np.concatenate([[0.0], np.cumsum(values)])[grid]
    return before[None, :] - before[:, None]


def _fitted(rates: Array, knots: Ints, peak: int) -> Array:
    """Least-squares heights of the knots; those at the peak are given."""
    shapes = np.stack([np.interp(np.arange(len(rates)), knots, row) for row in np.eye(len(knots))], axis=1)
    # The highest point may be the very first or last.
    fixed = (knots == peak) | (knots == rates.argmax())
    heights = np.where(fixed, rates[knots], 0.0)
    rest = rates - shapes @ heights
    heights[~fixed] = np.clip(np.linalg.lstsq(shapes[:, ~fixed], rest, rcond=None)[0], 0.0, rates.max())
    return heights
