"""Where the time of a trace went: each span's self time, whatever is wrong with the trace.

Self time is a span's duration without the time that at least one child ran; children in parallel count once. Traces are
torn, in practice: clocks of hosts differ (a child before its parent is moved inside of it), parents were never sent
(the child becomes a root of its own), ids repeat or run in circles (cut at the earliest span).

>>> trace = [Span("a", None, 0, 100), Span("b", "a", 10, 50), Span("c", "a", 20, 60), Span("d", "b", 20, 40)]
>>> tree_of(trace).self_ms
[30.0, 10.0, 60.0, 40.0]

Reference: Jaeger's clock skew adjuster for moving children; the union of intervals by one sweep.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

SKEW_MS = 1.0
"""A child this far outside of its parent is nobody's clock, only rounding."""


class Span(NamedTuple):
    """One span; times in ms on whatever clock its host has."""

    id: str
    parent: str | None
    start_ms: float
    duration_ms: float | None
    """None or no finite number = it was still open, or says nothing: it has no self time."""


@dataclass(frozen=True)
class SpanTree:
    """What was found, by place in the given list.

    Args:
        self_ms: 0 or more.
        children: places of each span's children.
        roots: spans without a parent here, cut circles included.
        orphans: spans whose parent is named and missing.
        cut: spans at which a circle was cut.
        skewed: spans that lay outside of their parent.
        unmeasured: spans without a duration.
    """

    self_ms: list[float]
    children: list[list[int]]
    roots: list[int]
    orphans: int = 0
    cut: int = 0
    skewed: int = 0
    unmeasured: int = 0


def tree_of(spans: Sequence[Span]) -> SpanTree:
    """The tree of one trace; linear but for sorting siblings, and without recursion: a chain may be a million long."""
    building = _Building(spans)
    order = building.order()
    starts, skewed = building.aligned(order)
    self_ms = [building.self_time(place, starts) for place in range(len(spans))]
    return SpanTree(
        self_ms, building.children, building.roots, building.orphans, building.cut, skewed, building.unmeasured
    )


@dataclass
class _Building:
    spans: Sequence[Span]
    children: list[list[int]] = field(init=False)
    roots: list[int] = field(default_factory=list)
    durations: list[float] = field(init=False)
    orphans: int = 0
    cut: int = 0
    unmeasured: int = 0

    def __post_init__(self) -> None:
        self.children = [[] for _ in self.spans]
        self.durations = []
        place_of: dict[str, int] = {}
        for place, span in enumerate(self.spans):
            place_of.setdefault(span.id, place)
            measured = span.duration_ms is not None and isfinite(span.duration_ms) and span.duration_ms >= 0
            self.durations.append(float(span.duration_ms or 0) if measured else 0.0)
            self.unmeasured += not measured
        for place, span in enumerate(self.spans):
            parent = None if span.parent is None else place_of.get(span.parent)
            if parent is None or parent == place:
                self.roots.append(place)
                self.orphans += span.parent is not None and parent is None
                self.cut += parent == place
            else:
                self.children[parent].append(place)

    def order(self) -> list[int]:
        """Parents before children; what no root leads to runs in a circle, which is cut at its earliest span."""
        found: list[int] = []
        seen = [False] * len(self.spans)
        self._walk(self.roots, seen, found)
        if len(found) < len(self.spans):
            left = sorted((p for p, known in enumerate(seen) if not known), key=lambda p: self._start(p))
            for place in left:
                if not seen[place]:
                    self.cut += 1
                    self.roots.append(place)
                    self._walk([place], seen, found)
        return found

    def _walk(self, roots: Sequence[int], seen: list[bool], found: list[int]) -> None:
        stack = list(roots)
        for place in roots:
            seen[place] = True
        while stack:
            place = stack.pop()
            found.append(place)
            kept = [child for child in self.children[place] if not seen[child]]
            for child in kept:
                seen[child] = True
            self.children[place] = kept
            stack += kept

    def _start(self, place: int) -> float:
        start = self.spans[place].start_ms
        return start if isfinite(start) else 0.0

    def aligned(self, order: Sequence[int]) -> tuple[list[float], int]:
        """Starts on the root's clock: a child outside of its parent is centred in it, with all below it."""
        starts, shift, skewed = [self._start(p) for p in range(len(self.spans))], [0.0] * len(self.spans), 0
        for place in order:
            starts[place] += shift[place]
            start, end = starts[place], starts[place] + self.durations[place]
            for child in self.children[place]:
                begin = starts[child] + shift[place]
                fits = self.durations[child] <= self.durations[place]
                outside = begin < start - SKEW_MS or (fits and begin + self.durations[child] > end + SKEW_MS)
                late = begin > end
                shift[child] = shift[place]
                if outside or late:
                    skewed += 1
                    room = max(0.0, self.durations[place] - self.durations[child])
                    shift[child] += start + room / 2 - begin
        return starts, skewed

    def self_time(self, place: int, starts: Sequence[float]) -> float:
        """The duration without the union of the children's intervals."""
        start, end = starts[place], starts[place] + self.durations[place]
        covered, until = 0.0, start
        for begin, child in sorted((starts[c], c) for c in self.children[place]):
            low, high = max(begin, until), min(begin + self.durations[child], end)
            if high > low:
                covered += high - low
                until = high
        return max(0.0, self.durations[place] - covered)
