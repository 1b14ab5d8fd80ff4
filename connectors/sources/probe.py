"""Requests of our own to both arms, past whatever moves the traffic: for services that nothing measures.

It shows that an arm answers, and how fast; not what users meet. Both arms are asked the same, at every look.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import h11

from ...core.clock import Clock, SystemClock
from ...core.errors import ServiceUnavailable
from ...core.records.rollouts.rollout import ArmReading, Measured

REMEMBERED = 200
"""Answers of an arm, the latest, whose 95th percentile is its latency: it shows what one in twenty meets."""
READ_BYTES = 65_536


class ProbeSource:
    """A core/ports.MetricSource.

    Args:
        canary, baseline: address of each arm, http or https: `http://10.0.0.2:8080`.
        paths: asked one after the other, and over again.
        requests: to each arm at a look, all at once.
        slow_ms: an answer that takes longer is slow.
        timeout_s: of each request, from its connection to the end of its answer; later it has failed.
        clock: that measures.
    """

    def __init__(
        self, canary: str, baseline: str, *, paths: Sequence[str] = ("/",), requests: int = 5, slow_ms: float = 1000.0,
        timeout_s: float = 5.0, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        clock = clock or SystemClock()
        self._canary, self._baseline = (_Arm(url, slow_ms, timeout_s, clock) for url in (canary, baseline))
        self._paths, self._requests, self._asked = tuple(paths), requests, 0

    async def read(self) -> Measured:
        """Ask both arms.

        Raises:
            ServiceUnavailable: the baseline has never answered well: a wrong address or path must not look like an old
                version that is no better.
        """
        first, self._asked = self._asked, self._asked + self._requests
        paths = [self._paths[number % len(self._paths)] for number in range(first, self._asked)]
        await asyncio.gather(self._canary.ask(paths), self._baseline.ask(paths))
        if not self._baseline.ever_well:
            raise ServiceUnavailable(f"the baseline at {self._baseline.url} has answered no probe well: {paths[0]}")
        return Measured(canary=self._canary.reading(), baseline=self._baseline.reading())


class _Arm:
    """What one of them has answered so far."""

    def __init__(self, url: str, slow_ms: float, timeout_s: float, clock: Clock) -> None:
        self.url, self._at = url, urlsplit(url)
        self._slow_ms, self._timeout_s, self._clock = slow_ms, timeout_s, clock
        self._requests = self._errors = self._slow = 0
        self._latencies_ms: deque[float] = deque(maxlen=REMEMBERED)
        self._up = False
        self.ever_well = False

    async def ask(self, paths: Sequence[str]) -> None:
        """All paths at once."""
        self._up = any(await asyncio.gather(*map(self._probe, paths)))

    def reading(self) -> ArmReading:
        """Counted since the source was made."""
        ordered = sorted(self._latencies_ms)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else None
        return ArmReading(
            requests=self._requests, errors=self._errors, slow=self._slow, latency_p95_ms=p95, up=self._up
        )

    async def _probe(self, path: str) -> bool:
        """True when there was an answer, whatever it was."""
        began_s, status = self._clock.monotonic_s(), None
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await answered(self._at, path)
        except (OSError, EOFError, h11.ProtocolError):  # a time-out is an OSError
            pass
        took_ms = 1000 * (self._clock.monotonic_s() - began_s)
        well = status is not None and status < 400
        self._requests += 1
        self._errors += not well
        self._slow += took_ms > self._slow_ms
        self._latencies_ms.append(took_ms)
        self.ever_well |= well
        return status is not None


async def answered(at: SplitResult, path: str) -> int:
    """Status of the whole answer to one GET, over a connection of its own; redirections are not followed.

    Raises:
        OSError, EOFError: no connection, or it ended early.
        h11.ProtocolError: no HTTP.
    """
    secure = ssl.create_default_context() if at.scheme == "https" else None
    port = at.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(at.hostname, port, ssl=secure)
    try:
        wire, status = h11.Connection(h11.CLIENT), 0
        headers = [("Host", at.netloc.rpartition("@")[2]), ("Connection", "close"), ("User-Agent", "aqe-probe")]
        asked = h11.Request(method="GET", target=f"{at.path.rstrip('/')}{path}", headers=headers)
        writer.write((wire.send(asked) or b"") + (wire.send(h11.EndOfMessage()) or b""))
        while not isinstance(event := wire.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("the answer ended early")
        return status
    finally:
        writer.close()
