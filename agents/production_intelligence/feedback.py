"""The feedback loop as a state machine: what to do next, from what is saved and what is seen.

    WAITING --due--> RUNNING --every run over--> WAITING ...
       \\-- asked to stop --> STOPPED            (a run under way is finished first)

The runner saves the state before it acts, so it may be killed at any point: what the saved state asks for is asked for
again. A task's id follows from round, type and attempt, so a task is submitted once however often that is tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...core.records.production.feedback import MAX_NOTICED, LoopPhase, LoopPlan, LoopState, Run


@dataclass(frozen=True)
class Seen:
    """What the runner looked at.

    Args:
        over: task id -> final status and error; of tasks that are over only.
        lost: ids of tasks that nobody works on any more: their process died.
        anomalies: ids that came since the last look, oldest first.
        position: of the stream of anomalies after them; None = nothing came.
        stop: asked to end.
    """

    over: Mapping[str, tuple[str, str | None]]
    lost: frozenset[str] = frozenset()
    anomalies: Sequence[str] = ()
    position: str | None = None
    stop: bool = False


@dataclass(frozen=True)
class Perform:
    """Have this run's task done, or wait for it where it was submitted already."""

    run: Run


@dataclass(frozen=True)
class Wait:
    """Nothing to do for so long, unless an anomaly comes or somebody stops the loop."""

    seconds: float


@dataclass(frozen=True)
class End:
    """The loop is over."""


Action = Perform | Wait | End


def step(state: LoopState, seen: Seen, now: datetime) -> tuple[LoopState, Action]:
    """The state after what was seen, and the one thing to do then.

    Args:
        state: as saved; its plan may be newer than the round.
        seen: since.
        now: aware UTC; a clock that went back only delays a round by as much.
    """
    state = _with_anomalies(state, seen)
    if state.phase is LoopPhase.RUNNING:
        state = state.model_copy(update={"runs": tuple(_after(run, seen) for run in state.runs)})
        if all(run.status is not None for run in state.runs):
            state = _ended(state, now)
    if seen.stop or (state.plan.once and state.phase is LoopPhase.WAITING and state.rounds_done):
        return _updated(state, now, phase=LoopPhase.STOPPED), End()
    if state.phase is not LoopPhase.RUNNING:
        if state.due_at is not None and now < state.due_at:
            wait_s = min((state.due_at - now).total_seconds(), state.plan.interval_s)
            return _updated(state, now, phase=LoopPhase.WAITING), Wait(wait_s)
        state = _begun(state, now)
    following = next((run for run in state.runs if run.status is None), None)
    if following is None:  # a plan without analyses
        state = _ended(state, now)
        return _updated(state, now), Wait(state.plan.interval_s)
    return _updated(state, now), Perform(following)


def resumed(saved: LoopState | None, plan: LoopPlan, runner: str, now: datetime) -> LoopState:
    """The state that a new process begins with: what is saved, under the new plan.

    Args:
        saved: None = the first loop of this fleet.
        plan: what was asked for now.
        runner: who goes on.
        now: aware UTC.
    """
    if saved is None:
        return LoopState(plan=plan, runner=runner, updated_at=now)
    stopped = saved.phase is LoopPhase.STOPPED
    unfinished = stopped and any(run.status is None for run in saved.runs)
    phase = LoopPhase.RUNNING if unfinished else LoopPhase.WAITING if stopped else saved.phase
    due_at = None if plan.once else saved.due_at
    return saved.model_copy(
        update={"plan": plan, "runner": runner, "phase": phase, "due_at": due_at, "updated_at": now,
                "rounds_done": 0 if plan.once else saved.rounds_done}
    )  # fmt: skip


def _with_anomalies(state: LoopState, seen: Seen) -> LoopState:
    if seen.position is None:
        return state
    latest = (*state.anomalies, *(i for i in seen.anomalies if i not in state.anomalies))[-MAX_NOTICED:]
    return state.model_copy(
        update={
            "position": seen.position,
            "anomalies": latest,
            "anomalies_noticed": state.anomalies_noticed + len(seen.anomalies),
        }
    )


def _after(run: Run, seen: Seen) -> Run:
    if run.status is not None:
        return run
    if run.task in seen.over:
        status, error = seen.over[run.task]
        return run.model_copy(update={"status": status, "error": error})
    if run.task in seen.lost:
        attempt = run.attempt + 1
        return run.model_copy(update={"attempt": attempt, "task": f"{run.task.rpartition('-')[0]}-{attempt}"})
    return run


def _begun(state: LoopState, now: datetime) -> LoopState:
    number = state.round + 1
    # The time is in the id because the numbers begin again when somebody deletes the key.
    stem = f"feedback-{now:%Y%m%dT%H%M%S}-{number}"
    runs = tuple(Run(task_type=kind, task=f"{stem}-{kind}-1") for kind in state.plan.analyses)
    return _updated(
        state, now, phase=LoopPhase.RUNNING, round=number, runs=runs, round_started_at=now, round_ended_at=None
    )


def _ended(state: LoopState, now: datetime) -> LoopState:
    """Rounds that were missed are not made up for."""
    due_at = (state.round_started_at or now) + timedelta(seconds=state.plan.interval_s)
    return _updated(
        state, now, phase=LoopPhase.WAITING, rounds_done=state.rounds_done + 1, round_ended_at=now,
        due_at=max(due_at, now),
    )  # fmt: skip


def _updated(state: LoopState, now: datetime, **changes: object) -> LoopState:
    return state.model_copy(update={**changes, "updated_at": now})
