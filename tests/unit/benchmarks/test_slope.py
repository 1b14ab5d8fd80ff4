"""The soak's verdict: what grows is told from what only trembles."""

import random

from aqe.benchmarks.soak.slope import block_medians, grows, theil_sen

CHANCE = random.Random(5)
TREMBLING = [(float(second), 100 + CHANCE.gauss(0, 2)) for second in range(400)]


def test_what_trembles_around_a_level_does_not_grow() -> None:
    points = block_medians(TREMBLING, 10)
    slope = theil_sen(points)
    assert slope and slope.low < 0 < slope.high
    assert not grows(points, slope)


def test_a_leak_under_the_same_trembling_is_seen() -> None:
    """A twentieth of the whole in the time."""
    points = block_medians([(second, mb + second * 5 / 400) for second, mb in TREMBLING], 10)
    slope = theil_sen(points)
    assert slope and 0.8 * 5 / 400 < slope.middle < 1.2 * 5 / 400
    assert grows(points, slope)


def test_a_peak_that_passes_is_no_growth() -> None:
    peak = [(second, mb + (80 if 300 < second < 320 else 0)) for second, mb in TREMBLING]
    points = block_medians(peak, 10)
    slope = theil_sen(points)
    assert slope and not grows(points, slope)


def test_a_sure_growth_of_next_to_nothing_is_none() -> None:
    """A straight line by one per cent."""
    points = [(float(second), 100 + second / 400) for second in range(0, 400, 10)]
    slope = theil_sen(points)
    assert slope and slope.low > 0 and not grows(points, slope)
