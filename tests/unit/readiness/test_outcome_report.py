"""What was said against what came: calibration of all three, errors of decisions, replay of a policy."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aqe.agents.deployment_readiness.capabilities import Loaded, assess
from aqe.agents.deployment_readiness.foresight.calibrate import calibrate
from aqe.agents.deployment_readiness.foresight.outcomes import calibration_report, in_window, replay
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.cli.text_history import confidence_text, history_text
from aqe.config.policy import default_policy
from aqe.core.records.decisions.calibration import Calibration
from aqe.core.records.decisions.history import DeploymentOutcome, Foresight
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import DecisionStatus
from aqe.core.records.decisions.replay import CalibrationReport, HistoryReport, PolicyReplay
from aqe.core.records.release import DeploymentResult
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import NOW, a_deployment, a_good_signal, good_inputs

POLICY = default_policy()


def deployed(days_ago: float, outcome: DeploymentResult = "success", **said: Any) -> DeploymentOutcome:
    before = Foresight(version="v0", assessed_at=NOW - timedelta(days=days_ago, hours=1), **said)
    return a_deployment(days_ago, outcome=outcome, before=before)


def report(*history: DeploymentOutcome) -> CalibrationReport:
    return calibration_report(history, environment="production", days=90, now=NOW)


def of(kind: str, found: CalibrationReport) -> Calibration:
    return next(one for one in found.calibrations if one.of == kind)


def replayed(policy: Policy, *history: DeploymentOutcome) -> PolicyReplay:
    return replay(history, policy, environment="production", days=90, now=NOW)


def assessed(inputs: ReadinessInputs, outcome: DeploymentResult) -> DeploymentOutcome:
    """Assessed as the agent does it, then deployed."""
    concluded = assess(Loaded(inputs, POLICY))
    (kept,) = concluded.appends["aqe/releases/v1/foresights"]
    assert isinstance(kept, Foresight)
    at = inputs.now + timedelta(minutes=5)
    return DeploymentOutcome(version="v1", deployed_at=at, known_at=at, outcome=outcome, before=kept)


PAST = replace(good_inputs(), now=NOW - timedelta(minutes=30))


def test_too_few_predictions_say_nothing_but_how_many() -> None:
    found = of("risk", report(deployed(3, risk=10)))
    assert (found.predictions, found.brier) == (1, None)
    assert found.reason == "fewer than 20 predictions"


def test_each_kind_of_prediction_is_scored_as_a_probability_of_failure() -> None:
    """Confidence 90 is a failure in 10 %; a right one has skill, an indifferent one none."""
    history = [
        deployed(
            80 - place, "failed" if place % 4 == 0 else "success", risk=50, confidence=10 if place % 4 == 0 else 90
        )
        for place in range(40)
    ]
    found = report(*history)
    confidence, risk = of("confidence", found), of("risk", found)
    assert (confidence.failures, confidence.auc) == (10, 1)
    assert confidence.brier == pytest.approx(0.01)
    assert confidence.brier_skill is not None and confidence.brier_skill > 0.9
    assert risk.brier_skill is not None and risk.brier_skill < 0
    assert of("rollback", found).predictions == 0


def test_a_calibrated_predictor_falls_into_its_bins() -> None:
    rng = np.random.default_rng(1)
    probability = rng.beta(1, 9, 2000)
    failed = (rng.random(2000) < probability).astype(float)
    found = calibrate("rollback", probability, failed, np.full(2000, 0.1), resamples=50)
    assert sum(b.expected[0] <= b.failures <= b.expected[1] for b in found.bins) >= 8
    assert found.ece is not None and found.ece < 0.02


def test_what_was_said_after_the_deployment_is_not_scored() -> None:
    said = Foresight(version="v0", assessed_at=NOW, decision=DecisionStatus.BLOCKED, risk=99)
    found = report(*(a_deployment(days, before=said) for days in range(1, 31)))
    assert of("risk", found).predictions == 0
    assert found.verdicts.releases == 0


def test_decisions_that_were_wrong_either_way_are_counted() -> None:
    go, no_go = DecisionStatus.APPROVED, DecisionStatus.BLOCKED
    found = report(
        deployed(5, decision=go),
        deployed(4, "failed", decision=go),
        deployed(3, decision=no_go),
        deployed(2, decision=go),
    ).verdicts
    assert (found.releases, found.blocked, found.false_blocks, found.false_passes) == (4, 1, 1, 1)
    assert found.false_block_percent == pytest.approx(100 / 3)
    assert found.false_pass_percent == 100


def test_only_the_window_and_the_environment_count() -> None:
    history = (deployed(91), deployed(89), a_deployment(3, environment="staging"), a_deployment(-1))
    assert [item.deployed_at for item in in_window(history, "production", 90, NOW)] == [history[1].deployed_at]


def test_a_replay_under_the_same_policy_decides_the_same() -> None:
    blocked = replace(
        good_inputs(a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=1)), now=NOW - timedelta(minutes=30)
    )
    found = replayed(POLICY, *PAST.history, assessed(PAST, "success"), assessed(blocked, "failed"))
    assert [one.decision for one in found.releases] == [one.decided for one in found.releases]
    assert [one.blocked for one in found.releases] == [False, True]
    assert (found.verdicts.false_blocks, found.verdicts.false_passes, found.not_replayable) == (0, 0, 3)


def test_a_stricter_policy_shows_what_it_would_have_blocked() -> None:
    gates = tuple(
        gate.model_copy(update={"criteria": {**gate.criteria, "min_line_coverage": 99}})
        if gate.gate == "test_coverage"
        else gate
        for gate in POLICY.gates
    )
    found = replayed(POLICY.model_copy(update={"gates": gates}), assessed(PAST, "success"))
    assert found.releases[0].blocked and "line coverage 93 < 99" in found.releases[0].because.replace(" %", "")
    assert (found.verdicts.false_blocks, found.verdicts.false_block_percent) == (1, 100)


def test_what_nobody_assessed_cannot_be_replayed() -> None:
    found = replayed(POLICY, a_deployment(3))
    assert (found.releases, found.not_replayable) == ((), 1)


def test_a_decision_carries_confidence_and_prediction_without_being_changed_by_them() -> None:
    concluded = assess(Loaded(PAST, POLICY))
    decision = concluded.stores["aqe/deployment/decision"]
    assert decision.to_dict()["decision"] == "APPROVED"
    assert decision.to_dict()["confidence"] == concluded.stores["aqe/deployment/confidence"].to_dict()["score"]
    assert concluded.stores["aqe/release-confidence/v1"] == concluded.stores["aqe/deployment/confidence"]
    assert decision.to_dict()["rollbackPrediction"] == concluded.stores["aqe/deployment/rollback-prediction"].to_dict()


@pytest.mark.parametrize("chart", [True, False])
def test_history_prints_outcomes_calibration_and_replay(chart: bool) -> None:
    history = [
        deployed(
            80 - place, "rolled_back" if place % 5 == 0 else "success", risk=20, confidence=80, rollback_percent=20
        )
        for place in range(60)
    ]
    whole = HistoryReport(
        deployments=tuple(history),
        ids=tuple(item.id for item in history),
        calibration=report(*history),
        replay=replayed(POLICY, *history),
    )
    text = history_text(whole, chart=chart)
    assert ("r rolled_back" in text) is chart
    assert ("Reliability of rollback" in text) is chart
    assert "Replay of policy default" in text
    assert "rollback" in text and "60" in text
    assert max(map(len, text.splitlines())) < 400


def test_in_the_chart_one_failure_of_many_deployments_does_not_vanish() -> None:
    history = [deployed(2 + place / 100) for place in range(120)] + [deployed(2.5, "failed")]
    whole = HistoryReport(
        deployments=tuple(history),
        ids=tuple(item.id for item in history),
        calibration=report(*history),
        replay=replayed(POLICY, *history),
    )
    rows = [line for line in history_text(whole, chart=True).splitlines() if line.startswith("20")]
    assert [row for row in rows if "#" in row] == [f"{NOW - timedelta(days=6):%Y-%m-%d}  {'#' * 40}x"]
    assert len({row[:10] for row in rows}) == 13, "periods of 7 days in 90"


def test_confidence_prints_its_interval_on_a_scale() -> None:
    found = assess(Loaded(PAST, POLICY)).stores["aqe/deployment/confidence"]
    text = confidence_text(found)
    assert "Certainty:" in text and "LOW" in text
    assert text.splitlines()[-1].startswith("0 ....")
