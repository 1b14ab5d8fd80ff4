"""Comparing two arms at every look: intervals and tests that hold at all times at once.

A fixed-sample test that is looked at daily flags most experiments without any effect in the end. Here the chance of
*ever* being wrong, over any number of looks and whatever rule one stops by, is at most `alpha`.

Both methods rest on one fact: if the arms do not differ, then whose arm an event or a value belongs to is a coin with
the split's own share, whatever happened. So neither needs a normal distribution, a variance or many observations.

* `CountTest`: events of two Poisson streams, or conversions of visitors: of all events, the share that is B's.
  A mixture of Beta distributions bets on that share; turned round, it is a confidence sequence of the rate ratio.
* `RankTest`: values of any distribution, heavy tails included: a Wilcoxon-like sum of ranks, whose excess is bounded by
  a normal mixture.

>>> test = CountTest(events_a=100, events_b=160)
>>> round(test.p_value, 4), [round(end, 2) for end in test.ratio_interval()]
(0.0142, [1.05, 2.48])
>>> CountTest(events_a=0, events_b=0).p_value
1.0

Reference: Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist. 41 (1970);
Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Statist.
49 (2021), mixtures and the sub-Gaussian bound; Kearns and Saul, "Large deviation methods for approximate probabilistic
inference" (1998), for shares that are not one half.
"""

from dataclasses import dataclass, field, replace
from math import exp, inf, lgamma, log, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
CONCENTRATIONS = (20.0, 200.0, 2000.0)
"""Of the Beta distributions that are mixed: ratios of about two, of a quarter more, of a tenth more."""
POOL = 2048
"""Values kept to rank new ones by; beyond it every other one is dropped."""
RANK_PRIOR = 40.0
"""Of the normal mixture, in units of the rank sum's variance: the bound is closest after a few hundred values."""
HALVINGS = 80
TUNED_AT = 1000.0
"""Values at which the mean's interval is narrowest."""


@dataclass(frozen=True)
class CountTest:
    """Events of two arms that share the traffic by a known split.

    Args:
        events_a, events_b: so far, 0 or more; of a conversion, each visitor at most once.
        share_b: of the traffic that goes to B, above 0 and below 1.
    """

    events_a: int
    events_b: int
    share_b: float = 0.5

    def log_evidence(self, share: float | None = None) -> float:
        """Logarithm of how much more likely the mixture makes the events than one share of B.

        Args:
            share: of the events, that would be B's; None = the split's: no difference.
        """
        share = self.share_b if share is None else share
        return _log_mixture(self.events_a, self.events_b, self.share_b) - _log_power(
            self.events_a, self.events_b, share
        )

    @property
    def p_value(self) -> float:
        """Always-valid: the chance that it is ever as small as this while the arms do not differ is no larger."""
        return min(1.0, exp(-self.log_evidence()))

    def ratio_interval(self, alpha: float = ALPHA) -> tuple[float, float]:
        """Confidence sequence of B's rate over A's; (0, inf) before there is an event."""
        total = self.events_a + self.events_b
        if total == 0:
            return 0.0, inf
        best, limit = self.events_b / total, -log(alpha)
        low = 0.0 if self.events_b == 0 else self._edge(best, 0.0, limit)
        high = 1.0 if self.events_a == 0 else self._edge(best, 1.0, limit)
        return self._ratio(low), self._ratio(high)

    def _edge(self, inside: float, outside: float, limit: float) -> float:
        """Where the evidence against a share reaches the limit; it grows with the distance from the share seen."""
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self.log_evidence(middle) < limit else (inside, middle)
        return outside

    def _ratio(self, share: float) -> float:
        return inf if share >= 1 else share / (1 - share) * (1 - self.share_b) / self.share_b


def _log_mixture(a: int, b: int, share: float) -> float:
    terms = [
        _log_beta(k * share + b, k * (1 - share) + a) - _log_beta(k * share, k * (1 - share)) for k in CONCENTRATIONS
    ]
    largest = max(terms)
    return largest + log(sum(exp(term - largest) for term in terms) / len(terms))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_power(a: int, b: int, share: float) -> float:
    """Logarithm of share ** b * (1 - share) ** a."""
    if (share <= 0 and b) or (share >= 1 and a):
        return -inf
    return (b * log(share) if b else 0.0) + (a * log(1 - share) if a else 0.0)


@dataclass(frozen=True)
class RankTest:
    """Whether values of B tend to be larger or smaller than those of A; O(1) state beside a bounded pool.

    Args:
        share_b: of the traffic that goes to B, above 0 and below 1.
        excess: of B's ranks so far; above 0 = B's values are larger.
        variance: bound of the excess's variance if the arms do not differ.
        pool: earlier values, sorted, of both arms.

    >>> values = np.arange(400.0) % 100
    >>> in_b = np.arange(400) % 2 == 1
    >>> RankTest().updated(values, in_b).p_value
    1.0
    >>> RankTest().updated(values + 30 * in_b, in_b).p_value < 0.001
    True
    """

    share_b: float = 0.5
    excess: float = 0.0
    variance: float = 0.0
    pool: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def updated(self, values: NDArray[np.float64], in_b: NDArray[np.bool_]) -> Self:
        """After another look.

        Args:
            values: since the last one, finite; ranked among themselves and the pool.
            in_b: of each value, whether it is B's.
        """
        if not len(values):
            return self
        pool = np.sort(np.concatenate([self.pool, values]))
        below, upto = np.searchsorted(pool, values, "left"), np.searchsorted(pool, values, "right")
        # Ties share their rank; the scale is -1 to 1.
        rank = (below + upto) / len(pool) - 1
        return replace(
            self,
            excess=self.excess + float(rank @ (in_b - self.share_b)),
            variance=self.variance + float(rank @ rank) * _coin_variance(self.share_b),
            pool=_thinned(pool),
        )

    @property
    def p_value(self) -> float:
        """Always-valid, two-sided; as of `CountTest`."""
        spread = self.variance + RANK_PRIOR
        return min(1.0, sqrt(spread / RANK_PRIOR) * exp(-min(700.0, self.excess**2 / (2 * spread))))


def _coin_variance(share: float) -> float:
    """The smallest v for which a coin with this share is v-sub-Gaussian."""
    odds = (1 - share) / share
    return 0.25 if abs(odds - 1) < 1e-6 else (1 - 2 * share) / (2 * log(odds))


def _thinned(pool: NDArray[np.float64]) -> NDArray[np.float64]:
    while len(pool) > POOL:
        pool = pool[::2]
    return pool


def mean_difference_interval(
    a: NDArray[np.float64], b: NDArray[np.float64], alpha: float = ALPHA
) -> tuple[float, float] | None:
    """Asymptotic confidence sequence of mean(b) - mean(a); None below two values an arm.

    It assumes finite variances and some hundred values an arm; `RankTest` assumes neither, so it decides and this
    describes.

    Reference: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
    confidence sequences", Ann. Statist. 52 (2024), theorem 2.2, tuned to the present number of values at 1,000.
    """
    if min(len(a), len(b)) < 2:
        return None
    variance = float(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    tuned, n = TUNED_AT, len(a) + len(b)
    scale = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned
    width = sqrt(variance) * sqrt(2 * (n * scale + 1) / (n * scale) * log(sqrt(n * scale + 1) / alpha))
    middle = float(np.mean(b) - np.mean(a))
    return middle - width, middle + width
