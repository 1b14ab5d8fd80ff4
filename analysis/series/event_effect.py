"""How many times the usual traffic an event brought, with its uncertainty, and what that promises for the next one.

The days of the event are compared with the same weekdays of the weeks before it. Traffic of neighbouring days rises and
falls together, and its level wanders from week to week, so each week before counts as one value, and the interval is
that of a level that takes a random step every week: steps that were taken since the weeks of the past, too, stand
between them and the event. Where the level does not wander, the interval is wider than it had to be. Logarithms,
because effects multiply.

>>> usual = np.array([[90.0], [100.0], [110.0], [100.0]])
>>> found = effect(np.array([400.0]), usual)
>>> round(found.ratio, 2), found.low < found.ratio < found.high
(4.01, True)
>>> effect(np.array([400.0]), usual[:2]) is None
True

References: the local level model, Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter" (1989),
section 2.3; several occurrences with a between-variance, DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
"""

from collections.abc import Sequence
from math import ceil, exp, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_WEEKS = 3
"""Usual weeks, below which nobody knows how they scatter."""
LEVEL = 0.95
# Logs of days that happened to be equal have no scatter: never claim to know a ratio better than to 1 %.
_LEAST_SD = 0.01


class Effect(NamedTuple):
    """Traffic over usual traffic."""

    ratio: float
    low: float
    high: float
    """Ends of the interval that covers it with probability LEVEL."""
    sd: float
    """Of the logarithm of the ratio."""
    freedom: int
    """Degrees of freedom behind `sd`."""


def effect(totals: Array, usual: Array) -> Effect | None:
    """Of one occurrence of an event.

    Args:
        totals: (days,) traffic of each of its days, above 0.
        usual: (weeks, days) that of the same weekdays in the weeks before it, the last week first; NaN or 0 where it is
            not known.

    Returns:
        None when a day has nothing to be compared with, or fewer than LEAST_WEEKS hold half of the days.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(usual > 0, np.log(usual), np.nan)
    known = ~np.isnan(logs)
    weeks = np.flatnonzero(known.mean(axis=1) >= 0.5)
    if len(weeks) < LEAST_WEEKS or not known[weeks].any(axis=0).all():
        return None
    days = np.nanmean(logs[weeks], axis=0)
    levels = np.nanmean(logs[weeks] - days, axis=1)
    sd = max(_LEAST_SD, sqrt(float(levels.var(ddof=1)) * _steps(weeks + 1, ceil(len(totals) / 7))))
    return _effect(float(np.mean(np.log(totals) - days)), sd, len(weeks) - 1)


def _steps(weeks_back: NDArray[np.intp], length: int) -> float:
    """Variance of a wandering level in an event against its mean in past weeks, over the variance among those.

    Args:
        weeks_back: of each past week, 1 = the one before the event; rising.
        length: weeks of the event.
    """
    # A step lies between the event and every week that is farther back than the step.
    until = sum(float((weeks_back >= week).mean()) ** 2 for week in range(1, int(weeks_back[-1]) + 1))
    during = sum((week / length) ** 2 for week in range(1, length))
    count = len(weeks_back)
    among = float(np.abs(np.subtract.outer(weeks_back, weeks_back)).sum()) / 2 / count / (count - 1)
    return (until + during) / among


def next_effect(past: Sequence[Effect]) -> Effect:
    """What past occurrences promise for the next one; how they differed from each other counts.

    Args:
        past: one or more. One alone cannot tell how much occurrences differ.

    >>> once = Effect(4.0, 3.0, 5.3, 0.1, 5)
    >>> next_effect([once]).ratio
    4.0
    >>> next_effect([once, Effect(2.0, 1.5, 2.7, 0.1, 5)]).high > 5.3
    True
    """
    logs = np.log([one.ratio for one in past])
    own = float(np.mean([one.sd**2 for one in past]))
    if len(past) == 1:
        return _effect(float(logs[0]), past[0].sd, past[0].freedom)
    between = max(0.0, float(logs.var(ddof=1)) - own)
    freedom = len(past) - 1 if between else sum(one.freedom for one in past)
    return _effect(float(logs.mean()), sqrt(own + between * (1 + 1 / len(past))), freedom)


def _effect(log: float, sd: float, freedom: int) -> Effect:
    from scipy.special import stdtrit

    # Beyond 700 a float has no exponential; an interval that wide says nothing either way.
    reach = min(700.0 - abs(log), float(stdtrit(freedom, (1 + LEVEL) / 2)) * sd)
    return Effect(exp(log), exp(log - reach), exp(log + reach), sd, freedom)
