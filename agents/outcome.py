"""What a pure capability hands to the shell that runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import NoData
from ..core.records.base import Record


@dataclass(frozen=True)
class Outcome:
    """What a capability concludes.

    Args:
        answer: the task's result.
        stores: memory key -> record or sequence of records, written when the task succeeds.
        appends: memory key -> items, added to that history when the task succeeds.
        newest: how many items each of these histories keeps; None = all.
    """

    answer: Record
    stores: Mapping[str, Any] = field(default_factory=dict)
    appends: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    newest: int | None = None


class NothingToJudge(NoData):
    """No series is there at all.

    Args:
        message: why.
        stores: memory key -> what is to stand there all the same.
    """

    def __init__(self, message: str, stores: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.stores = stores
