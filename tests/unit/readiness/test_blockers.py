"""What keeps a release from a GO, with evidence, and what would clear it."""

from datetime import timedelta

from hypothesis import given

from aqe.agents.deployment_readiness.approving.approvals import Standing
from aqe.agents.deployment_readiness.blockers import blockers_of
from aqe.agents.deployment_readiness.counterfactuals import advised
from aqe.agents.deployment_readiness.decide import decide
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import default_policy, parse_policy
from aqe.core.records.decisions.approvals import ApprovalState
from aqe.core.records.decisions.blockers import Blocker, Blockers, Cause
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import DecisionStatus
from aqe.core.records.signals import Finding, Outcome, SignalKind, SignalPart
from aqe.tests.builders import NOW, a_good_signal, good_inputs
from aqe.tests.unit.readiness.test_properties import EXAMPLES, Values, any_history, any_policy, any_values, inputs_of

DEFAULT = default_policy()


def found(inputs: ReadinessInputs, policy: Policy = DEFAULT, approvals: tuple[ApprovalState, ...] = ()) -> Blockers:
    risk = advised(score(inputs, policy), inputs, policy)
    decision = decide(inputs, risk, evaluate(inputs, policy), policy, Standing(approvals))
    return blockers_of(inputs, policy, risk, decision)


def only(blockers: Blockers) -> Blocker:
    (one,) = blockers.blockers
    return one


def test_nothing_holds_a_good_release_back() -> None:
    assert (found(good_inputs()).blockers, found(good_inputs()).warnings) == ((), ())


def test_a_failed_gate_is_told_with_value_limit_age_and_who_may_override() -> None:
    one = only(found(good_inputs(a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2))))
    assert (one.cause, one.status, one.gate) == (Cause.GATE, DecisionStatus.BLOCKED, "security")
    assert one.reading is not None
    assert (one.reading.value, one.limit, one.age_s) == (2, 0, 3600)
    assert one.override_by == ("VP Engineering", "CTO")
    assert one.actions == ("critical vulnerabilities 2 -> at most 0",)
    assert one.verify == ("aqe import scan.sarif --release v1",)


def test_a_gate_without_evidence_is_told_with_the_command_that_measures_it() -> None:
    one = found(good_inputs(without=(SignalKind.MUTATION,))).blockers[0]
    assert (one.status, one.actions, one.override_by) == (DecisionStatus.INCONCLUSIVE, (), ())
    assert one.verify == ("aqe import mutation.json --release v1",)
    assert one.age_s is None


def test_a_veto_names_the_value_that_ends_it() -> None:
    one = found(good_inputs(a_good_signal(SignalKind.TEST_RESULTS, failed_tests=3))).blockers[0]
    assert (one.cause, one.metric, one.limit) == (Cause.VETO, "test_results", 80)
    assert one.actions == ("failed_tests 3 -> 0",)


def test_a_catastrophic_dimension_names_what_would_help_most() -> None:
    slow = a_good_signal(
        SignalKind.PERFORMANCE,
        p95_latency_ms=30_000.0,
        throughput_rps=1.0,
        cpu_percent=100.0,
        memory_percent=100.0,
        scalability_percent=10.0,
    )
    one = next(b for b in found(good_inputs(slow)).blockers if b.cause is Cause.VETO)
    assert one.metric == "performance"
    assert one.actions[0] == "lower response time from 30000 ms to 500 ms (lowers the risk by 3)"


def test_what_is_hidden_by_a_missing_measurement_is_told() -> None:
    one = next(b for b in found(good_inputs(without=(SignalKind.TEST_RESULTS,))).blockers)
    assert (one.cause, one.status) == (Cause.UNSEEN, DecisionStatus.INCONCLUSIVE)
    assert one.verify == ("aqe import junit.xml --release v1",)


