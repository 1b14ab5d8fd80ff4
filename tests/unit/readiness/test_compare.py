"""Two releases side by side."""

from dataclasses import replace

import pytest
from hypothesis import given

from aqe.agents.deployment_readiness.capabilities import Loaded, judge
from aqe.agents.deployment_readiness.compare import compare
from aqe.agents.deployment_readiness.decide import Judged
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.config.policy import default_policy, parse_policy
from aqe.core.records.decisions.comparison import Change, Comparison
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import a_good_signal, good_inputs
from aqe.tests.unit.readiness.test_properties import EXAMPLES, Values, any_policy, any_values, inputs_of

DEFAULT = default_policy()


def judged(inputs: ReadinessInputs, policy: Policy = DEFAULT) -> Judged:
    return judge(Loaded(inputs, policy))


def compared(before: ReadinessInputs, after: ReadinessInputs) -> Comparison:
    return compare(judged(before), judged(after))


def change_of(comparison: Comparison, name: str) -> Change:
    named = {m.metric: m.change for m in comparison.metrics} | {g.criterion: g.change for g in comparison.gates}
    return named[name]


BAD = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2, max_cvss=9.8)


def test_what_got_worse_is_told_by_metric_gate_and_decision() -> None:
    comparison = compared(good_inputs(), good_inputs(BAD))
    assert comparison.metrics[0].metric == "severity_score"
    assert change_of(comparison, "severity_score") is Change.WORSE
    assert change_of(comparison, "line_coverage") is Change.SAME
    assert change_of(comparison, "max_critical_vulnerabilities") is Change.WORSE
    assert comparison.why == (
        "v1 is BLOCKED: A BLOCKING gate failed: security: critical vulnerabilities 2 > 0.",
        "v1 was APPROVED: Every BLOCKING and WARNING gate holds and risk is LOW.",
        "New: security: critical vulnerabilities 2 > 0",
    )


def test_the_other_way_round_it_got_better() -> None:
    comparison = compared(good_inputs(BAD), good_inputs())
    assert change_of(comparison, "max_critical_vulnerabilities") is Change.BETTER
    assert comparison.why[-1] == "Gone: security: critical vulnerabilities 2 > 0"
    assert comparison.risk_change < 0


def test_what_was_not_measured_on_both_sides_is_neither_better_nor_worse() -> None:
    comparison = compared(good_inputs(without=(SignalKind.MUTATION,)), good_inputs())
    assert change_of(comparison, "mutation_score") is Change.UNKNOWN
    assert change_of(comparison, "min_mutation_score") is Change.UNKNOWN


def test_a_ticket_that_is_decided_is_better_than_a_pending_one_and_that_than_a_rejected_one() -> None:
    policy = parse_policy(
        b"deployment_gates: {mandatory_gates: {g: {change_ticket_approved: true, enforcement: BLOCKING}}}",
        name="mine", where="p.yaml",
    )  # fmt: skip
    approved, pending, rejected = (
        judged(good_inputs(a_good_signal(SignalKind.APPROVALS, change_ticket=state)), policy)
        for state in ("approved", "pending", "rejected")
    )
    assert change_of(compare(pending, approved), "change_ticket_approved") is Change.BETTER
    assert change_of(compare(pending, rejected), "change_ticket_approved") is Change.WORSE
    assert change_of(compare(pending, pending), "change_ticket_approved") is Change.SAME


def test_a_reason_that_names_the_key_of_its_release_is_the_same_reason_of_another() -> None:
    warned = "g: x has no evidence: aqe/releases/{}/signals/approvals does not give x"
    old, new = (
        replace(
            judged(good_inputs()), decision=decision.model_copy(update={"version": v, "warnings": (warned.format(v),)})
        )
        for v, decision in ((v, judged(good_inputs()).decision) for v in ("v1", "v2"))
    )
    assert not [line for line in compare(old, new).why if "no evidence" in line]


def test_another_policy_is_said() -> None:
    other = parse_policy(b"deployment_gates: {}", name="other", where="p.yaml")
    comparison = compare(judged(good_inputs(), other), judged(good_inputs()))
    assert comparison.notes[0].startswith("the policies differ: other sha256:")
    assert change_of(comparison, "min_grade") is Change.UNKNOWN
    assert "Both are APPROVED." in comparison.why


def test_a_risk_scored_again_is_said() -> None:
    then = judged(good_inputs())
    mixed = Judged(judged(good_inputs(BAD)).risk, then.decision)
    assert "was scored again after its decision" in compare(mixed, then).notes[0]


@EXAMPLES
@given(before=any_values, after=any_values, policy=any_policy())
def test_the_points_of_the_metrics_add_up_to_the_change_of_risk(before: Values, after: Values, policy: Policy) -> None:
    comparison = compare(judged(inputs_of(before), policy), judged(inputs_of(after), policy))
    gained = sum(m.points_candidate - m.points_baseline for m in comparison.metrics)
    assert gained == pytest.approx(comparison.risk_change, abs=1e-6)
