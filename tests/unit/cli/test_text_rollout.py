"""A rollout in text: both arms side by side, and what nobody measures is no number."""

from datetime import timedelta

import pytest

from aqe.cli.deploy.rollout import telling
from aqe.cli.text_rollout import rollout_text
from aqe.core.records.rollouts.rollout import ArmReading, ArmTotals, Phase, Rollout, RolloutState, Sample
from aqe.tests.unit.rollout.test_step import START, a_plan


def shown(**state: object) -> str:
    at = START + timedelta(seconds=100)
    return rollout_text(Rollout(plan=a_plan(), state=RolloutState(**state), runner="r", updated_at=at))  # type: ignore[arg-type]


def test_both_versions_stand_side_by_side_as_counted_since_the_stage_began() -> None:
    last = Sample(
        at=START + timedelta(seconds=60),
        canary=ArmReading(requests=500, errors=9, latency_p95_ms=421.4),
        baseline=ArmReading(requests=900, errors=1),
        metrics={"conversion": 0.81},
    )
    text = shown(
        percent=25, stage=1, moved_at=START, last=last, canary=ArmTotals(requests=120, errors=3),
        baseline=ArmTotals(requests=360),
    )  # fmt: skip
    rows = [line.split() for line in text.splitlines()]
    assert ["new", "120", "2/s", "3", "(2.5", "%)", "-", "421", "ms"] in rows
    assert ["before", "360", "6/s", "0", "(0", "%)", "-", "-"] in rows
    assert "began 1 min before the last look" in text
    assert "conversion: 0.81" in text


def test_before_the_first_look_there_is_nothing_to_compare() -> None:
    assert "REQUESTS" not in shown(percent=25, moved_at=START)


def test_a_pause_says_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert "to go on: aqe deploy resume --version v2;" in shown(phase="PAUSED", percent=25, moved_at=START)
    seen = telling(0)
    paused = RolloutState(phase=Phase.PAUSED, percent=25, moved_at=START)
    for _ in range(2):
        seen(Rollout(plan=a_plan(), state=paused, runner="r", updated_at=START))
    assert capsys.readouterr().err.count("aqe deploy resume --version v2") == 1
