"""Whether requests arrive like a Poisson process: the index of dispersion of their counts.

A load tool that fires at a steady rate, or at random moments, is gentler than traffic that comes in bursts. The index
(variance over mean of the counts) is 1 for independent arrivals, above 1 for bursts, below 1 for clockwork. Traffic
rises and falls with the day, which is no burst: counts are compared with a line through each block of them.

>>> steady = np.full(240, 50.0)
>>> dispersion(steady).ratio
0.0
>>> dispersion(np.full(240, 0.5)) is None
True

Reference: Cochran, "Some methods for strengthening the common chi-squared tests", Biometrics 10 (1954): the dispersion
test; two-sided by doubling the smaller tail.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 60
"""Counts that one line is laid through."""
LEAST_MEAN = 5.0
"""Mean count below which the chi-squared law is no good guide; such blocks are left out."""


class Dispersion(NamedTuple):
    """How arrivals vary around their rate."""

    ratio: float
    """Variance over mean; 1 = Poisson."""
    p_value: float
    """Chance of an index this far from 1 if arrivals were a Poisson process."""
    blocks: int


def dispersion(counts: Array) -> Dispersion | None:
    """Of counts in equal steps of time.

    Args:
        counts: each >= 0 or NaN where nobody counted; a block with a NaN is left out.

    Returns:
        None when no block of BLOCK counts has a mean of LEAST_MEAN or more.
    """
    blocks = counts[: len(counts) // BLOCK * BLOCK].reshape(-1, BLOCK)
    means = blocks.mean(axis=1)
    usable = means >= LEAST_MEAN  # NaN is not
    if not usable.any():
        return None
    rest = blocks[usable] - means[usable, None]
    time = np.arange(BLOCK) - (BLOCK - 1) / 2
    slopes = rest @ time / (time @ time)
    rest -= slopes[:, None] * time
    statistic = float(((rest**2).sum(axis=1) / means[usable]).sum())
    freedom = int(usable.sum()) * (BLOCK - 2)
    from scipy.special import chdtr, chdtrc

    p_value = min(1.0, 2 * float(min(chdtr(freedom, statistic), chdtrc(freedom, statistic))))
    return Dispersion(statistic / freedom, p_value, int(usable.sum()))
