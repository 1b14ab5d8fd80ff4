"""What a proxy did, in numbers."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from .decide import Decision

KEPT = 10_000
"""Delays whose lateness is remembered, the last ones."""


@dataclass
class ProxyStats:
    """Counts since the start or the last reset."""

    connections: int = 0
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """Requests or connections hit, by kind."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Answers that were sent."""
    left: Counter[str] = field(default_factory=Counter)
    """Those whose client closed its side before the answer, by the kinds that hit; `any` counts each once."""
    late_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    """By how much the machine's timers were late; below 0 too early, which only a steady pace is."""

    def decided(self, decision: Decision) -> None:
        """One more request or connection."""
        self.requests += 1
        self.faults.update(decision.kinds)

    def gave_up(self, decision: Decision) -> None:
        """The client did not wait."""
        self.left.update({"any", *decision.kinds})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        late = sorted(self.late_s)
        return {
            "connections": self.connections,
            "requests": self.requests,
            "faults": dict(sorted(self.faults.items())),
            "statuses": dict(sorted(self.statuses.items())),
            "timersLateMs": {
                "count": len(late),
                "p95": round(1000 * late[int(0.95 * (len(late) - 1))], 3) if late else None,
                "max": round(1000 * late[-1], 3) if late else None,
            },
        }
