"""Each rule of DESIGN section 5, in its order."""

from datetime import timedelta

import pytest

from aqe.agents.deployment_readiness.approving.approvals import Standing
from aqe.agents.deployment_readiness.decide import decide
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import default_policy, parse_policy
from aqe.core.records.decisions.approvals import ApprovalState
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import Decision, DecisionStatus, RiskLevel
from aqe.core.records.signals import MetricValue, SignalKind
from aqe.tests.builders import NOW, a_deployment, a_good_signal, a_signal, good_inputs, some_inputs

APPROVED, WARNINGS, PENDING, INCONCLUSIVE, BLOCKED = DecisionStatus


def assess(
    inputs: ReadinessInputs, policy: Policy | None = None, approvals: tuple[ApprovalState, ...] = ()
) -> Decision:
    policy = policy or default_policy()
    return decide(inputs, score(inputs, policy), evaluate(inputs, policy), policy, Standing(approvals))


def gate(criterion: str, enforcement: str, more: str = "") -> Policy:
    text = f"deployment_gates: {{mandatory_gates: {{g: {{{criterion}, enforcement: {enforcement}}}}}}}\n{more}"
    return parse_policy(text.encode(), name="p", where="p.yaml")


def changed(kind: SignalKind, **changes: MetricValue | None) -> ReadinessInputs:
    return good_inputs(a_good_signal(kind, **changes))


NO_GATES = parse_policy(b"deployment_gates: {}", name="p", where="p.yaml")
TICKET = "change_ticket_approved: true"
FAILING = changed(SignalKind.TEST_COVERAGE, line_coverage_percent=84.0)
UNMEASURED = changed(SignalKind.TEST_COVERAGE, line_coverage_percent=None)
OPEN_TICKET = changed(SignalKind.APPROVALS, change_ticket="pending")
COVERAGE = "min_line_coverage: 85"
# Enough is missing to move the risk, and nothing that could hide a catastrophe.
MEDIUM = good_inputs(without=(SignalKind.MUTATION, SignalKind.TEST_RELIABILITY, SignalKind.COMPLIANCE))
LEFT_OUT = "not_applicable: [{metric: %s, reason: not here}]"


@pytest.mark.parametrize(
    ("inputs", "policy", "status", "rule"),
    [
        (good_inputs(), default_policy(), APPROVED, "Every BLOCKING and WARNING gate holds and risk is LOW"),
        (
            FAILING,
            gate(COVERAGE, "BLOCKING"),
            BLOCKED,
            "A BLOCKING gate failed: g: line coverage 84 % < 85 %",
        ),
        (FAILING, gate(COVERAGE, "WARNING"), WARNINGS, "A WARNING gate does not hold: g: line coverage 84 % < 85 %"),
        (FAILING, gate(COVERAGE, "ADVISORY"), APPROVED, "Every BLOCKING"),
        (UNMEASURED, gate(COVERAGE, "BLOCKING"), INCONCLUSIVE, "A BLOCKING gate has no evidence: g: min_line_coverage"),
        (UNMEASURED, gate(COVERAGE, "WARNING"), WARNINGS, "A WARNING gate does not hold: g: min_line_coverage has no"),
        (UNMEASURED, gate(COVERAGE, "ADVISORY"), APPROVED, "Every BLOCKING"),
        (
            changed(SignalKind.TEST_RESULTS, failed_tests=1),
            NO_GATES,
            BLOCKED,
            "A catastrophic measurement vetoes: testCoverage: test_results 1 is risk 80 of 100",
        ),
        (
            good_inputs(without=(SignalKind.PERFORMANCE,)),
            NO_GATES,
            INCONCLUSIVE,
            "What is not measured could be a catastrophe: performance could be 100 of 100",
        ),
        (
            good_inputs(without=(SignalKind.PERFORMANCE,)),
            gate(COVERAGE, "BLOCKING", LEFT_OUT % "performance"),
            APPROVED,
            "Every BLOCKING",
        ),
        (some_inputs(), NO_GATES, INCONCLUSIVE, "What is not measured could be a catastrophe"),
        (some_inputs(), default_policy(), INCONCLUSIVE, "A BLOCKING gate has no evidence: code_quality: min_grade"),
        (OPEN_TICKET, gate(TICKET, "BLOCKING"), PENDING, "A change ticket is pending: g: change_ticket_approved is"),
        (OPEN_TICKET, gate(TICKET, "WARNING"), WARNINGS, "A WARNING gate does not hold: g: change_ticket_approved is"),
        (changed(SignalKind.APPROVALS, change_ticket="rejected"), gate(TICKET, "BLOCKING"), BLOCKED, "A BLOCKING gate"),
        (changed(SignalKind.APPROVALS, change_ticket=None), gate(TICKET, "BLOCKING"), INCONCLUSIVE, "A BLOCKING gate"),
        (MEDIUM, NO_GATES, WARNINGS, "Risk is not LOW: risk is MEDIUM, "),
    ],
)
def test_the_first_rule_that_holds_decides(
    inputs: ReadinessInputs, policy: Policy, status: DecisionStatus, rule: str
) -> None:
    decision = assess(inputs, policy)
    assert decision.decision is status
    assert decision.rule.startswith(rule)
    assert decision.approved is (status in (APPROVED, WARNINGS))
    assert decision.verdict == ("GO" if decision.approved else "NO-GO")


