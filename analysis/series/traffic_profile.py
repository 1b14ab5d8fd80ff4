"""Traffic by hour, weekday and month, out of counts by the minute.

Minutes that nobody counted are NaN and stay it: an hour or a day counts only when all of it was seen, so that neither a
log that begins at noon nor a day without an import makes traffic look low.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

MINUTE_S = 60
DAY_S = 86_400
DAY_MINUTES = 1_440
# 1 January 1970 was a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3


@dataclass(frozen=True)
class Minutes:
    """Counts by the minute over whole UTC days.

    Args:
        first_day: days since 1970-01-01.
        counts: (days, DAY_MINUTES); NaN = not observed.
    """

    first_day: int
    counts: Array

    @classmethod
    def of(cls, starts_s: Ints, counts: Array) -> "Minutes":
        """From what was counted.

        Args:
            starts_s: begins of the minutes that have a count, each once and at least one.
            counts: as long, each above 0; a minute in between that is not listed had none. Not observed are a day
                without any, and the silence beside it, before the first and after the last of them, where it is longer
                than the longest one of a usual day: a small site's last request of a day comes before midnight.

        >>> minutes = Minutes.of(np.array([0, 120]), np.array([3.0, 5.0]))
        >>> minutes.counts[0, :4].tolist()
        [3.0, 0.0, 5.0, nan]
        """
        first_day, last_day = int(starts_s.min() // DAY_S), int(starts_s.max() // DAY_S)
        days = np.zeros((last_day - first_day + 1, DAY_MINUTES))
        flat = days.reshape(-1)
        places = starts_s // MINUTE_S - first_day * DAY_MINUTES
        flat[places] = counts
        days[days.sum(axis=1) == 0] = np.nan
        for stretch in _stretches(flat):
            seen = np.flatnonzero(flat[stretch])
            usual = _usual_silence(seen)
            for edge in (stretch[: seen[0]], stretch[seen[-1] + 1 :]):
                flat[edge] = np.nan if len(edge) > usual else 0.0
        return cls(first_day, days)

    @property
    def days(self) -> Ints:
        """(days,): days since 1970-01-01."""
        return self.first_day + np.arange(len(self.counts))

    @property
    def weekdays(self) -> Ints:
        """(days,): Monday is 0."""
        return (self.days + _FIRST_WEEKDAY) % 7

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(days,): all of the day was observed."""
        return ~np.isnan(self.totals)

    @property
    def totals(self) -> Array:
        """(days,): NaN where not all of the day was observed."""
        totals: Array = self.counts.sum(axis=1)
        return totals

    def hourly(self) -> Array:
        """(days, 24): counts of each hour, NaN where not all of it was observed."""
        hours: Array = self.counts.reshape(-1, 24, 60).sum(axis=2)
        return hours

    def busiest(self) -> int:
        """Index into the flattened counts of the highest minute, the first of several."""
        return int(np.nanargmax(self.counts))

    def run(self, day: int) -> tuple[int, Array]:
        """The longest stretch of one day that was observed without a break.

        Args:
            day: row of `counts`, with at least one minute observed.

        Returns:
            Its first minute of the day, and its counts.
        """
        longest = max(_stretches(self.counts[day]), key=len)
        return int(longest[0]), self.counts[day, longest]


def _stretches(counts: Array) -> list[Ints]:
    """Places of the values that are known, one array for each stretch without a NaN."""
    known = np.flatnonzero(~np.isnan(counts))
    return np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)


def _usual_silence(seen: Ints) -> float:
    """Median over days of the longest silence between two minutes with traffic; 0 of a single minute.

    Args:
        seen: places of minutes with traffic, rising.
    """
    longest = np.zeros(int(seen[-1]) // DAY_MINUTES + 1)
    np.maximum.at(longest, seen[:-1] // DAY_MINUTES, np.diff(seen) - 1)
    return float(np.median(longest))


def medians(values: Array) -> tuple[Array, Ints]:
    """Median of each column over the rows that are known, and how many these are; NaN where there is none.

    >>> medians(np.array([[1.0, np.nan], [3.0, np.nan]]))
    (array([ 2., nan]), array([2, 0]))
    """
    known: Ints = (~np.isnan(values)).sum(axis=0)
    found = np.full(values.shape[1], np.nan)
    seen = known > 0
    found[seen] = np.nanmedian(values[:, seen], axis=0)
    return found, known


def week_totals(minutes: Minutes) -> Array:
    """Totals of the weeks that end with the last whole day, oldest first; NaN where a day is missing."""
    totals = minutes.totals
    last = np.flatnonzero(minutes.whole)
    if not len(last):
        return np.array([])
    upto = totals[: last[-1] + 1]
    weeks: Array = upto[len(upto) % 7 :].reshape(-1, 7).sum(axis=1)
    return weeks
