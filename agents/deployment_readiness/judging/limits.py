"""Fixed limits over sustained windows: `error rate above 2 % for 2 m`, `p95 above 1.5 times the baseline's for 5 m`.

A limit is broken when every value of the last `for_s` seconds is beyond it, from the first to the last: one good value
begins anew. A value that is missing neither breaks nor mends it; when nothing was seen for `for_s`, that is NO_DATA.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Literal

QUIET_S = 10.0
"""A limit that one value breaks still has no data only after so long without any."""


class LimitState(StrEnum):
    """Where a limit stands."""

    WITHIN = "WITHIN"
    BREAKING = "BREAKING"
    """Beyond it, not yet for long enough."""
    BROKEN = "BROKEN"
    NO_DATA = "NO_DATA"


@dataclass(frozen=True)
class Limit:
    """One limit.

    Args:
        value: what is tolerated, in the metric's own unit; of a relative limit the factor.
        for_s: seconds that it must be beyond it; 0 = one value is enough.
        worse: which way is beyond.
        relative: to the reference at the same time (baseline, previous release) instead of absolute.
    """

    value: float
    for_s: float = 0.0
    worse: Literal["higher", "lower"] = "higher"
    relative: bool = False

    def is_beyond(self, value: float, reference: float | None) -> bool | None:
        """None = there is nothing to compare with."""
        bound = self.value
        if self.relative:
            if reference is None or not isfinite(reference):
                return None
            bound *= reference
        return value > bound if self.worse == "higher" else value < bound


@dataclass(frozen=True)
class Point:
    """One measurement.

    Args:
        at_s: seconds on any clock that only goes forward.
        value: None or NaN = missing.
        reference: of the baseline or the previous release, for relative limits.
    """

    at_s: float
    value: float | None
    reference: float | None = None


@dataclass(frozen=True)
class Watched:
    """A limit over time; a value, so that a runner can save it.

    Args:
        beyond_since_s: since when every value was beyond; None = the last one was not.
        seen_at_s: when a value was last seen; None = never.
    """

    beyond_since_s: float | None = None
    seen_at_s: float | None = None

    def after(self, limit: Limit, point: Point) -> "Watched":
        """With one more point."""
        if point.value is None or not isfinite(point.value):
            return self
        beyond = limit.is_beyond(point.value, point.reference)
        if beyond is None:
            return self
        since = self.beyond_since_s if self.beyond_since_s is not None else point.at_s
        return Watched(since if beyond else None, point.at_s)

    def state(self, limit: Limit, now_s: float) -> LimitState:
        """Where it stands."""
        if self.seen_at_s is None or now_s - self.seen_at_s > max(limit.for_s, QUIET_S):
            return LimitState.NO_DATA
        if self.beyond_since_s is None:
            return LimitState.WITHIN
        return LimitState.BROKEN if self.seen_at_s - self.beyond_since_s >= limit.for_s else LimitState.BREAKING


def watch(limit: Limit, points: Iterable[Point]) -> Watched:
    """All points in order of time."""
    watched = Watched()
    for point in points:
        watched = watched.after(limit, point)
    return watched
