"""Exponentially weighted means of many series at once, fed in blocks of any size.

Each output follows from the one before by the same two operations wherever a block ends, so feeding point by point and
feeding everything at once give the same floats, not only close ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Ewma:
    """The mean of everything so far, the latest weighing most; unbiased from the first point on.

    The sum of weighted values is divided by the sum of the weights, as in Adam (Kingma and Ba 2015, section 3): without
    that the mean would start at 0 and take a few half-lives to forget it.

    Args:
        alpha: weight of the newest point, 0 < alpha <= 1.
        numerator: (..., 1) filter state, one a series.
        denominator: (1,) filter state of the weights.
        last: (..., 1) the latest mean; NaN before the first point.

    >>> mean = Ewma.start(0.5, (1,))
    >>> mean.feed(np.array([[4.0, 4.0, 1.0]])).round(3).tolist()
    [[4.0, 4.0, 2.286]]
    >>> mean.feed(np.array([[1.0]])).round(3).tolist()
    [[1.6]]
    """

    alpha: float
    numerator: Array
    denominator: Array
    last: Array

    @classmethod
    def start(cls, alpha: float, shape: tuple[int, ...]) -> "Ewma":
        """Before the first point; `shape` is that of the series without their time axis."""
        return cls(alpha, np.zeros((*shape, 1)), np.zeros(1), np.full((*shape, 1), np.nan))

    def feed(self, values: Array) -> Array:
        """The mean after each point.

        Args:
            values: (..., time), finite.

        Returns:
            Same shape.
        """
        weighted, self.numerator = self._filter(values, self.numerator)
        weights, self.denominator = self._filter(np.ones(values.shape[-1]), self.denominator)
        means: Array = weighted / weights
        self.last = means[..., -1:]
        return means

    def feed_lagged(self, values: Array) -> Array:
        """The mean before each point; before the first there is none, and the point itself stands in."""
        before = np.where(np.isnan(self.last), values[..., :1], self.last)
        return np.concatenate([before, self.feed(values)[..., :-1]], axis=-1)

    def _filter(self, values: Array, state: Array) -> tuple[Array, Array]:
        from scipy.signal import lfilter

        means, after = lfilter([self.alpha], [1.0, self.alpha - 1.0], values, axis=-1, zi=state)
        return means, after
