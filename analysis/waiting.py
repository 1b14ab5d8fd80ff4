"""What waiting hides and what it adds up to: cut-off answers, and Little's law.

>>> masked([30_000.0, 30_000.0, 120.0], timeout_ms=30_000).share
0.6666666666666666
>>> concurrency(rate_rps=11.4, latency_s=30)
342.0
>>> round(least_drain_s(waiting=342, slots=10, service_s=12), 1)
410.4

Reference: Little, "A proof for the queuing formula L = lambda W", Operations Research 9 (1961).
"""

from collections.abc import Iterable
from dataclasses import dataclass

NEAR = 0.02
"""A client gives up a little before or after its time-out."""
PLAUSIBLE = 2.0
"""Factor between what the law gives and what was reported; beyond it one of the figures is about something else."""


@dataclass(frozen=True)
class Masked:
    """Calls that a caller does not see the end of.

    Args:
        calls: with a known duration.
        cut: of them, as long as the caller waits.
    """

    calls: int
    cut: int

    @property
    def share(self) -> float | None:
        """Of the calls, 0 to 1: so much of whatever the answers would have been stays hidden. None without calls."""
        return self.cut / self.calls if self.calls else None


def masked(latencies_ms: Iterable[float], timeout_ms: float) -> Masked:
    """How many of the calls end as the caller's time-out, whatever the callee would have said.

    A callee that takes 30 s for each answer and fails 45 % of them shows a client that waits 30 s no failure of its own
    at all: the share is 1, and the 45 % is hidden.

    Args:
        latencies_ms: of single calls, or the callee's typical one.
        timeout_ms: of the caller.
    """
    calls = cut = 0
    for latency in latencies_ms:
        calls += 1
        cut += latency >= timeout_ms * (1 - NEAR)
    return Masked(calls, cut)


def concurrency(rate_rps: float, latency_s: float) -> float:
    """Requests under way on average at this arrival rate and latency."""
    return rate_rps * latency_s


def plausible(expected: float, reported: float) -> bool | None:
    """Whether a reported number of connections fits; None when one of them is 0."""
    if expected <= 0 or reported <= 0:
        return None
    return 1 / PLAUSIBLE <= reported / expected <= PLAUSIBLE


def least_drain_s(waiting: float, slots: int, service_s: float) -> float:
    """Seconds that so many waiting requests take at least when `slots` are served at a time."""
    return waiting * service_s / slots
