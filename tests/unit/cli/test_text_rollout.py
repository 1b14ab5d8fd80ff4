"""A rollout in text: both arms side by side, and what nobody measures is no number."""

from datetime import timedelta

from aqe.cli.text_rollout import rollout_text
from aqe.core.records.rollout import ArmReading, ArmTotals, Rollout, RolloutState, Sample
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
