"""A rollback has ended, and a release has all traffic, when the proxy's own counters say so."""

from aqe.agents.deployment_readiness.rollout.moves import Kind
from aqe.core.records.rollouts.health import alerts_of
from aqe.core.records.rollouts.rollout import Order, Phase, Rollout
from aqe.tests.unit.rollout.test_step import Story, a_plan


def a_story(*, strays: float = 0.0, rps: float = 100, **more: float) -> Story:
    """A rollout of an executor that counts."""
    story = Story(a_plan(**more), rps=rps)
    story.counts, story.strays = True, strays
    return story


def taken_back(**how: float) -> Story:
    """One that was decided to be taken back."""
    story = a_story(**how)
    story.looks(2)
    assert story.look(order=Order.ABORT).phase is Phase.ROLLING_BACK
    return story


def test_a_rollback_has_ended_when_no_request_reached_the_canary_between_two_looks() -> None:
    story = taken_back()
    assert (story.look().phase, story.state.percent) == (Phase.ROLLING_BACK, 0)
    assert story.look().phase is Phase.ROLLED_BACK
    said = "confirmed by the proxy's counters: none of 1000 requests in 10.0 s reached v2"
    assert said in story.state.timeline[-1].text
    assert said in story.happened[-1].text


def test_with_little_traffic_some_seconds_of_quiet_are_enough() -> None:
    story = taken_back(rps=1)
    story.plan = story.plan.model_copy(update={"interval_s": 2.0})
    assert story.looks(3).phase is Phase.ROLLING_BACK
    assert story.look().phase is Phase.ROLLED_BACK
    assert "none of 6 requests in 6.0 s" in story.state.timeline[-1].text


def test_requests_that_still_arrive_are_said_raise_an_alert_and_do_not_end_it() -> None:
    story = taken_back(strays=3)
    assert story.looks(3).alerts == {}
    story.looks(10)
    assert (story.state.phase, story.state.percent) == (Phase.ROLLING_BACK, 0)
    about = {alert.about: alert.reason for alert in alerts_of(rollout(story))}
    assert about["traffic"] == "traffic still arrives: 3 more requests reached v2, 120 s after its weight went to 0"
    assert story.kinds().count(Kind.ALERT) == 1
    story.strays = 0
    assert story.look().phase is Phase.ROLLED_BACK
    assert story.state.timeline[-1].text.startswith("no traffic on the canary any more, confirmed")


def rollout(story: Story) -> Rollout:
    return Rollout(plan=story.plan, state=story.state, runner="x", updated_at=story.at)


def test_a_person_may_end_it_while_requests_still_arrive_and_it_is_not_called_confirmed() -> None:
    story = taken_back(strays=3)
    assert story.look(order=Order.ABORT).phase is Phase.ROLLING_BACK, "they may just be on their way"
    story.looks(10)
    assert story.look(order=Order.ABORT).phase is Phase.ROLLED_BACK
    assert "no request" not in story.state.timeline[-1].text
    assert "traffic still arrives" in story.state.timeline[-1].text


def test_an_executor_without_counters_confirms_nothing() -> None:
    story = Story(a_plan())
    story.looks(3, errors=1.0)
    assert story.state.phase is Phase.ROLLED_BACK
    assert "not confirmed: this executor has no counters" in story.state.timeline[-1].text


def test_a_proxy_that_was_restarted_counts_from_zero() -> None:
    story = taken_back()
    story.look()
    story.routed = [0.0, 0.0]
    assert story.looks(2).phase is Phase.ROLLED_BACK


def test_a_release_is_promoted_with_what_the_counters_say_of_the_old_version() -> None:
    story = a_story()
    story.looks_until(Phase.PROMOTED)
    assert "v2 has all traffic, confirmed by the proxy's counters: none of" in story.state.timeline[-1].text
    assert story.state.timeline[-1].text.endswith("reached v1")


def test_requests_that_reach_the_old_version_hold_up_no_promotion_and_are_said() -> None:
    story = a_story(strays=3, watch_s=60)
    story.looks_until(Phase.PROMOTED)
    assert (
        "promoted: v2 has all traffic, traffic still arrives: 3 more requests reached v1"
        in story.state.timeline[-1].text
    )
    assert "traffic" in story.state.alerts
