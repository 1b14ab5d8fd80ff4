"""Metrics have stabilised when the served version is within what was usual at so many looks in a row.

What is usual is the highest error rate and p95 that the old version was seen at while the new one was tried beside it.
After a rollback that is measured of the old version, after a promotion of the new one. It holds nothing up: the rollout
has ended by then, and a runner only goes on looking (`settle`).
"""

from ....core.numbers import counted
from ....core.records.rollouts.rollout import Phase, RolloutPlan, RolloutState, Sample
from ....core.records.rollouts.settling import Settling, SettlingStatus, Usual
from .look import pairs_of
from .moves import noted
from .readiness import is_there

METRICS = ("error_rate_percent", "latency_p95_ms")
MIN_LOOKS = 3
"""Of the old version, before anything is called usual."""
_SLACK = {"error_rate_percent": (1.0, 0.1), "latency_p95_ms": (1.1, 1.0)}
"""Factor, and what is added in the metric's unit: the highest of few looks is no sharp bound."""
_WORDS = {"error_rate_percent": ("error rate", " %"), "latency_p95_ms": ("p95", " ms")}


def usual_after(state: RolloutState, sample: Sample) -> Usual:
    """The old version's highest values with one more look; while it has all or no traffic nothing is added."""
    known = state.usual
    if state.phase not in (Phase.STAGE, Phase.PAUSED, Phase.PREPARING) or state.percent >= 100:
        return known
    found = {name: pair[1] for name, pair in pairs_of(METRICS, state, sample).items()}
    if found["error_rate_percent"] is None:
        return known
    highest = {
        name: max((one for one in (getattr(known, name), value) if one is not None), default=None)
        for name, value in found.items()
    }
    return Usual(looks=known.looks + 1, **highest)


def settling_after(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Settling | None:
    """With one more look, while all traffic is where it is to stay; None before."""
    known = state.settling
    if known is None and state.percent >= 100 and state.reached_at is not None:
        known = Settling(since=state.reached_at, seen_at=sample.at) if plan.settle_looks else None
    if known is None:
        return None
    if state.usual.looks < MIN_LOOKS:
        return _over(
            known, SettlingStatus.NOT_MEASURED, f"the old version was seen at {counted(state.usual.looks, 'look')}"
        )
    served = 0 if state.percent >= 100 else 1
    values = {name: pair[served] for name, pair in pairs_of(METRICS, state, sample).items()}
    if values["error_rate_percent"] is None:
        quiet_s = (sample.at - known.seen_at).total_seconds()
        silent = quiet_s >= plan.no_data_pause_s
        return _over(known, SettlingStatus.NOT_MEASURED, f"no metrics for {quiet_s:.0f} s") if silent else known
    within = all(_is_usual(name, value, state.usual) for name, value in values.items())
    in_a_row = known.in_a_row + 1 if within else 0
    gone_s = (sample.at - known.since).total_seconds()
    shown = ", ".join(filter(None, (_shown(name, value, state.usual) for name, value in values.items())))
    status, words = SettlingStatus.MEASURING, f"not yet stable after {gone_s:.0f} s: {shown}"
    if in_a_row >= plan.settle_looks:
        first = "metrics stabilised" if known.status is not SettlingStatus.STABLE else "metrics are stable"
        status, words = (
            SettlingStatus.STABLE,
            f"{first} after {gone_s:.0f} s: {shown}; {counted(in_a_row, 'look')} in a row",
        )
    return Settling(status=status, since=known.since, seen_at=sample.at, in_a_row=in_a_row, reason=words)


def is_settling(state: RolloutState) -> bool:
    """True when the rollout has ended and its metrics are still looked at."""
    measuring = state.settling is not None and state.settling.status is SettlingStatus.MEASURING
    return state.phase.is_final and measuring


def settle(plan: RolloutPlan, state: RolloutState, sample: Sample) -> RolloutState:
    """One more look at a rollout that has ended; what came of it stands in the timeline."""
    known = state.settling
    if known is None:
        return state
    if sample.percent is not None and not is_there(sample.percent, state.percent):
        after: Settling | None = _over(known, SettlingStatus.NOT_MEASURED, "the traffic was moved again")
    else:
        after = settling_after(plan, state, sample)
        late_s = (sample.at - known.since).total_seconds()
        if after is not None and after.status is SettlingStatus.MEASURING and late_s >= plan.settle_s:
            after = after.model_copy(update={"status": SettlingStatus.NOT_STABLE})
    measured = sample.canary.requests is not None or sample.baseline.requests is not None
    seen = state.model_copy(update={"settling": after, "last": sample if measured else state.last})
    return seen if is_settling(seen) or after is None else noted(seen, sample.at, after.reason)


def _over(known: Settling, status: SettlingStatus, why: str) -> Settling:
    return known.model_copy(update={"status": status, "reason": f"metrics {status}: {why}"})


def _is_usual(name: str, value: float | None, usual: Usual) -> bool:
    highest = getattr(usual, name)
    factor, more = _SLACK[name]
    return value is None or highest is None or value <= highest * factor + more


def _shown(name: str, value: float | None, usual: Usual) -> str:
    highest, (words, unit) = getattr(usual, name), _WORDS[name]
    if value is None or highest is None:
        return ""
    return f"{words} {value:.3g}{unit} (before at most {highest:.3g}{unit})"
