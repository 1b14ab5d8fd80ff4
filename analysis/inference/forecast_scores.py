"""How good probabilities were, once the outcomes are known.

>>> probability, happened = np.array([0.1, 0.2, 0.6, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])
>>> round(brier(probability, happened), 4), auc(probability, happened)
(0.055, 1.0)
>>> round(brier_skill(probability, happened, np.full(4, 0.5)), 2)
0.78
>>> round(expected_calibration_error(probability, happened, bins=2), 3)
0.2
>>> auc(probability, np.zeros(4)) is None, brier_skill(probability, happened, happened) is None
(True, True)

References: Brier, "Verification of forecasts expressed in terms of probability" (1950); Naeini, Cooper and Hauskrecht,
"Obtaining well calibrated probabilities using Bayesian binning", AAAI (2015); Efron, "Better bootstrap confidence
intervals" (1987), of which the percentile interval is used.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lgamma

import numpy as np

from .logistic import Floats, Rows

BINS = 10
RESAMPLES = 500
"""Of the bootstrap: the ends of its 95 % interval are then good to a tenth of its width."""


def brier(probability: Floats, happened: Floats) -> float:
    """Mean squared error, 0 (best) to 1, of at least one forecast."""
    return float(((probability - happened) ** 2).mean())


def brier_skill(probability: Floats, happened: Floats, reference: Floats) -> float | None:
    """1 - Brier score / that of the reference forecasts: 1 perfect, 0 no better; None where those made no error."""
    worst = brier(reference, happened)
    return 1 - brier(probability, happened) / worst if worst > 0 else None


def auc(probability: Floats, happened: Floats) -> float | None:
    """Chance that what happened was given a higher probability than what did not; None without one of the two."""
    hits = int(happened.sum())
    misses = len(happened) - hits
    if not hits or not misses:
        return None
    _, place, counts = np.unique(probability, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[happened > 0].sum() - hits * (hits + 1) / 2) / (hits * misses))


def expected_calibration_error(probability: Floats, happened: Floats, *, bins: int = BINS) -> float:
    """Mean distance between predicted and observed share over bins of equal mass, 0 to 1.

    Even a perfect forecaster's is above 0: by chance, the observed shares of small bins differ.
    """
    gaps = (abs(probability[rows].sum() - happened[rows].sum()) for rows in equal_mass(probability, bins))
    return float(sum(gaps) / len(probability))


def equal_mass(probability: Floats, bins: int = BINS) -> Iterator[Rows]:
    """Row numbers of each bin, lowest probabilities first; empty ones are left out."""
    order = np.argsort(probability, kind="stable")
    return (rows for rows in np.array_split(order, bins) if len(rows))


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same size.

    Args:
        size: how many.
        predicted, observed: mean probability, share that happened.
        expected: how many would happen if the predictions were right, least and most, in 95 % of cases.
        happened: how many did.
    """

    size: int
    predicted: float
    observed: float
    expected: tuple[int, int]
    happened: int


def reliability(probability: Floats, happened: Floats, *, bins: int = BINS) -> list[Bin]:
    """The reliability diagram."""
    found = []
    for rows in equal_mass(probability, bins):
        predicted, hits = float(probability[rows].mean()), int(happened[rows].sum())
        found.append(Bin(len(rows), predicted, hits / len(rows), binomial_interval(len(rows), predicted), hits))
    return found


def binomial_interval(trials: int, probability: float, share: float = 0.95) -> tuple[int, int]:
    """Least and most successes of a binomial, each with at most half of the rest beyond it.

    >>> binomial_interval(10, 0.5), binomial_interval(10, 0.0), binomial_interval(3, 1.0)
    ((2, 8), (0, 0), (3, 3))
    """
    if not 0 < probability < 1:
        return (0, 0) if probability <= 0 else (trials, trials)
    counts = np.arange(trials + 1)
    log_factorial = np.array([lgamma(count + 1) for count in range(trials + 1)])
    log_ways = log_factorial[-1] - log_factorial - log_factorial[::-1]
    below = np.cumsum(np.exp(log_ways + counts * np.log(probability) + (trials - counts) * np.log1p(-probability)))
    low, high = np.searchsorted(below, [(1 - share) / 2, (1 + share) / 2])
    return int(low), int(min(high, trials))


def bootstrap_interval(
    score: Callable[..., float | None], *columns: Floats, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of a score over resampled rows.

    Args:
        score: of the columns; resamples for which it is None are left out.
        columns: of equal length.
        resamples: how many; 0 = no interval.
        seed: of the random numbers.

    Returns:
        None when fewer than half of the resamples have a score.
    """
    rng = np.random.default_rng(seed)
    total = len(columns[0])
    found = []
    for _ in range(resamples):
        rows = rng.integers(0, total, total)
        value = score(*(column[rows] for column in columns))
        if value is not None:
            found.append(value)
    if len(found) < max(1, resamples / 2):
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
