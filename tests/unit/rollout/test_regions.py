"""Regions: who begins when, what is taken back when too many fail, and what must hold whatever happens."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aqe.agents.deployment_readiness.rollout.region_plan import in_waves, is_open, opens_at, schedule
from aqe.agents.deployment_readiness.rollout.regions import SETTLED, Happening, Kind, begin, reopen, step
from aqe.cli.deploy.regions import ORDERS
from aqe.core.errors import InputError
from aqe.core.records.rollouts.regions import (
    FAILING,
    Region,
    Regional,
    RegionalLook,
    RegionalPhase,
    RegionalPlan,
    RegionalState,
    RegionOrder,
    RegionPhase,
    RolloutSeen,
    Window,
)
from aqe.core.records.rollouts.rollout import GivenOrder, Order, Phase

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
FOUR = ("us-east", "us-west", "eu-west", "ap-south")
OFFICE = Window(opens=time(9), closes=time(17))


def a_region(name: str, timezone: str = "UTC", window: Window | None = None, wave: int = 0) -> Region:
    return Region(name=name, timezone=timezone, window=window, wave=wave)


def a_plan(names: Sequence[str] = FOUR, *, waves: Sequence[int] | None = None, **more: Any) -> RegionalPlan:
    regions = tuple(a_region(name, wave=wave) for name, wave in zip(names, waves or range(len(names)), strict=True))
    fields = {"regions": regions, "order": RegionOrder.STAGGERED, "bake_s": 60, **more}
    return RegionalPlan(version="v2", environment="production", planned_at=START, **fields)


class Story:
    """Regions whose rollouts do as they are told, look by look; a test says what becomes of them."""

    def __init__(self, plan: RegionalPlan) -> None:
        self.plan, self.at = plan, START
        self.state: RegionalState = begin(plan, START)
        self.rollouts: dict[str, RolloutSeen] = {}
        self.happened: list[Happening] = []

    def act(self) -> None:
        """What a runner does after the state is saved."""
        for name, region in self.state.regions.items():
            rollout = self.rollouts.get(name)
            if region.phase is RegionPhase.STARTING and rollout is None:
                self.rollout(name, Phase.STAGE, 5)
            if rollout is None:
                continue
            if region.phase is RegionPhase.TAKING_BACK and rollout.phase is not Phase.ROLLED_BACK:
                self.rollout(name, Phase.ROLLING_BACK, 0)
            if region.phase is RegionPhase.PROMOTING and rollout.phase is Phase.HELD:
                self.rollout(name, Phase.PROMOTED, 100)

    def rollout(self, name: str, phase: Phase, percent: float) -> None:
        self.rollouts[name] = RolloutSeen(phase=phase, percent=percent)

    def look(self, *, after_s: float = 10, order: Order | None = None, problems: dict[str, str] | None = None) -> None:
        self.at += timedelta(seconds=after_s)
        look = RegionalLook(at=self.at, rollouts=self.rollouts, problems=problems or {})
        given = GivenOrder(order=order, by="cto", at=self.at) if order else None
        self.state, happened = step(self.plan, self.state, look, given)
        self.happened += happened

    def looks(self, count: int = 1, **how: Any) -> None:
        for _ in range(count):
            self.act()
            self.look(**how)

    def holds(self, *names: str) -> None:
        for name in names:
            self.rollout(name, Phase.HELD, 100)
        self.looks()

    def fails(self, *names: str) -> None:
        for name in names:
            self.rollout(name, Phase.ROLLED_BACK, 0)
        self.looks()

    def phases(self) -> list[str]:
        return [region.phase for region in self.state.regions.values()]


def test_one_region_after_the_other_begins_when_the_one_before_is_well_and_has_baked() -> None:
    story = Story(a_plan())
    story.looks(2)
    assert story.phases() == ["RUNNING", "PENDING", "PENDING", "PENDING"]
    story.holds("us-east")
    story.looks(5)
    assert story.phases()[1] == "PENDING", "not yet baked"
    story.looks(2)
    assert story.phases()[:3] == ["HELD", "RUNNING", "PENDING"]


def test_all_end_together_and_only_when_all_are_well() -> None:
    story = Story(a_plan(waves=(0, 0, 1, 1)))
    story.looks(2)
    story.holds("us-east", "us-west")
    story.looks(8)
    story.holds("eu-west")
    story.looks(20)
    assert story.phases() == ["HELD", "HELD", "HELD", "RUNNING"]
    story.holds("ap-south")
    story.looks(9)
    assert (story.state.phase, set(story.phases())) == (RegionalPhase.PROMOTED, {"PROMOTED"})
    assert story.happened[-1].kind is Kind.PROMOTED


def test_a_region_that_fails_is_lost_alone() -> None:
    story = Story(a_plan(quorum=0.5))
    for name in FOUR:
        story.looks(2)
        (story.fails if name == "us-west" else story.holds)(name)
        story.looks(7)
    story.looks(2)
    assert story.state.phase is RegionalPhase.PROMOTED
    assert story.phases() == ["PROMOTED", "FAILED", "PROMOTED", "PROMOTED"]
    assert "not of us-west" in story.happened[-1].text


def test_more_failed_regions_than_may_fail_take_all_back() -> None:
    story = Story(a_plan(max_failed=1))
    story.looks(2)
    story.holds("us-east")
    story.looks(8)
    story.holds("us-west")
    story.looks(8)
    story.fails("us-west")
    assert story.state.decided_at is None, "one may fail"
    story.rollout("eu-west", Phase.ROLLING_BACK, 0)
    story.looks()
    assert story.state.phase is RegionalPhase.ROLLING_BACK
    assert story.phases() == ["TAKING_BACK", "FAILED", "FAILING", "SKIPPED"]
    assert "2 failed (us-west, eu-west), at most 1 may" in story.state.reason
    story.fails("us-east", "eu-west")
    assert (story.state.phase, story.phases()) == (
        RegionalPhase.ROLLED_BACK,
        ["ROLLED_BACK", "FAILED", "FAILED", "SKIPPED"],
    )


def test_without_a_quorum_it_pauses_and_a_person_may_let_it_go_on() -> None:
    story = Story(a_plan())
    story.looks(2)
    story.fails("us-east")
    assert (story.state.phase, story.state.reason) == (
        RegionalPhase.PAUSED,
        "0 of 1 regions are well, the quorum is 50 %",
    )
    story.looks(20)
    assert story.phases()[1] == "PENDING"
    story.look(order=Order.RESUME)
    story.looks(8)
    assert (story.state.phase, story.phases()[1]) == (RegionalPhase.RUNNING, "RUNNING")


def test_a_pause_that_a_person_ends_waives_no_quorum() -> None:
    story = Story(a_plan())
    story.looks(2)
    story.look(order=Order.PAUSE)
    story.look(order=Order.RESUME)
    story.fails("us-east")
    assert story.state.phase is RegionalPhase.PAUSED


def test_a_region_that_cannot_begin_pauses_it_and_is_tried_again_later() -> None:
    story = Story(a_plan(start_s=30))
    story.look()
    for _ in range(3):
        story.look(problems={"us-east": "HAProxy does not answer"})
    assert (story.state.phase, story.phases()[0]) == (RegionalPhase.PAUSED, "PENDING")
    assert story.state.reason == "us-east cannot begin: HAProxy does not answer"
    story.look(order=Order.RESUME)
    story.looks(2)
    assert story.phases()[0] == "RUNNING"


def test_a_region_that_turns_bad_while_others_run_is_counted() -> None:
    story = Story(a_plan(max_failed=0))
    story.looks(2)
    story.holds("us-east")
    story.looks(8)
    story.rollout("us-east", Phase.ROLLING_BACK, 0)
    story.looks()
    assert story.phases() == ["FAILING", "TAKING_BACK", "SKIPPED", "SKIPPED"]


def test_traffic_leaves_failing_regions_but_never_the_last_one() -> None:
    story = Story(a_plan(waves=(0, 0, 0, 0), max_failed=4))
    story.looks(2)
    for name in FOUR:
        story.rollout(name, Phase.ROLLING_BACK, 0)
    story.looks()
    assert [region.away for region in story.state.regions.values()] == [True, True, True, False]
    story.fails("us-east")
    assert [region.away for region in story.state.regions.values()] == [False, True, True, True]


def test_where_nothing_moves_traffic_between_regions_nothing_says_that_it_went() -> None:
    plan = a_plan(waves=(0, 0, 0, 0))
    story = Story(
        plan.model_copy(update={"regions": tuple(r.model_copy(update={"can_shift": False}) for r in plan.regions)})
    )
    story.looks(2)
    story.rollout("us-east", Phase.ROLLING_BACK, 0)
    story.looks()
    assert not story.state.regions["us-east"].away
    assert not any("other regions" in happening.text for happening in story.happened)


def test_what_was_promoted_can_be_taken_back_whole() -> None:
    story = Story(a_plan(waves=(0, 0, 0, 0)))
    story.looks(2)
    story.holds(*FOUR)
    story.looks(9)
    story.state, (happened,) = reopen(story.plan, story.state, story.at, "orders are lost")
    assert (happened.kind, set(story.phases())) == (Kind.ROLLBACK_STARTED, {"TAKING_BACK"})
    story.fails(*FOUR)
    assert story.state.phase is RegionalPhase.ROLLED_BACK
    with pytest.raises(InputError, match="expected PROMOTED"):
        reopen(story.plan, story.state, story.at, "again")


def test_a_region_waits_for_its_window() -> None:
    office = a_region("eu-west", "Europe/Dublin", Window(opens=time(14), closes=time(16)))
    story = Story(a_plan(regions=(office,)))
    story.looks()
    assert story.state.regions["eu-west"].reason == "waits for its window, which opens at 2026-03-02 14:00 UTC"
    story.look(after_s=2 * 3600)
    assert story.phases() == ["STARTING"]


def test_the_command_line_knows_every_order() -> None:
    assert tuple(RegionOrder) == ORDERS


# Waves and windows ---------------------------------------------------------------------------------------------------


def test_the_sun_rises_first_where_the_window_opens_next() -> None:
    regions = [
        a_region("us-west", "America/Los_Angeles", OFFICE),
        a_region("ap-south", "Asia/Kolkata", OFFICE),
        a_region("eu-west", "Europe/Dublin", OFFICE),
        a_region("us-east", "America/New_York", OFFICE),
    ]
    planned = in_waves(regions, RegionOrder.FOLLOW_THE_SUN, START)
    assert [region.name for region in planned] == ["eu-west", "us-east", "us-west", "ap-south"]
    assert [region.wave for region in planned] == [0, 1, 2, 3]
    with pytest.raises(InputError, match="us-east has none"):
        in_waves([a_region("us-east")], RegionOrder.FOLLOW_THE_SUN, START)


@pytest.mark.parametrize(
    ("order", "wave_size", "waves"),
    [
        (RegionOrder.STAGGERED, 1, [0, 1, 2, 3]),
        (RegionOrder.STAGGERED, 3, [0, 0, 0, 1]),
        (RegionOrder.ALL_AT_ONCE, 1, [0, 0, 0, 0]),
    ],
)
def test_waves(order: RegionOrder, wave_size: int, waves: list[int]) -> None:
    planned = in_waves([a_region(name) for name in FOUR], order, START, wave_size=wave_size)
    assert ([region.name for region in planned], [region.wave for region in planned]) == (list(FOUR), waves)


def test_hours_are_those_of_the_regions_clocks_in_summer_and_winter() -> None:
    east = a_region("us-east", "America/New_York", OFFICE)
    assert opens_at(east, datetime(2026, 3, 7, 23, tzinfo=UTC)) == datetime(2026, 3, 8, 13, tzinfo=UTC)
    assert opens_at(east, datetime(2026, 3, 6, 23, tzinfo=UTC)) == datetime(2026, 3, 7, 14, tzinfo=UTC)


def test_a_window_may_go_over_midnight() -> None:
    night = a_region("x", window=Window(opens=time(22), closes=time(2)))
    assert [is_open(night, START.replace(hour=hour)) for hour in (21, 22, 1, 2)] == [False, True, True, False]


def test_the_schedule_waits_for_barriers_and_windows() -> None:
    noon = a_region("late", window=Window(opens=time(15), closes=time(16)), wave=1)
    plan = a_plan(regions=(a_region("first"), noon))
    expected = schedule(plan, {"first": 3600, "late": 600}, START)
    assert expected["first"].is_held == START + timedelta(hours=1)
    assert expected["late"].begins == START + timedelta(hours=3)


@given(
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    zone=st.sampled_from(["UTC", "America/New_York", "Europe/Dublin", "Asia/Kolkata", "Australia/Lord_Howe"]),
    opens=st.times().filter(lambda at: at.hour > 3),
    length_s=st.integers(60, 80_000),
)
def test_a_window_opens_within_a_day_and_is_open_then(moment: datetime, zone: str, opens: time, length_s: int) -> None:
    closes = (datetime(2026, 1, 1, opens.hour, opens.minute) + timedelta(seconds=length_s)).time()
    region = a_region("x", zone, Window(opens=opens, closes=closes))
    at = opens_at(region, moment)
    assert is_open(region, at)
    assert timedelta(0) <= at - moment <= timedelta(hours=25)
    assert ZoneInfo(zone).utcoffset(at) is not None


# Whatever happens ----------------------------------------------------------------------------------------------------


class AnyRegions(RuleBasedStateMachine):
    """Rollouts that go well, fail, turn bad later or get nowhere; a runner that acts late or not at all; orders."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(a_plan())

    @initialize(
        waves=st.sampled_from([(0, 1, 2, 3), (0, 0, 1, 1), (0, 0, 0, 0), (0, 0, 0, 1)]),
        max_failed=st.integers(0, 4),
        quorum=st.sampled_from([0.25, 0.5, 1.0]),
    )
    def begin(self, waves: Sequence[int], max_failed: int, quorum: float) -> None:
        self.story = Story(a_plan(waves=waves, max_failed=max_failed, quorum=quorum, bake_s=15))

    @rule(name=st.sampled_from(FOUR), phase=st.sampled_from([Phase.STAGE, Phase.PAUSED, Phase.HELD, Phase.HELD]))
    def goes_on(self, name: str, phase: Phase) -> None:
        known = self.story.rollouts.get(name)
        if known and known.phase in (Phase.STAGE, Phase.PAUSED, Phase.WATCHING):
            self.story.rollout(name, phase, 100 if phase is Phase.HELD else 50)

    @rule(name=st.sampled_from(FOUR))
    def turns_bad(self, name: str) -> None:
        known = self.story.rollouts.get(name)
        if known and not known.phase.is_final:
            self.story.rollout(name, Phase.ROLLING_BACK, 0)

    @rule(name=st.sampled_from(FOUR))
    def is_taken_back(self, name: str) -> None:
        known = self.story.rollouts.get(name)
        if known and known.phase is Phase.ROLLING_BACK:
            self.story.rollout(name, Phase.ROLLED_BACK, 0)

    @rule()
    def acts(self) -> None:
        self.story.act()

    @rule(
        order=st.sampled_from([None, None, None, *Order]),
        problem=st.sampled_from([{}, {}, {"us-east": "x"}]),
        after_s=st.sampled_from([1, 10, 100]),
    )
    def looks(self, order: Order | None, problem: dict[str, str], after_s: float) -> None:
        before, story = self.story.state, self.story
        story.look(order=order, problems=problem, after_s=after_s)
        again, _ = step(
            story.plan,
            before,
            RegionalLook(at=story.at, rollouts=story.rollouts, problems=problem),
            GivenOrder(order=order, by="cto", at=story.at) if order else None,
        )
        assert again == story.state, "the same look, the same answer"
        for region in story.plan.regions:
            began = story.state.regions[region.name].phase is RegionPhase.STARTING
            if began and before.regions[region.name].phase is RegionPhase.PENDING:
                earlier = [story.state.regions[other.name] for other in story.plan.regions if other.wave < region.wave]
                assert all(other.phase in SETTLED for other in earlier), "behind its barrier"
                assert story.state.phase is RegionalPhase.RUNNING
        if before.phase is RegionalPhase.ROLLING_BACK:
            assert story.state.phase in (RegionalPhase.ROLLING_BACK, RegionalPhase.ROLLED_BACK), "nothing stops it"

    @invariant()
    def more_than_may_fail_are_never_left_alone(self) -> None:
        state = self.story.state
        failed = [region for region in state.regions.values() if region.phase in FAILING]
        if len(failed) > self.story.plan.max_failed:
            assert state.phase in (RegionalPhase.ROLLING_BACK, RegionalPhase.ROLLED_BACK)

    @invariant()
    def once_all_are_taken_back_no_region_serves_it_without_an_action_pending(self) -> None:
        state = self.story.state
        pending = (RegionPhase.TAKING_BACK, RegionPhase.FAILING)
        over = (RegionPhase.ROLLED_BACK, RegionPhase.FAILED, RegionPhase.SKIPPED)
        if state.phase is RegionalPhase.ROLLING_BACK:
            assert {region.phase for region in state.regions.values()} <= {*pending, *over}
        if state.phase is RegionalPhase.ROLLED_BACK:
            assert {region.phase for region in state.regions.values()} <= set(over)
            served = [seen for seen in self.story.rollouts.values() if seen.phase is not Phase.ROLLED_BACK]
            assert not served

    @invariant()
    def a_rollback_of_all_is_reachable_from_everywhere(self) -> None:
        story = self.story
        if story.state.phase is RegionalPhase.PROMOTED:
            assert reopen(story.plan, story.state, story.at, "x")[0].phase is RegionalPhase.ROLLING_BACK
        if story.state.phase.is_final:
            return
        look = RegionalLook(at=story.at, rollouts=story.rollouts)
        taken, _ = step(story.plan, story.state, look, GivenOrder(order=Order.ABORT, by="x", at=story.at))
        assert taken.phase in (RegionalPhase.ROLLING_BACK, RegionalPhase.ROLLED_BACK)

    @invariant()
    def some_region_always_has_traffic(self) -> None:
        regions = self.story.state.regions.values()
        assert not all(region.away for region in regions)
        assert sum(region.away for region in regions) <= self.story.plan.max_failed

    @invariant()
    def it_can_be_saved_and_read_back(self) -> None:
        story = self.story
        whole = Regional(id="r1", plan=story.plan, state=story.state, runner="x", started_at=START, updated_at=story.at)
        assert Regional.from_json(whole.to_json(), where="x") == whole


TestAnyRegions = AnyRegions.TestCase
TestAnyRegions.settings = settings(max_examples=60, stateful_step_count=40)
