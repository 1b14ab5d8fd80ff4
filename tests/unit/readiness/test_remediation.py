"""A plan out of a NO-GO."""

from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.blockers import blockers_of
from aqe.agents.deployment_readiness.capabilities import CAPABILITIES, Loaded, judge
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.names import AUDIT_LOG
from aqe.agents.deployment_readiness.remediation import plan
from aqe.config.policy import default_policy
from aqe.core.audit import chained
from aqe.core.errors import InputError
from aqe.core.records.audit import GENESIS, AuditDraft
from aqe.core.records.decisions.remediation import Owners, RemediationPlan, RemediationStep
from aqe.core.records.evidence import Status
from aqe.core.records.signals import Finding, Outcome, SignalKind, SignalPart
from aqe.tests.builders import NOW, a_good_signal, good_inputs

POLICY = default_policy()
CODEOWNERS = Owners(names=("@team-db",), source="CODEOWNERS")


def planned(
    inputs: ReadinessInputs, owners: dict[str, Owners] | None = None, log: tuple[Any, ...] = ()
) -> RemediationPlan:
    judged = judge(Loaded(inputs, POLICY))
    return plan(blockers_of(inputs, POLICY, judged.risk, judged.decision), owners or {}, log, NOW)


def steps(made: RemediationPlan) -> dict[str, RemediationStep]:
    return {step.title: step for phase in made.phases for step in phase.steps}


def insecure() -> ReadinessInputs:
    findings = (Finding(rule="B608", message="SQL injection", severity="critical", file="shop/db.py", line=7),)
    part = SignalPart(tool="bandit", outcome=Outcome.VALUE, findings=findings)
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=1)
    return good_inputs(signal.model_copy(update={"parts": {"bandit": part}}))


def assessment(minute: int, gates: dict[str, str], version: str = "v0") -> Any:
    draft = AuditDraft(action="release:assessed", actor="agent", subject=version, details={"gates": gates})
    return chained(draft, sequence=1, previous=GENESIS, at=NOW + timedelta(minutes=minute)).to_dict()


def test_security_comes_first_then_tests_then_what_nobody_measured() -> None:
    made = planned(
        good_inputs(
            a_good_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=67.0, branch_coverage_percent=60.0),
            a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2),
            without=(SignalKind.MUTATION,),
        )
    )
    assert [phase.name for phase in made.phases] == ["Security", "Tests", "Measurement"]
    assert [step.number for phase in made.phases for step in phase.steps] == [1, 2, 3]
    coverage = made.phases[1].steps[0]
    assert coverage.actions == ("line coverage 67 % -> at least 85 %", "branch coverage 60 % -> at least 80 %")
    assert coverage.verify == ("aqe import coverage.json --release v1",)
    assert made.afterwards == ("aqe deploy assess --version v1",)


def test_a_step_names_what_was_found_and_who_owns_it() -> None:
    step = steps(planned(insecure(), {"shop/db.py": CODEOWNERS}))["security"]
    assert step.findings == ("critical B608: SQL injection (shop/db.py)",)
    assert step.owners == CODEOWNERS


def test_an_owner_that_nobody_knows_is_not_made_up() -> None:
    assert steps(planned(insecure()))["security"].owners == Owners(names=(), source="not known")
    unnamed = steps(planned(good_inputs(a_good_signal(SignalKind.PERFORMANCE, error_rate_percent=5.0))))
    assert unnamed == {}, "a WARNING gate holds nothing back"
    missing = steps(planned(good_inputs(without=(SignalKind.MUTATION,))))["test_coverage"]
    assert missing.owners.source == "not known: no tool names a file"


def test_time_is_the_recorded_one_or_not_measured() -> None:
    none = steps(planned(insecure()))["security"].elapsed_minutes
    assert (none.status, none.reason) == (
        Status.NOT_MEASURED,
        "no release has yet been recorded in which security failed and then passed",
    )
    log = (
        assessment(0, {"security": "FAILED"}),
        assessment(10, {"security": "FAILED"}),
        assessment(30, {"security": "PASSED"}),
        assessment(35, {"security": "PASSED"}),
        assessment(40, {"security": "FAILED"}, "v0.1"),
        assessment(45, {"security": "PASSED"}, "v0.2"),
        assessment(140, {"security": "PASSED"}, "v0.1"),
        {"not": "an entry"},
    )
    took = steps(planned(insecure(), log=log))["security"].elapsed_minutes
    assert (took.value, took.evidence and (took.evidence.key, took.evidence.tool)) == (65, (AUDIT_LOG, "median of 2"))


@pytest.mark.parametrize("owners", ["abc", [1], {"a": 1}, {"a": {"names": "x"}}, None])
def test_owners_that_are_none_are_one_clear_error(owners: Any) -> None:
    perform = next(c.perform for c in CAPABILITIES if c.task_type == "remediation")
    with pytest.raises(InputError, match=r"payload: owners"):
        perform(Loaded(insecure(), POLICY, {"owners": owners}))


def test_a_go_needs_no_steps() -> None:
    assert planned(good_inputs()).phases == ()
