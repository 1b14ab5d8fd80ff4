"""What would lower the risk: each answer is tried by changing the signals and scoring from the beginning."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.counterfactuals import advised
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import default_policy
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.policy import CurvePoint, Policy
from aqe.core.records.decisions.readiness import Counterfactual, RiskAssessment, RiskLevel
from aqe.core.records.signals import MetricValue, SignalKind, typed_metrics
from aqe.tests.builders import a_deployment, a_good_signal, a_signal, good_inputs
from aqe.tests.unit.readiness.test_properties import (
    EXAMPLES,
    LEVELS,
    Values,
    any_history,
    any_policy,
    any_values,
    inputs_of,
    stored,
)

DEFAULT = default_policy()


def advice(inputs: ReadinessInputs, policy: Policy = DEFAULT) -> RiskAssessment:
    return advised(score(inputs, policy), inputs, policy)


def had(inputs: ReadinessInputs, kind: SignalKind, changes: dict[str, MetricValue]) -> ReadinessInputs:
    """The inputs, had the stored signal these values."""
    signal = inputs.signals[kind][0].signal
    assert signal is not None
    changed = signal.model_copy(update={"metrics": {**signal.metrics, **changes}})
    typed_metrics(kind, changed.metrics)
    return replace(inputs, signals={**inputs.signals, kind: stored(changed)})


def poor() -> ReadinessInputs:
    """A release that is MEDIUM by some of its metrics."""
    return good_inputs(
        a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=75.0, branch_coverage_percent=71.3),
        a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=734.0),
        without=(SignalKind.MUTATION, SignalKind.COMPLIANCE),
    )


def test_a_better_coverage_reaches_the_next_level_and_says_so() -> None:
    first = advice(poor()).counterfactuals[0]
    assert first.words == "line coverage 75 % -> 88.4 %: risk 21.7 -> 20 (LOW)"
    assert first.changes == {"line_coverage_percent": 88.4}


def test_what_measures_most_stands_beside_what_improves_most() -> None:
    found = advice(poor()).recommendations
    assert [each.points for each in found] == sorted((each.points for each in found), reverse=True)
    assert found[0].action == "aqe signal put compliance FILE --release v1"
    assert found[0].measures == ("compliance_status",)
    assert found[0].why == "not measured and counted as 100: compliance_status; no compliance signal for v1"
    assert found[3].action == "raise branch coverage from 71.3 % to 80 %"
    assert found[3].why == "testCoverage: it is risk 43.2 of 100 with 5 % of the weight"


def test_a_low_risk_needs_no_lower_level() -> None:
    risk = advice(good_inputs())
    assert (risk.level, risk.counterfactuals) == (RiskLevel.LOW, ())


def test_a_veto_is_lifted_by_the_change_that_ends_it() -> None:
    inputs = good_inputs(a_good_signal(SignalKind.TEST_RESULTS, failed_tests=3))
    risk = advice(inputs)
    assert risk.blockers == risk.vetoes != ()
    assert [c.words for c in risk.counterfactuals] == ["failed tests 3 -> 0: risk 9.7 -> 5.4 (LOW)"]


def test_a_sum_is_lowered_from_its_first_field_on() -> None:
    inputs = good_inputs(
        a_good_signal(
            SignalKind.SECURITY, critical_vulnerabilities=2, high_vulnerabilities=20, medium_vulnerabilities=9
        )
    )
    (change,) = [r.counterfactual for r in advice(inputs).recommendations if "vulnerability" in r.action]
    assert change is not None
    assert (change.value, change.value_needed) == (31, 10)
    assert change.changes == {"critical_vulnerabilities": 0, "high_vulnerabilities": 1}
    assert all(isinstance(value, int) for value in change.changes.values())


def test_the_past_is_measured_not_changed() -> None:
    history = (a_deployment(outcome="failed"), a_deployment(20))
    risk = advice(replace(good_inputs(), history=history))
    changed = [r.counterfactual.metric for r in risk.recommendations if r.counterfactual]
    assert not {"failure_rate", "rollback_frequency"} & {*changed, *(c.metric for c in risk.counterfactuals)}
    assert any(r.measures == ("mttr",) for r in risk.recommendations)


def test_values_that_a_field_cannot_have_are_not_asked_for() -> None:
    metric = DEFAULT.risk["testCoverage"].metrics["line_coverage"]
    odd = metric.model_copy(update={"curve": (CurvePoint(90.0, 100.0), CurvePoint(120.0, 0.0)), "weight": 1000.0})
    metrics = {**DEFAULT.risk["testCoverage"].metrics, "line_coverage": odd}
    policy = DEFAULT.model_copy(
        update={
            "risk": {
                **DEFAULT.risk,
                "testCoverage": DEFAULT.risk["testCoverage"].model_copy(update={"metrics": metrics}),
            }
        }
    )
    risk = advice(good_inputs(), policy)
    for change in [*risk.counterfactuals, *(r.counterfactual for r in risk.recommendations if r.counterfactual)]:
        typed_metrics(change.kind, change.changes)


def changes_of(risk: RiskAssessment) -> list[Counterfactual]:
    return [*risk.counterfactuals, *(r.counterfactual for r in risk.recommendations if r.counterfactual)]


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_counterfactuals_are_true(values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy) -> None:
    """Applied to the signals and scored from the beginning, each gives what it says."""
    inputs = inputs_of(values, history)
    risk = advice(inputs, policy)
    for change in changes_of(risk):
        after = score(had(inputs, change.kind, change.changes), policy)
        assert (after.risk, after.level) == (change.risk_after, change.level_after)
        assert after.risk <= risk.risk
    for change in risk.counterfactuals:
        assert LEVELS.index(change.level_after) < LEVELS.index(risk.level)
    for each in risk.recommendations:
        assert each.points >= 0


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy(), share=st.floats(0, 0.9))
def test_counterfactuals_are_the_smallest(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy, share: float
) -> None:
    """A tenth of the way less is not enough, for a metric of one field."""
    inputs = inputs_of(values, history)
    for change in advice(inputs, policy).counterfactuals:
        assume(len(policy.risk[change.dimension].metrics[change.metric].field) == 1)
        (name,) = change.changes
        less = change.value + share * (change.value_needed - change.value)
        less = int(less) if isinstance(change.value, int) and change.value_needed > change.value else less
        kept = had(inputs, change.kind, {name: -int(-less) if isinstance(change.changes[name], int) else less})
        assert LEVELS.index(score(kept, policy).level) >= LEVELS.index(change.level_after)


@EXAMPLES
@given(values=any_values, kind=st.sampled_from(SignalKind), policy=any_policy(), data=st.data())
def test_no_measurement_brings_more_than_was_said(
    values: Values, kind: SignalKind, policy: Policy, data: st.DataObject
) -> None:
    before = inputs_of({k: metrics for k, metrics in values.items() if k is not kind})
    after = inputs_of(values)
    risk = advice(before, policy)
    most = sum(
        each.points
        for each in risk.recommendations
        if any(m.kind is kind for d in risk.dimensions for m in d.metrics if m.metric in each.measures)
    )
    assert score(after, policy).risk >= risk.risk - most - 1e-6


@pytest.mark.parametrize("kind", SignalKind)
def test_a_missing_kind_is_measured_by_one_command(kind: SignalKind) -> None:
    risk = advice(good_inputs(without=(kind,)))
    asked = [r for r in risk.recommendations if r.measures]
    assert len(asked) <= 1
    if asked:
        assert (
            asked[0].points <= sum(100 * m.weight for d in risk.dimensions for m in d.metrics if m.kind is kind) + 1e-6
        )


def test_a_signal_without_a_field_is_not_made_up() -> None:
    risk = advice(good_inputs(a_signal(SignalKind.PERFORMANCE, p95_latency_ms=900.0)))
    assert {m for r in risk.recommendations for m in r.measures} == {"throughput", "resource_usage", "scalability"}
