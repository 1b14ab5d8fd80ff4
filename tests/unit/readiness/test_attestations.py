"""What an approver vouches for: ATTESTED where nothing is measured, for one release, for a time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aqe.agents.deployment_readiness.approving.approvals import Papers, read_papers
from aqe.agents.deployment_readiness.capabilities import Loaded, judge
from aqe.agents.deployment_readiness.checklist import check
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.config.checklist import default_checklist
from aqe.config.policy import default_policy
from aqe.core.criteria import CRITERIA
from aqe.core.records.decisions.attestations import Attestation, AttestedEvidence, is_attestable
from aqe.core.records.decisions.checklist import ChecklistLevel, ItemResult, ItemStatus
from aqe.core.records.decisions.readiness import CriterionResult, DecisionStatus, GateStatus
from aqe.core.records.evidence import Status
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import NOW, a_good_signal, a_release, good_inputs, some_inputs
from aqe.tests.people import everybody, signing

EVIDENCE = AttestedEvidence(file="alerts.png", sha256="ab" * 32)


def an_attestation(item: str = "api_docs_current", **changes: Any) -> Attestation:
    fields = {
        "approver": "",
        "item": item,
        "release": a_release(),
        "evidence": EVIDENCE,
        "justification": "seen",
        "at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=7),
    }
    return Attestation.model_validate(fields | changes).signed_by(signing("lead"))


def vouched(inputs: ReadinessInputs, *attestations: Attestation) -> ReadinessInputs:
    return replace(inputs, papers=Papers(approvers=everybody(), attestations=attestations))


def the_criterion(inputs: ReadinessInputs, name: str = "api_docs_current") -> CriterionResult:
    return next(c for gate in evaluate(inputs, default_policy()) for c in gate.criteria if c.criterion == name)


def the_item(inputs: ReadinessInputs, item: str) -> ItemResult:
    checklist = check(inputs, default_policy(), default_checklist(), ChecklistLevel.FULL)
    return next(result for result in checklist.items if result.id == item)


NOTHING_OF_OPERATIONS = good_inputs(without=(SignalKind.OPERATIONS,))


def test_an_attested_criterion_holds_and_does_not_read_passed() -> None:
    """With who vouches, on what, and until when."""
    found = the_criterion(vouched(NOTHING_OF_OPERATIONS, an_attestation()))
    assert found.status is GateStatus.ATTESTED
    assert found.detail == (
        "api docs current: attested by lead (alerts.png sha256:abababababab) until 2026-01-17 12:00 UTC"
    )
    evidence = found.reading.evidence
    assert found.reading.status is Status.ATTESTED and evidence is not None
    assert (evidence.key, evidence.sha256) == ("aqe/releases/v1/attestations/api_docs_current", "ab" * 32)


def test_a_gate_is_attested_when_the_rest_of_it_passed() -> None:
    """And no gate reads PASSED on somebody's word."""
    inputs = vouched(NOTHING_OF_OPERATIONS, an_attestation(), an_attestation("changelog_updated"))
    status = {gate.gate: gate.status for gate in evaluate(inputs, default_policy())}
    assert status["documentation"] is GateStatus.ATTESTED


def test_what_a_tool_measured_cannot_be_attested_away() -> None:
    """Nor what is still to be decided."""
    bad = a_good_signal(SignalKind.OPERATIONS, api_docs_current=False)
    assert the_criterion(vouched(good_inputs(bad), an_attestation())).status is GateStatus.FAILED
    pending = good_inputs(a_good_signal(SignalKind.APPROVALS, change_ticket="pending"))
    assert the_item(vouched(pending, an_attestation("change-approval")), "change-approval").status is ItemStatus.PENDING


