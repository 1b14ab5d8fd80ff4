"""The specification's fixed rule: how many standard deviations a point lies from the mean of a rolling window.

It is here because it was asked for. On the Numenta Anomaly Benchmark it scores below a detector that never speaks
(docs/benchmarks.md), so it is not the default.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class ThreeSigma:
    """Distance from the mean of the last points, in their standard deviations.

    Args:
        window: points, >= 2.

    >>> rule = ThreeSigma(window=4)
    >>> rule.feed(np.array([1.0, 3.0, 1.0, 3.0, 6.0])).tolist()
    [0.0, 0.0, 0.0, 0.0, 4.0]
    """

    window: int = 288
    recent: Array = field(default_factory=lambda: np.zeros(0))

    def feed(self, values: Array) -> Array:
        """Distances, >= 0; 0 while the window is not full, and where nothing in it varies.

        Args:
            values: (time,), finite.
        """
        joined = np.concatenate([self.recent, values])
        self.recent = joined[-self.window :]
        distances = np.zeros(len(values))
        if len(joined) <= self.window:
            return distances
        windows = np.lib.stride_tricks.sliding_window_view(joined[:-1], self.window)
        spread = windows.std(axis=1)
        points = joined[self.window :]
        moved = np.abs(points - windows.mean(axis=1))
        distances[-len(points) :] = np.divide(moved, spread, out=np.zeros_like(moved), where=spread > 0)
        return distances
