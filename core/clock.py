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


class SteadyClock:
    """Wall time that neither jumps nor goes back as long as the process lives.

    Args:
        clock: read once for the wall time, then for the monotonic one.
        not_before: the first `now()` at least, aware: what another machine has written already.
    """

    def __init__(self, clock: Clock, *, not_before: datetime) -> None:
        self._clock = clock
        self._begins = max(clock.now(), not_before)
        self._began_s = clock.monotonic_s()

    def now(self) -> datetime:
        """Aware UTC time."""
        return self._begins + timedelta(seconds=self.monotonic_s() - self._began_s)

    def monotonic_s(self) -> float:
        """The clock's own."""
        return self._clock.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        """The clock's own."""
        await self._clock.sleep(seconds)


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
