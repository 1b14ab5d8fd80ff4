"""How events are delivered: a subscription's settings, and when what failed is due again. No I/O."""

import heapq
import random
from dataclasses import dataclass

from ..core.errors import InputError
from .group import Entry

LIMITS = {
    "lease_s": (0.01, 86_400.0),
    "batch": (1, 1000),
    "max_attempts": (1, 1000),
    "backoff_s": (0.0, 86_400.0),
    "max_backoff_s": (0.0, 86_400.0),
    "max_run_s": (0.001, 7 * 86_400.0),
    "concurrency": (1, 1000),
    "gather_s": (0.0, 1.0),
}
"""Setting of a `Delivery` -> least and greatest value. A lease of nothing would have everybody take from everybody."""
WORTH_GATHERING = 3
"""Fewer entries than this within `Delivery.gather_s` are read one by one."""


@dataclass(frozen=True)
class Delivery:
    """How events are delivered.

    Args:
        lease_s: an entry is taken over when its owner was not heard of for this long; 0.01 to a day.
        batch: entries read at once, 1-1000.
        max_attempts: deliveries before an entry becomes a dead letter, 1-1000.
        backoff_s: pause before the second attempt; doubles, with jitter, up to `max_backoff_s`.
        max_run_s: a handler that takes longer is cancelled and counts as failed; None = it may run for ever.
        start: where a new group begins, "0" = all that is kept, "$" = only what comes.
        until: entry id after which the subscription ends, for a replay; None = it goes on.
        durable: nothing the group has not acknowledged is ever dropped; other groups go after a day without a consumer.
        concurrency: events handled at once, 1-1000. 1 = one after the other, in order per stream; more = in order per
            stream and subject, and events without a subject in none. For handlers that await; the lease, the
            acknowledgement, retries and dead letters are each event's own all the same.
        gather_s: on a stream that is busy, wait so long before each read, so that a batch comes together and costs are
            shared: an event may come later by this. 0 = never wait. A stream with fewer than WORTH_GATHERING events in
            that time (1,500 a second) is not busy.
    """

    lease_s: float = 30.0
    batch: int = 100
    max_attempts: int = 5
    backoff_s: float = 0.5
    max_backoff_s: float = 60.0
    max_run_s: float | None = 300.0
    start: str = "0"
    durable: bool = False
    until: str | None = None
    concurrency: int = 1
    gather_s: float = 0.002

    def __post_init__(self) -> None:
        """Refuses what is outside LIMITS."""
        for name, (least, greatest) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= greatest:
                raise InputError(f"{name} of a delivery is {value!r}, expected {least:g} to {greatest:g}")


DEFAULT_DELIVERY = Delivery()


class Retries:
    """Entries whose handler failed, until they are due again; the pauses grow.

    Args:
        delivery: its `backoff_s` and `max_backoff_s`.
    """

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._waiting: list[tuple[float, int, Entry]] = []
        self._number = 0

    def __bool__(self) -> bool:
        """Whether any are waiting."""
        return bool(self._waiting)

    def add(self, entry: Entry, now_s: float) -> None:
        """Try it again after a pause that doubles with each attempt."""
        ceiling_s = min(self._delivery.max_backoff_s, self._delivery.backoff_s * 2 ** (entry.attempts - 1))
        due_s = now_s + ceiling_s * random.uniform(0.5, 1.0)  # jitter: many failures do not come back as one
        self._number += 1
        heapq.heappush(self._waiting, (due_s, self._number, entry))

    def next_due_s(self) -> float:
        """When the first is due; there must be one."""
        return self._waiting[0][0]

    def pop_due(self, now_s: float) -> Entry | None:
        """The first one that is due, or None."""
        return heapq.heappop(self._waiting)[2] if self._waiting and self.next_due_s() <= now_s else None

    def forget(self, stream: str) -> None:
        """Those of a stream that starts anew."""
        self._waiting = [waiting for waiting in self._waiting if waiting[2].stream != stream]
        heapq.heapify(self._waiting)


def worth_gathering(entries: int, within_s: float, gather_s: float) -> bool:
    """True when entries come so fast that some can be expected while one waits `gather_s` before the next read."""
    return entries * gather_s >= WORTH_GATHERING * within_s and entries > 0
