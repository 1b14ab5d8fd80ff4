"""P-values corrected for how many there are: of those that stay below a level, at most that share is chance.

Reference: Benjamini and Hochberg, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57
(1995); scipy.stats.false_discovery_control is the same and takes as long to import as a short command takes in all.
"""

from collections.abc import Sequence


def corrected(p_values: Sequence[float]) -> list[float]:
    """Each p-value as the smallest level at which it would be told.

    Args:
        p_values: 0 to 1, in any order.

    >>> [round(p, 3) for p in corrected([0.01, 0.5, 0.02, 0.9])]
    [0.04, 0.667, 0.04, 0.9]
    """
    found = [0.0] * len(p_values)
    least = 1.0
    ascending = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, place in reversed(list(enumerate(ascending, start=1))):
        least = min(least, p_values[place] * (len(p_values) / rank))
        found[place] = least
    return found
