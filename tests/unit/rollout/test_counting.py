"""Limits with Argo's counters: a look is a check, a stage is an analysis run."""

from collections.abc import Sequence
from typing import Any

import pytest

from aqe.agents.deployment_readiness.rollout.moves import Kind
from aqe.cli.text_rollout import rollout_text
from aqe.core.records.rollouts.checks import CheckLimits
from aqe.core.records.rollouts.rollout import Order, Phase, Rollout, Trigger, WatchPhase
from aqe.tests.unit.rollout.test_step import Story, a_plan

GOOD, UNCLEAR, BAD = {"queue": 10.0}, {"queue": 70.0}, {"queue": 200.0}


def counting(**limits: Any) -> Trigger:
    return Trigger(metric="queue", limit=100, counters=CheckLimits(success=50, **limits))


def a_story(*looks: dict[str, float], alert_only: bool = False, **limits: Any) -> Story:
    """A rollout whose first stage has had these looks."""
    trigger = counting(**limits).model_copy(update={"alert_only": alert_only})
    story = Story(a_plan(triggers=(trigger,)))
    for metrics in looks:
        story.look(metrics=metrics)
    return story


@pytest.mark.parametrize(
    ("looks", "phase"),
    [
        ((BAD, GOOD, BAD), Phase.STAGE),
        ((BAD, GOOD, BAD, GOOD, BAD), Phase.ROLLING_BACK),
        ((UNCLEAR,), Phase.STAGE),
        ((UNCLEAR, GOOD, UNCLEAR), Phase.PAUSED),
        (({}, {}, {}), Phase.STAGE),
        (({}, {}, {}, {}), Phase.ROLLING_BACK),
        (({}, {}, {}, GOOD, {}), Phase.STAGE),
    ],
)
def test_each_counter_has_its_end(looks: Sequence[dict[str, float]], phase: Phase) -> None:
    story = a_story(*looks, failure_limit=2, inconclusive_limit=1, consecutive_error_limit=3)
    assert story.state.phase is phase


def test_what_is_counted_stands_in_the_verdict_and_in_the_timeline() -> None:
    story = a_story(BAD, failure_limit=2)
    (shown,) = [verdict for verdict in story.state.verdicts if verdict.metric == "queue"]
    assert shown.reason == "200, the limit is above 100; failed at 1 of 2 looks allowed; undecided at 0 of 0"
    assert story.state.timeline[-1].text == "queue fails: failed at 1 of 2 looks allowed; undecided at 0 of 0"
    story.looks(2, metrics=BAD)
    assert "queue: 200, the limit is above 100; failed at 3 of 2 looks allowed" in story.state.reason


def test_the_plan_says_what_is_tolerated() -> None:
    story = a_story(failure_limit=2, inconclusive_limit=1)
    words = (
        "taken back when queue above 100 at more than 2 looks of a stage, or without a value at more than 4 in a row; "
        "paused when undecided (50 is good) at more than 1"
    )
    assert words in rollout_text(Rollout(plan=story.plan, state=story.state, runner="x", updated_at=story.at))


def test_counters_begin_anew_with_each_stage_and_what_was_used_is_said() -> None:
    story = a_story(BAD, BAD, failure_limit=2)
    while story.state.stage == 0:
        story.look(metrics=GOOD)
    moved = next(one.text for one in story.happened if one.kind is Kind.STAGE_ADVANCED)
    assert moved.startswith("stage succeeded (queue failed at 2 of 2 looks allowed")
    assert story.looks(2, metrics=BAD).phase is Phase.STAGE


def test_looks_before_the_share_is_there_are_no_checks() -> None:
    story = Story(a_plan(triggers=(counting(),)))
    story.percent = 0.0
    assert story.looks(3, moves=False, metrics=BAD).checks == {}
    assert story.look(metrics=BAD).phase is Phase.ROLLING_BACK


def test_a_runner_that_is_replaced_counts_on() -> None:
    story = a_story(BAD, BAD, failure_limit=2)
    saved = Rollout(plan=story.plan, state=story.state, runner="x", updated_at=story.at).to_json()
    taken_over = Rollout.from_json(saved, where="x")
    story.plan, story.state = taken_over.plan, taken_over.state
    assert story.look(metrics=BAD).phase is Phase.ROLLING_BACK


def test_whoever_resumes_it_has_decided_what_the_counters_could_not() -> None:
    story = a_story(UNCLEAR)
    assert story.state.phase is Phase.PAUSED
    assert story.look(metrics=GOOD, order=Order.RESUME).phase is Phase.STAGE
    assert story.look(metrics=UNCLEAR).phase is Phase.PAUSED


def test_a_resumed_release_that_is_bad_is_taken_back_all_the_same() -> None:
    story = a_story(UNCLEAR, failure_limit=0)
    assert story.look(metrics=BAD, order=Order.RESUME).phase is Phase.ROLLING_BACK


def test_a_limit_that_only_alerts_neither_pauses_nor_takes_back() -> None:
    story = a_story(UNCLEAR, BAD, BAD, alert_only=True)
    assert (story.state.phase, list(story.state.alerts)) == (Phase.STAGE, ["queue"])


def test_with_all_traffic_what_is_undecided_is_an_alert() -> None:
    watch = WatchPhase(name="strict", duration_s=600, interval_s=10, triggers=(counting(),))
    story = Story(a_plan(watches=(watch,)))
    story.looks_until(Phase.WATCHING)
    assert story.look(metrics=UNCLEAR).phase is Phase.WATCHING
    assert list(story.state.alerts) == ["queue"]
    assert story.look(metrics=BAD).phase is Phase.ROLLING_BACK


def test_any_number_of_failures_may_be_tolerated() -> None:
    assert a_story(*[BAD] * 20, failure_limit=-1).state.phase is not Phase.ROLLING_BACK
