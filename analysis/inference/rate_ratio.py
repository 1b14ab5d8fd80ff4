"""Whether two counts come from one rate: the exact conditional test.

Given both counts, the later one is binomial when the rates are equal, so the p-value is exact for small counts too,
where ratios and normal approximations mislead.

>>> round(rate_ratio_p_value(8, 1.0, 1, 1.0), 4)
0.0391
>>> rate_ratio_p_value(2, 1.0, 1, 1.0)
1.0
>>> rate_ratio_p_value(0, 1.0, 0, 1.0) is None
True

Reference: Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31
(1940); two-sided by doubling the smaller tail.
"""

from math import exp, lgamma, log

# A term this much smaller than the sum no longer changes it.
_NEGLIGIBLE = 1e-17


def rate_ratio_p_value(count: int, exposure: float, other_count: int, other_exposure: float) -> float | None:
    """Probability of counts at least this far apart if both rates were equal, 0 to 1.

    Args:
        count, other_count: events, each 0 or more.
        exposure, other_exposure: what they were counted over (seconds, requests), in one unit.

    Returns:
        None when nothing was counted, or over nothing (beside the other): then nothing can be said.
    """
    total = count + other_count
    if total == 0 or not (exposure > 0 and other_exposure > 0):
        return None
    share, other_share = 1 / (1 + other_exposure / exposure), 1 / (1 + exposure / other_exposure)
    if not (share > 0 and other_share > 0):
        return None
    if count > total * share:
        tail = _upper_tail(count, total, share, other_share)
    else:
        tail = _upper_tail(other_count, total, other_share, share)
    return min(1.0, 2 * tail)


def _upper_tail(count: int, total: int, share: float, rest: float) -> float:
    """P(X >= count) for X binomial and count at or above its mean, where the terms only get smaller."""
    log_ways = lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)
    term = exp(log_ways + count * log(share) + (total - count) * log(rest))
    odds = share / rest
    tail = 0.0
    while term > tail * _NEGLIGIBLE:
        tail += term
        term *= (total - count) / (count + 1) * odds
        count += 1
    return tail
