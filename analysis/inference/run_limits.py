"""Limits for a run that is yet to come, out of what was recorded: so wide that a run as good as the record keeps them.

"Errors below 1 %" fails a healthy service whose record has 0.9 %, as soon as the run is short. Both sides are samples:
the record, which knows its share or its percentile only so well, and the run, which will hit it only so well. Half of
the chance of a false alarm is given to each.

>>> round(most_failures(12, 4_000, 600, false_alarm=0.01), 4)
0.015
>>> most_failures(0, 4_000_000, 600, false_alarm=0.01)
0.0

A run's 95th percentile is its own k-th request, whose level in the record is a beta variable; and the record's value at
a level is bounded by one of its own order statistics. What comes out is a level: the record's response time there is
the limit for the run's 95th percentile.

>>> round(level_for(95, recorded=100_000, planned=600, false_alarm=0.01), 2)
97.02
>>> level_for(95, recorded=100, planned=600, false_alarm=0.01) is None
True

References: the exact interval of a share, Clopper and Pearson, Biometrika 26 (1934); order statistics as bounds of
percentiles, David and Nagaraja, "Order Statistics" (2003), sections 2.1 and 7.1.
"""

from math import ceil

from .binomial import most_hits


def most_failures(failed: int, of: int, planned: int, *, false_alarm: float) -> float:
    """The share of failures that a run as good as the record exceeds with at most this chance.

    Args:
        failed, of: failures and requests of the record, 0 <= failed <= of, of >= 1.
        planned: requests of the run, 1 or more.
        false_alarm: chance, above 0 and below 1.

    Returns:
        0 to 1; a run exceeds it when its share is above.
    """
    from scipy.special import betaincinv

    highest = 1.0 if failed == of else float(betaincinv(failed + 1, of - failed, 1 - false_alarm / 2))
    return most_hits(1 - false_alarm / 2, planned, highest) / planned


def level_for(percent: float, *, recorded: int, planned: int, false_alarm: float) -> float | None:
    """Which percentile of the record bounds this percentile of a run.

    Args:
        percent: of the run, above 0 and below 100.
        recorded, planned: timed requests of the record and of the run, 1 or more.
        false_alarm: chance that a run as fast as the record exceeds the bound, above 0 and below 1.

    Returns:
        0 to 100, `percent` or above; None where the record or the run is too small to bound it.
    """
    from scipy.special import betaincinv

    rank = ceil(planned * percent / 100)
    if rank >= planned:
        return None  # the slowest request of all: any bound of it is a bound of one request
    level = float(betaincinv(rank, planned - rank + 1, 1 - false_alarm / 2))
    order = most_hits(1 - false_alarm / 2, recorded, level) + 1
    return 100 * order / recorded if order <= recorded else None
