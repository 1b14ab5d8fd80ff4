"""Intervals of shares and of the difference of two."""

from math import sqrt

Z_95 = 1.959963984540054
"""Two-sided 95 %."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, Wilson's: honest at 0, at 1 and for few.

    Args:
        hits: 0 to `total`.
        total: 0 or more; nothing counted says nothing: 0 to 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).

    >>> [round(end, 3) for end in wilson(5, 50)]
    [0.043, 0.214]
    >>> wilson(0, 10)[0], round(wilson(0, 10)[1], 3), wilson(0, 0)
    (0.0, 0.278, (0.0, 1.0))
    """
    if total == 0:
        return 0.0, 1.0
    share, square = hits / total, Z_95**2 / total
    middle = share + square / 2
    half = Z_95 * sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def difference(hits: int, total: int, other_hits: int, other_total: int) -> tuple[float, float]:
    """The 95 % interval of one share minus another of other trials, from the Wilson intervals of both.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions (1998), method 10.

    >>> [round(end, 4) for end in difference(56, 70, 48, 80)]
    [0.0524, 0.3339]
    >>> difference(0, 0, 0, 0)
    (-1.0, 1.0)
    """
    share, other = hits / max(1, total), other_hits / max(1, other_total)
    (low, high), (other_low, other_high) = wilson(hits, total), wilson(other_hits, other_total)
    if not total or not other_total:
        return low - other_high, high - other_low
    gap = share - other
    return (
        gap - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        gap + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )
