"""How many requests tell a share that was usual from one that was seen: the smallest exact plan.

"A thousand tries, and not more than 1.5 times the usual share" refuses a service with a usual share of 0.47 % in every
tenth run, and sends a thousand requests where 156 would do. A plan sends n requests and allows c of them to be
bad; both of its errors are bounded, and so are those of the two records that it is made of: half of each chance goes to
the record, whose share is known only within its exact interval, half to the run.

>>> plan_between((47, 10_000), (123, 1_000), false_alarm=0.001, miss=0.01)
AcceptancePlan(requests=156, allowed=6)

An error that always happens takes a few requests; what is hardly more than usual cannot be told in any sensible time.

>>> plan_between((0, 5_000), (50, 50), false_alarm=0.001, miss=0.01)
AcceptancePlan(requests=4, allowed=1)
>>> plan_between((100, 10_000), (15, 1_000), false_alarm=0.001, miss=0.01) is None
True

References: the exact interval of a share, Clopper and Pearson, Biometrika 26 (1934); single sampling plans by the two
points (share, chance of acceptance), as in ISO 2859-2 and Guenther, Journal of Quality Technology 1 (1969).
"""

from typing import NamedTuple

MOST_REQUESTS = 2_000
"""A test that sends more is a load test."""


class AcceptancePlan(NamedTuple):
    """So many requests, of which so many may be bad."""

    requests: int
    allowed: int


def plan_between(
    usual: tuple[int, int], seen: tuple[int, int], *, false_alarm: float, miss: float, most: int = MOST_REQUESTS
) -> AcceptancePlan | None:
    """The fewest requests that tell the two apart; requests are taken to be bad independently of each other.

    Args:
        usual, seen: bad requests and all of them, 0 <= bad <= all, all >= 1: before, and while it was worse.
        false_alarm: chance that a service as good as usual is refused, above 0 and below 1.
        miss: chance that one as bad as seen is accepted, above 0 and below 1.
        most: requests of the longest plan, 1 or more.

    Returns:
        None where no plan up to `most` keeps both chances.
    """
    from scipy.special import bdtr

    good, bad = _highest(*usual, false_alarm / 2), _lowest(*seen, miss / 2)
    if good >= bad:
        return None
    requests = 1
    for allowed in range(most):
        # More requests only make refusal likelier, so the first that refuses the bad is the kindest to the good.
        while requests <= most and float(bdtr(allowed, requests, bad)) > miss / 2:
            requests += 1
        if requests > most:
            return None
        if 1 - float(bdtr(allowed, requests, good)) <= false_alarm / 2:
            return AcceptancePlan(requests, allowed)
    return None


def _highest(bad: int, of: int, chance: float) -> float:
    from scipy.special import betaincinv

    return 1.0 if bad == of else float(betaincinv(bad + 1, of - bad, 1 - chance))


def _lowest(bad: int, of: int, chance: float) -> float:
    from scipy.special import betaincinv

    return 0.0 if bad == 0 else float(betaincinv(bad, of - bad + 1, chance))
