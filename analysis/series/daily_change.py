"""Whether something is used more or less than before, judged by its days.

People come in crowds and days of the week differ, so counts of a day scatter more than a Poisson law allows, and a test
that trusts it finds changes everywhere. Here the days themselves say how much they scatter: Welch's test of the mean
day, with the Poisson law as the least that is believed.

>>> change = daily_change(np.array([20.0, 22.0, 19.0, 21.0, 20.0, 18.0, 23.0]), np.full(7, 10.0))
>>> round(change.ratio, 2), change.p_value < 0.001
(2.04, True)
>>> daily_change(np.array([20.0]), np.full(7, 10.0)) is None
True

Reference: Welch, "The generalization of 'Student's' problem when several different population variances are involved",
Biometrika 34 (1947).
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_DAYS = 7
"""In each window: every day of the week once."""


class Change(NamedTuple):
    """Between two windows."""

    ratio: float
    """Mean day now over mean day before; infinite when there was nothing before."""
    p_value: float
    """Chance of means this far apart if nothing had changed."""


def daily_change(now: Array, before: Array) -> Change | None:
    """Compare the days of two windows.

    Args:
        now, before: counts a day, only of days that were observed.

    Returns:
        None with fewer than LEAST_DAYS in one of them, or when there was nothing in both.
    """
    if min(len(now), len(before)) < LEAST_DAYS or now.sum() + before.sum() == 0:
        return None
    means = [float(days.mean()) for days in (now, before)]
    # Where nothing was counted, one more might have been: no variance of 0.
    errors = [
        max(float(days.var(ddof=1)), mean, 1 / len(days)) / len(days)
        for days, mean in zip((now, before), means, strict=True)
    ]
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(days) - 1) for error, days in zip(errors, (now, before), strict=True)
    )
    from scipy.special import stdtr

    p_value = 2 * float(stdtr(freedom, -abs(means[0] - means[1]) / sqrt(sum(errors))))
    return Change(means[0] / means[1] if means[1] else float("inf"), min(1.0, p_value))
