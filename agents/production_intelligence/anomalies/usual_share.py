"""The share that was usual before an event: what chance is reckoned with.

The expectation of a series follows its values, and a share of 0.3 % of thirty requests a bucket is 0 nearly always, so
that what is expected of the next bucket is far below 0.3 %. The share of all that was counted is not; what is long ago
fades out of it. Fed in blocks of any size it is the same float.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .series import Array

FADES_S = 3 * 86_400.0
"""After so long a request counts for 1/e: a fault that was repaired last week is not usual any more."""


@dataclass(frozen=True)
class UsualShare:
    """Hits of a total up to a moment, the latest counting most.

    Args:
        at_s: the moment, seconds since the epoch; points from then on do not count.
    """

    at_s: float
    hits: float = 0.0
    total: float = 0.0

    def at_each(
        self, moments: Iterable[float], times_s: Array, hits: Array, totals: Array, interval_s: float
    ) -> list["UsualShare"]:
        """As it is at other moments.

        Args:
            moments: of those before the first point the share is that of now.
            times_s, hits, totals: (time,) points that have not been counted, rising.
            interval_s: from one to the next; gaps fade nothing.

        >>> [quiet] = UsualShare(0.0).at_each([600.0], np.array([0.0, 300.0]), np.ones(2), np.full(2, 30.0), 300.0)
        >>> round(quiet.total), round(quiet.most, 2)
        (60, 0.05)
        """
        from scipy.signal import lfilter

        left = max(1.0 - interval_s / FADES_S, 0.0)
        now = np.array([[self.hits], [self.total]])
        after, _ = lfilter([1.0], [1.0, -left], np.stack([hits, totals]), axis=-1, zi=left * now)
        sums = np.concatenate([now, after], axis=-1)
        counted = ((moment, int(np.searchsorted(times_s, moment))) for moment in moments)
        return [UsualShare(moment, float(sums[0, points]), float(sums[1, points])) for moment, points in counted]

    @property
    def most(self) -> float:
        """Not less than it is: no hit among so many may still be one in as many."""
        return (self.hits + 1.0) / (self.total + 2.0)

    @property
    def least(self) -> float:
        """Not more than it is."""
        return self.hits / (self.total + 2.0)
