"""The rollout's rules, and what must hold whatever happens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aqe.agents.deployment_readiness.rollout.look import interval_s, unclear, wrong
from aqe.agents.deployment_readiness.rollout.moves import Happening, Kind
from aqe.agents.deployment_readiness.rollout.orders import idle
from aqe.agents.deployment_readiness.rollout.step import begin, reopen, step
from aqe.core.errors import InputError
from aqe.core.records.rollouts.checks import CheckLimits
from aqe.core.records.rollouts.health import alerts_of, health_of
from aqe.core.records.rollouts.kayenta import KayentaJudging
from aqe.core.records.rollouts.rollout import (
    ArmReading,
    GivenOrder,
    Order,
    Phase,
    Rollout,
    RolloutPlan,
    RolloutState,
    Sample,
    Stage,
    Strategy,
    Trigger,
    WatchPhase,
)
from aqe.core.records.rollouts.traffic import TrafficStatus

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_plan(**more: Any) -> RolloutPlan:
    fields = {
        "stages": tuple(Stage(percent=percent, duration_s=60) for percent in (5, 50, 100)),
        "interval_s": 10,
        **more,
    }
    return RolloutPlan(id="r1", version="v2", environment="production", baseline="v1", started_at=START, **fields)


class Story:
    """A rollout whose executor does as it is told, look by look.

    Args:
        plan: of the rollout.
        rps: requests a second of all.
    """

    def __init__(self, plan: RolloutPlan, *, rps: float = 100) -> None:
        self.plan, self.state, self.at = plan, begin(plan), START
        self.rps, self.happened = rps, list[Happening]()
        self.canary, self.baseline = ArmReading(requests=0, errors=0, up=True), ArmReading(requests=0, errors=0)
        self.percent: float | None = self.state.percent
        self.counts = False
        """The executor counts what it sends where."""
        self.strays = 0.0
        """Requests at each look that reach the version without traffic all the same."""
        self.routed = [0.0, 0.0]

    def look(
        self, *, errors: float = 0.0, base_errors: float = 0.0, up: bool | None = True, measured: bool = True,
        order: Order | None = None, moves: bool = True, metrics: dict[str, float] | None = None,
        ready: float | None = 100.0, baseline_metrics: dict[str, float] | None = None,
    ) -> RolloutState:  # fmt: skip
        """One more look; `errors` is the share of the canary's requests that fail."""
        self.at += timedelta(seconds=self.plan.interval_s)
        if moves:
            self.percent = self.state.percent
        share = (self.percent or 0) / 100
        whole = self.rps * self.plan.interval_s
        self.canary = grown(self.canary, whole * share, errors, up)
        self.baseline = grown(self.baseline, whole * (1 - share), base_errors, True)
        stray = [self.strays if part == 0 else 0.0 for part in (share, 1 - share)]
        self.routed = [self.routed[0] + whole * share + stray[0], self.routed[1] + whole * (1 - share) + stray[1]]
        empty = ArmReading(up=up)
        sample = Sample(
            at=self.at,
            canary=self.canary if measured else empty,
            baseline=self.baseline if measured else empty,
            metrics=metrics or {},
            baseline_metrics=baseline_metrics or {},
            percent=self.percent,
            ready_percent=ready,
            canary_routed=self.routed[0] if self.counts else None,
            baseline_routed=self.routed[1] if self.counts else None,
        )
        given = GivenOrder(order=order, by="cto", at=self.at) if order else None
        self.state, happened = step(self.plan, self.state, sample, given)
        self.happened += happened
        return self.state

    def last_of_baseline(self, requests: float) -> None:
        """Requests of the old version that end after all traffic was moved."""
        self.baseline = grown(self.baseline, requests, 0.0, True)

    def looks_until(self, phase: Phase) -> None:
        while self.look().phase is not phase:
            assert not self.state.phase.is_final

    def looks(self, count: int, **how: Any) -> RolloutState:
        for _ in range(count):
            self.look(**how)
        return self.state

    def kinds(self) -> list[Kind]:
        return [happening.kind for happening in self.happened]


def grown(arm: ArmReading, requests: float, share: float, up: bool | None) -> ArmReading:
    return ArmReading(requests=(arm.requests or 0) + requests, errors=(arm.errors or 0) + requests * share, up=up)


def test_a_good_canary_goes_through_its_stages_and_is_promoted() -> None:
    story = Story(a_plan(watch_s=30))
    for _ in range(40):
        story.look()
    assert story.state.phase is Phase.PROMOTED
    assert story.kinds() == [Kind.STAGE_ADVANCED, Kind.STAGE_ADVANCED, Kind.PROMOTED]
    assert [moment.percent for moment in story.state.timeline][:3] == [5, 50, 100]


