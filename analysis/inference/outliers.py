"""Values far from the others: by quartile fences or by standard deviations.

>>> data = np.array([21.0, 23, 24, 25, 50, 29, 23, 21])
>>> data[iqr_outliers(data, factor=1.5)]
array([50.])
>>> ksigma_outliers(np.array([1.0, 1, 1, 5, -1, -1, -1, -5]), k=1.0).tolist()
[False, False, False, True, False, False, False, True]

Reference: Tukey, "Exploratory Data Analysis" (1977); percentiles are type 7 of Hyndman and Fan (1996).
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def iqr_outliers(values: Values, *, factor: float, reduce_sensitivity: bool = False) -> NDArray[np.bool_]:
    """True for values beyond the fences Q1 - factor * IQR and Q3 + factor * IQR.

    Args:
        values: finite; may be empty.
        factor: of the interquartile range, 0 or more; 1.5 is Tukey's.
        reduce_sensitivity: fences at least as far out as the 1st and 99th percentile.
    """
    if not len(values):
        return np.zeros(0, dtype=bool)
    p1, q1, q3, p99 = (float(value) for value in np.percentile(values, [1, 25, 75, 99]))
    low, high = q1 - factor * (q3 - q1), q3 + factor * (q3 - q1)
    if reduce_sensitivity:
        low, high = min(low, p1), max(high, p99)
    return (values < low) | (values > high)


def ksigma_outliers(values: Values, *, k: float) -> NDArray[np.bool_]:
    """True for values more than `k` standard deviations (of the sample) from the mean."""
    if len(values) < 2:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(np.abs(values - values.mean()) > k * values.std(ddof=1))
