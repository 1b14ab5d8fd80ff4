"""Each criterion: holds, fails, has no evidence; and what becomes of the gate."""

import pytest

from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.config.policy import default_policy, parse_policy
from aqe.core.criteria import CRITERIA, limit_problem
from aqe.core.records.decisions.policy import GatePolicy, Limit, Policy
from aqe.core.records.decisions.readiness import CriterionResult, Enforcement, GateResult, GateStatus
from aqe.core.records.signals import MetricValue, SignalKind
from aqe.tests.builders import GOOD, a_good_signal, a_signal, good_inputs, some_inputs


def policy(criteria: dict[str, Limit], enforcement: Enforcement = Enforcement.BLOCKING) -> Policy:
    gate = GatePolicy(gate="g", mandatory=True, enforcement=enforcement, criteria=criteria)
    return default_policy().model_copy(update={"gates": (gate,)})


def judge(criterion: str, limit: Limit, inputs: ReadinessInputs) -> CriterionResult:
    return evaluate(inputs, policy({criterion: limit}))[0].criteria[0]


def of(kind: SignalKind, **metrics: MetricValue) -> ReadinessInputs:
    return some_inputs(a_signal(kind, metrics))


CASES: list[tuple[str, Limit, ReadinessInputs, GateStatus, str]] = [
    ("min_grade", "B", of(SignalKind.CODE_QUALITY, grade="A"), GateStatus.PASSED, "grade A >= B"),
    ("min_grade", "B", of(SignalKind.CODE_QUALITY, grade="B"), GateStatus.PASSED, "grade B >= B"),
    ("min_grade", "B", of(SignalKind.CODE_QUALITY, grade="C"), GateStatus.FAILED, "grade C < B"),
    (
        "max_p95_latency_ms",
        500,
        of(SignalKind.PERFORMANCE, p95_latency_ms=487.0),
        GateStatus.PASSED,
        "p95 latency 487 ms <= 500 ms",
    ),
    (
        "max_p95_latency_ms",
        500,
        of(SignalKind.PERFORMANCE, p95_latency_ms=1234.0),
        GateStatus.FAILED,
        "p95 latency 1234 ms > 500 ms",
    ),
    (
        "min_line_coverage",
        85,
        of(SignalKind.TEST_COVERAGE, line_coverage_percent=84.996),
        GateStatus.FAILED,
        "line coverage 84.996 % < 85 %",
    ),
    (
        "max_error_rate_percent",
        0.1,
        of(SignalKind.PERFORMANCE, error_rate_percent=0.1),
        GateStatus.PASSED,
        "error rate 0.1 % <= 0.1 %",
    ),
    (
        "max_high_vulnerabilities",
        0,
        of(SignalKind.SECURITY, high_vulnerabilities=0, unknown_vulnerabilities=1),
        GateStatus.FAILED,
        "high vulnerabilities 1 > 0",
    ),
    ("max_failed_tests", 0, of(SignalKind.TEST_RESULTS, failed_tests=0, total_tests=9), GateStatus.PASSED, "0 <= 0"),
    (
        "max_failed_tests",
        0,
        of(SignalKind.TEST_RESULTS, failed_tests=0, total_tests=0),
        GateStatus.NO_EVIDENCE,
        "says total_tests is 0",
    ),
    ("changelog_updated", True, of(SignalKind.OPERATIONS, changelog_updated=True), GateStatus.PASSED, "updated: yes"),
    ("changelog_updated", True, of(SignalKind.OPERATIONS, changelog_updated=False), GateStatus.FAILED, "updated: no"),
    (
        "change_ticket_approved",
        True,
        of(SignalKind.APPROVALS, change_ticket="approved"),
        GateStatus.PASSED,
        "change ticket approved: yes",
    ),
    (
        "change_ticket_approved",
        True,
        of(SignalKind.APPROVALS, change_ticket="rejected"),
        GateStatus.FAILED,
        "change ticket approved: no",
    ),
    (
        "change_ticket_approved",
        True,
        of(SignalKind.APPROVALS, change_ticket="pending"),
        GateStatus.PENDING,
        "change_ticket_approved is pending",
    ),
    ("min_mutation_score", 75, some_inputs(), GateStatus.NO_EVIDENCE, "has no evidence: no mutation signal for v1"),
]


@pytest.mark.parametrize(("criterion", "limit", "inputs", "status", "detail"), CASES)
def test_a_criterion(criterion: str, limit: Limit, inputs: ReadinessInputs, status: GateStatus, detail: str) -> None:
    result = judge(criterion, limit, inputs)
    assert (result.status, result.limit) == (status, limit)
    assert detail in result.detail


