"""What is known of a success probability after so many successes and failures: the Beta posterior.

Counts need not be whole: an old or unlike observation counts for less than one.

>>> posterior = Beta(9, 1)
>>> posterior.mean, [round(100 * end, 1) for end in posterior.interval()]
(0.9, [66.4, 99.7])
>>> [round(100 * end, 1) for end in posterior.updated(successes=139, failures=7).interval()]
[90.9, 97.7]
>>> round(Beta(0.5, 0.5).quantile(0.025), 6)
0.001541

Reference: Gelman et al., "Bayesian Data Analysis" (2013), chapter 2; the incomplete beta function by Lentz's continued
fraction, Press et al., "Numerical Recipes" (2007), section 6.4.
"""

from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Self

TINY = 1e-300
"""Stands for 0 in the continued fraction."""
CONVERGED = 1e-15
MAX_TERMS = 10_000
"""The fraction needs about the square root of the larger count."""
HALVINGS = 60
"""Of the interval in which a quantile lies: down to the last digit of a double near 1."""


@dataclass(frozen=True)
class Beta:
    """A Beta distribution.

    Args:
        successes, failures: pseudo-counts, above 0; `Beta(9, 1)` is a prior around 90 % that weighs ten observations.
    """

    successes: float
    failures: float

    @property
    def mean(self) -> float:
        """Expected probability."""
        return self.successes / (self.successes + self.failures)

    def updated(self, *, successes: float, failures: float) -> Self:
        """The posterior after observations; 0 or more each, fractions allowed."""
        return type(self)(self.successes + successes, self.failures + failures)

    def below(self, probability: float) -> float:
        """P(success probability <= `probability`)."""
        if not 0 < probability < 1:
            return float(probability >= 1)
        a, b = self.successes, self.failures
        front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(probability) + b * log1p(-probability))
        # The fraction converges fast on one side of the mean only.
        if probability < (a + 1) / (a + b + 2):
            return front * _fraction(a, b, probability) / a
        return 1 - front * _fraction(b, a, 1 - probability) / b

    def quantile(self, share: float) -> float:
        """The probability with this share of the distribution below it, 0 < share < 1; by halving."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.below(middle) < share else (low, middle)
        return (low + high) / 2

    def interval(self, share: float = 0.95) -> tuple[float, float]:
        """Equal-tailed credible interval."""
        return self.quantile((1 - share) / 2), self.quantile((1 + share) / 2)


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > TINY else TINY)
    value = d
    for m in range(1, MAX_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + term * d, 1 + term / c
            d = 1 / (d if abs(d) > TINY else TINY)
            c = c if abs(c) > TINY else TINY
            value *= d * c
        if abs(d * c - 1) < CONVERGED:
            break
    return value
