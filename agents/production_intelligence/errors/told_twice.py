"""Errors that two tell of: the program in its log, and the error tracker (Sentry) that the program reports to.

Both rows are written by one process at one moment, so that they name the same error, message included, and their times
differ by the precision of the log's at most. Each row finds one partner: of ten equal errors within a second, ten rows
of the log and ten of the tracker are ten errors.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ....core.records.bulk.logs import LogRow

WITHIN_S = 2
"""Many logs write no fraction of a second."""
_MAX_WAITING = 20_000
"""Different errors and moments that wait at a time: more than a busy service tells in WITHIN_S, and 40 MB at most."""

T = TypeVar("T")
_Kind = tuple[Hashable, bool]
"""An error, and whether a tracker told it."""


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """Equal rows of one moment: an outage logs thousands a second."""

    kind: _Kind
    at_s: float
    counted: T
    rows: int = 1


class ToldTwice(Generic[T]):
    """Errors whose second teller may still come; bounded, those told longest ago are forgotten first."""

    def __init__(self) -> None:
        self._of_kind: dict[_Kind, deque[_Waiting[T]]] = {}
        self._all: deque[_Waiting[T]] = deque()
        """In the order in which they were told; also those without rows, which stand in `_of_kind` no more."""

    def first_told(self, row: LogRow, error: Hashable) -> T | None:
        """What `tell` was given when the other teller told the same error; returned once a row, None = nothing.

        Args:
            row: rows of one teller come in order of time, but for seconds cut off.
            error: equal for equal errors.
        """
        at_s = row.at.timestamp()
        self._forget_before(at_s - WITHIN_S)
        waiting = self._of_kind.get((error, row.tracker is None))
        if not waiting or waiting[0].at_s - at_s > WITHIN_S:
            return None
        found = waiting[0]
        found.rows -= 1
        if not found.rows:
            self._drop_first(found.kind)
        return found.counted

    def tell(self, row: LogRow, error: Hashable, counted: T) -> None:
        """Remember an error that nobody told before."""
        kind, at_s = (error, row.tracker is not None), row.at.timestamp()
        waiting = self._of_kind.setdefault(kind, deque())
        if waiting and waiting[-1].at_s == at_s and waiting[-1].counted == counted:
            waiting[-1].rows += 1
            return
        one = _Waiting(kind, at_s, counted)
        waiting.append(one)
        self._all.append(one)

    def _forget_before(self, before_s: float) -> None:
        while self._all and (self._all[0].at_s < before_s or len(self._all) > _MAX_WAITING):
            oldest = self._all.popleft()
            if oldest.rows:
                self._drop_first(oldest.kind)

    def _drop_first(self, kind: _Kind) -> None:
        self._of_kind[kind].popleft()
        if not self._of_kind[kind]:
            del self._of_kind[kind]
