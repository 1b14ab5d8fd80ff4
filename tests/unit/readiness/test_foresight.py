"""Confidence and rollback prediction: honest without history, believed when they earn it, fed by the past only."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.foresight.confidence import release_confidence
from aqe.agents.deployment_readiness.foresight.features import FEATURES, features_of
from aqe.agents.deployment_readiness.foresight.statements import Foreseen, foresee
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.config.policy import default_policy
from aqe.core.errors import InputError
from aqe.core.records.decisions.confidence import Certainty, ReleaseConfidence
from aqe.core.records.decisions.history import DeploymentOutcome, Foresight, read_history
from aqe.core.records.release import DeploymentResult
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import NOW, a_deployment, a_good_signal, a_release, good_inputs, some_inputs

POLICY = default_policy()


def history_of(
    size: int, *, failing: float = 0.1, days: float = 80, matters: float = 0.0, seed: int = 1, **changes: Any
) -> tuple[DeploymentOutcome, ...]:
    """Deployments in the last `days`; `matters` = log-odds that one standard deviation of the change's size adds."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(size):
        at = NOW - timedelta(days=days * (size - place) / size)
        z, coverage = rng.standard_normal(), float(rng.uniform(80, 95))
        p = 1 / (1 + np.exp(-(np.log(failing / (1 - failing)) + matters * z)))
        features = {"change_size": float(np.exp(5 + z)), "test_coverage": coverage}
        before = Foresight(version=f"v{place}", assessed_at=at - timedelta(hours=1), features=features)
        outcome: DeploymentResult = "rolled_back" if rng.random() < p else "success"
        fields: dict[str, Any] = {"version": f"v{place}", "deployed_at": at, "known_at": at + timedelta(hours=2)}
        found.append(DeploymentOutcome(outcome=outcome, before=before, **(fields | changes)))
    return tuple(found)


def with_history(*history: DeploymentOutcome, service: str | None = None) -> ReadinessInputs:
    return replace(good_inputs(), history=history, release=a_release(service=service))


def foreseen(*history: DeploymentOutcome) -> Foreseen:
    return foresee(with_history(*history), POLICY)


def confidence(*history: DeploymentOutcome, service: str | None = None, **features: float) -> ReleaseConfidence:
    return release_confidence(with_history(*history, service=service), POLICY, features)


# Confidence ----------------------------------------------------------------------------------------------------------


def test_no_history_is_the_prior_with_low_certainty_and_no_recommendation() -> None:
    found = confidence()
    assert (found.method, found.certainty) == ("prior", Certainty.LOW)
    assert found.score == pytest.approx(90)
    assert found.interval == pytest.approx((66.4, 99.7), abs=0.05)
    assert found.recommendation.startswith("NONE")


@settings(max_examples=30, deadline=None)
@given(outcomes=st.lists(st.sampled_from(["success", "failed", "rolled_back"]), max_size=19), seed=st.integers(0, 99))
def test_low_certainty_never_recommends_to_deploy(outcomes: list[DeploymentResult], seed: int) -> None:
    found = confidence(*(a_deployment(days, outcome=outcome) for days, outcome in enumerate(outcomes, 1)))
    assert 0 <= found.interval[0] <= found.score <= found.interval[1] <= 100
    assert found.certainty is Certainty.LOW
    assert "DEPLOY" not in found.recommendation


@settings(max_examples=30, deadline=None)
@given(
    outcomes=st.lists(st.sampled_from(["success", "failed", "rolled_back"]), min_size=1, max_size=60),
    worse=st.integers(0, 59),
)
def test_a_success_more_never_lowers_and_a_worse_outcome_never_raises_confidence(
    outcomes: list[DeploymentResult], worse: int
) -> None:
    history = [a_deployment(1 + days, outcome=outcome) for days, outcome in enumerate(outcomes)]
    place = worse % len(history)
    worsened = [*history[:place], history[place].model_copy(update={"outcome": "failed"}), *history[place + 1 :]]
    score = confidence(*history).score
    assert confidence(*history, a_deployment(0.5)).score >= score - 1e-9
    assert confidence(*worsened).score <= score + 1e-9


def test_many_alike_successes_are_certain() -> None:
    found = confidence(*history_of(156, failing=0.03))
    assert found.certainty is Certainty.HIGH
    assert found.recommendation.startswith("DEPLOY, if gates and risk agree")


def test_old_deployments_count_for_less_and_those_before_the_window_for_nothing() -> None:
    young, old = confidence(*history_of(40, days=80)), confidence(*history_of(40, days=179))
    assert young.effective_deployments == pytest.approx(40)
    assert 30 < old.effective_deployments < 39
    assert confidence(a_deployment(181, outcome="failed")).method == "prior"


def test_deployments_elsewhere_or_not_known_yet_say_nothing() -> None:
    later = a_deployment(1, outcome="failed", known_at=NOW + timedelta(hours=1))
    assert confidence(a_deployment(1, outcome="failed", environment="staging"), later).method == "prior"


HARMFUL = history_of(200, failing=0.15, matters=1.2)


@settings(max_examples=10, deadline=None)
@given(size=st.floats(0, 1e6), more=st.floats(0, 1e6), coverage=st.floats(0, 100), less=st.floats(0, 100))
def test_a_worse_or_unmeasured_release_is_never_trusted_more(
    size: float, more: float, coverage: float, less: float
) -> None:
    score = confidence(*HARMFUL, change_size=size, test_coverage=coverage).score
    worse = confidence(*HARMFUL, change_size=size + more, test_coverage=max(coverage - less, 0)).score
    assert worse <= score + 1e-9
    assert confidence(*HARMFUL, change_size=size).score <= score + 1e-9
    assert confidence(*HARMFUL, test_coverage=coverage).score <= score + 1e-9


