"""A rollout on recorded metrics does what a real one would have done on average."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.deployment_readiness.rollout.simulate import Recording, simulate
from aqe.core.errors import InputError
from aqe.core.records.bulk.apm import MetricRow
from aqe.core.records.rollouts.kayenta import KayentaJudging
from aqe.core.records.rollouts.rollout import ArmReading, RolloutPlan, Sample, Stage, Strategy, Trigger
from aqe.fleet.rollouts.recorded_metrics import of_file, of_rows
from aqe.tests.unit.rollout.test_step import START, a_plan


def recorded(
    minutes: int, *, rpm: float = 600, share: float = 0.0, base: float = 0.005, canary: float | None = None,
    bad: Callable[[int], bool] = lambda minute: True, metrics: dict[str, float] | None = None,
) -> Recording:  # fmt: skip
    """A look a minute; `share` of the traffic was on the canary, of which `canary` failed while it was `bad`."""
    samples, at = [], START
    new, old = [0.0, 0.0], [0.0, 0.0]
    for minute in range(minutes):
        samples.append(
            Sample(
                at=at,
                canary=ArmReading() if canary is None else ArmReading(requests=new[0], errors=new[1]),
                baseline=ArmReading(requests=old[0], errors=old[1]),
                metrics=metrics or {},
            )
        )
        at += timedelta(minutes=1)
        for arm, part, failing in ((new, share, canary if bad(minute) else base), (old, 1 - share, base)):
            arm[0] += rpm * part
            arm[1] += rpm * part * (failing or 0.0)
    return Recording(samples, "a recording")


def planned(**more: Any) -> RolloutPlan:
    return a_plan(interval_s=60, min_requests=20, **more)


def test_a_canary_that_failed_is_taken_back_in_the_stage_that_can_see_it_and_after_how_long() -> None:
    found = simulate(planned(), recorded(20, share=0.2, canary=0.20))
    assert (found.outcome, found.canary_recorded) == ("ROLLED_BACK", True)
    assert [stage.outcome for stage in found.stages][-1] == "taken back"
    assert found.detected_after_s is not None
    assert 60 <= found.detected_after_s <= 180
    assert "error rate" in found.reason


def test_a_stage_says_what_it_can_see_at_its_traffic_and_more_traffic_sees_more() -> None:
    seen = [simulate(planned(), recorded(20, rpm=rpm)).stages for rpm in (400, 40_000)]
    first, more = (stages[0].detectable for stages in seen)
    assert first is not None
    assert more is not None
    assert first > more > 1.25
    assert seen[0][0].words == f"this stage can only detect x{first:.2g} at 20 req/min"
    assert [stage.percent for stage in seen[1]] == [5, 50, 100]


def test_without_a_recorded_canary_the_served_version_stands_in_and_passes_its_own_rollout() -> None:
    found = simulate(planned(), recorded(20))
    assert (found.outcome, found.canary_recorded, found.detected_after_s) == ("PROMOTED", False, None)
    worse = simulate(planned(), recorded(20, base=0.02), errors_times=10)
    assert worse.outcome == "ROLLED_BACK"


def test_a_recording_that_ends_before_the_rollout_promotes_nothing() -> None:
    found = simulate(planned(), recorded(4))
    assert (found.outcome, found.stages[-1].outcome) == ("UNFINISHED", "the recording ended")
    with pytest.raises(InputError, match="at least 3 are needed"):
        simulate(planned(), recorded(2))


def test_a_recorded_canary_that_went_silent_is_not_healthy() -> None:
    silent = recorded(30, share=0.05, canary=0.005)
    quiet = [
        sample if minute < 2 else sample.model_copy(update={"canary": silent.samples[1].canary})
        for minute, sample in enumerate(silent.samples)
    ]
    found = simulate(planned(no_data_pause_s=120), Recording(quiet, "a recording"))
    assert (found.outcome, "no measurement of the canary" in found.reason) == ("ROLLED_BACK", True)


def test_triggers_and_strategies_are_those_of_the_plan() -> None:
    low = Trigger(metric="checkout_rate", limit=80, below=True)
    found = simulate(planned(triggers=(low,)), recorded(20, metrics={"checkout_rate": 70}))
    assert (found.outcome, "checkout_rate" in found.reason) == ("ROLLED_BACK", True)
    blue = simulate(planned(strategy=Strategy.BLUE_GREEN), recorded(30))
    assert blue.outcome == "PROMOTED"


def test_a_rollout_that_kayenta_judges_is_simulated_so_and_on_metrics_of_both_arms() -> None:
    how = KayentaJudging(config={"metrics": [{"name": "queue", "groups": ["all"]}]})
    stages = (Stage(percent=20, duration_s=600), Stage(percent=100, duration_s=60))
    usual = recorded(30, share=0.2, canary=0.005, metrics={"queue": 7})
    samples = [one.model_copy(update={"baseline_metrics": {"queue": 5 + i % 2}}) for i, one in enumerate(usual.samples)]
    found = simulate(planned(kayenta=how, stages=stages), Recording(samples, "a recording"))
    assert (found.outcome, "kayenta: Fail" in found.reason) == ("ROLLED_BACK", True), found.reason


def test_the_same_recording_gives_the_same_answer() -> None:
    assert simulate(planned(), recorded(20, rpm=77)) == simulate(planned(), recorded(20, rpm=77))


CSV = """at,arm,requests,errors,slow,checkout_rate
2026-03-01T12:00:00Z,baseline,10,1,,90
2026-03-01T12:00:00Z,canary,2,0,,
2026-03-01T12:01:00Z,baseline,30,1,,91
"""


def test_a_file_is_csv_or_an_answer_of_prometheus(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(CSV)
    first, second = of_file(tmp_path / "m.csv").samples
    assert (first.canary.requests, first.baseline.errors, first.metrics) == (2, 1, {"checkout_rate": 90})
    assert second.canary.requests is None
    series = '{"metric": {"__name__": "%s", "arm": "baseline"}, "values": [[1772366400, "%d"]]}'
    both = ", ".join((series % ("requests", 10), series % ("errors", 1)))
    text = f'{{"status": "success", "data": {{"resultType": "matrix", "result": [{both}]}}}}'
    (tmp_path / "m.json").write_text(text)
    (only,) = of_file(tmp_path / "m.json").samples
    assert (only.at, only.baseline.requests) == (START, 10)


def test_imported_points_are_told_by_their_name_and_arm() -> None:
    rows = [
        MetricRow(START, name, value, labels=f'{{"arm": "{arm}"}}')
        for name, arm, value in (("requests", "blue", 10.0), ("errors", "blue", 1.0), ("requests", "other", 5.0))
    ]
    (only,) = of_rows(rows, {"blue": "baseline", "green": "canary"}, START, START).samples
    assert (only.baseline.requests, only.canary.requests) == (10, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column at, arm, requests, errors"),
        ("at,arm,requests,errors\nyesterday,canary,1,1\n", "m.csv:2: at is 'yesterday'"),
        ("at,arm,requests,errors\n2026-03-01T12:00:00Z,both,1,1\n", "arm is 'both'"),
        ("at,arm,requests,errors\n2026-03-01T12:00:00Z,canary,many,1\n", "requests is 'many', expected a number"),
        ("at,arm,requests,errors\n2026-03-01T12:00:00Z,canary,1,1\n", "no moment has `requests` and `errors`"),
        ("at,arm,requests,errors\n2026-03-01T12:00:00Z,baseline,-5,1\n", "no moment has"),
        ("{", "m.csv"),
        ("<html>", "no column"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        of_file(tmp_path / "m.csv")
    assert words in str(caught.value)
