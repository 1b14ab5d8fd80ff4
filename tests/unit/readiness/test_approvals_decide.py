"""What approvals and overrides do to a decision, and what they never do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aqe.agents.deployment_readiness.approving.approvals import (
    Here,
    Papers,
    read_papers,
    seen_now,
    stand,
)
from aqe.agents.deployment_readiness.capabilities import Loaded, judge
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import FAST_TRACK_POLICY, default_policy, load_policy
from aqe.core.records.decisions.approvals import (
    Approval,
    ApprovalState,
    Override,
    Situation,
    approval_key,
    override_key,
)
from aqe.core.records.decisions.policy import GateOverrides, Policy
from aqe.core.records.decisions.readiness import Decision
from aqe.core.records.signals import MetricValue, SignalKind
from aqe.tests.builders import NOW, a_good_signal, a_release, good_inputs
from aqe.tests.people import everybody, signing
from aqe.tests.unit.readiness.asked import (
    APPROVED,
    BLOCKED,
    HOUR,
    INCONCLUSIVE,
    OTHER_COMMIT,
    PENDING,
    SEEN,
    WARNINGS,
    a_policy,
    a_request,
    a_situation,
    here,
    state,
    voted,
)


def high(p95_latency_ms: float = 490.0) -> ReadinessInputs:
    """Every gate holds, and nothing is good: risk is HIGH."""
    coverage = {"line_coverage_percent": 85.0, "branch_coverage_percent": 80.0}
    slow: dict[str, MetricValue] = {"throughput_rps": 1000.0, "cpu_percent": 90.0, "scalability_percent": 55.0}
    code = {"complexity_mean": 28.0, "duplication_percent": 16.0, "technical_debt_percent": 30.0}
    change = {"lines_added": 9_000, "modules_affected": 11, "dependencies_changed": 4, "services_affected": 5}
    return good_inputs(
        a_good_signal(SignalKind.TEST_COVERAGE, **coverage),
        a_good_signal(SignalKind.MUTATION, mutation_score_percent=75.0),
        a_good_signal(SignalKind.PERFORMANCE, p95_latency_ms=p95_latency_ms, **slow),
        a_good_signal(SignalKind.CODE_QUALITY, maintainability_index=7.0, **code),
        a_good_signal(SignalKind.CHANGE_RISK, **change),
        a_good_signal(SignalKind.SECURITY, max_cvss=7.5),
        a_good_signal(SignalKind.COMPLIANCE, compliance_percent=90.0),
    )


HIGH = high()
FAILING = good_inputs(a_good_signal(SignalKind.SECURITY, high_vulnerabilities=1))


def situation_in(inputs: ReadinessInputs, policy: Policy) -> Situation:
    return a_situation(policy=policy.label, seen=seen_now(score(inputs, policy), evaluate(inputs, policy)))


def decided(inputs: ReadinessInputs, policy: Policy, *papers: Approval | Override) -> Decision:
    approvals = tuple(paper for paper in papers if isinstance(paper, Approval))
    overrides = tuple(paper for paper in papers if isinstance(paper, Override))
    return judge(Loaded(replace(inputs, papers=Papers(approvals, overrides, everybody())), policy)).decision


def an_override(
    inputs: ReadinessInputs, policy: Policy, *names: str, by: str = "cto", emergency: bool = False, **changes: Any
) -> Override:
    fields: dict[str, Any] = {"situation": situation_in(inputs, policy), "expires_at": NOW + HOUR} | changes
    return Override(
        approver="", id="override-1", names=names, emergency=emergency, justification="known", at=NOW, **fields
    ).signed_by(signing(by))


def test_high_risk_waits_for_an_approval_and_passes_with_one() -> None:
    policy = a_policy()
    assert decided(HIGH, policy).decision is PENDING
    assert decided(HIGH, policy).rule.startswith("An approval is needed: risk is HIGH")
    granted = voted(a_request(situation_in(HIGH, policy)), "vp")
    decision = decided(HIGH, policy, granted)
    assert decision.decision is WARNINGS
    assert [(one.kind, one.by) for one in decision.lifted] == [("approval", "vp")]


def test_a_policy_can_ask_for_an_approval_whatever_the_risk() -> None:
    policy = a_policy(required=True)
    assert decided(good_inputs(), policy).decision is PENDING
    granted = voted(a_request(situation_in(good_inputs(), policy)), "vp")
    assert decided(good_inputs(), policy, granted).decision is APPROVED


def test_a_decision_says_who_refused_and_why_and_when_a_request_expired() -> None:
    policy = a_policy()
    request = a_request(situation_in(HIGH, policy))
    refused = decided(HIGH, policy, voted(request, "vp", granted=False))
    assert refused.blockers[0].startswith("an approval is refused by vp: ")
    late = request.model_copy(update={"request": request.request.model_copy(update={"expires_at": NOW})})
    assert decided(HIGH, policy, late).rule.endswith("is expired since 2026-01-10 12:00 UTC, with 0 of 1 approval")


def test_an_approval_lifts_no_failed_gate() -> None:
    policy = a_policy()
    decision = decided(FAILING, policy, voted(a_request(situation_in(FAILING, policy)), "vp"))
    assert decision.decision is BLOCKED


def test_a_worse_signal_after_the_approval_voids_it_and_is_named() -> None:
    policy = a_policy()
    granted = voted(a_request(situation_in(HIGH, policy)), "vp")
    assert decided(high(480.0), policy, granted).decision is WARNINGS
    decision = decided(high(491.0), policy, granted)
    assert decision.decision is PENDING
    assert decision.remarks[0].startswith("approval approval-120000 does not count: risk was ")


def test_an_override_lifts_the_gate_it_names_and_is_named() -> None:
    policy = a_policy()
    assert decided(FAILING, policy).decision is BLOCKED
    decision = decided(FAILING, policy, an_override(FAILING, policy, "security"))
    assert decision.decision is WARNINGS
    assert any("overridden by cto until 2026-01-10 13:00 UTC: known" in warning for warning in decision.warnings)
    assert [(one.kind, one.names, one.by) for one in decision.lifted] == [("override", ("security",), "cto")]
    assert decided(FAILING, policy, an_override(FAILING, policy, "code_quality")).decision is BLOCKED


def test_an_override_of_a_veto_leaves_the_high_risk_to_be_approved() -> None:
    """A catastrophe lifts the level to HIGH; only an emergency approval does both."""
    policy = a_policy()
    inputs = good_inputs(a_good_signal(SignalKind.TEST_RESULTS, failed_tests=1))
    assert decided(inputs, policy).decision is BLOCKED
    assert decided(inputs, policy, an_override(inputs, policy, "testCoverage")).decision is PENDING
    emergency = an_override(inputs, policy, "testCoverage", emergency=True)
    assert decided(inputs, policy, emergency).decision is WARNINGS


def test_what_nobody_measured_cannot_be_overridden() -> None:
    policy = a_policy()
    inputs = good_inputs(without=(SignalKind.SECURITY,))
    override = an_override(inputs, policy, "security", emergency=True)
    assert decided(inputs, policy, override).decision is INCONCLUSIVE


def test_a_refusal_beats_an_emergency_approval() -> None:
    policy = a_policy()
    refused = voted(a_request(situation_in(HIGH, policy)), "vp", granted=False)
    assert decided(HIGH, policy, refused, an_override(HIGH, policy, emergency=True)).decision is BLOCKED
    assert decided(HIGH, policy, an_override(HIGH, policy, emergency=True)).decision is WARNINGS


def test_the_fast_track_needs_an_emergency_approval_and_leaves_a_warning() -> None:
    """Never a silent relaxation."""
    policy = load_policy(FAST_TRACK_POLICY).model_copy(update={"name": "fast-track", "fast_track": True})
    inputs = good_inputs()
    assert decided(inputs, policy).decision is PENDING
    assert decided(inputs, policy, voted(a_request(situation_in(inputs, policy)), "cto")).decision is PENDING
    decision = decided(inputs, policy, an_override(inputs, policy, emergency=True))
    assert decision.decision is WARNINGS
    assert decision.not_applicable == policy.not_applicable


BAD_OVERRIDES: dict[str, Callable[[Policy], Override]] = {
    "no role": lambda p: an_override(FAILING, p, "security", by="lead"),
    "expired": lambda p: an_override(FAILING, p, "security", expires_at=NOW),
    "unsigned": lambda p: an_override(FAILING, p, "security").model_copy(update={"signature": ""}),
    "another's name": lambda p: an_override(FAILING, p, "security", by="lead").model_copy(update={"approver": "cto"}),
    "another gate added": lambda p: an_override(FAILING, p, "tests").model_copy(update={"names": ("security",)}),
    "made longer": lambda p: an_override(FAILING, p, "security").model_copy(update={"expires_at": NOW + 9 * HOUR}),
    "for a better release": lambda p: an_override(good_inputs(), p, "security"),
    "for another policy": lambda p: an_override(FAILING, default_policy().model_copy(update={"name": "x"}), "security"),
    "for another commit": lambda p: an_override(
        FAILING, p, "security",
        situation=situation_in(FAILING, p).model_copy(update={"release": a_release(commit=OTHER_COMMIT)}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("override", BAD_OVERRIDES.values(), ids=list(BAD_OVERRIDES))
def test_an_override_without_authority_lifts_nothing_and_is_named(override: Callable[[Policy], Override]) -> None:
    policy = a_policy()
    decision = decided(FAILING, policy, override(policy))
    assert decision.decision is BLOCKED
    assert decision.remarks[0].startswith("override override-1 by ")


def test_an_override_counts_only_where_the_policy_permits_any_and_by_as_many_as_it_asks_for() -> None:
    none = a_policy().model_copy(update={"gate_overrides": GateOverrides()})
    assert decided(FAILING, none, an_override(FAILING, none, "security")).decision is BLOCKED
    two = a_policy(overrides={"people": 2})
    one = an_override(FAILING, two, "security")
    again = an_override(FAILING, two, "security").model_copy(update={"id": "override-2"})
    other = an_override(FAILING, two, "security", by="vp")
    assert decided(FAILING, two, one, again).decision is BLOCKED
    assert decided(FAILING, two, one, other).decision is WARNINGS


def test_what_cannot_be_read_does_not_count_and_is_named() -> None:
    """Other programs can write these keys, too."""
    good = voted(a_request(), "cto")
    values = {
        approval_key("v1", "a"): good.to_dict(),
        approval_key("v1", "b"): {"request": 1},
        override_key("v1", "c"): "yes",
    }
    papers = read_papers(values, everybody())
    assert papers.approvals == (good,)
    assert len(papers.unreadable) == 2
    assert set(papers.unreadable) <= set(stand(papers, here()).remarks)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_override_passes_without_an_authorised_authenticated_approver(data: st.DataObject) -> None:
    """Whatever is made of real signatures, names, times and roles."""
    policy = a_policy(overrides={"people": data.draw(st.integers(1, 2))})
    overrides = []
    for _ in range(data.draw(st.integers(0, 3))):
        signer = data.draw(st.sampled_from(["cto", "vp", "lead"]))
        override = an_override(
            data.draw(st.sampled_from([FAILING, good_inputs()])),
            policy,
            *data.draw(st.sets(st.sampled_from(["security", "code_quality"]))),
            by=signer,
            emergency=data.draw(st.booleans()),
            expires_at=NOW + data.draw(st.sampled_from([-HOUR, HOUR])),
        )
        changes: dict[str, Any] = data.draw(
            st.sampled_from([{}, {}, {"approver": "cto"}, {"names": ("security",)}, {"expires_at": NOW + 2 * HOUR}])
        )
        overrides.append((override.model_copy(update=changes), override, signer))
    decision = decided(FAILING, policy, *(changed for changed, _, _ in overrides))
    real = {
        signer
        for changed, original, signer in overrides
        if changed == original
        and signer != "lead"
        and "security" in changed.names
        and changed.expires_at > NOW
        and changed.situation.seen == situation_in(FAILING, policy).seen
    }
    assert decision.approved == (len(real) >= policy.gate_overrides.people)


class ApprovalMachine(RuleBasedStateMachine):
    """Requests, votes, forgeries, time and changes in any order, against a few lines that say what must come out."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.people = 2
        self.risk = 50.0
        self.approval: Approval | None = None
        self.grants: dict[str, datetime] = {}
        self.refused = False

    def where(self) -> Here:
        return here(
            a_policy(people=self.people, roles=("CTO", "VP Engineering")),
            seen=SEEN.model_copy(update={"risk": self.risk}),
            now=self.now,
        )

    @rule()
    def ask(self) -> None:
        situation = a_situation(policy=self.where().policy.label, seen=self.where().seen)
        self.approval = a_request(situation, at=self.now, by="vp@example.org")
        self.grants, self.refused = {}, False

    @precondition(lambda self: self.approval is not None)
    @rule(by=st.sampled_from(["cto", "vp", "lead", "author"]), hours=st.integers(1, 6))
    def grant(self, by: str, hours: int) -> None:
        assert self.approval is not None
        self.approval = voted(self.approval, by, at=self.now, valid=hours * HOUR)
        if by in ("cto", "author"):  # vp has asked, lead has not the role
            self.grants[by] = max(self.grants.get(by, self.now), self.now + hours * HOUR)

    @precondition(lambda self: self.approval is not None)
    @rule(by=st.sampled_from(["cto", "lead"]))
    def refuse(self, by: str) -> None:
        assert self.approval is not None
        self.approval = voted(self.approval, by, granted=False, at=self.now)
        self.refused = True

    @precondition(lambda self: self.approval is not None)
    @rule(change=st.sampled_from([{"approver": "author"}, {"granted": False}, {"request": "0"}, {"signature": "x"}]))
    def forge(self, change: dict[str, Any]) -> None:
        assert self.approval is not None
        vote = voted(self.approval, "cto", at=self.now).votes[-1].model_copy(update=change)
        self.approval = self.approval.model_copy(update={"votes": (*self.approval.votes, vote)})

    @rule(minutes=st.integers(1, 200))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(points=st.integers(-5, 5))
    def change_risk(self, points: int) -> None:
        self.risk += points

    @rule(people=st.integers(1, 2))
    def change_rule(self, people: int) -> None:
        self.people = people

    def expected(self) -> ApprovalState | None:
        if self.approval is None:
            return None
        if self.refused:
            return ApprovalState.REFUSED
        if len(self.grants) < self.people:
            return ApprovalState.EXPIRED if self.now >= self.approval.request.expires_at else ApprovalState.PENDING
        if self.now >= min(self.grants.values()):
            return ApprovalState.EXPIRED
        seen = self.approval.request.situation.seen
        return ApprovalState.LAPSED if self.risk > seen.risk else ApprovalState.GRANTED

    @invariant()
    def the_state_is_the_expected_one(self) -> None:
        if self.approval is not None:
            assert state(self.approval, self.where()) is self.expected()


TestApprovalMachine = ApprovalMachine.TestCase
TestApprovalMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
