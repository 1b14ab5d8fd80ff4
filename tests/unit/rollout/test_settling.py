"""After a rollback or a promotion: are the served version's metrics what they usually are, with the numbers."""

from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.rollout.settling import is_settling, settle
from aqe.core.records.rollouts.rollout import Order, Phase, Sample
from aqe.core.records.rollouts.settling import SettlingStatus
from aqe.tests.unit.rollout.test_step import Story, a_plan, grown


def taken_back(looks: int = 4, **more: Any) -> Story:
    """A rollout that has ended, after so many looks beside an old version of which 1 % fails."""
    story = Story(a_plan(settle_looks=2, settle_s=60, **more))
    story.looks(looks, base_errors=0.01)
    while not story.look(order=Order.ABORT).phase.is_final:
        pass
    return story


def look(story: Story, errors: float, *, measured: bool = True, percent: float = 0.0) -> SettlingStatus | None:
    """One more look at the old version after the end."""
    story.at += timedelta(seconds=10)
    story.baseline = grown(story.baseline, 1000, errors, True)
    sample = Sample(at=story.at, percent=percent)
    if measured:
        sample = sample.model_copy(update={"baseline": story.baseline, "canary": story.canary})
    story.state = settle(story.plan, story.state, sample)
    return story.state.settling.status if story.state.settling else None


def test_metrics_are_stable_when_as_usual_at_so_many_looks_in_a_row() -> None:
    story = taken_back()
    assert is_settling(story.state)
    found = [look(story, errors) for errors in (0.01, 0.05, 0.01, 0.01)]
    assert found == [SettlingStatus.MEASURING] * 3 + [SettlingStatus.STABLE]
    said = "metrics stabilised after 50 s: error rate 1 % (before at most 1 %); 2 looks in a row"
    assert story.state.timeline[-1].text == said
    assert not is_settling(story.state)


def test_metrics_that_stay_away_from_what_is_usual_are_said_not_to_be_stable() -> None:
    story = taken_back()
    while look(story, 0.05) is SettlingStatus.MEASURING:
        pass
    assert story.state.settling is not None
    assert story.state.settling.status is SettlingStatus.NOT_STABLE
    assert story.state.timeline[-1].text == "not yet stable after 60 s: error rate 5 % (before at most 1 %)"


def test_without_metrics_nothing_is_said_to_be_stable() -> None:
    story = taken_back()
    while look(story, 0.0, measured=False) is SettlingStatus.MEASURING:
        pass
    assert story.state.timeline[-1].text == "metrics NOT_MEASURED: no metrics for 30 s"


@pytest.mark.parametrize(
    ("looks", "percent", "words"),
    [(0, 0.0, "the old version was seen at"), (4, 5.0, "the traffic was moved again")],
)
def test_what_cannot_be_compared_is_not_measured(looks: int, percent: float, words: str) -> None:
    story = taken_back(looks)
    assert look(story, 0.01, percent=percent) is SettlingStatus.NOT_MEASURED
    assert words in story.state.timeline[-1].text


def test_a_release_that_was_watched_with_all_traffic_is_promoted_with_what_was_seen() -> None:
    story = Story(a_plan(settle_looks=2, watch_s=60))
    story.looks_until(Phase.PROMOTED)
    assert "; metrics are stable after" in story.state.timeline[-1].text
    assert not is_settling(story.state)


def test_nobody_looks_where_the_plan_does_not_ask_for_it() -> None:
    story = Story(a_plan())
    story.looks_until(Phase.PROMOTED)
    assert (story.state.settling, is_settling(story.state)) == (None, False)