def limits(criterion: str) -> tuple[Limit, Limit]:
    """A limit that the good release keeps exactly, and one that it misses."""
    source = CRITERIA[criterion]
    assert source.signal is not None
    values = [GOOD[source.signal][name] for name in source.field]
    if not criterion.startswith(("min_", "max_")):
        return True, True
    if criterion == "min_grade":
        return "A", "A"
    numbers = [float(value) for value in values if not isinstance(value, str)]
    exact = numbers[0] if source.combine == "of" else sum(numbers)
    return exact, exact - 0.5 if criterion.startswith("max_") else exact + 0.5


@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_holds_at_its_limit_fails_beyond_it_and_needs_evidence(criterion: str) -> None:
    exact, beyond = limits(criterion)
    assert judge(criterion, exact, good_inputs()).status is GateStatus.PASSED
    assert judge(criterion, exact, some_inputs()).status is GateStatus.NO_EVIDENCE
    kind = CRITERIA[criterion].signal
    assert kind is not None
    if beyond != exact:
        assert judge(criterion, beyond, good_inputs()).status is GateStatus.FAILED
    for name in CRITERIA[criterion].field:
        without = good_inputs(a_good_signal(kind, **{name: None}))
        assert judge(criterion, exact, without).status is GateStatus.NO_EVIDENCE
    if exact is True and criterion != "change_ticket_approved":
        denied = good_inputs(a_good_signal(kind, **{CRITERIA[criterion].field[0]: False}))
        assert judge(criterion, True, denied).status is GateStatus.FAILED


def test_every_limit_in_the_default_policy_is_valid() -> None:
    for gate in default_policy().gates:
        assert all(limit_problem(name, limit) is None for name, limit in gate.criteria.items())


def result(*metrics: tuple[str, float | None]) -> GateResult:
    signal = a_signal(SignalKind.TEST_COVERAGE, {name: value for name, value in metrics if value is not None})
    return evaluate(some_inputs(signal), policy({"min_line_coverage": 85, "min_branch_coverage": 80}))[0]


@pytest.mark.parametrize(
    ("line", "branch", "status"),
    [
        (90.0, 90.0, GateStatus.PASSED),
        (90.0, None, GateStatus.NO_EVIDENCE),
        (None, None, GateStatus.NO_EVIDENCE),
        (90.0, 10.0, GateStatus.FAILED),
        (10.0, None, GateStatus.FAILED),
    ],
)
def test_a_gate_is_as_good_as_its_worst_criterion(line: float | None, branch: float | None, status: GateStatus) -> None:
    assert result(("line_coverage_percent", line), ("branch_coverage_percent", branch)).status is status


def test_mandatory_and_optional_gates_are_both_evaluated() -> None:
    gates = evaluate(good_inputs(), default_policy())
    assert [(gate.gate, gate.mandatory) for gate in gates] == [
        ("code_quality", True),
        ("test_coverage", True),
        ("security", True),
        ("performance", True),
        ("documentation", False),
        ("business_approval", False),
    ]
    assert {gate.status for gate in gates} == {GateStatus.PASSED}


def test_what_is_not_applicable_is_not_judged() -> None:
    text = b"""
deployment_gates:
  mandatory_gates:
    quality: {min_grade: A, max_critical_issues: 0, enforcement: BLOCKING}
    mutation: {min_mutation_score: 75, enforcement: BLOCKING}
not_applicable:
  - {metric: min_grade, reason: no Sonar here}
  - {metric: mutation, reason: no tool}
"""
    inputs = some_inputs(a_signal(SignalKind.CODE_QUALITY, critical_issues=0))
    quality, mutation = evaluate(inputs, parse_policy(text, name="p", where="p.yaml"))
    assert [c.status for c in quality.criteria] == [GateStatus.NOT_APPLICABLE, GateStatus.PASSED]
    assert (quality.status, mutation.status) == (GateStatus.PASSED, GateStatus.NOT_APPLICABLE)


def test_only_an_open_ticket_is_pending() -> None:
    states = {"approved": False, "pending": True, "rejected": False}
    for state, pending in states.items():
        inputs = of(SignalKind.APPROVALS, change_ticket=state)
        status = judge("change_ticket_approved", True, inputs).status
        assert (status is GateStatus.PENDING) is pending
    assert judge("change_ticket_approved", True, some_inputs()).status is GateStatus.NO_EVIDENCE
