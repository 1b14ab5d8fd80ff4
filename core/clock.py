"""The only module that reads the time; everything else is handed a Clock or a `now`."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for waiting."""

    def now(self) -> datetime:
        """Aware UTC time."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go backwards; the zero point means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC time, microseconds."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """`asyncio.sleep`."""
        await asyncio.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Wait in code that has no event loop."""
        time.sleep(seconds)


class FakeClock:
    """A clock that moves only when told; `sleep` moves it and yields once.

    Args:
        start: first `now()`, aware; default 2026-01-01T00:00Z.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """The set time."""
        return self._now

    def monotonic_s(self) -> float:
        """Seconds moved since the start."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Move forward; `seconds` >= 0."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Advance by `seconds` and let other tasks run."""
        self.advance(seconds)
        await asyncio.sleep(0)
