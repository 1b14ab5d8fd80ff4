"""Errors that two tell of: the program in its log, and the error tracker (Sentry) that the program reports to.

Both rows are written by one process at one moment, so that they name the same error, message included, and their times
differ by the precision of the log's at most. Each row finds one partner: of ten equal errors within a second, ten rows
of the log and ten of the tracker are ten errors.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from ....core.records.logs import LogRow

WITHIN_S = 2
"""Many logs write no fraction of a second."""
_MAX_KINDS = 1_024
_MAX_WAITING_PER_KIND = 256

T = TypeVar("T")


class ToldTwice(Generic[T]):
    """Errors whose second teller may still come; bounded, the oldest kinds are forgotten first."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Hashable, bool], deque[tuple[float, T]]] = {}
        """Kind of error and whether a tracker told it -> when in seconds, and what was counted."""

    def first_told(self, row: LogRow, error: Hashable) -> T | None:
        """What `tell` was given when the other teller told the same error; each is returned once, None = nothing.

        Args:
            row: rows of one teller come in order of time, but for seconds cut off.
            error: equal for equal errors.
        """
        other = (error, row.tracker is None)
        waiting = self._waiting.get(other)
        if waiting is None:
            return None
        at = row.at.timestamp()
        while waiting and at - waiting[0][0] > WITHIN_S:
            waiting.popleft()
        found = waiting.popleft()[1] if waiting and waiting[0][0] - at <= WITHIN_S else None
        if not waiting:
            del self._waiting[other]
        return found

    def tell(self, row: LogRow, error: Hashable, counted: T) -> None:
        """Remember an error that nobody told before."""
        kind = (error, row.tracker is not None)
        if kind not in self._waiting:
            if len(self._waiting) >= _MAX_KINDS:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[kind] = deque(maxlen=_MAX_WAITING_PER_KIND)
        self._waiting[kind].append((row.at.timestamp(), counted))
