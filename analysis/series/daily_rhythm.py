"""Whether events keep to hours of the day, beyond what traffic and single bursts explain.

Errors come in bursts, and one burst on one morning makes that morning stand out without being a habit. So days are
what counts: under the null hypothesis each day's course may begin at any hour, and rotating every day by an hour of its
own gives samples of it (a restricted permutation test; Good, Permutation, Parametric, and Bootstrap Tests of
Hypotheses, 2005). A burst stays a burst, and since the statistic is the best of all stretches, choosing the stretch
after the fact costs nothing. It has to stand out by two clocks: the sun's, for errors that do not care for traffic, and
traffic's own, whose hours have as much traffic each, for errors that follow it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HOURS = 24
WIDTHS = (1, 2, 3, 4, 6, 8)
"""Hours that a stretch may have."""
LEAST_DAYS = 4
"""With events; of fewer there are not enough rotations to be sure of anything."""
ROTATIONS = 999
"""Samples of the null hypothesis: the smallest chance that can be found is one in a thousand."""


class Rhythm(NamedTuple):
    """The stretch of the day with most events above what traffic explains."""

    from_hour: int
    hours: int
    share: float
    """Of the events."""
    usual_share: float
    """Of the traffic."""
    p_value: float


def daily_rhythm(events: Array, traffic: Array, *, seed: int) -> Rhythm | None:
    """The stretch of hours to which events keep, and the chance of one as good.

    Args:
        events: (days, 24) counts.
        traffic: (24,) how much there was to go wrong, >= 0.
        seed: of the rotations.

    Returns:
        None with fewer than LEAST_DAYS days that have events, or without traffic.

    >>> mornings = np.zeros((7, 24)); mornings[:, 9:11] = 20.0
    >>> found = daily_rhythm(mornings, np.ones(24), seed=1)
    >>> found.from_hour, found.hours, found.share, found.p_value
    (9, 2, 1.0, 0.001)
    >>> one_burst = np.zeros((7, 24)); one_burst[3, 9:11] = 500.0; one_burst[:, 5] = 1.0
    >>> daily_rhythm(one_burst, np.ones(24), seed=1).p_value > 0.05
    True
    """
    days = events[events.sum(axis=1) > 0]
    if len(days) < LEAST_DAYS or traffic.sum() <= 0:
        return None
    usual = np.stack([_stretches(traffic / traffic.sum(), width) for width in WIDTHS])
    width, start = divmod(int(_excess(days.sum(axis=0), usual).argmax()), HOURS)
    p_value = max(_chance(clock, seed) for clock in (days, days @ _traffics_clock(traffic)))
    total = float(days.sum())
    share = float(_stretches(days.sum(axis=0), WIDTHS[width])[start]) / total
    return Rhythm(start, WIDTHS[width], share, float(usual[width, start]), p_value)


def _chance(days: Array, seed: int) -> float:
    """Of a stretch as good as the best one, if each day began at an hour of its own."""
    even = np.stack([np.full(HOURS, width / HOURS) for width in WIDTHS])
    shifts = np.random.default_rng(seed).integers(HOURS, size=(ROTATIONS, len(days)))
    hours = (np.arange(HOURS) - shifts[..., None]) % HOURS
    rotated = np.take_along_axis(np.broadcast_to(days, (ROTATIONS, *days.shape)), hours, axis=2).sum(axis=1)
    best = _excess(days.sum(axis=0), even).max() * (1 - 1e-12)
    return (1 + int((_excess(rotated, even).max(axis=(-2, -1)) >= best).sum())) / (1 + ROTATIONS)


def _traffics_clock(traffic: Array) -> Array:
    """(24, 24): share of each hour of the day that lies in each hour of traffic's clock.

    >>> _traffics_clock(np.r_[np.zeros(12), np.ones(12)])[[0, 12, 13], :3].round(3).tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]
    """
    # An hour without traffic is a very short one.
    lengths = np.maximum(traffic / traffic.sum(), 1e-9)
    ends = HOURS * np.cumsum(lengths / lengths.sum())
    begins = np.concatenate([[0.0], ends[:-1]])
    hours = np.arange(HOURS)
    shared = np.minimum(ends[:, None], hours + 1) - np.maximum(begins[:, None], hours)
    shares: Array = np.maximum(shared, 0.0) / (ends - begins)[:, None]
    return shares


def _excess(counts: Array, usual: Array) -> Array:
    """(..., widths, 24): how far each stretch is above what traffic lets expect, in standard deviations."""
    found = np.stack([_stretches(counts, width) for width in WIDTHS], axis=-2)
    expected = usual * counts.sum(axis=-1)[..., None, None]
    excess: Array = (found - expected) / np.sqrt(np.maximum(expected, 1.0))
    return excess


def _stretches(counts: Array, width: int) -> Array:
    """(..., 24): sums of so many hours from each hour on, around midnight."""
    wrapped = np.concatenate([counts, counts[..., : width - 1]], axis=-1)
    sums = np.cumsum(wrapped, axis=-1)
    before = np.concatenate([np.zeros_like(sums[..., :1]), sums[..., :-1]], axis=-1)
    found: Array = sums[..., width - 1 :] - before[..., :HOURS]
    return found
