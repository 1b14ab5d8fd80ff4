"""Intervals of shares: they hold what they promise."""

import numpy as np

from aqe.analysis.inference.proportions import difference, wilson


def test_95_of_100_intervals_hold_the_true_share() -> None:
    """Also near 0, where the textbook's interval holds it in half of the cases."""
    random = np.random.default_rng(1)
    for share, trials in ((0.5, 40), (0.05, 60), (0.01, 300)):
        ends = [wilson(int(hits), trials) for hits in random.binomial(trials, share, 4_000)]
        held = np.mean([low <= share <= high for low, high in ends])
        assert 0.92 < held < 0.99, (share, held)


def test_95_of_100_intervals_hold_the_true_difference() -> None:
    random = np.random.default_rng(2)
    pairs = zip(random.binomial(80, 0.3, 4_000), random.binomial(120, 0.1, 4_000), strict=True)
    ends = [difference(int(hits), 80, int(others), 120) for hits, others in pairs]
    assert 0.92 < np.mean([low <= 0.2 <= high for low, high in ends]) < 0.98
