"""Errors that two tell of: the program in its log, and the error tracker (Sentry) that the program reports to.

Both rows are written by one process at one moment, so that they name the same error, message included, and their times
differ by the precision of the log's at most. Each row finds one partner: of ten equal errors within a second, ten rows
of the log and ten of the tracker are ten errors.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ....core.records.logs import LogRow

WITHIN_S = 2
"""Many logs write no fraction of a second."""
_MAX_WAITING = 50_000
"""Different errors and moments that wait at a time: what a busy service tells in WITHIN_S, in some ten MB."""

T = TypeVar("T")
_Kind = tuple[Hashable, bool]
"""An error, and whether a tracker told it."""


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """Equal rows of one moment: an outage logs thousands a second."""

    at_s: float
    counted: T
    rows: int = 1


class ToldTwice(Generic[T]):
    """Errors whose second teller may still come; bounded, those told longest ago are forgotten first."""

    def __init__(self) -> None:
        self._waiting: dict[_Kind, deque[_Waiting[T]]] = {}
        """The kind that was told last stands last."""
        self._number = 0

    def first_told(self, row: LogRow, error: Hashable) -> T | None:
        """What `tell` was given when the other teller told the same error; returned once a row, None = nothing.

        Args:
            row: rows of one teller come in order of time, but for seconds cut off.
            error: equal for equal errors.
        """
        other = (error, row.tracker is None)
        waiting = self._waiting.get(other)
        if waiting is None:
            return None
        at_s = row.at.timestamp()
        self._forget_before(at_s - WITHIN_S, waiting)
        found = waiting[0] if waiting and waiting[0].at_s - at_s <= WITHIN_S else None
        if found is not None:
            found.rows -= 1
            if not found.rows:
                self._drop_first(waiting)
        if not waiting:
            del self._waiting[other]
        return found and found.counted

    def tell(self, row: LogRow, error: Hashable, counted: T) -> None:
        """Remember an error that nobody told before."""
        kind, at_s = (error, row.tracker is not None), row.at.timestamp()
        waiting = self._waiting[kind] = self._waiting.pop(kind, None) or deque()
        if waiting and waiting[-1].at_s == at_s and waiting[-1].counted == counted:
            waiting[-1].rows += 1
            return
        waiting.append(_Waiting(at_s, counted))
        self._number += 1
        self._make_room(at_s - WITHIN_S)

    def _make_room(self, before_s: float) -> None:
        """Forget what is too old to be told again, and more where that is not enough."""
        while oldest := next(iter(self._waiting)):
            waiting = self._waiting[oldest]
            self._forget_before(before_s, waiting)
            if waiting and self._number > _MAX_WAITING:
                self._drop_first(waiting)
            if waiting:
                return
            del self._waiting[oldest]

    def _forget_before(self, before_s: float, waiting: deque[_Waiting[T]]) -> None:
        while waiting and waiting[0].at_s < before_s:
            self._drop_first(waiting)

    def _drop_first(self, waiting: deque[_Waiting[T]]) -> None:
        waiting.popleft()
        self._number -= 1