def cvss_only(more: str = "") -> Policy:
    """Risk is that of the highest CVSS score, and of the change's size at a thousandth of the weight."""
    names = ["codeQuality", "testCoverage", "performance", "historicalStability"]
    names += ["vulnerability_count", "compliance_status", "affected_modules", "dependency_impact", "blast_radius"]
    text = "deployment_gates: {}\nrisk: {changeRisk: {weight: 0.0002}}\nnot_applicable:\n"
    text += "\n".join(f"  - {{metric: {name}, reason: not here}}" for name in names)
    return parse_policy((text + more).encode(), name="p", where="p.yaml")


def of_risk(risk: float) -> ReadinessInputs:
    """Inputs whose risk under `cvss_only` is as asked: security carries 1000 of 1001 parts, the rest is at 0."""
    cvss = 4 + 3 * (risk * 1.001 - 20) / 40
    return some_inputs(
        a_signal(SignalKind.SECURITY, max_cvss=cvss), a_signal(SignalKind.CHANGE_RISK, lines_added=0, lines_deleted=0)
    )


@pytest.mark.parametrize(
    ("risk", "level", "status"),
    [
        (20, RiskLevel.LOW, APPROVED),
        (20.01, RiskLevel.MEDIUM, WARNINGS),
        (40, RiskLevel.MEDIUM, WARNINGS),
        (40.01, RiskLevel.HIGH, PENDING),
        (42, RiskLevel.HIGH, PENDING),
        (59.9, RiskLevel.HIGH, PENDING),
    ],
)
def test_the_level_alone_decides_when_nothing_else_does(risk: float, level: RiskLevel, status: DecisionStatus) -> None:
    decision = assess(of_risk(risk), cvss_only())
    assert decision.risk == pytest.approx(risk)
    assert (decision.risk_level, decision.decision) == (level, status)


def test_measured_risk_above_60_blocks_on_its_own() -> None:
    bad = some_inputs(a_signal(SignalKind.SECURITY, max_cvss=7.5), a_signal(SignalKind.CHANGE_RISK))
    decision = assess(bad, cvss_only())
    assert (decision.decision, decision.rule) == (
        BLOCKED,
        "The measured risk alone is CRITICAL: measured risk is 70 of 100",
    )
    assert decision.blockers == ("measured risk is 70 of 100",)


def test_risk_above_60_by_what_is_missing_is_inconclusive() -> None:
    """No dimension could veto, but all of them together are too much to leave open."""
    half = {
        SignalKind.CODE_QUALITY: ("duplication_percent",),
        SignalKind.PERFORMANCE: ("p95_latency_ms",),
        SignalKind.SECURITY: (
            "critical_vulnerabilities",
            "high_vulnerabilities",
            "medium_vulnerabilities",
            "unknown_vulnerabilities",
        ),
        SignalKind.TEST_RESULTS: ("failed_tests", "total_tests"),
        SignalKind.CHANGE_RISK: ("modules_affected",),
    }
    good = {kind: a_good_signal(kind).metrics for kind in half}
    signals = [a_signal(kind, {name: good[kind][name] for name in names}) for kind, names in half.items()]
    coverage = a_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=95.0)
    decision = assess(some_inputs(*signals, coverage, history=(a_deployment(),)), NO_GATES)
    assert decision.decision is INCONCLUSIVE
    assert decision.rule.startswith("Risk is CRITICAL with what is not measured at its worst: risk is 6")


