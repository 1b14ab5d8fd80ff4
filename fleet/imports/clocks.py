"""Rows whose clock was wrong by years: they are stored, and no analysis ever looks where they lie."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

AHEAD = timedelta(days=1)
"""Clocks of devices are wrong by hours, which is no matter."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before it there was nothing to be recorded: a clock that was never set says 1970."""


@dataclass
class Clocks:
    """Counts them.

    Args:
        now: aware UTC.
    """

    now: datetime
    ahead: int = 0
    behind: int = 0

    @cached_property
    def _latest(self) -> datetime:
        return self.now + AHEAD

    def look(self, at: datetime) -> None:
        """Look at the time of one row."""
        if not FIRST <= at <= self._latest:
            self.ahead += at > self._latest
            self.behind += at < FIRST

    def notes(self) -> tuple[str, ...]:
        """A line for each kind of wrong."""
        found = ((self.ahead, "from the future"), (self.behind, f"from before {FIRST.year}"))
        return tuple(f"rows {what}, where no analysis looks: {count}" for count, what in found if count)
