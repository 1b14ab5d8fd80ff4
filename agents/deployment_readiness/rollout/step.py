"""The rollout as a state machine: `step(plan, state, sample, order) -> (state, happenings)`, pure.

The state names the share that the canary is to have; a runner saves the state first and then brings the executor there,
at every look again, so that a runner killed at any point, or another in its place, only repeats what is so already.

Rules, the first that holds:
1. Taken back (or, without auto_rollback, paused): the canary is down, its share of failed or slow requests is higher
   than the baseline's (or Kayenta's judge says so, kayenta_stage.py), a trigger's limit is broken, or there was no
   measurement for `no_data_rollback_s`.
2. Paused: no measurement for `no_data_pause_s`, too little traffic in three times the stage's duration, a limit with
   counters undecided too often (counting.py), or the executor did not bring it to its share within `progress_s`.
3. The next stage: the executor has the share, the stage's time has passed, and the canary had `min_requests`.
4. Promoted: it had all traffic for the last stage's duration, and for `watch_s` or the plan's phases one after the
   other, each with its own limits and pace. In a phase without auto_rollback, and of a limit that is `alert_only`, what
   is wrong raises an alert and takes nothing back. A plan that is `held` waits there, still judged, until it is told to
   end: that is how regions wait for each other (regions.py).
Blue-green and rolling take no share before instances for it answer, and what moves all at once not before the old
version was measured for a while (readiness.py).
Hooks (programs before a stage gets its traffic, after it has passed) hold up the next stage; one that fails pauses the
rollout, or takes it back, as it says, and a resumed rollout tries it again. Promoting by order leaves them out.
A rollback ends when the executor says that the canary has no traffic, and its counters, where it has some, that no
request reaches it any more; as long as they come an alert stands (traffic.py). A release is promoted with what the
counters say of the old version, and does not wait for them for ever. What was promoted can be taken back as well, by a
person (`reopen`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from ....core.errors import InputError
from ....core.records.rollouts.hooks import EndedHook
from ....core.records.rollouts.rollout import (
    GivenOrder,
    Order,
    Phase,
    RolloutPlan,
    RolloutState,
    Sample,
)
from .counting import grown, used
from .kayenta_stage import is_judged_so, names_of, stage_after, words
from .look import (
    counted,
    counters_after,
    limits_after,
    pairs_of,
    triggers_of,
    unclear,
    unmeasured,
    unmoved,
    verdicts,
    watch_of,
    wrong,
)
from .moves import (
    Happening,
    Kind,
    Stepped,
    fails,
    hook_ended,
    hooked,
    noted,
    pause,
    promote,
    resume,
    take_back,
    taken_back,
    to_stage,
    watch,
)
from .orders import idle
from .readiness import is_there, lacking, unseen_s, waits_first
from .settling import settling_after, usual_after
from .stage_hooks import begins_with_hook, next_hook
from .traffic import LIMIT_S, is_waiting, still_arrives, traffic_after

PATIENCE = 3.0
"""Stage durations after which too little traffic is a reason to pause."""


def begin(plan: RolloutPlan) -> RolloutState:
    """Before anything has moved."""
    at = plan.started_at
    if waits_first(plan) or begins_with_hook(plan):
        state = RolloutState(phase=Phase.PREPARING, moved_at=at, data_at=at)
        begins = f"{plan.strategy} of {plan.version} begins once its instances answer and its hooks are done"
        return noted(state, at, begins)
    first = plan.stages[0].percent
    state = RolloutState(percent=first, moved_at=at, data_at=at)
    return noted(state, plan.started_at, f"rollout of {plan.version} begins: {first:g} %")


def step(
    plan: RolloutPlan,
    state: RolloutState,
    sample: Sample,
    order: GivenOrder | None = None,
    ended: EndedHook | None = None,
) -> Stepped:
    """What follows from one look.

    Args:
        plan: of the rollout.
        state: as saved.
        sample: the look, later than the one before.
        order: of a person, if there is one.
        ended: hook that has ended since the look before.

    Returns:
        The state to save and act on, and what happened.
    """
    if state.phase.is_final:
        return state, ()
    seen = take_in(plan, state, sample)
    for news in _news(plan, state, seen):
        seen = noted(seen, sample.at, news)
    happened: tuple[Happening, ...] = ()
    if ended is not None and seen.hook is not None and ended.key == seen.hook.key:
        seen, happened = hook_ended(plan, seen, sample.at, ended)
    if order is not None:
        seen, obeyed = _obeyed(plan, seen, sample, order)
        happened = (*happened, *obeyed)
    if seen.phase.is_final:
        return seen, happened
    seen, alerted = _alerting(plan, seen, sample.at)
    after, more = _RULES[seen.phase](plan, seen, sample)
    return after, (*happened, *alerted, *more)


def _news(plan: RolloutPlan, before: RolloutState, after: RolloutState) -> Iterator[str]:
    """What a look added to the stage's explanation."""
    yield from grown(triggers_of(plan, before), before.checks, after.checks)
    if plan.kayenta and after.kayenta.judged_at != before.kayenta.judged_at:
        yield f"Kayenta: {words(plan.kayenta, after.kayenta)}"


