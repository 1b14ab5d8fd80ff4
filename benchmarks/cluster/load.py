"""Load on a fleet, and what became of every event of it."""

import asyncio
import itertools
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aqe.bus.events import Event
from aqe.bus.publisher import Confirm, NotConfirmedError
from aqe.bus.subscription import Delivery
from aqe.config.settings import load_settings
from aqe.core.errors import ServiceUnavailable
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo

from ..servers.nodes import Cluster

TYPE = "drill:ticked"
PRODUCERS = 4
"""Publishing at once in each fleet."""
CONFIRM_MS = 300
TAKE_OVER_S = 30.0


@dataclass
class Load:
    """Producers and one subscriber of a fleet, and what they saw.

    Args:
        producer, consumer: two processes' parts.
        confirm: what a publish waits for.
        pause_s: between a producer's events.
    """

    producer: Runtime
    consumer: Runtime
    confirm: Confirm
    pause_s: float = 0.0
    acked: dict[str, float] = field(default_factory=dict)
    """Event id -> when its publish returned."""
    told: int = 0
    """Publishes that ended in an error."""
    handled: Counter[str] = field(default_factory=Counter)
    delays_s: list[float] = field(default_factory=list)
    stopping: bool = False
    _begun: dict[str, float] = field(default_factory=dict)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self) -> None:
        """Begin."""
        await self.subscribe()
        self.publish()

    async def subscribe(self) -> None:
        """The consumer's half."""

        async def handler(event: Event) -> None:
            self.handled[event.id] += 1
            self.delays_s.append(time.monotonic() - self._begun[event.id])

        await self.consumer.bus.subscribe(TYPE, handler, group="drill", delivery=Delivery(lease_s=5.0))

    def publish(self) -> None:
        """The producer's half."""
        self._tasks = [asyncio.create_task(self._produce(n)) for n in range(PRODUCERS)]

    async def stop(self) -> None:
        """End publishing, and wait until what arrived is handled."""
        self.stopping = True
        await asyncio.gather(*self._tasks)
        deadline = time.monotonic() + TAKE_OVER_S
        stored = await self.stored()
        while set(stored) - set(self.handled) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.consumer.bus.close()

    async def stored(self) -> Counter[str]:
        """Ids in the stream."""
        stream, found, after = self.producer.bus.names.events(TYPE), Counter[str](), "-"
        while True:
            rows: Any = await self.producer.clients.commands.xrange(stream, after, "+", count=2000)
            found.update(fields[b"id"].decode() for _, fields in rows)
            if len(rows) < 2000:
                return found
            after = f"({rows[-1][0].decode()}"

    def longest_pause_s(self, since: float) -> float:
        """Longest time without an acknowledged publish from a moment on."""
        times = [since, *sorted(at for at in self.acked.values() if at >= since)]
        return max((b - a for a, b in itertools.pairwise(times)), default=0.0)

    async def _produce(self, lane: int) -> None:
        n = 0
        while not self.stopping:
            event = an_event(f"{id(self):x}-{lane}-{n}", n)
            self._begun[event.id] = time.monotonic()
            try:
                await self.producer.bus.publish(event, confirm=self.confirm, timeout_ms=CONFIRM_MS)
                self.acked[event.id] = time.monotonic()
            except (NotConfirmedError, ServiceUnavailable):
                self.told += 1
            n += 1
            if self.pause_s:
                await asyncio.sleep(self.pause_s)


class Outcome(NamedTuple):
    """One round of a drill."""

    pause_s: float
    acked: int
    told: int
    lost: int
    doubled: int
    handled_twice: int
    unhandled: int
    elsewhere_pause_s: float | None = None


async def outcome(load: Load, since: float, elsewhere: Load | None = None) -> Outcome:
    """What a load that has stopped says."""
    stored = await load.stored()
    return Outcome(
        pause_s=load.longest_pause_s(since),
        acked=len(load.acked),
        told=load.told,
        lost=len(set(load.acked) - set(stored)),
        doubled=sum(n - 1 for n in stored.values()),
        handled_twice=sum(n > 1 for n in load.handled.values()),
        unhandled=len(set(stored) - set(load.handled)),
        elsewhere_pause_s=elsewhere.longest_pause_s(since) if elsewhere else None,
    )


async def open_load(
    stack: AsyncExitStack, url: str, folder: Path, fleet: str, confirm: Confirm, *, pause_s: float, begin: bool = True
) -> Load:
    """A producer's and a consumer's parts on a fleet; `begin` starts them."""
    parts = [await open_parts(stack, url, folder, fleet) for _ in range(2)]
    load = Load(parts[0], parts[1], confirm, pause_s)
    if begin:
        await load.start()
    return load


async def open_parts(stack: AsyncExitStack, url: str, folder: Path, fleet: str) -> Runtime:
    """The parts of one process, closed with the stack."""
    settings = load_settings({"redis_url": url, "data_dir": folder, "fleet": fleet or None}, {}, folder)
    return await stack.enter_async_context(open_runtime(settings, name="drill", server=ServerInfo(url, "url")))


_used: Counter[int] = Counter()


def fresh_fleet(made: Cluster, shard: int) -> str:
    """A name not used before whose slot that shard was given."""
    _used[shard] += 1
    return made.fleet_on(shard, _used[shard])


def an_event(event_id: str, n: int) -> Event:
    """Of ordinary size."""
    return Event(id=event_id, type=TYPE, data={"n": n, "pad": "x" * 200}, source="drill", time=datetime.now(UTC))
