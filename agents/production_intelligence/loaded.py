"""What a capability is handed: the window of rows it looks at, and what memory holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Self

from ...core.errors import TaskVetoed
from ...core.ports import DatasetReader
from ...core.records.bulk.levels import LevelSource, Timing

DEFAULT_WINDOW_DAYS = 7.0
DAY_S = 86_400
MAX_WINDOW_DAYS = 7320
"""Twenty years: series by the minute are held in memory, 8 bytes each."""
CLOCK_TOLERANCE = timedelta(days=1)
"""A record is written with its own clock: one that is a little ahead of ours still belongs to this window."""


@dataclass(frozen=True)
class Loaded:
    """What a task is found from.

    Args:
        now: aware UTC.
        payload: the task's own arguments.
        datasets: bulk rows, read while they are looked at: there may be millions.
        records: memory key -> JSON value of what the capability `reads` and is there; a history as a list.
        stretch: begin and end of another window than that of the payload's `days`.
    """

    now: datetime
    payload: Mapping[str, Any]
    datasets: DatasetReader
    records: Mapping[str, Any] = field(default_factory=dict)
    stretch: tuple[datetime, datetime] | None = None

    @property
    def window(self) -> timedelta:
        """How far back is looked; TaskVetoed above MAX_WINDOW_DAYS."""
        days = self.number("days", DEFAULT_WINDOW_DAYS)
        if days > MAX_WINDOW_DAYS:
            raise TaskVetoed(f"days is {days:g}, expected at most {MAX_WINDOW_DAYS}")
        return timedelta(days=days)

    @property
    def release(self) -> str | None:
        """Only what was imported for this release; None = everything."""
        return self.payload.get("release")

    @property
    def since(self) -> datetime:
        """Begin of the window."""
        return self.stretch[0] if self.stretch else self.now - self.window

    @property
    def until(self) -> datetime:
        """Its end, which is not in it."""
        return self.stretch[1] if self.stretch else self.now + CLOCK_TOLERANCE

    def between(self, since: datetime, until: datetime) -> Self:
        """The same with another window; `until` is not in it."""
        return replace(self, stretch=(since, until))

    def rows(self, kind: str) -> Iterator[Any]:
        """Rows of the window in order of time."""
        return self.datasets.rows(kind, since=self.since, until=self.until, release=self.release)

    def previous_rows(self, kind: str) -> Iterator[Any]:
        """Rows of the window before, for trends."""
        until = self.now - self.window
        return self.datasets.rows(kind, since=until - self.window, until=until, release=self.release)

    def older(self, *kinds: str) -> str:
        """What to say of rows that are there and lie before the window; empty when there are none.

        Args:
            kinds: of rows; the first that there is.
        """
        for kind in kinds:
            # `(rows, first, last)`, of all time.
            for _, first_s, last_s, *_ in self.datasets.tally(kind, until=self.since, release=self.release):
                days = [datetime.fromtimestamp(at_s, UTC) for at_s in (first_s, last_s)]
                reach = ceil((self.now - days[0]).total_seconds() / DAY_S)
                return f"; those there are from {days[0]:%Y-%m-%d} to {days[1]:%Y-%m-%d}: --days {reach} reaches them"
        return ""

    def tally(self, kind: str, columns: Sequence[str] = (), **more: Any) -> Iterator[tuple[Any, ...]]:
        """Counts of the window's rows, see core/ports.DatasetReader.tally.

        Args:
            more: `bucket_s`, `sums`, `only`, `in_visits`.
        """
        return self.datasets.tally(kind, columns, since=self.since, until=self.until, release=self.release, **more)

    def timings(self, source: LevelSource, percents: Sequence[float]) -> Iterator[Timing]:
        """How long the window's requests took, see core/ports.DatasetReader.timings."""
        return self.datasets.timings(source, percents, since=self.since, until=self.until, release=self.release)

    def number(self, name: str, default: float) -> float:
        """A positive number of the payload.

        Raises:
            TaskVetoed: it is none.
        """
        value = self.payload.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise TaskVetoed(f"{name} is {value!r}, expected a number above 0")
        return float(value)
