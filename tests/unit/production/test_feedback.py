"""The feedback loop's rules: rounds, resuming, stopping, anomalies; with bare values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aqe.agents.production_intelligence.feedback import End, Perform, Seen, Wait, resumed, step
from aqe.core.records.production.feedback import MAX_NOTICED, LoopPhase, LoopPlan, LoopState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = Seen({})


def a_plan(*analyses: str, once: bool = False) -> LoopPlan:
    return LoopPlan(interval_s=3600, analyses=analyses or ("a", "b"), days=7, once=once)


def fresh(*analyses: str, once: bool = False) -> LoopState:
    return resumed(None, a_plan(*analyses, once=once), "me", NOW)


def performed(state: LoopState, action: Any, now: datetime = NOW, **more: Any) -> tuple[LoopState, Any]:
    """The run of an action is over."""
    assert isinstance(action, Perform)
    return step(state, Seen({action.run.task: ("completed", None)}, **more), now)


def test_a_round_runs_every_analysis_and_waits_from_begin_to_begin() -> None:
    """However long it took."""
    state, action = step(fresh(), NOTHING, NOW)
    assert (state.phase, state.round) == (LoopPhase.RUNNING, 1)
    state, action = performed(state, action)
    state, action = performed(state, action, NOW + HOUR / 4)
    assert (state.phase, state.rounds_done, action) == (LoopPhase.WAITING, 1, Wait(2700.0))
    state, action = step(state, NOTHING, NOW + HOUR)
    assert state.round == 2 and isinstance(action, Perform)


def test_a_round_that_took_longer_than_the_interval_is_followed_at_once_and_none_is_made_up_for() -> None:
    """After five hours comes one round, not five."""
    state, action = step(fresh("a"), NOTHING, NOW)
    state, action = performed(state, action, NOW + 5 * HOUR)
    assert (state.round, isinstance(action, Perform)) == (2, True)


def test_what_was_saved_is_asked_for_again_under_the_same_id() -> None:
    """Killed between saving and acting: the next process submits the same task."""
    state, first = step(fresh(), NOTHING, NOW)
    again = resumed(state, a_plan(), "other", NOW + HOUR)
    _, second = step(again, NOTHING, NOW + HOUR)
    assert isinstance(first, Perform) and isinstance(second, Perform)
    assert first.run == second.run


def test_a_task_whose_process_died_is_tried_under_another_id() -> None:
    """The first one will never be over."""
    state, action = step(fresh("a"), NOTHING, NOW)
    assert isinstance(action, Perform)
    state, second = step(state, Seen({}, frozenset([action.run.task])), NOW)
    assert isinstance(second, Perform)
    assert (second.run.attempt, second.run.task != action.run.task) == (2, True)


def test_a_failed_analysis_does_not_stop_the_others() -> None:
    """It says why."""
    state, action = step(fresh(), NOTHING, NOW)
    assert isinstance(action, Perform)
    state, action = step(state, Seen({action.run.task: ("failed", "no log records")}), NOW)
    assert state.runs[0].error == "no log records" and isinstance(action, Perform)
    assert action.run.task_type == "b"


def test_a_loop_that_was_stopped_goes_on_with_what_was_left() -> None:
    """Also in the middle of a round."""
    state, action = step(fresh(), NOTHING, NOW)
    state, action = performed(state, action, stop=True)
    assert (state.phase, action) == (LoopPhase.STOPPED, End())
    state, action = step(resumed(state, a_plan(), "me", NOW), NOTHING, NOW)
    assert (state.round, isinstance(action, Perform) and action.run.task_type) == (1, "b")


def test_once_is_one_round_whenever_the_next_would_be_due() -> None:
    """Also after a loop that waits for its next round."""
    state, action = step(fresh("a"), NOTHING, NOW)
    waiting, _ = performed(state, action)
    state, action = step(resumed(waiting, a_plan("a", once=True), "ci", NOW), NOTHING, NOW)
    assert (state.round, isinstance(action, Perform)) == (2, True)
    state, action = performed(state, action)
    assert (state.phase, action) == (LoopPhase.STOPPED, End())


def test_each_anomaly_is_taken_in_once_and_the_list_is_bounded() -> None:
    """The position in the stream is saved with them."""
    state = fresh()
    for number in range(MAX_NOTICED + 20):
        state, _ = step(state, Seen({}, anomalies=(f"a{number}",), position=f"{number}-0"), NOW)
    assert (state.anomalies_noticed, len(state.anomalies)) == (MAX_NOTICED + 20, MAX_NOTICED)
    assert (state.anomalies[-1], state.position) == (f"a{MAX_NOTICED + 19}", f"{MAX_NOTICED + 19}-0")


def test_a_plan_without_analyses_waits() -> None:
    """It does not spin."""
    empty = LoopPlan(interval_s=60, analyses=(), days=7)
    state, action = step(resumed(None, empty, "me", NOW), NOTHING, NOW)
    assert (state.rounds_done, action) == (1, Wait(60))


def test_a_clock_that_goes_back_waits_no_longer_than_an_interval() -> None:
    """And ends no round."""
    state, action = step(fresh("a"), NOTHING, NOW)
    state, action = performed(state, action)
    _, action = step(state, NOTHING, NOW - 50 * HOUR)
    assert action == Wait(3600)
