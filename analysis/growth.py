"""How fast traffic grows, with its uncertainty.

Days of the week differ, and days beside each other resemble each other, so the unit is the whole week: a line through
the logarithms of the weeks' totals, with Student's interval of its slope. Few weeks give a wide interval, which is the
truth about them.

>>> growth = weekly_growth(np.array([100.0, 110.0, 121.0, 133.1]))
>>> round(growth.share, 4)
0.1
>>> weekly_growth(np.array([100.0, 110.0, 121.0])) is None
True

Reference: least squares of log counts on time; Draper and Smith, "Applied Regression Analysis", chapter 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]

LEAST_WEEKS = 4
"""Weeks, below which the interval would say nothing."""
LEVEL = 0.95


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
    error = float(np.sqrt(rest @ rest / (count - 2) / spread))
    reach = float(stdtrit(count - 2, (1 + LEVEL) / 2)) * error
    share, low, high = np.expm1([slope, slope - reach, slope + reach])
    return Growth(float(share), float(low), float(high))
