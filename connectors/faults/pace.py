"""What the connections of one proxy share: its rules, its clock, its counts, its recording."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime

from ...core.clock import Clock
from .decide import Decider, Decision
from .har import Exchange
from .stats import ProxyStats
from .wire import CHUNK, Wire

GAIN = 0.1
"""Share of each lateness that the next waits begin earlier by: some ten of them even out."""
MOST_AHEAD_S = 0.01
SLICES_PER_S = 20
"""So often a second a slow body gets its next piece."""


@dataclass
class Pace:
    """See the module.

    Args:
        decider: rules and what they have seen.
        clock: the machine's.
        started_s: monotonic; schedules count from here.
        recorder: gets every exchange when it is over; None = nothing is recorded.
    """

    decider: Decider
    stats: ProxyStats
    clock: Clock
    started_s: float
    recorder: Callable[[Exchange], None] | None = None
    steady: bool = False
    """Wake so much earlier as this machine was late of late: right on average, in place of never too early."""
    ahead_s: float = 0.0
    waiting: dict[Wire, Decision] = field(default_factory=dict)
    """Clients whose answer is held at the moment."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """A client left, or the waiting are others."""

    @property
    def elapsed_s(self) -> float:
        """Since the start."""
        return self.clock.monotonic_s() - self.started_s

    def now(self) -> datetime:
        """Aware UTC."""
        return self.clock.now()

    def decide(self, method: str | None = None, path: str | None = None, *, made_for: int | None = None) -> Decision:
        """For the next request or connection, and count it."""
        decision = self.decider.decide(self.elapsed_s, method, path, made_for=made_for)
        self.stats.decided(decision)
        return decision

    def record(self, exchange: Exchange) -> None:
        """It is over."""
        if self.recorder:
            self.recorder(exchange)

    def left(self) -> Counter[str]:
        """`stats.left`, and those of the waiting who have left already."""
        found = Counter(self.stats.left)
        for wire, decision in self.waiting.items():
            if wire.peer_closed:
                found.update({"any", *decision.kinds})
        return found

    async def settled(self, within_s: float) -> None:
        """Until each of the waiting has its answer or has left, or so many seconds.

        A service closes what it gave up on a little after it has answered its own client: who counts `left` waits.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not all(wire.peer_closed for wire in self.waiting):
                    self.changed.clear()
                    await self.changed.wait()

    async def sleep(self, seconds: float, *, since_s: float | None = None) -> None:
        """Wait, and note by how much the machine was late.

        Args:
            seconds: 0 or less does not wait.
            since_s: monotonic; the wait counts from here, None = now.
        """
        if seconds <= 0:
            return
        now_s = self.clock.monotonic_s()
        until_s = (now_s if since_s is None else since_s) + seconds
        if (wait_s := until_s - now_s - self.ahead_s) > 0:
            await self.clock.sleep(wait_s)
        late_s = self.clock.monotonic_s() - until_s
        self.stats.late_s.append(late_s)
        if self.steady:
            self.ahead_s = min(MOST_AHEAD_S, max(0.0, self.ahead_s + GAIN * late_s))

    async def until_gone(self, reader: asyncio.StreamReader, seconds: float | None) -> bool:
        """Read and forget until the peer closes, or so many seconds; whether it closed."""
        try:
            async with asyncio.timeout(seconds):
                while await reader.read(CHUNK):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass  # a reset is an end, too
        return True

    async def pieces(self, data: bytes, bandwidth: float | None) -> AsyncIterator[bytes]:
        """The data, at so many bytes a second."""
        if not bandwidth:
            if data:
                yield data
            return
        size = max(1, int(bandwidth / SLICES_PER_S))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await self.sleep(len(piece) / bandwidth)
            yield piece
