"""How far a value lies beyond anything that its series has shown so far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BLOCK = 12
"""Points whose largest value counts once, so that one long excursion is one record and not twenty."""


@dataclass
class TopTwo:
    """The largest and second largest block maximum of many series.

    The second one keeps a single wild point from hiding everything that follows.

    Args:
        first, second: (rows, 1) largest so far, -inf before there is one.
        current: (rows, 1) largest of the block under way.
        seen: points so far.

    >>> top = TopTwo.start(1)
    >>> first, second = top.feed(np.array([[1.0] * 12 + [9.0] + [2.0] * 11 + [3.0]]))
    >>> first[0, [0, 12, 24]].tolist(), second[0, [0, 12, 24]].tolist()
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

    def feed(self, values: Array) -> tuple[Array, Array]:
        """The records before the block of each point.

        Args:
            values: (rows, time).

        Returns:
            Largest and second largest, (rows, time) each.
        """
        block = (self.seen % BLOCK + np.arange(values.shape[1])) // BLOCK
        maxima = np.maximum.reduceat(values, np.flatnonzero(np.diff(block, prepend=-1)), axis=1)
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
        return first[:, block], second[:, block]