def reopen(plan: RolloutPlan, state: RolloutState, now: datetime, why: str) -> Stepped:
    """Take back what was promoted; `step` goes on from there.

    Raises:
        InputError: it was not promoted.
    """
    if state.phase is not Phase.PROMOTED:
        raise InputError(f"the rollout of {plan.version} is {state.phase}, expected {Phase.PROMOTED}")
    return take_back(state.model_copy(update={"ended_at": None}), now, why)


def take_in(plan: RolloutPlan, state: RolloutState, sample: Sample) -> RolloutState:
    """The state with one more look counted and judged; nothing is decided."""
    last = state.last
    there = is_there(sample.percent, state.percent)
    # Without traffic nothing is to be measured, and nothing is to be said of it.
    idle = state.percent == 0 and state.phase is not Phase.ROLLING_BACK
    measured = sample.canary.requests is not None and sample.canary.errors is not None
    seen = state.model_copy(
        update={
            "canary": counted(state.canary, last.canary if last else None, sample.canary),
            "baseline": counted(state.baseline, last.baseline if last else None, sample.baseline),
            "reference": counted(state.reference, last.baseline if last else None, sample.baseline),
            "limits": {} if idle else limits_after(plan, state, sample),
            "down": 0 if idle or sample.canary.up is not False else state.down + 1,
            "data_at": sample.at if idle or measured else state.data_at,
            "reached_at": state.reached_at or (sample.at if there else None),
        }
    )
    pairs = pairs_of(names_of(plan.kayenta), seen, sample) if plan.kayenta else {}
    seen = seen.model_copy(update={"traffic": traffic_after(plan, seen, sample), "usual": usual_after(seen, sample)})
    if seen.percent >= 100:
        seen = seen.model_copy(update={"settling": settling_after(plan, seen, sample)})
    judged = {"checks": counters_after(plan, seen, sample), "kayenta": stage_after(plan, seen, sample.at, pairs)}
    seen = seen.model_copy(update=judged)
    seen = seen.model_copy(update={"verdicts": () if idle else verdicts(plan, seen, sample)})
    # A look without measurements must not hide how far the counters were before it.
    return seen.model_copy(update={"last": sample if measured or last is None else last})


# Orders --------------------------------------------------------------------------------------------------------------


def _obeyed(plan: RolloutPlan, state: RolloutState, sample: Sample, order: GivenOrder) -> Stepped:
    said = order.said()
    if (why := idle(state, order.order)) is not None:
        return noted(state, sample.at, f"{said}; {why}"), ()
    match order.order:
        case Order.ABORT if state.phase is Phase.ROLLING_BACK:
            return taken_back(plan, state, sample.at)
        case Order.ABORT:
            return take_back(state, sample.at, said)
        case Order.PAUSE:
            return pause(state, sample.at, said)
        case Order.RESUME:
            return resume(state, sample.at, said)
        case Order.PROMOTE if state.phase is Phase.HELD:
            return noted(state.model_copy(update={"released": True}), sample.at, said), ()
        case Order.PROMOTE:
            return to_stage(plan, state, sample.at, len(plan.stages) - 1, said)


# Rules ---------------------------------------------------------------------------------------------------------------