@pytest.mark.parametrize(
    ("approvals", "status"),
    [
        ((), PENDING),
        ((ApprovalState.PENDING,), PENDING),
        ((ApprovalState.GRANTED,), WARNINGS),
        ((ApprovalState.GRANTED, ApprovalState.PENDING), PENDING),
        ((ApprovalState.GRANTED, ApprovalState.REFUSED), BLOCKED),
        ((ApprovalState.EXPIRED,), BLOCKED),
    ],
)
def test_a_granted_approval_lifts_high_risk(approvals: tuple[ApprovalState, ...], status: DecisionStatus) -> None:
    assert assess(of_risk(50), cvss_only(), approvals).decision is status


@pytest.mark.parametrize("approvals", [(), (ApprovalState.GRANTED,)])
def test_a_granted_approval_lifts_nothing_else(approvals: tuple[ApprovalState, ...]) -> None:
    blocking = gate(COVERAGE, "BLOCKING")
    assert assess(FAILING, blocking, approvals).decision is BLOCKED
    assert assess(UNMEASURED, blocking, approvals).decision is INCONCLUSIVE
    assert assess(OPEN_TICKET, gate(TICKET, "BLOCKING"), approvals).decision is PENDING
    assert assess(changed(SignalKind.TEST_RESULTS, failed_tests=1), NO_GATES, approvals).decision is BLOCKED


def test_a_measured_failure_goes_before_missing_evidence() -> None:
    inputs = changed(SignalKind.TEST_COVERAGE, line_coverage_percent=10.0, branch_coverage_percent=None)
    decision = assess(inputs)
    assert decision.decision is BLOCKED
    assert decision.blockers == ("test_coverage: line coverage 10 % < 85 %",)
    assert decision.missing_evidence[0].startswith("min_branch_coverage (BLOCKING gate test_coverage): ")


def test_several_reasons_are_counted() -> None:
    decision = assess(changed(SignalKind.SECURITY, critical_vulnerabilities=2, high_vulnerabilities=1))
    assert decision.rule == "A BLOCKING gate failed: security: critical vulnerabilities 2 > 0; and 1 more"


def test_the_specifications_blocked_release() -> None:
    """v2.6.0: 2 critical vulnerabilities, 67 % coverage, p95 1234 ms."""
    inputs = good_inputs(
        a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2),
        a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=67.0),
        a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=1234.0),
    )
    decision = assess(inputs)
    assert decision.decision is BLOCKED
    assert decision.blockers == (
        "test_coverage: line coverage 67 % < 85 %",
        "security: critical vulnerabilities 2 > 0",
    )
    assert decision.warnings == ("performance: p95 latency 1234 ms > 500 ms",)


def test_missing_evidence_says_how_to_get_it() -> None:
    missing = assess(some_inputs(history=(a_deployment(),))).missing_evidence
    assert missing[0].endswith("no code-quality signal for v1; aqe import lint.sarif --release v1")
    assert (
        "line_coverage (risk, testCoverage): no test-coverage signal for v1; aqe import coverage.json --release v1"
        in (missing)
    )
    assert not any("failure_rate" in line for line in missing)


def test_stale_evidence_is_no_evidence() -> None:
    old = a_good_signal(SignalKind.SECURITY).model_copy(update={"measured_at": NOW - timedelta(days=4)})
    decision = assess(good_inputs(old))
    assert decision.decision is INCONCLUSIVE
    assert "stale" in decision.rule


def test_a_decision_names_policy_evidence_and_what_is_left_out() -> None:
    policy = gate(COVERAGE, "BLOCKING", LEFT_OUT % "mutation_score")
    decision = assess(good_inputs(without=(SignalKind.MUTATION,)), policy)
    assert decision.policy == f"p sha256:{policy.digest}"
    assert [(entry.metric, entry.reason) for entry in decision.not_applicable] == [("mutation_score", "not here")]
    assert "aqe/releases/v1/signals/test-coverage" in decision.evidence
    assert "aqe/deployment/history" in decision.evidence
    assert decision.assessed_at == NOW
    assert (decision.confidence, bool(decision.confidence_reason)) == (None, True)


def test_a_decision_survives_json() -> None:
    decision = assess(some_inputs())
    assert Decision.from_json(decision.to_json(), where="test") == decision
