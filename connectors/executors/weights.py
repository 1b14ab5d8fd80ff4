"""Weights of servers for a share of the traffic, as HAProxy and nginx take them."""

MAX_WEIGHT = 256
"""That HAProxy takes."""
Weights = tuple[list[int], list[int]]


def weighted(percent: float, canary: int, baseline: int) -> Weights:
    """Weights of each arm's servers: the smallest that come nearest to the share, which is never rounded to none.

    >>> weighted(5, 1, 1), weighted(33.3, 1, 2), weighted(0, 2, 1)
    (([1], [19]), ([1], [1, 1]), ([0, 0], [1]))
    """
    if percent <= 0 or percent >= 100:
        return [int(percent >= 100)] * canary, [int(percent <= 0)] * baseline
    ratio = percent / (100 - percent) * baseline / canary
    pairs = [(max(1, min(MAX_WEIGHT, round(ratio * other))), other) for other in range(1, MAX_WEIGHT + 1)]
    share = percent / 100
    one, other = min(
        pairs, key=lambda pair: round(abs(pair[0] * canary / (pair[0] * canary + pair[1] * baseline) - share), 4)
    )
    return [one] * canary, [other] * baseline


def swapped(percent: float, canary: int, baseline: int) -> Weights:
    """As many of the new servers as the share needs, and the other arm's servers after those.

    >>> swapped(50, 4, 4)
    ([1, 1, 0, 0], [0, 0, 1, 1])
    """
    taken = 0 if percent <= 0 else max(1, round(percent / 100 * canary))
    return [int(n < taken) for n in range(canary)], [int(n >= taken) for n in range(baseline)]
