"""Times as counts in buckets that grow by 2 %: quantiles within 1 %, and what is found of parts adds up exactly.

Source of the idea: C. Masson, J. Rim, H. K. Lee, DDSketch (2019).
"""

import numpy as np
from numpy.typing import NDArray

GROWTH = 1.02
SMALLEST_S = 0.001
"""A millisecond and less are one bucket, and told as 0."""
BUCKETS = 1 << 10
"""Of 1,024 the last begins at 7 days."""


def bucket(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bucket of each time; 0 for what is at most a millisecond.

    Args:
        seconds: 0 or more.

    >>> bucket(np.array([0.0, 0.001, 1.0, 1e9])).tolist()
    [0, 0, 349, 1023]
    """
    steps = np.log(np.maximum(seconds, SMALLEST_S) / SMALLEST_S) / np.log(GROWTH)
    found: NDArray[np.int64] = np.minimum(np.ceil(steps), BUCKETS - 1).astype(np.int64)
    return found


def quantile(buckets: NDArray[np.int64], counts: NDArray[np.int64], share: float) -> float | None:
    """The time in seconds below which a share of them lies; None of nothing.

    Args:
        buckets: in rising order.
        counts: how many times are in each.
        share: 0 to 1.

    >>> times = np.arange(1, 1001, dtype=float)
    >>> found = quantile(*np.unique(bucket(times), return_counts=True), 0.95)
    >>> bool(abs(found / 950 - 1) < 0.01)
    True
    >>> quantile(np.array([], int), np.array([], int), 0.5) is None
    True
    """
    if not len(buckets):
        return None
    reached = np.cumsum(counts)
    place = int(buckets[np.searchsorted(reached, share * reached[-1])])
    # The middle of the bucket, so that the error is the same to both sides.
    return 0.0 if place == 0 else float(SMALLEST_S * GROWTH ** (place - 0.5))
