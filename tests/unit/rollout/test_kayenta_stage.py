"""Stages that are judged as Kayenta does: pass goes on, fail is taken back at once, marginal is watched to the end."""

from typing import Any

import pytest

from aqe.agents.deployment_readiness.rollout.kayenta_stage import MAX_POINTS, METRIC, check_judging
from aqe.core.errors import InputError
from aqe.core.records.rollouts.kayenta import KayentaJudging
from aqe.core.records.rollouts.rollout import MetricVerdict, Phase, Rollout
from aqe.tests.unit.rollout.test_step import Story, a_plan

MEASURED = {"error_rate_percent": True, "queue": True, "disk": True, "conversion": False}


def judging(*names: str, every_s: float | None = None, **own: Any) -> KayentaJudging:
    """Each metric is a group of its own, and bad when it rises."""
    metrics = [
        {"name": name, "groups": [name], "analysisConfigurations": {"canary": {"direction": "increase", **own}}}
        for name in names
    ]
    return KayentaJudging(config={"metrics": metrics, "classifier": {}}, every_s=every_s)


def a_story(how: KayentaJudging, looks: int, rises: str = "", errors: float = 0.0) -> Story:
    """A rollout after so many looks, at which a metric of the canary is above the baseline's."""
    story = Story(a_plan(kayenta=how))
    for look in range(looks):
        usual = {name: 100.0 + look % 3 for name in ("queue", "disk")}
        raised = {name: value + 50 * (name == rises) for name, value in usual.items()}
        story.look(metrics=raised, baseline_metrics=usual, errors=errors)
    return story


def verdict(story: Story) -> MetricVerdict:
    return next(one for one in story.state.verdicts if one.metric == METRIC)


def test_a_stage_is_judged_once_at_its_end_and_says_the_score_by_group() -> None:
    story = a_story(judging("queue", "disk"), looks=6)
    assert verdict(story).state == "UNDECIDED"
    story = a_story(judging("queue", "disk"), looks=7)
    assert story.state.stage == 1
    text = story.state.timeline[-1].text
    assert "Pass at the stage's end, score 100 (pass 95, marginal 75); by group: queue 100, disk 100" in text


def test_a_score_below_marginal_takes_it_back_at_the_first_interval() -> None:
    story = a_story(judging("queue", "disk", every_s=40), looks=5, rises="queue")
    assert story.state.phase is Phase.ROLLING_BACK
    assert "kayenta: Fail so far, score 50" in story.state.reason
    assert "queue: canary is above the baseline" in story.state.reason


@pytest.mark.parametrize(("marginal", "phase"), [(40, Phase.STAGE), (50, Phase.ROLLING_BACK)])
def test_a_marginal_score_is_watched_on_and_the_marginal_threshold_itself_is_not(marginal: int, phase: Phase) -> None:
    how = judging("queue", "disk", every_s=40)
    how.config["classifier"]["scoreThresholds"] = {"pass": 95, "marginal": marginal}
    assert a_story(how, looks=5, rises="queue").state.phase is phase


def test_at_the_end_of_the_stage_the_pass_score_decides() -> None:
    how = judging("queue", "disk", every_s=40)
    how.config["classifier"]["scoreThresholds"] = {"pass": 95, "marginal": 40}
    story = a_story(how, looks=7, rises="queue")
    assert story.state.phase is Phase.ROLLING_BACK
    assert "kayenta: Marginal at the stage's end, score 50" in story.state.reason


def test_counts_do_not_decide_where_kayentas_judge_does_and_do_with_all_traffic() -> None:
    story = a_story(judging("queue"), looks=3, errors=0.2)
    assert story.state.phase is Phase.STAGE
    story = a_story(judging("queue"), looks=14)
    assert (story.state.percent, verdict_names(story)) == (100, {"availability", "error rate"})
    assert story.look(errors=0.2).phase is Phase.ROLLING_BACK


def verdict_names(story: Story) -> set[str]:
    story.look()
    return {one.metric for one in story.state.verdicts}


def test_a_critical_metric_without_data_fails_the_stage() -> None:
    story = Story(a_plan(kayenta=judging("queue", critical=True, mustHaveData=True)))
    assert story.looks(7).phase is Phase.ROLLING_BACK
    assert "critical metric failed: queue" in story.state.reason


def test_its_own_share_of_errors_is_a_point_of_each_look() -> None:
    story = Story(a_plan(kayenta=judging("error_rate_percent")))
    story.looks(3, errors=0.1, base_errors=0.05)
    assert [pair == pytest.approx((10, 5)) for pair in story.state.kayenta.points["error_rate_percent"][1:]] == [
        True
    ] * 2


def test_points_begin_anew_with_each_stage_have_an_end_and_can_be_saved() -> None:
    story = a_story(judging("queue"), looks=7)
    assert story.state.kayenta.points == {}
    story = Story(a_plan(kayenta=judging("queue"), min_requests=1e9, progress_s=1e9))
    story.looks(MAX_POINTS + 20)
    assert len(story.state.kayenta.points["queue"]) <= MAX_POINTS
    rollout = Rollout(plan=story.plan, state=story.state, runner="x", updated_at=story.at)
    assert Rollout.from_json(rollout.to_json(), where="x") == rollout


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (judging("qeue"), "metric 'qeue' is not measured"),
        (judging("conversion"), "metric 'conversion' is measured of one arm only: its query has no {arm}"),
        (judging("queue", direction="up"), "direction is 'up'"),
        (KayentaJudging(config={}), "'metrics'"),
    ],
)
def test_what_cannot_be_judged_is_said_before_anything_moves(how: KayentaJudging, words: str) -> None:
    with pytest.raises(InputError) as caught:
        check_judging(how, MEASURED)
    assert words in str(caught.value)
