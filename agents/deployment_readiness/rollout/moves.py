"""What a rollout can do next: each takes a state to the one after it, says so in the timeline, and tells others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ....core.records.rollouts.hooks import DueHook, EndedHook
from ....core.records.rollouts.kayenta import KayentaStage
from ....core.records.rollouts.rollout import MAX_TIMELINE, ArmTotals, Moment, Phase, RolloutPlan, RolloutState
from ....core.records.rollouts.settling import Settling
from .look import watch_of
from .traffic import NO_COUNTERS


class Kind(StrEnum):
    """What a happening is."""

    STAGE_ADVANCED = "stage-advanced"
    PAUSED = "paused"
    RESUMED = "resumed"
    ALERT = "alert-raised"
    ROLLBACK_STARTED = "rollback-started"
    ROLLED_BACK = "rolled-back"
    PROMOTED = "promoted"


@dataclass(frozen=True)
class Happening:
    """What the runner is to tell others.

    Args:
        kind: of event.
        text: in words.
    """

    kind: Kind
    text: str


Stepped = tuple[RolloutState, tuple[Happening, ...]]


def hooked(state: RolloutState, now: datetime, due: DueHook) -> Stepped:
    """Wait for a hook; it is begun once."""
    if state.hook is not None and state.hook.key == due.key:
        return state, ()
    return noted(state.model_copy(update={"hook": due}), now, f"hook {due.key} begins"), ()


def hook_ended(plan: RolloutPlan, state: RolloutState, now: datetime, ended: EndedHook) -> Stepped:
    """Go on after a hook, or do what it asks for when it failed."""
    over = state.model_copy(update={"hook": None})
    if ended.problem is None:
        done = over.model_copy(update={"hooks_done": (*state.hooks_done, ended.key)})
        return noted(done, now, f"hook {ended.key} is done"), ()
    why = f"hook {ended.key} failed: {ended.problem}"
    if state.phase not in (Phase.PREPARING, Phase.STAGE):
        return noted(over, now, why), ()
    takes_back = state.hook is not None and state.hook.hook.on_failure == "rollback"
    return fails(plan, over, now, why) if takes_back else pause(over, now, why)


def fails(plan: RolloutPlan, state: RolloutState, now: datetime, why: str) -> Stepped:
    """Take it back, or pause it where a person is to decide."""
    return take_back(state, now, why) if plan.auto_rollback else pause(state, now, why)


def take_back(state: RolloutState, now: datetime, why: str) -> Stepped:
    """All traffic to the old version."""
    taken = state.model_copy(
        update={
            "phase": Phase.ROLLING_BACK,
            "percent": 0.0,
            "reached_at": None,
            "hook": None,
            "traffic": None,
            "settling": None,
            "reason": why,
            "decided_at": now,
        }
    )
    return noted(taken, now, f"taken back: {why}"), (Happening(Kind.ROLLBACK_STARTED, why),)


def taken_back(plan: RolloutPlan, state: RolloutState, now: datetime) -> Stepped:
    """The end of a rollback, and what the executor's counters say of it."""
    since = state.decided_at or now
    settling = Settling(since=since, seen_at=now) if plan.settle_looks else None
    ended = state.model_copy(update={"phase": Phase.ROLLED_BACK, "ended_at": now, "settling": settling})
    counted = state.traffic.reason if state.traffic else NO_COUNTERS
    text = f"rolled back to {plan.baseline or 'the version before'}: {state.reason}; {counted}"
    return noted(ended, now, f"no traffic on the canary any more, {counted}"), (Happening(Kind.ROLLED_BACK, text),)


def pause(state: RolloutState, now: datetime, why: str) -> Stepped:
    """Stay where it is until a person says otherwise."""
    paused = state.model_copy(update={"phase": Phase.PAUSED, "hook": None, "reason": why})
    return noted(paused, now, f"paused: {why}"), (Happening(Kind.PAUSED, why),)


def resume(state: RolloutState, now: datetime, said: str) -> Stepped:
    """Go on from where it was paused."""
    phase = Phase.STAGE if state.percent else Phase.PREPARING
    # Whoever lets it go on has decided what the counters could not: they begin anew.
    resumed = state.model_copy(update={"phase": phase, "reason": "", "data_at": now, "moved_at": now, "checks": {}})
    return noted(resumed, now, said), (Happening(Kind.RESUMED, said),)


def to_stage(plan: RolloutPlan, state: RolloutState, now: datetime, stage: int, why: str) -> Stepped:
    """The share of a stage, whose counting begins anew."""
    percent = plan.stages[stage].percent
    moved = state.model_copy(
        update={
            "phase": Phase.STAGE,
            "stage": stage,
            "percent": percent,
            "moved_at": now,
            "reached_at": None,
            "hook": None,
            "reason": "",
            "canary": ArmTotals(),
            "baseline": ArmTotals(),
            "checks": {},
            "kayenta": KayentaStage(),
        }
    )
    text = f"{why}: {state.percent:g} % -> {percent:g} %"
    return noted(moved, now, text), (Happening(Kind.STAGE_ADVANCED, text),)


def watch(plan: RolloutPlan, state: RolloutState, now: datetime, number: int) -> Stepped:
    """Watch it with all traffic, in the plan's phase of this number where it has some."""
    limits = {} if number else state.limits
    watching = state.model_copy(
        update={"phase": Phase.WATCHING, "reached_at": now, "watch": number, "limits": limits, "checks": {}}
    )
    phase = watch_of(plan, watching)
    name, watched_s = (f"{phase.name}: ", phase.duration_s) if phase else ("", plan.watch_s)
    return noted(watching, now, f"{name}all traffic on {plan.version}, watched for {watched_s:g} s"), ()


def promote(plan: RolloutPlan, state: RolloutState, now: datetime) -> Stepped:
    """The end of a good release; one that is held waits for it."""
    if plan.held and not state.released:
        held = state.model_copy(update={"phase": Phase.HELD})
        return noted(held, now, f"all traffic on {plan.version}, held until it is told to end"), ()
    done = state.model_copy(update={"phase": Phase.PROMOTED, "ended_at": now, "promoted_at": now})
    counted = state.traffic.reason if state.traffic else NO_COUNTERS
    stable = f"; {state.settling.reason}" if state.settling else ""
    text = f"{plan.version} has all traffic, {counted}{stable}"
    return noted(done, now, f"promoted: {text}"), (Happening(Kind.PROMOTED, text),)


def noted(state: RolloutState, at: datetime, text: str) -> RolloutState:
    """With one more moment in the timeline."""
    moments = (*state.timeline, Moment(at=at, text=text[:1000], percent=state.percent))
    return state.model_copy(update={"timeline": moments[-MAX_TIMELINE:]})
