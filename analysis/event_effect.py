"""How many times the usual traffic an event brought, with its uncertainty, and what that promises for the next one.

A day of the event is compared with the same weekdays before it. Those scatter, and so would the event's day have
without the event: the interval is that of a prediction. Logarithms, because effects multiply.

>>> usual = np.array([90.0, 100.0, 110.0, 100.0])
>>> found = effect([(400.0, usual)])
>>> round(found.ratio, 2), found.low < found.ratio < found.high
(4.01, True)
>>> effect([(400.0, np.array([100.0, 100.0]))]) is None
True

References: prediction intervals of a new observation, Draper and Smith, "Applied Regression Analysis"; several
occurrences with a between-variance, DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]

LEAST_FREEDOM = 2
"""Degrees of freedom of the usual days' scatter, below which there is no interval."""
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


def effect(days: Sequence[tuple[float, Array]]) -> Effect | None:
    """Of one occurrence of an event.

    Args:
        days: for each of its days the traffic, above 0, and that of the usual days to compare it with, each above 0.

    Returns:
        None when the usual days are too few to know how they scatter.
    """
    logs = [(float(np.log(total)), np.log(usual)) for total, usual in days if len(usual)]
    freedom = sum(len(usual) - 1 for _, usual in logs)
    if len(logs) < len(days) or freedom < LEAST_FREEDOM:
        return None
    scatter = sum(float(((usual - usual.mean()) ** 2).sum()) for _, usual in logs) / freedom
    uncertain = sum(1 + 1 / len(usual) for _, usual in logs) / len(logs) ** 2
    sd = max(_LEAST_SD, sqrt(scatter * uncertain))
    return _effect(sum(log - float(usual.mean()) for log, usual in logs) / len(logs), sd, freedom)


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
    # Beyond 700 a float has no exponential; an interval that wide says nothing either way.
    reach = min(700.0 - abs(log), float(stdtrit(freedom, (1 + LEVEL) / 2)) * sd)
    return Effect(exp(log), exp(log - reach), exp(log + reach), sd, freedom)
