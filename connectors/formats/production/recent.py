"""Telling repeated events of an export apart, in bounded memory."""

from collections.abc import Hashable

GENERATION = 200_000
"""Events that are surely remembered, up to twice as many. An event that was sent again comes soon after the first."""


class Recent:
    """What was seen lately: two generations of digests, the older one forgotten when the younger is full."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: set[int] = set()
        self._old: set[int] = set()
        self.repeated = 0

    def is_new(self, event: Hashable) -> bool:
        """False when it was seen; remembers it."""
        digest = hash(event)
        if digest in self._young or digest in self._old:
            self.repeated += 1
            return False
        self._young.add(digest)
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, set()
        return True
