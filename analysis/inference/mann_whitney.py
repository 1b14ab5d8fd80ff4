"""Whether one sample lies above another, and by how much: the Mann-Whitney test, its interval for the shift.

Interval and estimate follow R's `wilcox.test(x, y, conf.int=TRUE, exact=FALSE)`: the shifts at which the tie- and
continuity-corrected normal statistic crosses its quantiles. Deterministic; NaN is not allowed.

>>> x, y = np.array([10.0, 20, 30, 40]), np.array([1.0, 2, 3, 4])
>>> location_shift(x, y, confidence=0.95)
Shift(low=6.0, high=39.0, estimate=22.5)
>>> round(p_greater(x, y), 4), round(p_greater(y, x), 4)
(0.0143, 1.0)
>>> common_language_effect(x, y), hodges_lehmann(x, y)
(1.0, 22.5)

Reference: Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods" (2014), chapter 4.
"""

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

Values = NDArray[np.float64]

SOLVER_TOLERANCE = 1e-4
"""Of the shift, absolute; R's and Kayenta's."""
_RELATIVE = 4 * np.finfo(float).eps
MAX_SPLITS = 20_000
"""Up to so many ways to split the values over the samples all are looked at: the p-value is exact."""


class Shift(NamedTuple):
    """Of x against y: `low` and `high` bound it with the asked confidence."""

    low: float
    high: float
    estimate: float


def wilcoxon_difference(x: Values, y: Values, shift: float, quantile: float, *, corrected: bool = True) -> float:
    """The standardised rank statistic of `x - shift` against `y`, less a quantile.

    Args:
        x, y: one value or more each, finite.
        shift: taken off x.
        quantile: of the standard normal distribution.
        corrected: for continuity.

    Returns:
        NaN when all values are equal.
    """
    n, m = len(x), len(y)
    ranks = rankdata(np.concatenate([x - shift, y]))
    ties = np.unique(ranks, return_counts=True)[1].astype(float)
    centred = float(ranks[:n].sum()) - n * (n + 1) / 2 - n * m / 2
    variance = n * m / 12 * (n + m + 1 - float((ties**3 - ties).sum()) / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return float("nan")
    correction = float(np.sign(centred)) / 2 if corrected else 0.0
    return (centred - correction) / float(np.sqrt(variance)) - quantile


def location_shift(x: Values, y: Values, *, confidence: float) -> Shift:
    """How much x lies above y.

    Args:
        x, y: two values or more in all, not all equal, finite.
        confidence: of the two-sided interval, 0 < confidence < 1.
    """
    quantile = float(norm.isf((1 - confidence) / 2))
    low, high = _root(x, y, quantile), _root(x, y, -quantile)
    return Shift(low, high, _root(x, y, 0.0, corrected=False))


def _root(x: Values, y: Values, quantile: float, *, corrected: bool = True) -> float:
    def statistic(shift: float) -> float:
        # NaN: with this shift all values are equal, and the ranks balance.
        return float(np.nan_to_num(wilcoxon_difference(x, y, shift, quantile, corrected=corrected), nan=-quantile))

    smallest, largest = float(x.min() - y.max()), float(x.max() - y.min())
    if smallest == largest or statistic(smallest) <= 0:
        return smallest
    if statistic(largest) >= 0:
        return largest
    return float(brentq(statistic, smallest, largest, xtol=SOLVER_TOLERANCE, rtol=_RELATIVE))


def p_greater(x: Values, y: Values) -> float:
    """One-sided p-value: how likely ranks of x at least this high are, were both samples alike.

    Exact, ties included, while there are at most MAX_SPLITS ways to split the values; else by the normal statistic.
    """
    n, m = len(x), len(y)
    if n == 0 or m == 0:
        return 1.0
    if comb(n + m, n) <= MAX_SPLITS:
        ranks = rankdata(np.concatenate([x, y]))
        observed = float(ranks[:n].sum())
        sums = ranks[np.array(list(combinations(range(n + m), n)))].sum(axis=1)
        return float(np.mean(sums >= observed - 1e-9))
    statistic = wilcoxon_difference(x, y, 0.0, 0.0)
    return 1.0 if np.isnan(statistic) else float(norm.sf(statistic))


def common_language_effect(x: Values, y: Values) -> float:
    """P(a value of x is above one of y) + half of P(equal), 0 to 1; 0.5 = alike. One value or more each."""
    ranks = rankdata(np.concatenate([x, y]))
    n, m = len(x), len(y)
    return (float(ranks[:n].sum()) - n * (n + 1) / 2) / (n * m)


def hodges_lehmann(x: Values, y: Values) -> float:
    """Median of all differences of a value of x and one of y: the shift, however wild single values are."""
    return float(np.median(np.subtract.outer(x, y)))