def _preparing(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    lack = lacking(plan, sample, plan.stages[0].percent)
    if lack is None and unseen_s(plan, (sample.at - plan.started_at).total_seconds()):
        return state, ()
    if lack is None and (due := next_hook(plan, state, left=None, entered=0)) is not None:
        return hooked(state, sample.at, due)
    if lack is None:
        return to_stage(plan, state, sample.at, 0, "its instances answer")
    if _since(state.moved_at, sample.at) >= plan.progress_s:
        return fails(plan, state, sample.at, lack)
    return state, ()


def _in_stage(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    if (bad := _bad(plan, state, sample)) is not None:
        return fails(plan, state, sample.at, bad)
    quiet_s = _since(state.data_at, sample.at)
    if quiet_s >= plan.no_data_pause_s:
        return pause(state, sample.at, unmeasured(sample, quiet_s))
    if (why := unclear(plan, state)) is not None:
        return pause(state, sample.at, why)
    if state.reached_at is None:
        if _since(state.moved_at, sample.at) < plan.progress_s:
            return state, ()
        return pause(state, sample.at, unmoved(sample, state.percent))
    stage = plan.stages[state.stage]
    gone_s = _since(state.reached_at, sample.at)
    if gone_s < stage.duration_s:
        return state, ()
    if state.canary.requests < plan.min_requests:
        if gone_s >= PATIENCE * stage.duration_s:
            few = f"{state.canary.requests:.0f} requests in {gone_s:.0f} s, at least {plan.min_requests:g} are needed"
            return pause(state, sample.at, f"too little traffic at {stage.percent:g} %: {few}")
        return state, ()
    if is_judged_so(plan, state.percent) and not state.kayenta.final:
        return state, ()
    if state.stage + 1 < len(plan.stages):
        return _next_stage(plan, state, sample)
    return _all_traffic(plan, state, sample)


def _next_stage(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    lack = lacking(plan, sample, plan.stages[state.stage + 1].percent)
    if lack is None and (due := next_hook(plan, state, left=state.stage, entered=state.stage + 1)) is not None:
        return hooked(state, sample.at, due)
    if lack is None:
        return to_stage(plan, state, sample.at, state.stage + 1, _succeeded(plan, state))
    if _since(state.reached_at, sample.at) >= plan.stages[state.stage].duration_s + plan.progress_s:
        return pause(state, sample.at, lack)
    return state, ()


def _succeeded(plan: RolloutPlan, state: RolloutState) -> str:
    """With what the stage came to by counters and Kayenta's judge."""
    by_kayenta = f"Kayenta: {words(plan.kayenta, state.kayenta)}" if plan.kayenta and state.kayenta.judged else ""
    said = "; ".join(filter(None, (by_kayenta, used(triggers_of(plan, state), state.checks))))
    return "stage succeeded" + (f" ({said})" if said else "")


def _all_traffic(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    if (due := next_hook(plan, state, left=state.stage, entered=None)) is not None:
        return hooked(state, sample.at, due)
    return watch(plan, state, sample.at, 0) if plan.watch_s or plan.watches else _promoted(plan, state, sample)


def _paused(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    bad = _bad(plan, state, sample)
    if bad is not None and plan.auto_rollback:
        return take_back(state, sample.at, bad)
    return state, ()


def _watching(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    phase = watch_of(plan, state)
    if (bad := _bad(plan, state, sample)) is not None and (phase is None or phase.auto_rollback):
        return fails(plan, state, sample.at, bad)
    if _since(state.reached_at, sample.at) < (phase.duration_s if phase else plan.watch_s):
        return state, ()
    if state.watch + 1 < len(plan.watches):
        return watch(plan, state, sample.at, state.watch + 1)
    return _promoted(plan, state, sample)


def _held(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    phase = watch_of(plan, state)
    if (bad := _bad(plan, state, sample)) is not None and (phase is None or phase.auto_rollback):
        return fails(plan, state, sample.at, bad)
    return _promoted(plan, state, sample) if state.released else (state, ())


def _promoted(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    """The end of a good release, once the proxy's counters had the time to say that all traffic is on it."""
    ends = state.released or not plan.held
    told = state.traffic is not None and (sample.at - state.traffic.began_at).total_seconds() >= LIMIT_S
    if ends and is_waiting(state.traffic) and not told:
        return state, ()
    return promote(plan, state, sample.at)


def _rolling_back(plan: RolloutPlan, state: RolloutState, sample: Sample) -> Stepped:
    if not is_there(sample.percent, 0.0) or is_waiting(state.traffic) or still_arrives(state.traffic):
        return state, ()
    return taken_back(plan, state, sample.at)


_RULES: dict[Phase, Callable[[RolloutPlan, RolloutState, Sample], Stepped]] = {
    Phase.PREPARING: _preparing,
    Phase.STAGE: _in_stage,
    Phase.PAUSED: _paused,
    Phase.WATCHING: _watching,
    Phase.HELD: _held,
    Phase.ROLLING_BACK: _rolling_back,
}


def _bad(plan: RolloutPlan, state: RolloutState, sample: Sample) -> str | None:
    hard, _ = wrong(plan, state)
    if hard:
        return "; ".join(f"{metric}: {reason}" for metric, reason in hard.items())
    quiet_s = _since(state.data_at, sample.at)
    if quiet_s >= plan.no_data_rollback_s:
        return unmeasured(sample, quiet_s)
    return None


def _alerting(plan: RolloutPlan, state: RolloutState, now: datetime) -> Stepped:
    """Says once that something is wrong that takes nothing back, and once that it is over."""
    _, soft = wrong(plan, state)
    if state.traffic is not None and still_arrives(state.traffic):
        soft["traffic"] = state.traffic.reason
    phase, quiet_s = watch_of(plan, state), _since(state.data_at, now)
    if phase and not phase.auto_rollback and quiet_s >= max(plan.no_data_pause_s, 2 * phase.interval_s):
        soft["measurements"] = f"none of the canary for {quiet_s:.0f} s"
    new = [f"{metric}: {reason}" for metric, reason in soft.items() if metric not in state.alerts]
    since = (state.alerting_since or now) if soft else None
    after = state.model_copy(update={"alerts": soft, "alerting_since": since})
    if new:
        return noted(after, now, f"alert: {'; '.join(new)}"), (Happening(Kind.ALERT, "; ".join(new)),)
    if state.alerts and not soft:
        return noted(after, now, f"over: {', '.join(state.alerts)}"), ()
    return after, ()


def _since(begun: datetime | None, now: datetime) -> float:
    return (now - begun).total_seconds() if begun else 0.0
