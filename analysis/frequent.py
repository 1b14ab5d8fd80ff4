"""The most frequent of very many things, in bounded memory."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    total: int
    """Never below the true count."""
    inherited: int
    """The part of `total` taken over from the key displaced; the rest was counted."""


class Frequent(Generic[K, V]):
    """The most frequent keys in bounded memory, each with a value of its own: the space-saving algorithm.

    A new key displaces the rarest and takes over its count, so a flood of rare keys cannot keep a frequent one out.
    Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data streams", ICDT 2005.

    Args:
        capacity: keys counted at a time, 1 or more; every key that makes up more than 1/capacity is among them.
        new: makes the value of a new key.
        displaced: told the value of a key that is no longer counted.

    >>> frequent: Frequent[str, list[int]] = Frequent(2, list)
    >>> for key in "aababcab":
    ...     _ = frequent.count(key)
    >>> [(key, times) for key, times, _ in frequent.items()][0]
    ('a', 4)
    """

    def __init__(
        self, capacity: int, new: Callable[[], V], displaced: Callable[[V], None] = lambda value: None
    ) -> None:
        self._capacity = capacity
        self._new = new
        self._displaced = displaced
        self._entries: dict[K, _Entry[V]] = {}
        # Totals as they were when queued, brought up to date only at the front; the serial breaks ties.
        self._queue: list[tuple[int, int, K]] = []
        self._serial = 0

    def __contains__(self, key: K) -> bool:
        """Whether the key is counted at present."""
        return key in self._entries

    def __len__(self) -> int:
        """How many keys are counted at present."""
        return len(self._entries)

    def count(self, key: K, times: int = 1) -> V:
        """Count the key and give its value."""
        entry = self._entries.get(key)
        if entry is None:
            floor = self._displace() if len(self._entries) >= self._capacity else 0
            entry = self._entries[key] = _Entry(self._new(), floor, floor)
            self._serial += 1
            heappush(self._queue, (floor, self._serial, key))
        entry.total += times
        return entry.value

    def items(self) -> Iterator[tuple[K, int, V]]:
        """Key, times counted (a lower bound for keys displaced before) and value, most frequent first."""
        for key, entry in sorted(self._entries.items(), key=lambda item: item[1].inherited - item[1].total):
            yield key, entry.total - entry.inherited, entry.value

    def _displace(self) -> int:
        while True:
            queued, serial, key = self._queue[0]
            entry = self._entries[key]
            if entry.total == queued:
                heappop(self._queue)
                del self._entries[key]
                self._displaced(entry.value)
                return queued
            heapreplace(self._queue, (entry.total, serial, key))