@pytest.mark.parametrize(
    ("attestation", "why"),
    [
        (an_attestation(release=a_release("v2")), "it is about v2 in production"),
        (an_attestation(release=a_release(environment="staging")), "it is about v1 in staging"),
        (an_attestation(release=a_release(commit="b" * 40)), "it is about another commit"),
        (an_attestation(expires_at=NOW), "it expired at 2026-01-10 12:00 UTC"),
        (an_attestation().model_copy(update={"justification": "forged"}), "no signature of lead"),
        (an_attestation().model_copy(update={"approver": "nobody"}), "no signature of nobody"),
    ],
)  # fmt: skip
def test_an_attestation_counts_for_one_release_for_a_time_and_as_it_was_signed(
    attestation: Attestation, why: str
) -> None:
    """Else the criterion has no evidence, and the decision says why."""
    inputs = vouched(NOTHING_OF_OPERATIONS, attestation)
    assert the_criterion(inputs).status is GateStatus.NO_EVIDENCE
    remarks = judge(Loaded(inputs, default_policy())).decision.remarks
    assert any(why in remark for remark in remarks), remarks


def test_an_approver_who_left_vouches_no_more() -> None:
    """Signatures are held against aqe.yaml as it is now."""
    inputs = replace(NOTHING_OF_OPERATIONS, papers=Papers(approvers={}, attestations=(an_attestation(),)))
    assert the_criterion(inputs).status is GateStatus.NO_EVIDENCE


def test_only_questions_without_a_number_can_be_attested() -> None:
    """Coverage, latency and vulnerabilities are measured or they are not."""
    assert {name for name in CRITERIA if is_attestable(name)} == {
        "product_manager_approval",
        "stakeholder_signoff",
        "change_ticket_approved",
        "changelog_updated",
        "api_docs_current",
        "migrations_tested",
        "rollback_plan_documented",
        "monitoring_configured",
        "feature_flags_ready",
        "gdpr_validated",
    }


def test_a_word_about_a_number_does_not_count() -> None:
    """Whoever wrote it into memory."""
    inputs = vouched(good_inputs(without=(SignalKind.TEST_COVERAGE,)), an_attestation("min_line_coverage"))
    assert the_criterion(inputs, "min_line_coverage").status is GateStatus.NO_EVIDENCE
    assert the_item(vouched(some_inputs(), an_attestation("unit-coverage")), "unit-coverage").status is (
        ItemStatus.NO_EVIDENCE
    )


@pytest.mark.parametrize("item", ["monitoring", "monitoring_configured"])
def test_an_item_of_the_checklist_reads_attested(item: str) -> None:
    """Vouched for itself, or by what it asks."""
    found = the_item(vouched(some_inputs(), an_attestation(item)), "monitoring")
    assert (found.status, found.required) == (ItemStatus.ATTESTED, False)
    assert found.validated_by is not None and found.validated_by.startswith("lead")


def test_an_attested_decision_is_no_better_than_a_measured_one() -> None:
    """It may go out; nothing of it reads PASSED that nobody measured."""
    inputs = vouched(NOTHING_OF_OPERATIONS, an_attestation(), an_attestation("changelog_updated"))
    attested, measured = (judge(Loaded(i, default_policy())).decision for i in (inputs, good_inputs()))
    assert attested.decision in (DecisionStatus.APPROVED, DecisionStatus.APPROVED_WITH_WARNINGS)
    assert measured.decision is DecisionStatus.APPROVED and attested.risk >= measured.risk


def test_what_cannot_be_read_does_not_count() -> None:
    """Another program may have written there."""
    papers = read_papers({"aqe/releases/v1/attestations/x": {"item": "x"}}, everybody())
    assert papers.attestations == () and len(papers.unreadable) == 1


@pytest.mark.parametrize("fields", [{}, {"file": "a"}, {"url": "https://x", "file": "a", "sha256": "b"}])
def test_evidence_is_a_file_with_its_digest_or_an_address(fields: dict[str, str]) -> None:
    """One of them."""
    with pytest.raises(ValidationError):
        AttestedEvidence.model_validate(fields)
