"""What is usual at this time of the day, or of the week: a profile that learns once a day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DAY_S = 86_400
WEEK_S = 7 * DAY_S


def day_of(times_s: Array) -> NDArray[np.int64]:
    """Number of the UTC day of each time."""
    return np.floor_divide(times_s, DAY_S).astype(np.int64)


@dataclass
class SeasonProfile:
    """Mean value by time slot; what a day brings is learnt when the day is over.

    So a point is compared with the days before it, never with itself, and all points of one day can be looked at
    together.

    Args:
        period_s: DAY_S or WEEK_S.
        newest: smallest weight of the newest day in a slot's mean, 0 < newest <= 1; before that the mean is plain.
        mean: (series, slots); NaN where no day has been seen.
        days: (slots,) days learnt.
        sums: (series, slots) of the day under way.
        counts: (slots,) of the day under way.
    """

    period_s: int
    newest: float
    mean: Array
    days: Array
    sums: Array
    counts: Array

    @classmethod
    def start(cls, series: int, *, period_s: int, slots: int, newest: float) -> "SeasonProfile":
        """Nothing learnt yet.

        >>> usual = SeasonProfile.start(1, period_s=DAY_S, slots=2, newest=0.1)
        >>> morning, evening = np.array([3600.0]), np.array([72_000.0])
        >>> usual.collect(morning, np.array([[5.0]])); usual.end_day()
        >>> usual.at(morning).tolist(), usual.at(evening).tolist()
        ([[5.0]], [[nan]])
        """
        shape = (series, slots)
        return cls(period_s, newest, np.full(shape, np.nan), np.zeros(slots), np.zeros(shape), np.zeros(slots))

    def at(self, times_s: Array) -> Array:
        """(series, time): the usual value, NaN where nothing is known."""
        return self.mean[:, self._slots(times_s)]

    def days_at(self, times_s: Array) -> Array:
        """(time,): how many days, or weeks, the usual value was learnt from."""
        return self.days[self._slots(times_s)]

    def collect(self, times_s: Array, values: Array) -> None:
        """Points of the day under way.

        Args:
            times_s: (time,) seconds since the epoch.
            values: (series, time), finite.
        """
        slots = self._slots(times_s)
        np.add.at(self.counts, slots, 1.0)
        # Adds one after the other, so that the sum does not depend on how the day was cut into blocks.
        np.add.at(self.sums.T, slots, values.T)

    def end_day(self) -> None:
        """Learn what was collected."""
        seen = self.counts > 0
        self.days[seen] += 1
        today = self.sums[:, seen] / self.counts[seen]
        weight = np.maximum(1.0 / self.days[seen], self.newest)
        before = self.mean[:, seen]
        self.mean[:, seen] = np.where(np.isnan(before), today, before + weight * (today - before))
        self.sums[:] = 0.0
        self.counts[:] = 0.0

    def _slots(self, times_s: Array) -> NDArray[np.int64]:
        slots = self.counts.shape[0]
        numbers: NDArray[np.int64] = np.floor(times_s % self.period_s * (slots / self.period_s)).astype(np.int64)
        last: NDArray[np.int64] = np.minimum(numbers, slots - 1)
        return last
