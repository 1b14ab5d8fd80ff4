"""Whether traffic has moved, by the proxy's own counters: weights of 0 are what was asked for, not what came of it.

The version that is to get nothing is watched: its counter must stand still while the other one's grows by ENOUGH
requests, or for LONG_S where there is so little traffic. Requests that still come after LIMIT_S are said and raise an
alert. An executor without counters confirms nothing, and that is said.
"""

from typing import Literal

from ....core.records.rollouts.rollout import Phase, RolloutPlan, RolloutState, Sample
from ....core.records.rollouts.traffic import TrafficCheck, TrafficStatus
from .readiness import is_there

ENOUGH = 20.0
"""Requests that reached the other version: of so many at least one would have come."""
SHORT_S, LONG_S = 0.3, 5.0
"""Seconds of quiet that it takes at least, and that are enough whatever the other version got."""
LIMIT_S = 30.0
"""Requests that come so long after the weights went to 0 were not just on their way."""
NO_COUNTERS = "not confirmed: this executor has no counters"


def traffic_after(plan: RolloutPlan, state: RolloutState, sample: Sample) -> TrafficCheck | None:
    """The check with one more look; None where both versions are to get requests, or none has moved yet.

    Args:
        plan: of the rollout.
        state: before the look is judged.
        sample: the look.
    """
    back = state.phase is Phase.ROLLING_BACK
    if not back and (state.percent < 100 or state.phase is Phase.PREPARING):
        return None
    arm: Literal["canary", "baseline"] = "canary" if back else "baseline"
    known = state.traffic if state.traffic and state.traffic.arm == arm else None
    if not is_there(sample.percent, state.percent):
        return known
    count, other = sample.canary_routed, sample.baseline_routed
    if not back:
        count, other = other, count
    if known is None or known.count is None or count is None:
        return TrafficCheck(
            arm=arm,
            status=TrafficStatus.WAITING if count is not None else TrafficStatus.NO_COUNTERS,
            reason="not confirmed yet by the proxy's counters" if count is not None else NO_COUNTERS,
            began_at=sample.at,
            quiet_since=sample.at,
            count=count,
            other=other,
        )
    version = plan.version if back else plan.baseline or "the version before"
    if count != known.count:
        return _arrived(known, sample, count, other, version)
    return _quiet(known, sample, other, version)


def is_waiting(check: TrafficCheck | None) -> bool:
    """True while a little more time may tell."""
    return check is None or check.status is TrafficStatus.WAITING


def still_arrives(check: TrafficCheck | None) -> bool:
    """True when requests reach the version that is to get none."""
    return check is not None and check.status is TrafficStatus.STILL_ARRIVES


def _arrived(known: TrafficCheck, sample: Sample, count: float, other: float | None, version: str) -> TrafficCheck:
    # A counter that fell was restarted, and began at 0.
    more = count - (known.count or 0.0) if count >= (known.count or 0.0) else count
    gone_s = (sample.at - known.began_at).total_seconds()
    late = gone_s >= LIMIT_S and more > 0
    said = (
        f"traffic still arrives: {more:.0f} more requests reached {version}, {gone_s:.0f} s after its weight went to 0"
    )
    status = TrafficStatus.STILL_ARRIVES if late else TrafficStatus.WAITING
    moved = {"quiet_since": sample.at, "count": count, "other": other, "status": status}
    return known.model_copy(update={**moved, "reason": said if late else known.reason})


def _quiet(known: TrafficCheck, sample: Sample, other: float | None, version: str) -> TrafficCheck:
    quiet_s = (sample.at - known.quiet_since).total_seconds()
    if other is None or known.other is None or other < known.other:
        served, of = 0.0, "no request"
    else:
        served = other - known.other
        of = f"none of {served:.0f} requests"
    if quiet_s < (SHORT_S if served >= ENOUGH else LONG_S):
        return known
    said = f"confirmed by the proxy's counters: {of} in {quiet_s:.1f} s reached {version}"
    return known.model_copy(update={"status": TrafficStatus.CONFIRMED, "reason": said})
