"""Whether one rate is above another by more than a tolerated ratio: the Bayesian two-rate comparison.

With Jeffreys priors both rates have Gamma posteriors, so their ratio is a Beta matter: no sampling, O(1).

>>> round(probability_of_excess(12, 600, 3, 600, ratio=1.25), 3)
0.975
>>> probability_of_excess(0, 600, 0, 600, ratio=1.25) < 0.5
True
>>> round(detectable_ratio(3.0, tail=0.02, ratio=1.25), 1)
6.6

Reference: Gelman et al., "Bayesian Data Analysis" (2013), section 2.6 (conjugate Poisson model).
"""

from math import exp, log, sqrt
from statistics import NormalDist

from .beta_binomial import Beta

POWER = 0.8
"""A ratio counts as detectable when it is found this often."""


def probability_of_excess(count: float, exposure: float, base: float, base_exposure: float, *, ratio: float) -> float:
    """P(rate > ratio * base rate), 0 to 1.

    Args:
        count, base: events, 0 or more; a dispersed count is given divided by its dispersion, with its exposure.
        exposure, base_exposure: what they were counted over, above 0, in one unit.
        ratio: that is tolerated, 1 or more.
    """
    odds = ratio * exposure / base_exposure
    return 1 - Beta(count + 0.5, base + 0.5).below(odds / (1 + odds))


def detectable_ratio(expected: float, *, tail: float, ratio: float, share: float = 0.5) -> float:
    """The smallest ratio of rates that is found in POWER of the cases, by the normal approximation of its logarithm.

    Args:
        expected: events that are expected in the base arm.
        tail: that the posterior may leave below `ratio`, such as 0.02.
        ratio: that is tolerated.
        share: of the whole exposure that the other arm has, 0 < share < 1.
    """
    base = expected + 0.5
    needed = log(ratio)
    for _ in range(50):
        spread = sqrt(1 / base + (1 - share) / (base * exp(needed) * share))
        needed = log(ratio) + (NormalDist().inv_cdf(1 - tail) + NormalDist().inv_cdf(POWER)) * spread
    return exp(needed)
