"""Whether two kinds of events come together, one maybe some minutes after the other, and whether chance explains it.

Counts by the minute are autocorrelated (bursts, day and night), so the usual test of a correlation finds significance
everywhere. Here the null hypothesis is sampled by moving one series against the other in a circle: bursts and daily
rhythm stay what they are, only their meeting is undone (a circular block permutation; Politis and Romano, "A Circular
Block-Resampling Procedure for Stationary Data", 1992). All moves at once are one product of Fourier transforms.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_LAG = 15
"""Bins that one may come after the other."""
MEETING = 120
"""Bins that count as one meeting."""


class LaggedCorrelation(NamedTuple):
    """How two series go together."""

    correlation: float
    """Of the logarithms of the counts, at the best lag; Pearson."""
    lag: int
    """Bins by which the second follows the first; negative = it comes before it."""
    p_value: float
    """Chance of one as high at some lag up to MAX_LAG, were they unrelated."""


def lagged_correlation(first: Array, second: Array) -> LaggedCorrelation | None:
    """The highest correlation of two series over lags up to MAX_LAG.

    Args:
        first, second: (bins,) counts, >= 0, of the same bins.

    Returns:
        None when one of them never changes, or with fewer bins than a lag can be told from a shift in.

    >>> random = np.random.default_rng(1)
    >>> cause = random.poisson(0.02, 3000) * 5.0
    >>> found = lagged_correlation(cause, np.roll(cause, 2))
    >>> found.lag, round(found.correlation, 3), found.p_value < 0.001
    (2, 1.0, True)
    >>> lagged_correlation(cause, random.poisson(0.02, 3000) * 5.0).p_value > 0.05
    True
    """
    bins = len(first)
    if bins < 2 * MEETING or not (np.ptp(first) and np.ptp(second)):
        return None
    one, other = _standard(first), _standard(second)
    moved: Array = np.fft.irfft(np.conj(np.fft.rfft(one)) * np.fft.rfft(other), n=bins) / bins
    window = np.concatenate([moved[-MAX_LAG:], moved[: MAX_LAG + 1]])
    best = int(window.argmax())
    around = np.concatenate([moved[-MAX_LAG:], moved, moved[:MAX_LAG]])
    highest = np.lib.stride_tricks.sliding_window_view(around, 2 * MAX_LAG + 1).max(axis=1)
    # Moves by less share lags with the true position.
    null = highest[2 * MAX_LAG + 1 : bins - 2 * MAX_LAG]
    as_high = int((null >= window[best] * (1 - 1e-9)).sum())
    return LaggedCorrelation(float(window[best]), best - MAX_LAG, (1 + as_high) / (1 + len(null)))


def without_best_meeting(first: Array, second: Array, lag: int) -> tuple[Array, Array]:
    """Both series with the stretch in which they meet most emptied: what is left of them if that was the only one.

    One bad hour in which everything fails is a single meeting, however many errors are in it.

    Args:
        lag: bins by which the second follows the first.
    """
    together = np.log1p(first) * np.log1p(np.roll(second, -lag))
    reached = np.convolve(together, np.ones(MEETING), mode="valid")
    start = int(reached.argmax())
    kept = np.ones(len(first))
    kept[start : start + MEETING] = 0.0
    return first * kept, second * np.roll(kept, lag)


def _standard(counts: Array) -> Array:
    logs = np.log1p(counts)
    scaled: Array = (logs - logs.mean()) / logs.std()
    return scaled