def test_failing_requests_take_it_back_at_once() -> None:
    story = Story(a_plan())
    story.looks(2)
    state = story.look(errors=0.2)
    assert (state.phase, state.percent) == (Phase.ROLLING_BACK, 0)
    assert "error rate: " in state.reason
    assert story.look().phase is Phase.ROLLED_BACK
    assert story.kinds() == [Kind.ROLLBACK_STARTED, Kind.ROLLED_BACK]


def test_failures_that_the_baseline_has_too_are_not_the_canarys() -> None:
    story = Story(a_plan())
    story.looks(40, errors=0.05, base_errors=0.05)
    assert story.state.phase is Phase.PROMOTED


def test_with_all_traffic_it_is_held_against_what_the_baseline_was() -> None:
    story = Story(a_plan(watch_s=600))
    story.looks(22)
    assert story.state.phase is Phase.WATCHING
    assert story.looks(2, errors=0.2).phase is Phase.ROLLED_BACK


def test_the_last_requests_of_the_baseline_do_not_hide_what_it_was() -> None:
    story = Story(a_plan(strategy=Strategy.BLUE_GREEN, stages=(Stage(percent=100, duration_s=600),)), rps=80)
    story.looks_until(Phase.STAGE)
    story.looks(2)
    story.last_of_baseline(story.plan.min_requests)
    assert story.look(errors=0.05).phase is Phase.ROLLING_BACK


def test_a_rollback_ends_only_when_the_executor_says_so() -> None:
    story = Story(a_plan())
    story.looks(2)
    story.look(errors=1.0)
    assert story.looks(5, moves=False).phase is Phase.ROLLING_BACK
    assert story.look().phase is Phase.ROLLED_BACK


def test_what_was_promoted_can_be_taken_back_by_a_person() -> None:
    story = Story(a_plan())
    story.looks(30)
    assert story.state.phase is Phase.PROMOTED
    story.state, (happened,) = reopen(story.plan, story.state, story.at, "orders are lost")
    assert (story.state.phase, story.state.percent, happened.kind) == (Phase.ROLLING_BACK, 0, Kind.ROLLBACK_STARTED)
    assert story.look().phase is Phase.ROLLED_BACK
    assert story.state.promoted_at is not None
    with pytest.raises(InputError, match="expected PROMOTED"):
        reopen(story.plan, story.state, story.at, "again")


def test_a_canary_that_is_down_is_taken_back_whatever_the_ratios_say() -> None:
    story = Story(a_plan())
    story.looks(2)
    assert story.look(up=False).phase is Phase.STAGE
    assert story.look(up=False).phase is Phase.ROLLING_BACK


def test_it_says_which_measurement_there_is_none_of() -> None:
    story = Story(a_plan(no_data_pause_s=20))
    story.look()
    assert "the metrics have no value for its requests and errors" in story.looks(3, measured=False).reason


def test_without_measurements_it_pauses_then_is_taken_back() -> None:
    story = Story(a_plan(no_data_pause_s=30, no_data_rollback_s=60))
    story.looks(2)
    assert story.looks(3, measured=False).phase is Phase.PAUSED
    assert "no measurement of the canary for 30 s" in story.state.reason
    assert story.looks(3, measured=False).phase is Phase.ROLLING_BACK


def test_a_stage_begins_when_the_executor_has_moved() -> None:
    story = Story(a_plan())
    story.looks(7)
    assert story.state.stage == 1
    assert story.looks(20, moves=False).stage == 1, "it never got there"
    assert story.looks(7).stage == 2


def test_too_little_traffic_decides_nothing_and_pauses_in_the_end() -> None:
    story = Story(a_plan(), rps=0.1)
    assert story.looks(12).phase is Phase.STAGE
    assert story.looks(8).phase is Phase.PAUSED
    assert "too little traffic" in story.state.reason


def test_a_trigger_must_last() -> None:
    plan = a_plan(triggers=(Trigger(metric="checkout_conversion_percent", limit=80, for_s=20, below=True),))
    story = Story(plan)
    low, fine = {"checkout_conversion_percent": 70.0}, {"checkout_conversion_percent": 85.0}
    for metrics in (low, low, fine, low, low):
        assert story.look(metrics=metrics).phase is Phase.STAGE
    assert story.look(metrics=low).phase is Phase.ROLLING_BACK


