"""What one look says: counters into totals of the stage, and totals into verdicts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from ....core.records.rollouts.checks import Checked
from ....core.records.rollouts.kayenta import Pair
from ....core.records.rollouts.rollout import (
    ArmReading,
    ArmTotals,
    MetricVerdict,
    Phase,
    RolloutPlan,
    RolloutState,
    Sample,
    Trigger,
    WatchedLimit,
    WatchPhase,
)
from ..judging.limits import Limit, LimitState, Point, Watched
from ..judging.sequential import SHARE_ALPHA, Count, State, judge_share
from .counting import INCONCLUSIVE, checks_after, counted_verdict, undecided
from .kayenta_stage import is_judged_so, stage_verdict

SHARES = ("errors", "slow")
"""Shares of requests that are judged against the baseline, the error of a look divided among them."""
WORSE = (State.WORSE, LimitState.BROKEN)


def counted(totals: ArmTotals, last: ArmReading | None, now: ArmReading) -> ArmTotals:
    """The totals with what came since the last look; a counter that fell was restarted, and began at 0."""
    if last is None:
        return totals
    grown = {name: _grown(getattr(last, name), getattr(now, name)) for name in ("requests", *SHARES)}
    return ArmTotals(**{name: getattr(totals, name) + more for name, more in grown.items()})


def _grown(before: float | None, now: float | None) -> float:
    if before is None or now is None:
        return 0.0
    return now - before if now >= before else now


def watch_of(plan: RolloutPlan, state: RolloutState) -> WatchPhase | None:
    """The phase that it is in after the last stage."""
    watching = state.phase in (Phase.WATCHING, Phase.HELD) and state.watch < len(plan.watches)
    return plan.watches[state.watch] if watching else None


def interval_s(plan: RolloutPlan, state: RolloutState) -> float:
    """Until the next look, seconds."""
    phase = watch_of(plan, state)
    return phase.interval_s if phase else plan.interval_s


def triggers_of(plan: RolloutPlan, state: RolloutState) -> tuple[Trigger, ...]:
    """The limits that hold now."""
    phase = watch_of(plan, state)
    own = phase.triggers if phase else ()
    return tuple(({trigger.metric: trigger for trigger in plan.triggers} | {t.metric: t for t in own}).values())


def limits_after(plan: RolloutPlan, state: RolloutState, sample: Sample) -> dict[str, WatchedLimit]:
    """Every trigger that must last, with the sample taken in."""
    at_s = sample.at.timestamp()
    after = {}
    for trigger in triggers_of(plan, state):
        if trigger.counters is not None:
            continue
        known = state.limits.get(trigger.metric, WatchedLimit())
        point = Point(at_s, _value(trigger.metric, state, sample))
        watched = Watched(known.beyond_since_s, known.seen_at_s).after(_limit(trigger), point)
        after[trigger.metric] = WatchedLimit(**asdict(watched))
    return after


def counters_after(plan: RolloutPlan, state: RolloutState, sample: Sample) -> dict[str, Checked]:
    """Every trigger with counters, with the sample taken in; before its share is there a look is no check."""
    if state.reached_at is None or state.percent == 0:
        return state.checks
    triggers = triggers_of(plan, state)
    values = {trigger.metric: _value(trigger.metric, state, sample) for trigger in triggers}
    return checks_after(triggers, state.checks, values)


def verdicts(plan: RolloutPlan, state: RolloutState, sample: Sample) -> tuple[MetricVerdict, ...]:
    """What is to be said of the canary now.

    Args:
        plan: of the rollout.
        state: with the sample taken in: totals and limits.
        sample: the look.
    """
    by_kayenta = is_judged_so(plan, state.percent)
    compared = stage_verdict(plan, state) if by_kayenta else _shares(plan, state, sample)
    return (*_alive(plan, state, sample), *compared, *_broken(plan, state, sample))


def is_worse(verdict: MetricVerdict) -> bool:
    """True when something is wrong."""
    return verdict.state in WORSE


def wrong(plan: RolloutPlan, state: RolloutState) -> tuple[dict[str, str], dict[str, str]]:
    """Metric -> what is wrong with it: what takes the release back, and what only raises an alert."""
    phase = watch_of(plan, state)
    mild = {trigger.metric for trigger in triggers_of(plan, state) if trigger.alert_only}
    everything_is_mild = phase is not None and not phase.auto_rollback
    hard: dict[str, str] = {}
    soft: dict[str, str] = {}
    for verdict in filter(is_worse, state.verdicts):
        where = soft if everything_is_mild or verdict.metric in mild else hard
        where[verdict.metric] = verdict.reason
    # With all traffic on it there is no way to wait for a decision: a person is told.
    waits = state.phase not in (Phase.WATCHING, Phase.HELD)
    for verdict in state.verdicts:
        if verdict.state == INCONCLUSIVE and not (waits and verdict.metric not in mild):
            soft[verdict.metric] = verdict.reason
    return hard, soft


def unclear(plan: RolloutPlan, state: RolloutState) -> str | None:
    """Why it cannot go on by itself, though nothing is wrong; None = it can."""
    deciding = [trigger for trigger in triggers_of(plan, state) if not trigger.alert_only]
    found = undecided(deciding, state.checks)
    return "; ".join(f"{metric}: {words}" for metric, words in found.items()) or None


def unmeasured(sample: Sample, quiet_s: float) -> str:
    """That the canary was not measured for so long, and why, by the last look."""
    lacks = [name for name in ("requests", "errors") if getattr(sample.canary, name) is None]
    why = sample.problem or (f"the metrics have no value for its {' and '.join(lacks)}" if lacks else "")
    return f"no measurement of the canary for {quiet_s:.0f} s" + (f": {why}" if why else "")


def unmoved(sample: Sample, percent: float) -> str:
    """That the executor did not bring it to its share, and why, by the last look."""
    return f"the executor did not bring it to {percent:g} %" + (f": {sample.problem}" if sample.problem else "")


def _alive(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Iterator[MetricVerdict]:
    if sample.canary.up is None:
        return
    down = state.down >= plan.down_looks
    word = "it is down" if not sample.canary.up else "it answers"
    yield MetricVerdict(
        metric="availability",
        state=State.WORSE if down else State.HEALTHY if sample.canary.up else State.UNDECIDED,
        reason=f"{word}, at {state.down} looks in a row" if not sample.canary.up else word,
    )


def _shares(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Iterator[MetricVerdict]:
    # With all traffic on the new version the old one's last requests are too few to tell what is usual.
    beside = state.percent < 100 and state.baseline.requests >= plan.min_requests
    baseline = state.baseline if beside else state.reference
    planned = _planned_requests(plan, state, sample)
    measured = [name for name in SHARES if getattr(sample.canary, name) is not None]
    for name in measured:
        verdict = judge_share(
            Count(min(getattr(state.canary, name), state.canary.requests), state.canary.requests),
            Count(min(getattr(baseline, name), baseline.requests), baseline.requests),
            planned=planned,
            alpha=SHARE_ALPHA / len(measured),
            min_requests=int(plan.min_requests),
        )
        metric = "error rate" if name == "errors" else "slow requests"
        reason = verdict.reason if name == "errors" else verdict.reason.replace("failed", "were slow", 1)
        yield MetricVerdict(metric=metric, state=verdict.state, reason=reason)


def _planned_requests(plan: RolloutPlan, state: RolloutState, sample: Sample) -> float:
    """Of the canary at the stage's end, at the pace it has had."""
    if state.reached_at is None:
        return max(state.canary.requests, plan.min_requests) * 2
    gone_s = max((sample.at - state.reached_at).total_seconds(), plan.interval_s)
    return max(state.canary.requests * plan.stages[state.stage].duration_s / gone_s, plan.min_requests)


