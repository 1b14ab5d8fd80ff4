"""Tails of the binomial distribution: how likely so many hits, or more, or fewer, are among so many trials.

scipy.stats has them too and takes as long to import as a short command takes in all; its special functions, which these
are made of, take a quarter of that. Reference: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.5.24.
"""

from bisect import bisect_left


def at_least(hits: float, of: float, share: float) -> float:
    """Chance of so many hits or more.

    Args:
        hits: a whole number.
        of: trials, a whole number, 0 or more.
        share: of the trials that hit, 0 to 1.

    >>> round(at_least(2, 4, 0.5), 4)
    0.6875
    >>> at_least(0, 4, 0.5), at_least(5, 4, 0.5)
    (1.0, 0.0)
    """
    from scipy.special import betainc

    if hits <= 0:
        return 1.0
    return float(betainc(hits, of - hits + 1, share)) if hits <= of else 0.0


def at_most(hits: float, of: float, share: float) -> float:
    """Chance of so many hits or fewer; arguments as for `at_least`.

    >>> round(at_most(1, 4, 0.5), 4)
    0.3125
    >>> at_most(-1, 4, 0.5), at_most(4, 4, 0.5)
    (0.0, 1.0)
    """
    from scipy.special import betaincc

    if hits >= of:
        return 1.0
    return float(betaincc(hits + 1, of - hits, share)) if hits >= 0 else 0.0


def most_hits(chance: float, of: int, share: float) -> int:
    """The fewest hits that are not exceeded with at least this chance.

    Args:
        chance: above 0 and below 1.
        of, share: as for `at_least`.

    >>> most_hits(0.95, 100, 0.1)
    15
    """
    return bisect_left(range(of + 1), chance, key=lambda hits: at_most(hits, of, share))