def test_phases_after_the_last_stage_have_limits_and_a_pace_of_their_own() -> None:
    strict = WatchPhase(name="strict", duration_s=60, interval_s=10, triggers=(a_limit(0.5),))
    calm = WatchPhase(name="calm", duration_s=120, interval_s=30, triggers=(a_limit(0.1),), auto_rollback=False)
    story = Story(a_plan(watches=(strict, calm)))
    story.looks_until(Phase.WATCHING)
    assert interval_s(story.plan, story.state) == 10
    assert story.looks(6).phase is Phase.WATCHING
    assert (story.state.watch, interval_s(story.plan, story.state)) == (1, 30)
    assert story.looks(2, errors=0.002).phase is Phase.WATCHING
    assert "error_rate_percent" in story.state.alerts
    assert [one.kind for one in story.happened].count(Kind.ALERT) == 1
    story.look()
    assert "error_rate_percent" not in story.state.alerts
    assert story.looks(9).phase is Phase.PROMOTED


def test_in_a_strict_phase_a_broken_limit_takes_it_back() -> None:
    strict = WatchPhase(name="strict", duration_s=60, interval_s=10, triggers=(a_limit(0.5),))
    story = Story(a_plan(watches=(strict,)))
    story.looks_until(Phase.WATCHING)
    assert story.look(errors=0.02, base_errors=0.02).phase is Phase.ROLLING_BACK


def test_a_limit_that_only_alerts_takes_nothing_back_in_any_stage() -> None:
    mild = Trigger(metric="conversion", limit=80, below=True, alert_only=True)
    story = Story(a_plan(triggers=(mild,)))
    assert story.looks(3, metrics={"conversion": 50.0}).phase is Phase.STAGE
    rollout = Rollout(plan=story.plan, state=story.state, runner="x", updated_at=story.at)
    (alert,) = alerts_of(rollout)
    assert (alert.about, alert.since) == ("conversion", START + timedelta(seconds=10))
    assert health_of(rollout).canary.requests == story.canary.requests


def test_silence_in_a_calm_phase_is_an_alert() -> None:
    calm = WatchPhase(name="calm", duration_s=600, interval_s=10, auto_rollback=False)
    story = Story(a_plan(watches=(calm,), no_data_pause_s=30))
    story.looks_until(Phase.WATCHING)
    assert story.looks(10, measured=False).phase is Phase.WATCHING
    assert list(story.state.alerts) == ["measurements"]


def a_limit(percent: float) -> Trigger:
    return Trigger(metric="error_rate_percent", limit=percent)


def test_without_auto_rollback_it_pauses_and_a_person_decides() -> None:
    story = Story(a_plan(auto_rollback=False))
    story.looks(2)
    assert story.look(errors=0.5).phase is Phase.PAUSED
    assert story.look(order=Order.ABORT).phase is Phase.ROLLING_BACK


@pytest.mark.parametrize(
    ("orders", "phase"),
    [
        ((Order.PAUSE,), Phase.PAUSED),
        ((Order.PAUSE, Order.RESUME), Phase.STAGE),
        ((Order.RESUME,), Phase.STAGE),
        ((Order.ABORT,), Phase.ROLLING_BACK),
        ((Order.PAUSE, Order.ABORT), Phase.ROLLING_BACK),
        ((Order.ABORT, Order.PROMOTE), Phase.ROLLED_BACK),
    ],
)
def test_orders(orders: Sequence[Order], phase: Phase) -> None:
    story = Story(a_plan())
    story.look()
    for order in orders:
        story.look(order=order)
    assert story.state.phase is phase
    assert any("by cto" in moment.text for moment in story.state.timeline)


@pytest.mark.parametrize(
    ("reached", "order", "why"),
    [
        (Phase.STAGE, Order.RESUME, "it is not paused"),
        (Phase.WATCHING, Order.PAUSE, "it has all traffic already; abort takes it back"),
        (Phase.WATCHING, Order.PROMOTE, "it has all traffic already; abort takes it back"),
        (Phase.HELD, Order.RESUME, "it is not paused"),
    ],
)
def test_an_order_that_changes_nothing_says_why(reached: Phase, order: Order, why: str) -> None:
    story = Story(a_plan(watch_s=60, held=True))
    while story.look().phase is not reached:
        pass
    assert idle(story.state, order) == why
    before = story.state
    assert story.look(order=order).phase is reached
    assert (story.state.percent, story.state.timeline[-1].text) == (before.percent, f"{order} by cto; {why}")


def test_to_promote_what_has_all_traffic_does_not_begin_its_stage_anew() -> None:
    story = Story(a_plan())
    while story.state.percent < 100:
        story.look()
    story.looks(3)
    reached_at = story.state.reached_at
    assert story.look(order=Order.PROMOTE).reached_at == reached_at


