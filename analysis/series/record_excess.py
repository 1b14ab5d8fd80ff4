"""How far a value lies beyond anything that its series has shown so far."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BLOCK = 12
"""Points whose largest value counts once, so that one long excursion is one record and not twenty."""


class Records(NamedTuple):
    """What stood before each block of points, and where it may be beaten.

    Args:
        first, second: (points,) largest and second largest before the block of each of these points.
        row, time: (points,) the points of the blocks that go beyond the second largest, by row and then by time; no
            other point is beyond it.
    """

    first: Array
    second: Array
    row: NDArray[np.int64]
    time: NDArray[np.int64]


@dataclass
class TopTwo:
    """The largest and second largest block maximum of many series.

    The second one keeps a single wild point from hiding everything that follows.

    Args:
        first, second: (rows, 1) largest so far, -inf before there is one.
        current: (rows, 1) largest of the block under way.
        seen: points so far.

    >>> top = TopTwo.start(1)
    >>> found = top.feed(np.array([[1.0] * 12 + [9.0] + [2.0] * 11 + [0.5] * 12 + [3.0]]))
    >>> found.time[[0, 12, -1]].tolist(), len(found.time)  # the third block is below
    ([0, 12, 36], 25)
    >>> found.first[[0, 12, -1]].tolist(), found.second[[0, 12, -1]].tolist()
    ([-inf, 1.0, 9.0], [-inf, -inf, 1.0])
    """

    first: Array
    second: Array
    current: Array
    seen: int = 0

    @classmethod
    def start(cls, rows: int) -> "TopTwo":
        """Before the first point."""
        nothing = np.full((rows, 1), -np.inf)
        return cls(nothing, nothing.copy(), nothing.copy())

    def feed(self, values: Array) -> Records:
        """The records before the block of each point that may beat them.

        Args:
            values: (rows, time).
        """
        begins = np.flatnonzero(np.diff((self.seen % BLOCK + np.arange(values.shape[1])) // BLOCK, prepend=-1))
        maxima = np.maximum.reduceat(values, begins, axis=1)
        maxima[:, :1] = np.maximum(maxima[:, :1], self.current)
        self.seen += values.shape[1]
        # One column more than blocks: the records after the last one.
        first = np.maximum.accumulate(np.concatenate([self.first, maxima], axis=1), axis=1)
        beaten = np.minimum(maxima, first[:, :-1])
        second = np.maximum.accumulate(np.concatenate([self.second, beaten], axis=1), axis=1)
        complete = self.seen % BLOCK == 0
        self.current = np.full_like(self.first, -np.inf) if complete else maxima[:, -1:]
        last = -1 if complete else -2
        self.first, self.second = first[:, [last]], second[:, [last]]
        row, block = np.nonzero(maxima > second[:, :-1])
        time = begins[block][:, None] + np.arange(BLOCK)
        inside = time < np.append(begins[1:], values.shape[1])[block][:, None]
        points = np.repeat(np.arange(len(row)), inside.sum(axis=1))
        return Records(first[row, block][points], second[row, block][points], row[points], time[inside])
