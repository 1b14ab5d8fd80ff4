"""A release in several regions as a state machine: `step(plan, state, look, order) -> (state, happenings)`, pure.

Each region has a rollout of its own, which judges the new version there and takes it back there. This machine says when
a region's rollout begins, when all end well, and when all are taken back. As with a rollout, what is to be done stands
in the state, which is saved first; the runner then does it, and again at every look until it is so.

Rules, the first that holds:
1. All are taken back when more than `max_failed` regions fail, however far the others are.
2. It pauses where a region's rollout cannot begin within `start_s`, and where fewer than the quorum of the regions
   begun are well once all of them have settled: no further region begins until a person says so; those that run go on.
3. A region begins when all regions of the waves before it have settled, with a quorum, the last of them `bake_s` ago,
   and its window is open.
4. When all have settled, with a quorum, and have baked, the rollouts of all that are well end: until then each keeps
   its old version ready.
A region that is taken back by its own rollout loses its traffic to the others for so long, `max_failed` regions at a
time and never the last one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ....core.errors import InputError
from ....core.records.rollouts.regions import (
    FAILING,
    MAX_TIMELINE,
    RegionalLook,
    RegionalPhase,
    RegionalPlan,
    RegionalState,
    RegionPhase,
    RegionState,
    RolloutSeen,
)
from ....core.records.rollouts.rollout import GivenOrder, Moment, Order, Phase
from .orders import idle_regional
from .region_plan import is_open, opens_at

WELL = (RegionPhase.HELD, RegionPhase.PROMOTING, RegionPhase.PROMOTED)
SETTLED = (*WELL, RegionPhase.FAILED)
OVER = (RegionPhase.PROMOTED, RegionPhase.FAILED, RegionPhase.ROLLED_BACK, RegionPhase.SKIPPED)
ENOUGH = 1e-9
"""Shares are fractions: 2 of 3 regions are a quorum of two thirds."""


class Kind(StrEnum):
    """What a happening is."""

    REGION_CHANGED = "region-changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    ROLLBACK_STARTED = "rollback-started"
    ROLLED_BACK = "rolled-back"
    PROMOTED = "promoted"


@dataclass(frozen=True)
class Happening:
    """What the runner is to tell others.

    Args:
        kind: of event.
        text: in words.
        region: that it is about; None = the whole.
    """

    kind: Kind
    text: str
    region: str | None = None


Stepped = tuple[RegionalState, tuple[Happening, ...]]


def begin(plan: RegionalPlan, at: datetime) -> RegionalState:
    """Before anything has moved."""
    state = RegionalState(regions={name: RegionState(since=at) for name in plan.names})
    return _noted(state, at, f"{plan.order} rollout of {plan.version} to {len(plan.regions)} regions begins")


def step(plan: RegionalPlan, state: RegionalState, look: RegionalLook, order: GivenOrder | None = None) -> Stepped:
    """What follows from one look.

    Args:
        plan: of the release.
        state: as saved.
        look: later than the one before.
        order: of a person, to the whole.

    Returns:
        The state to save and act on, and what happened.
    """
    if state.phase.is_final:
        return state, ()
    seen, happened = _told(state, _taken_in(state, look), look.at)
    obeyed, more = _obeyed(plan, seen, look.at, order) if order is not None else (seen, ())
    ruled, decided = _RULES[obeyed.phase](plan, obeyed, look)
    after, moved = _told(seen, _shifted(plan, ruled), look.at)
    return after, (*happened, *more, *decided, *moved)


def reopen(plan: RegionalPlan, state: RegionalState, now: datetime, why: str) -> Stepped:
    """Take back what was promoted; `step` goes on from there.

    Raises:
        InputError: it was not promoted.
    """
    if state.phase is not RegionalPhase.PROMOTED:
        raise InputError(f"the regions of {plan.version} are {state.phase}, expected {RegionalPhase.PROMOTED}")
    return _take_back(state.model_copy(update={"ended_at": None}), now, why)


# What the rollouts say -----------------------------------------------------------------------------------------------


def _taken_in(state: RegionalState, look: RegionalLook) -> RegionalState:
    regions = {name: _region(known, look.rollouts.get(name), look.at) for name, known in state.regions.items()}
    return state.model_copy(update={"regions": regions})


def _region(known: RegionState, rollout: RolloutSeen | None, at: datetime) -> RegionState:
    if rollout is None:
        # It can no longer begin: the runner begins one only together with the state that says so.
        return _moved(known, RegionPhase.SKIPPED, at) if known.phase is RegionPhase.TAKING_BACK else known
    after = _moved(known, _phase(known.phase, rollout.phase), at)
    return after.model_copy(update={"percent": rollout.percent, "reason": rollout.reason})


def _phase(known: RegionPhase, rollout: Phase) -> RegionPhase:
    ordered_back = known in (RegionPhase.TAKING_BACK, RegionPhase.ROLLED_BACK)
    match rollout:
        case Phase.ROLLED_BACK:
            return RegionPhase.ROLLED_BACK if ordered_back else RegionPhase.FAILED
        case Phase.ROLLING_BACK:
            return RegionPhase.TAKING_BACK if ordered_back else RegionPhase.FAILING
        case _ if ordered_back:
            return RegionPhase.TAKING_BACK
        case Phase.PROMOTED:
            return RegionPhase.PROMOTED
        case Phase.HELD:
            return RegionPhase.PROMOTING if known is RegionPhase.PROMOTING else RegionPhase.HELD
        case _:
            return RegionPhase.RUNNING


def _moved(region: RegionState, phase: RegionPhase, at: datetime) -> RegionState:
    return region if region.phase is phase else region.model_copy(update={"phase": phase, "since": at})


def _told(before: RegionalState, after: RegionalState, at: datetime) -> Stepped:
    """What became of regions, said in the timeline."""
    told = tuple(_region_changes(before, after))
    for one in told:
        after = _noted(after, at, one.text)
    return after, told


def _region_changes(before: RegionalState, after: RegionalState) -> Iterable[Happening]:
    for name, region in after.regions.items():
        known = before.regions[name]
        if region.phase is not known.phase:
            why = f": {region.reason}" if region.reason else ""
            yield Happening(Kind.REGION_CHANGED, f"{name}: {known.phase} -> {region.phase}{why}", name)
        if region.away is not known.away:
            text = "its traffic goes to the other regions" if region.away else "it has its traffic again"
            yield Happening(Kind.REGION_CHANGED, f"{name}: {text}", name)


# Rules ---------------------------------------------------------------------------------------------------------------


def _obeyed(plan: RegionalPlan, state: RegionalState, now: datetime, order: GivenOrder) -> Stepped:
    said = order.said()
    if (why := idle_regional(state.phase, order.order)) is not None:
        return _noted(state, now, f"{said}; {why}"), ()
    match order.order:
        case Order.ABORT:
            return _take_back(state, now, said)
        case Order.PAUSE:
            return _pause(state, now, said)
        case _:
            wave = _next_wave(plan, state)
            lacks = _settled(plan, state, wave) and _without_quorum(plan, state, wave) is not None
            update = {"phase": RegionalPhase.RUNNING, "reason": "", "waived": wave if lacks else state.waived}
            resumed = state.model_copy(update=update)
            return _noted(resumed, now, said), (Happening(Kind.RESUMED, said),)


def _running(plan: RegionalPlan, state: RegionalState, look: RegionalLook) -> Stepped:
    if (many := _too_many(plan, state)) is not None:
        return _take_back(state, look.at, many)
    if (stuck := _stuck(plan, state, look)) is not None:
        name, why = stuck
        waiting = _with(state, {name: RegionState(since=look.at, reason=why)})
        return _pause(waiting, look.at, f"{name} cannot begin: {why}")
    wave = _next_wave(plan, state)
    if not _settled(plan, state, wave):
        return state, ()
    if (lack := _without_quorum(plan, state, wave)) is not None and state.waived != wave:
        return _pause(state, look.at, lack)
    if not _baked(plan, state, wave, look.at):
        return state, ()
    return _promote_all(state, look.at) if wave == _last(plan) + 1 else (_start(plan, state, wave, look.at), ())


def _paused(plan: RegionalPlan, state: RegionalState, look: RegionalLook) -> Stepped:
    many = _too_many(plan, state)
    return (state, ()) if many is None else _take_back(state, look.at, many)


def _promoting(plan: RegionalPlan, state: RegionalState, look: RegionalLook) -> Stepped:
    if (many := _too_many(plan, state)) is not None:
        return _take_back(state, look.at, many)
    if any(region.phase not in OVER for region in state.regions.values()):
        return _promote_all(state, look.at)
    well = [name for name, region in state.regions.items() if region.phase is RegionPhase.PROMOTED]
    if not well:
        return _ended(state, RegionalPhase.ROLLED_BACK, Kind.ROLLED_BACK, look.at, "it failed in every region")
    lost = [name for name in state.regions if name not in well]
    text = f"{plan.version} has all traffic of {', '.join(well)}" + (f", not of {', '.join(lost)}" if lost else "")
    return _ended(state, RegionalPhase.PROMOTED, Kind.PROMOTED, look.at, text)


def _rolling_back(plan: RegionalPlan, state: RegionalState, look: RegionalLook) -> Stepped:
    if any(region.phase not in OVER for region in state.regions.values()):
        return state, ()
    text = f"no region serves {plan.version} any more: {state.reason}"
    return _ended(state, RegionalPhase.ROLLED_BACK, Kind.ROLLED_BACK, look.at, text)


_RULES: dict[RegionalPhase, Callable[[RegionalPlan, RegionalState, RegionalLook], Stepped]] = {
    RegionalPhase.RUNNING: _running,
    RegionalPhase.PAUSED: _paused,
    RegionalPhase.PROMOTING: _promoting,
    RegionalPhase.ROLLING_BACK: _rolling_back,
}


def _too_many(plan: RegionalPlan, state: RegionalState) -> str | None:
    failed = state.failing
    if len(failed) <= plan.max_failed:
        return None
    return f"{len(failed)} failed ({', '.join(failed)}), at most {plan.max_failed} may"


def _stuck(plan: RegionalPlan, state: RegionalState, look: RegionalLook) -> tuple[str, str] | None:
    for name, region in state.regions.items():
        waited_s = (look.at - region.since).total_seconds()
        if region.phase is RegionPhase.STARTING and waited_s >= plan.start_s:
            return name, look.problems.get(name, f"its rollout was not stored within {waited_s:.0f} s")
    return None


# Barriers ------------------------------------------------------------------------------------------------------------


def _last(plan: RegionalPlan) -> int:
    return max(region.wave for region in plan.regions)


def _next_wave(plan: RegionalPlan, state: RegionalState) -> int:
    """The first wave with a region that has not begun; one more than the last when all have."""
    waiting = (region.wave for region in plan.regions if state.regions[region.name].phase is RegionPhase.PENDING)
    return min(waiting, default=_last(plan) + 1)


def _before(plan: RegionalPlan, state: RegionalState, wave: int) -> list[RegionState]:
    return [state.regions[region.name] for region in plan.regions if region.wave < wave]


def _settled(plan: RegionalPlan, state: RegionalState, wave: int) -> bool:
    return all(region.phase in SETTLED for region in _before(plan, state, wave))


def _baked(plan: RegionalPlan, state: RegionalState, wave: int, now: datetime) -> bool:
    since = [region.since for region in _before(plan, state, wave)]
    return not since or (now - max(since)).total_seconds() >= plan.bake_s


def _without_quorum(plan: RegionalPlan, state: RegionalState, wave: int) -> str | None:
    begun = _before(plan, state, wave)
    well = sum(region.phase in WELL for region in begun)
    if well >= plan.quorum * len(begun) - ENOUGH:
        return None
    return f"{well} of {len(begun)} regions are well, the quorum is {100 * plan.quorum:g} %"


# What is done --------------------------------------------------------------------------------------------------------


def _start(plan: RegionalPlan, state: RegionalState, wave: int, now: datetime) -> RegionalState:
    begun = {}
    for region in plan.regions:
        known = state.regions[region.name]
        if region.wave != wave or known.phase is not RegionPhase.PENDING:
            continue
        if is_open(region, now):
            begun[region.name] = RegionState(phase=RegionPhase.STARTING, since=now)
        else:
            opens = f"waits for its window, which opens at {opens_at(region, now):%Y-%m-%d %H:%M} UTC"
            begun[region.name] = known.model_copy(update={"reason": opens})
    return _with(state, begun)


def _promote_all(state: RegionalState, now: datetime) -> Stepped:
    promoting = {
        name: _moved(region, RegionPhase.PROMOTING, now)
        for name, region in state.regions.items()
        if region.phase is RegionPhase.HELD
    }
    return _with(state, promoting).model_copy(update={"phase": RegionalPhase.PROMOTING}), ()


def _take_back(state: RegionalState, now: datetime, why: str) -> Stepped:
    """What never began never will; what failed is taken back by its own rollout."""
    taken = {
        name: _moved(region, RegionPhase.SKIPPED, now)
        if region.phase is RegionPhase.PENDING
        else _moved(region, RegionPhase.TAKING_BACK, now)
        for name, region in state.regions.items()
        if region.phase not in (*FAILING, RegionPhase.SKIPPED)
    }
    update: dict[str, Any] = {"phase": RegionalPhase.ROLLING_BACK, "reason": why, "decided_at": now}
    after = _with(state, taken).model_copy(update=update)
    return _noted(after, now, f"all regions are taken back: {why}"), (Happening(Kind.ROLLBACK_STARTED, why),)


def _pause(state: RegionalState, now: datetime, why: str) -> Stepped:
    paused = state.model_copy(update={"phase": RegionalPhase.PAUSED, "reason": why})
    return _noted(paused, now, f"paused: {why}"), (Happening(Kind.PAUSED, why),)


def _ended(state: RegionalState, phase: RegionalPhase, kind: Kind, now: datetime, text: str) -> Stepped:
    promoted_at = now if phase is RegionalPhase.PROMOTED else state.promoted_at
    done = state.model_copy(update={"phase": phase, "ended_at": now, "promoted_at": promoted_at})
    return _noted(done, now, text), (Happening(kind, text),)


def _shifted(plan: RegionalPlan, state: RegionalState) -> RegionalState:
    """Those whose traffic was taken first keep the places there are."""
    places = min(plan.max_failed, len(plan.regions) - 1)
    movable = {region.name for region in plan.regions if region.can_shift}
    wanting = [name for name, r in state.regions.items() if r.phase is RegionPhase.FAILING and name in movable]
    away = set(sorted(wanting, key=lambda name: not state.regions[name].away)[:places])
    changed = {
        name: region.model_copy(update={"away": name in away})
        for name, region in state.regions.items()
        if region.away is not (name in away)
    }
    return _with(state, changed)


def _with(state: RegionalState, regions: dict[str, RegionState]) -> RegionalState:
    return state.model_copy(update={"regions": {**state.regions, **regions}}) if regions else state


def _noted(state: RegionalState, at: datetime, text: str) -> RegionalState:
    begun = [region.percent for region in state.regions.values()]
    moments = (*state.timeline, Moment(at=at, text=text[:1000], percent=sum(begun) / len(begun)))
    return state.model_copy(update={"timeline": moments[-MAX_TIMELINE:]})
