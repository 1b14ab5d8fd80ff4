"""Does a series grow? Theil-Sen slope with Sen's interval: neither a step nor an outlier makes or hides a trend.

P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968) 1379-1389.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

Z_95 = 1.959964
NEGLIGIBLE_SHARE = 0.02
"""Of the median, over the whole time: what is less is no growth, however sure it is."""


class Slope(NamedTuple):
    """Units of y an x, with the 95 % interval."""

    middle: float
    low: float
    high: float


def theil_sen(points: Sequence[tuple[float, float]]) -> Slope | None:
    """Slope through points with different x; None with fewer than ten, for which the interval means little.

    >>> theil_sen([(x, 3.0 + 2 * x) for x in range(10)])
    Slope(middle=2.0, low=2.0, high=2.0)
    >>> theil_sen([(0.0, 1.0), (1.0, 2.0)]) is None
    True
    """
    n = len(points)
    if n < 10:
        return None
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in itertools.combinations(points, 2))
    reach = Z_95 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return Slope(statistics.median(slopes), slopes[low], slopes[high])


def block_medians(points: Sequence[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """One point a block of x: neighbours say nearly the same, and many of them would make the interval too narrow."""
    blocks = itertools.groupby(points, key=lambda point: point[0] // width)
    return [((number + 0.5) * width, statistics.median(y for _, y in block)) for number, block in blocks]


def grows(points: Sequence[tuple[float, float]], slope: Slope) -> bool:
    """Surely, and by more than is negligible."""
    span = points[-1][0] - points[0][0]
    return slope.low > 0 and slope.middle * span > NEGLIGIBLE_SHARE * statistics.median(y for _, y in points)