def test_a_refused_approval_holds_back_too() -> None:
    one = only(found(good_inputs(), approvals=(ApprovalState.REFUSED,)))
    assert (one.what, one.cause) == ("an approval is refused", Cause.OTHER)
    assert one.verify == ("aqe deploy approve-request --version v1",)


def test_the_fast_track_asks_for_an_emergency_approval() -> None:
    one = only(found(good_inputs(), DEFAULT.model_copy(update={"fast_track": True})))
    assert (one.status, one.verify) == (
        DecisionStatus.PENDING_APPROVAL,
        ("aqe deploy emergency-approve --version v1",),
    )


def asking(gate: str, more: str = "") -> Policy:
    text = f"deployment_gates: {{mandatory_gates: {{g: {{{gate}, enforcement: BLOCKING}}}}}}\n{more}"
    return parse_policy(text.encode(), name="mine", where="p.yaml")


def test_a_scored_gate_asks_for_each_of_its_criteria_that_fell_short() -> None:
    scored = asking("min_line_coverage: 99, max_p95_latency_ms: 100, total_score: {pass: 90, warning: 50}")
    one = only(found(good_inputs(), scored))
    assert (one.cause, one.gate) == (Cause.GATE, "g")
    assert one.what.startswith("g: score ")
    assert one.actions == ("line coverage 93 % -> at least 99 %", "p95 latency 320 ms -> at most 100 ms")
    assert one.verify == ("aqe import coverage.json --release v1", "aqe import k6-summary.json --release v1")


def test_a_gate_that_fails_without_data_asks_for_the_measurement_only() -> None:
    one = found(good_inputs(without=(SignalKind.MUTATION,)), asking("min_mutation_score: 80, no_data: fail")).blockers[
        0
    ]
    assert (one.status, one.actions) == (DecisionStatus.BLOCKED, ())
    assert one.verify == ("aqe import mutation.json --release v1",)


def test_what_is_compared_with_an_unknown_past_is_told_as_it_is_asked() -> None:
    compared = asking('max_p95_latency_ms: "<=-90%", compare_with: {no_baseline: fail}')
    assert only(found(good_inputs(), compared)).actions == ("p95 latency 320 ms -> <=-90%",)


def test_a_freeze_is_nothing_that_a_tool_measures() -> None:
    freeze = "freeze_windows: [{name: night, from: '00:00', to: '23:59', every: day, time_zone: UTC}]"
    one = only(found(good_inputs(), asking("max_cvss: 9", freeze)))
    assert (one.cause, one.verify, one.actions) == (Cause.OTHER, (), ())
    assert one.override_by == ()


def test_a_warning_stands_apart() -> None:
    blockers = found(good_inputs(a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=700.0)))
    assert blockers.blockers == ()
    assert [(w.gate, w.override_by) for w in blockers.warnings] == [("performance", ())]


def test_what_the_tool_found_comes_along() -> None:
    finding = Finding(rule="B608", message="SQL injection", severity="critical", file="shop/db.py", line=7)
    part = SignalPart(tool="bandit", outcome=Outcome.VALUE, findings=(finding,))
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=1)
    one = only(found(good_inputs(signal.model_copy(update={"parts": {"bandit": part}}))))
    assert (one.findings, one.files) == ((finding,), ("shop/db.py",))


def test_old_evidence_says_how_old() -> None:
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=1)
    one = only(found(good_inputs(signal.model_copy(update={"measured_at": NOW - timedelta(days=2)}))))
    assert one.age_s == 2 * 86_400


@EXAMPLES
@given(values=any_values, history=any_history, policy=any_policy())
def test_every_no_go_has_a_reason_and_no_go_has_none(
    values: Values, history: tuple[DeploymentOutcome, ...], policy: Policy
) -> None:
    """The first one is what decided."""
    blockers = found(inputs_of(values, history), policy)
    assert bool(blockers.blockers) == (blockers.verdict == "NO-GO")
    if blockers.blockers:
        assert blockers.blockers[0].what in blockers.rule
        assert blockers.blockers[0].status is blockers.decision