def test_a_release_of_a_kind_that_failed_is_trusted_less_than_the_baseline() -> None:
    small, large = (confidence(*HARMFUL, change_size=size, test_coverage=90) for size in (20, 3000))
    assert small.difference > 0 > large.difference
    assert large.score < small.score - 10
    assert 0 < large.similar_releases < 200


def test_other_services_are_pooled_and_count_for_less() -> None:
    ours, theirs = history_of(10, failing=0.02, service="a"), history_of(100, failing=0.5, service="b", seed=3)
    alone, pooled = confidence(*ours, service="a"), confidence(*ours, *theirs, service="a")
    assert pooled.method == "bayesian-logistic"
    assert confidence(*theirs, service="b").score + 5 < pooled.score < alone.score
    assert [(pool.name, pool.deployments) for pool in pooled.pools] == [("this service", 10), ("other services", 100)]


def test_a_history_that_cannot_be_read_is_the_prior_and_says_so() -> None:
    inputs = some_inputs()
    broken = replace(inputs, history_problem="aqe/deployment/history[0]: outcome is 'x'")
    assert "cannot be read" in release_confidence(broken, POLICY, {}).reason


# Rollback prediction -------------------------------------------------------------------------------------------------


def test_without_history_the_base_rate_is_given_with_its_reason() -> None:
    found = foreseen().prediction
    assert (found.method, found.factors) == ("base-rate", ())
    assert found.probability_percent == pytest.approx(10)
    assert "base rate" in found.reason
    assert found.interval_percent[0] < 10 < found.interval_percent[1]


def test_features_without_skill_fall_back_to_the_base_rate() -> None:
    found = foreseen(*history_of(400, failing=0.2, matters=0.0, seed=5)).prediction
    assert found.method == "base-rate"
    assert found.held_out is not None and (found.held_out.brier_skill or 0) <= 0
    assert found.probability_percent == pytest.approx(found.base_rate_percent)


LEARNABLE = history_of(500, failing=0.2, matters=1.5, seed=2)


def a_change(lines: int) -> Any:
    return a_good_signal(SignalKind.CHANGE_RISK, lines_added=lines, lines_deleted=0)


def test_features_with_skill_are_believed_and_explained() -> None:
    large = replace(good_inputs(a_change(2000)), history=LEARNABLE)
    small = replace(good_inputs(a_change(20)), history=LEARNABLE)
    found, other = foresee(large, POLICY).prediction, foresee(small, POLICY).prediction
    assert found.method == "calibrated"
    assert found.held_out is not None and (found.held_out.brier_skill or 0) > 0.1
    assert found.probability_percent > found.base_rate_percent > other.probability_percent
    assert (found.factors[0].feature, found.factors[0].value) == ("change_size", 2000)
    assert found.factors[0].points > 10 > other.factors[0].points
    assert found.mitigation[0] == FEATURES[0].mitigation
    assert found.interval_percent[0] <= found.probability_percent <= found.interval_percent[1]


def test_not_measuring_what_others_measure_never_lowers_the_prediction() -> None:
    without = replace(good_inputs(without=(SignalKind.CHANGE_RISK,)), history=LEARNABLE)
    unmeasured = foresee(without, POLICY).prediction.probability_percent
    for lines in (1, 100, 10_000):
        measured = foresee(replace(good_inputs(a_change(lines)), history=LEARNABLE), POLICY).prediction
        assert measured.probability_percent <= unmeasured + 1e-9


def test_similar_deployments_are_near_and_named() -> None:
    found = foresee(replace(good_inputs(a_change(2000)), history=LEARNABLE), POLICY).prediction.similar
    assert len(found) == 5
    assert [one.distance for one in found] == sorted(one.distance for one in found)


# Nothing from after the decision -------------------------------------------------------------------------------------


def assessed(history: tuple[DeploymentOutcome, ...], now: datetime) -> dict[str, Any]:
    inputs = replace(good_inputs(a_change(700)), history=history, now=now)
    found = foresee(inputs, POLICY)
    return {"confidence": found.confidence, "prediction": found.prediction}


def test_a_planted_future_leak_changes_nothing() -> None:
    """Outcomes known later, deployments made later, and an assessment made after the deployment are not looked at."""
    leaky = Foresight(version="vx", assessed_at=NOW, features={"change_size": 1e6})
    plain = a_deployment(3, version="vx", known_at=NOW - timedelta(days=1))
    told = assessed((*LEARNABLE, plain), NOW)
    planted = (
        plain.model_copy(update={"before": leaky}),
        a_deployment(2, outcome="failed", known_at=NOW + timedelta(seconds=1)),
        a_deployment(-1, outcome="failed"),
    )
    assert assessed((*LEARNABLE, *planted), NOW) == told


def test_features_know_nothing_of_later_deployments() -> None:
    inputs = with_history(a_deployment(2), a_deployment(-3))
    features = features_of(inputs, POLICY)
    assert features["days_since_deployment"] == pytest.approx(2)
    assert features["team_experience"] == 1


def test_the_nine_features_of_the_specification_are_read() -> None:
    features = features_of(good_inputs(), POLICY)
    assert set(list(features)[:9]) == {feature.name for feature in FEATURES[:9]}
    assert (features["change_size"], features["critical_bugs"], features["off_hours"]) == (240, 0, 0)
    assert features["end_of_week"] == 1, "2026-01-10 is a Saturday"


def test_an_unreadable_item_makes_the_history_unusable_rather_than_better() -> None:
    with pytest.raises(InputError):
        read_history([{"version": "v1"}])