def _broken(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Iterator[MetricVerdict]:
    for trigger in triggers_of(plan, state):
        value = _value(trigger.metric, state, sample)
        if trigger.counters is not None:
            yield counted_verdict(trigger, trigger.counters, state.checks.get(trigger.metric, Checked()), value)
            continue
        known = state.limits.get(trigger.metric, WatchedLimit())
        found = Watched(known.beyond_since_s, known.seen_at_s).state(_limit(trigger), sample.at.timestamp())
        side = "below" if trigger.below else "above"
        unseen = "beyond it when last measured" if found in (LimitState.BREAKING, LimitState.BROKEN) else "not measured"
        shown = unseen if value is None else f"{value:.4g}"
        reason = f"{shown}, the limit is {side} {trigger.limit:g} for {trigger.for_s:g} s"
        yield MetricVerdict(metric=trigger.metric, state=found, reason=reason)


def _limit(trigger: Trigger) -> Limit:
    return Limit(trigger.limit, for_s=trigger.for_s, worse="lower" if trigger.below else "higher")


def pairs_of(names: Iterable[str], state: RolloutState, sample: Sample) -> dict[str, Pair]:
    """What both arms were since the last look, by metric."""
    last = state.last.baseline if state.last else None
    return {
        name: (_value(name, state, sample), _value_of(name, last, sample.baseline, sample.baseline_metrics))
        for name in names
    }


def _value(metric: str, state: RolloutState, sample: Sample) -> float | None:
    """Of the canary, since the last look where it is a share."""
    return _value_of(metric, state.last.canary if state.last else None, sample.canary, sample.metrics)


def _value_of(metric: str, last: ArmReading | None, now: ArmReading, own: Mapping[str, float]) -> float | None:
    match metric:
        case "error_rate_percent":
            return _percent(last, now, "errors")
        case "slow_percent":
            return _percent(last, now, "slow")
        case "availability_percent":
            failed = _percent(last, now, "errors")
            return 0.0 if now.up is False else None if failed is None else 100 - failed
        case "latency_p95_ms":
            return now.latency_p95_ms
        case _:
            return own.get(metric)


def _percent(last: ArmReading | None, now: ArmReading, name: str) -> float | None:
    if last is None or getattr(now, name) is None or not (requests := _grown(last.requests, now.requests)):
        return None
    return min(100.0, 100 * _grown(getattr(last, name), getattr(now, name)) / requests)
