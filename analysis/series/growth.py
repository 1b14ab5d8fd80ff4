"""How fast traffic grows, with its uncertainty.

Days of the week differ, so the unit is the whole week: a line through the logarithms of the weeks' totals, with
Student's interval of its slope. Weeks resemble the week before, which makes them worth fewer independent ones: the
interval is widened by as much as the distances from the line resemble each other. Few weeks give a wide interval, which
is the truth about them.

>>> growth = weekly_growth(np.array([100.0, 110.0, 121.0, 133.1]))
>>> round(growth.share, 4)
0.1
>>> weekly_growth(np.array([100.0, 110.0, 121.0])) is None
True

References: least squares of log counts on time, Draper and Smith, "Applied Regression Analysis", chapter 1; independent
values that a series is worth, Bayley and Hammersley, Supplement to JRSS 8 (1946); the correlation of few values is
estimated too low, Kendall, Biometrika 41 (1954).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_WEEKS = 4
"""Weeks, below which the interval would say nothing."""
LEVEL = 0.95
MOST_ALIKE = 0.9
"""Correlation of neighbours, beyond which the estimate is no longer believed."""


class Growth(NamedTuple):
    """From one week to the next."""

    share: float
    """0.05 = 5 % more each week."""
    low: float
    high: float
    """Ends of the interval that covers the true growth with probability LEVEL."""


def weekly_growth(totals: Array) -> Growth | None:
    """Growth of the totals of consecutive weeks.

    Args:
        totals: one a week, oldest first; NaN for a week that is not known.

    Returns:
        None with fewer than LEAST_WEEKS known totals above 0.
    """
    weeks = np.arange(len(totals), dtype=float)
    known = totals > 0  # NaN is not
    count = int(known.sum())
    if count < LEAST_WEEKS:
        return None
    time, logs = weeks[known] - weeks[known].mean(), np.log(totals[known])
    spread = float(time @ time)
    slope = float(time @ logs) / spread
    rest = logs - logs.mean() - slope * time
    alike = _resemblance(rest)
    widened = (1 + alike) / (1 - alike)
    error = float(np.sqrt(rest @ rest / (count - 2) / spread * widened))
    freedom = max(1.0, min(count, max(count / widened, 3.0)) - 2)
    from scipy.special import stdtrit

    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    share, low, high = np.expm1([slope, slope - reach, slope + reach])
    return Growth(float(share), float(low), float(high))


def _resemblance(rest: Array) -> float:
    """Correlation of each distance from the line with the one before, 0 to MOST_ALIKE, without its downward bias."""
    squares = float(rest @ rest)
    if squares == 0:
        return 0.0
    raw = float(rest[1:] @ rest[:-1]) / squares
    return float(np.clip(raw + (2 + 4 * raw) / len(rest), 0.0, MOST_ALIKE))
