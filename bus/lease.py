"""Keeping leases and heartbeats alive from a thread of their own.

A handler may await for hours or burn the CPU without ever yielding: in both cases its entries must stay ours while
the process lives, and must be free soon after it dies. So renewal cannot run on the event loop. The thread wakes a few
times a lease, asks each holder what it holds (running, buffered or waiting for a retry) and renews it in one call a
stream.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

from ..core.log import Logger

RENEWALS_PER_LEASE = 3
_CHUNK = 500
"""Ids a call: Lua's unpack is limited to some thousands."""

log = Logger(__name__)


class Holder(Protocol):
    """Somebody with entries to keep."""

    group: str
    consumer: str
    lease_s: float

    def held(self) -> dict[str, list[str]]:
        """Stream -> ids to keep; called from the keeper's thread."""
        ...

    def lost(self, stream: str, ids: list[str]) -> None:
        """These are somebody else's now; called from the keeper's thread."""
        ...


@dataclass(frozen=True)
class Pulse:
    """A key that says that somebody lives.

    Args:
        key: physical name.
        value: what it holds.
        every_s: how often it is written.
        ttl_s: when it goes without being written.
    """

    key: str
    value: str
    every_s: float
    ttl_s: float


class LeaseKeeper:
    """The thread.

    Args:
        connect: makes its own blocking connection; called in the thread.
        clock: monotonic seconds.
    """

    def __init__(self, connect: Callable[[], Redis], clock: Callable[[], float]) -> None:
        self._connect = connect
        self._clock = clock
        self._holders: list[Holder] = []
        self._pulses: list[Pulse] = []
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._due: dict[Holder | Pulse, float] = {}

    def add(self, holder: Holder) -> None:
        """Keep what this holder holds; starts the thread with the first."""
        self._holders.append(holder)
        self._start()
        self._wake.set()  # its lease may be shorter than the pause that was begun

    def remove(self, holder: Holder) -> None:
        """Stop keeping."""
        if holder in self._holders:
            self._holders.remove(holder)
        self._due.pop(holder, None)

    def pulse(self, pulse: Pulse) -> None:
        """Write a key again and again until the keeper stops."""
        self._pulses.append(pulse)
        self._start()
        self._wake.set()

    def end_pulse(self, pulse: Pulse) -> None:
        """Write it no more; its key goes when its time is over."""
        if pulse in self._pulses:
            self._pulses.remove(pulse)
        self._due.pop(pulse, None)

    def stop(self) -> None:
        """End the thread and remove the pulses' keys."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="aqe-lease-keeper", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        client: Redis | None = None
        while not self._stopping:
            try:
                client = client or self._connect()
                self._round(client)
            except Exception as error:  # whatever it was: without this thread every lease runs out
                log.warning("lease keeper could not renew, tries again", error=f"{type(error).__name__}: {error}")
                self._due.clear()  # all of it as soon as the server is back, not a third of a lease later
            self._wake.wait(self._pause_s())
            self._wake.clear()
        if client is None:
            return
        try:
            if self._pulses:
                client.delete(*[pulse.key for pulse in self._pulses])
            client.close()
        except RedisError:  # the keys expire by themselves
            log.info("server gone before the heartbeat was removed")

    def _round(self, client: Redis) -> None:
        now = self._clock()
        for pulse in list(self._pulses):
            if self._is_due(pulse, now, pulse.every_s):
                client.set(pulse.key, pulse.value, px=int(pulse.ttl_s * 1000))
        for holder in list(self._holders):
            if self._is_due(holder, now, holder.lease_s / RENEWALS_PER_LEASE):
                self._renew(client, holder)

    def _is_due(self, what: Holder | Pulse, now: float, every_s: float) -> bool:
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + every_s
        return True

    def _renew(self, client: Redis, holder: Holder) -> None:
        for stream, ids in holder.held().items():
            for start in range(0, len(ids), _CHUNK):
                chunk = ids[start : start + _CHUNK]
                lost = client.fcall("aqe_renew", 1, stream, holder.group, holder.consumer, *chunk)
                if lost:
                    holder.lost(stream, [entry.decode() for entry in lost])

    def _pause_s(self) -> float:
        periods = [pulse.every_s for pulse in self._pulses]
        periods += [holder.lease_s / RENEWALS_PER_LEASE for holder in self._holders]
        return min([1.0, *(period / 2 for period in periods)])