def test_what_is_paused_is_not_paused_again_and_what_is_taken_back_obeys_nobody() -> None:
    story = Story(a_plan())
    story.look(order=Order.PAUSE)
    assert [idle(story.state, order) for order in Order] == ["it is paused already", None, None, None]
    story.look(order=Order.ABORT)
    assert {idle(story.state, order) for order in Order} == {"it is being taken back already"}


def test_promote_gives_it_all_traffic_and_still_judges_it() -> None:
    story = Story(a_plan())
    story.look()
    state = story.look(order=Order.PROMOTE)
    assert (state.phase, state.percent) == (Phase.STAGE, 100)
    assert story.looks(2, errors=0.5).phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK)


def test_one_that_is_held_waits_with_all_traffic_and_is_still_judged() -> None:
    story = Story(a_plan(held=True, watch_s=20))
    story.looks_until(Phase.HELD)
    assert story.looks(30).phase is Phase.HELD
    assert story.look(errors=0.2).phase is Phase.ROLLING_BACK
    story = Story(a_plan(held=True))
    story.looks_until(Phase.HELD)
    assert story.look(order=Order.PROMOTE).phase is Phase.PROMOTED
    assert story.kinds()[-1] is Kind.PROMOTED


def test_one_that_is_held_and_bad_is_not_promoted_by_an_order() -> None:
    story = Story(a_plan(held=True))
    story.looks_until(Phase.HELD)
    assert story.look(errors=0.5, order=Order.PROMOTE).phase is Phase.ROLLING_BACK


def test_a_counter_that_was_restarted_begins_at_zero() -> None:
    story = Story(a_plan())
    story.looks(3)
    story.canary = ArmReading(requests=0, errors=0, up=True)
    story.look()
    assert story.state.canary.requests == pytest.approx(150)


@pytest.mark.parametrize(
    ("strategy", "ready", "phase"),
    [
        (Strategy.BLUE_GREEN, 0, Phase.PREPARING),
        (Strategy.BLUE_GREEN, 75, Phase.PREPARING),
        (Strategy.BLUE_GREEN, 100, Phase.STAGE),
        (Strategy.ROLLING, 2, Phase.PREPARING),
        (Strategy.ROLLING, 25, Phase.STAGE),
        (Strategy.ROLLING, None, Phase.STAGE),
        (Strategy.CANARY, 0, Phase.STAGE),
    ],
)
def test_instances_answer_before_they_get_traffic(strategy: Strategy, ready: float | None, phase: Phase) -> None:
    story = Story(a_plan(strategy=strategy))
    state = story.look(ready=ready)
    assert (state.phase, state.percent) == (phase, 0 if phase is Phase.PREPARING else 5)


def test_a_new_version_that_never_answers_is_given_up_without_a_request() -> None:
    story = Story(a_plan(strategy=Strategy.BLUE_GREEN, progress_s=50))
    assert story.looks(5, ready=0, up=False, measured=False).phase is Phase.ROLLING_BACK
    assert "0 % of the new version's instances answer, 100 % must" in story.state.reason
    assert story.look().phase is Phase.ROLLED_BACK
    assert story.canary.requests == 0


def test_rolling_waits_for_the_next_batch_and_pauses_in_the_end() -> None:
    story = Story(a_plan(strategy=Strategy.ROLLING, progress_s=30))
    assert story.looks(8, ready=5).stage == 0
    assert story.looks(3, ready=5).phase is Phase.PAUSED
    assert story.look(order=Order.RESUME).stage == 1


def test_blue_green_with_all_at_once_keeps_the_old_version_for_the_watch() -> None:
    plan = a_plan(strategy=Strategy.BLUE_GREEN, stages=(Stage(percent=100, duration_s=30),), watch_s=600)
    story = Story(plan)
    assert story.looks(2).phase is Phase.PREPARING, "the old version is measured first"
    assert story.looks(5).phase is Phase.WATCHING
    assert (story.look(errors=0.3).phase, story.state.percent) == (Phase.ROLLING_BACK, 0)


def test_an_executor_that_gets_nowhere_pauses_it() -> None:
    story = Story(a_plan(progress_s=50))
    story.percent = 0.0
    assert story.looks(4, moves=False).phase is Phase.STAGE
    assert story.look(moves=False).phase is Phase.PAUSED
    assert "did not bring it to" in story.state.reason


def test_a_person_pauses_what_is_prepared_and_promotes_nothing_that_has_no_traffic() -> None:
    story = Story(a_plan(strategy=Strategy.BLUE_GREEN))
    assert story.look(ready=0, order=Order.PROMOTE).percent == 0
    assert story.look(ready=0, order=Order.PAUSE).phase is Phase.PAUSED
    assert story.look(order=Order.PROMOTE).percent == 0
    assert story.look(ready=0, order=Order.RESUME).phase is Phase.PREPARING


