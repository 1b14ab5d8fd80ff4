"""Which service trouble began in: how far each one left what was usual for it, held against its neighbours.

Every series of a service (a metric, its self time, its rate of failed spans or error logs) says how far it is from its
own median before, in its own spread. A service counts with its few strongest series, so that one with forty metrics is
not suspected more than one with four.

>>> rank({"shop": [change([1, 2, 1, 2, 1], [1, 2])], "pay": [change([1, 2, 1, 2, 1], [9, 9])]})[0][0]
'pay'

Reference: the robust z-score of Iglewicz and Hoaglin, "How to detect and handle outliers" (1993).
"""

from collections.abc import Mapping, Sequence
from math import isfinite, log1p
from statistics import median

MAD_TO_SIGMA = 1.4826
LEAST_BEFORE = 3
"""Values before, below which nothing is usual yet."""
RELATIVE_FLOOR = 0.05
"""Of the median: the least spread, so that a constant series does not scream at its first twitch."""
MOST = 1000.0
"""Standard deviations that a series can say; beyond that the spread before was too small to count in it."""
STRONGEST = 3
"""Series of a service that count."""
SHARE_OF_MANY = 0.05
"""Of a service's series, when that is more: of a machine's 1,500 there are always three that jump."""


def change(before: Sequence[float], during: Sequence[float], *, least: float = 0.0) -> float | None:
    """How far the median during lies from the median before, in robust standard deviations; signed.

    None with too little of either. What was nothing before and is something now is 1 / RELATIVE_FLOOR of them.

    Args:
        least: what one standard deviation is at least, in the unit of the series; of counts 1.
    """
    known, now = [x for x in before if isfinite(x)], [x for x in during if isfinite(x)]
    if len(known) < LEAST_BEFORE or not now:
        return None
    usual, seen = median(known), median(now)
    spread = MAD_TO_SIGMA * median(abs(x - usual) for x in known)
    floor = max(spread, RELATIVE_FLOOR * abs(usual), least) or RELATIVE_FLOOR * abs(seen) or 1.0
    return max(-MOST, min(MOST, (seen - usual) / floor))


def rank(changes: Mapping[str, Sequence[float | None]], *, strongest: int = STRONGEST) -> list[tuple[str, float]]:
    """Services, the likeliest first, with their scores; those without a measured change are left out.

    Args:
        changes: service -> `change` of each of its series.
        strongest: so many of a service's series count, or SHARE_OF_MANY.
    """
    scores = {}
    for service, values in changes.items():
        sizes = sorted((log1p(abs(value)) for value in values if value is not None), reverse=True)
        if counted := sizes[: max(strongest, round(SHARE_OF_MANY * len(sizes)))]:
            scores[service] = sum(counted) / len(counted)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