class AnyRollout(RuleBasedStateMachine):
    """Looks and orders in any order, with an executor that may be slow."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(a_plan())

    @initialize(strategy=st.sampled_from(Strategy), held=st.booleans(), by_kayenta=st.booleans(), counts=st.booleans())
    def begin(self, strategy: Strategy, held: bool, by_kayenta: bool, counts: bool) -> None:
        limits = {"no_data_pause_s": 30, "no_data_rollback_s": 60, "progress_s": 80}
        counters = CheckLimits(success=50, failure_limit=1, inconclusive_limit=1)
        trigger = Trigger(metric="queue", limit=100, counters=counters)
        how = KayentaJudging(config={"metrics": [{"name": "error_rate_percent", "groups": ["all"]}]}, every_s=20)
        more = {"triggers": (trigger,), "kayenta": how if by_kayenta else None, "settle_looks": 2, **limits}
        self.story = Story(a_plan(strategy=strategy, held=held, watch_s=20, **more))
        self.story.counts = counts

    @rule(
        errors=st.sampled_from([0.0, 0.0, 0.01, 0.5]),
        up=st.sampled_from([True, True, True, False, None]),
        measured=st.booleans(),
        moves=st.booleans(),
        order=st.sampled_from([None, None, None, *Order]),
        ready=st.sampled_from([100.0, 100.0, 50.0, 0.0, None]),
        queue=st.sampled_from([10.0, 10.0, 10.0, 70.0, 200.0, None]),
        strays=st.sampled_from([0.0, 0.0, 3.0]),
    )
    def look(
        self, errors: float, up: bool | None, measured: bool, moves: bool, order: Order | None, ready: float | None,
        queue: float | None, strays: float,
    ) -> None:  # fmt: skip
        before, self.story.strays = self.story.state, strays
        metrics = {} if queue is None else {"queue": queue}
        after = self.story.look(
            errors=errors, up=up, measured=measured, moves=moves, order=order, ready=ready, metrics=metrics
        )
        if after.percent > before.percent and order is not Order.PROMOTE and ready is not None:
            needed = {Strategy.BLUE_GREEN: 100.0, Strategy.ROLLING: after.percent}
            assert ready >= needed.get(self.story.plan.strategy, 0), "what does not answer gets nothing"
        if before.phase.is_final:
            assert after == before
        if after.phase is Phase.PROMOTED and self.story.plan.held:
            assert after.released, "only when it is told to"
        if after.phase is Phase.ROLLED_BACK and before.phase is not after.phase and order is not Order.ABORT:
            assert after.traffic is not None
            wanted = TrafficStatus.CONFIRMED if self.story.counts else TrafficStatus.NO_COUNTERS
            assert after.traffic.status is wanted, "never a false word"
        if not after.phase.is_final and before.phase is Phase.ROLLING_BACK:
            assert after.phase is Phase.ROLLING_BACK, "nothing stops a rollback"

    @invariant()
    def no_version_that_was_judged_bad_is_served_without_an_action_pending(self) -> None:
        state = self.story.state
        if wrong(self.story.plan, state)[0]:
            assert state.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK)
            assert state.percent == 0
        if unclear(self.story.plan, state):
            assert state.phase is not Phase.STAGE, "undecided too often, it waits for a person"
        if state.phase in (Phase.PREPARING, Phase.ROLLING_BACK, Phase.ROLLED_BACK):
            assert state.percent == 0

    @invariant()
    def a_rollback_is_reachable_from_everywhere(self) -> None:
        state = self.story.state
        if state.phase is Phase.PROMOTED:
            assert reopen(self.story.plan, state, self.story.at, "x")[0].phase is Phase.ROLLING_BACK
        if state.phase.is_final:
            return
        sample = Sample(at=self.story.at + timedelta(seconds=1), percent=state.percent)
        order = GivenOrder(order=Order.ABORT, by="x", at=sample.at)
        taken, _ = step(self.story.plan, state, sample, order)
        assert (taken.phase, taken.percent) == (Phase.ROLLING_BACK, 0) or taken.phase is Phase.ROLLED_BACK

    @invariant()
    def it_can_be_saved_and_read_back(self) -> None:
        rollout = Rollout(plan=self.story.plan, state=self.story.state, runner="x", updated_at=self.story.at)
        assert Rollout.from_json(rollout.to_json(), where="x") == rollout


TestAnyRollout = AnyRollout.TestCase
TestAnyRollout.settings = settings(max_examples=60, stateful_step_count=30)
