"""Decision, risk and gate in print."""

import re
from collections.abc import Collection
from typing import Any

import pytest

from aqe.agents.deployment_readiness.decide import decide
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.risk import score
from aqe.cli.text import Look
from aqe.cli.text_readiness import decision_text, gate_text, risk_text
from aqe.config.policy import default_policy
from aqe.core.records.decisions.readiness import (
    Decision,
    DecisionStatus,
    GateResult,
    NotApplicable,
    RiskAssessment,
    RiskLevel,
)
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import a_good_signal, good_inputs, some_inputs

HOSTILE = "\x1b[2J\x9b31m\u202e"


def judged(inputs: ReadinessInputs) -> tuple[RiskAssessment, tuple[GateResult, ...], Decision]:
    policy = default_policy()
    risk, gates = score(inputs, policy), evaluate(inputs, policy)
    return risk, gates, decide(inputs, risk, gates, policy)


def line_with(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)


def test_a_decision_names_verdict_rule_risk_and_share() -> None:
    """A healthy release, all of it measured."""
    text = decision_text(judged(good_inputs())[2])
    assert line_with(text, "Decision:").split() == ["Decision:", "APPROVED", "(GO)"]
    assert "100 % of the weight is measured" in line_with(text, "Overall risk:")
    assert "Missing evidence" not in text


def test_a_failed_gate_is_named_with_its_evidence() -> None:
    """The value, the limit, the tool and the time stand in one line."""
    bad = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2)
    text = decision_text(judged(good_inputs(bad))[2])
    assert "BLOCKED (NO-GO)" in text
    assert line_with(text, "critical vulnerabilities 2 > 0  [").endswith("[a-tool, 2026-01-10 11:00:00 UTC]")
    assert "  1. security: critical vulnerabilities 2 > 0" in text


def test_what_is_missing_stands_under_the_command_that_supplies_it() -> None:
    """One command for all that it would measure, gates before risk."""
    text = decision_text(judged(some_inputs())[2])
    _, _, missing = text.partition("Missing evidence")
    lines = missing.splitlines()
    at = lines.index("  aqe import coverage.json --release v1")
    assert lines[at + 1 : at + 4] == [
        "    no test-coverage signal for v1",
        "      BLOCKING gate test_coverage: min_line_coverage, min_branch_coverage",
        "      risk, testCoverage: line_coverage, branch_coverage",
    ]


@pytest.mark.parametrize(
    ("decision", "reasons", "steps"),
    [
        ("PENDING_APPROVAL", {"pending": ("risk is HIGH, 44 of 100",)}, ["aqe deploy approve-request --version v1"]),
        ("PENDING_APPROVAL", {"pending": ("an approval is pending, 0 of 1",)}, ["aqe deploy approvals --version v1"]),
        (
            "PENDING_APPROVAL",
            {"pending": ("`aqe deploy emergency-approve`, under policy fast-track",)},
            ['aqe deploy emergency-approve --version v1 --approver ID --justification "..."'],
        ),
        ("BLOCKED", {"blockers": ("an approval is refused by x: no",)}, ["aqe deploy approve-request --version v1"]),
        (
            "BLOCKED",
            {"blockers": ("g: a 1 > 0",), "pending": ("an approval is pending",)},
            ["aqe deploy remediate --version v1 --output remediation-plan.md"],
        ),
    ],
)
def test_a_no_go_leads_on_to_what_would_change_it(decision: str, reasons: dict[str, Any], steps: list[str]) -> None:
    """People are asked only where their word is all that is missing."""
    said = judged(good_inputs())[2].model_copy(
        update={"decision": DecisionStatus(decision), "approved": False, **reasons}
    )
    _, _, listed = decision_text(said).partition("Next steps")
    assert [line[5:] for line in listed.splitlines()[2:]] == steps


def test_a_missing_item_in_other_words_is_printed_as_it_is() -> None:
    """The text form of what is missing may change; nothing of it gets lost."""
    decision = judged(good_inputs())[2].model_copy(update={"missing_evidence": ("something else",)})
    assert "something else" in decision_text(decision)


@pytest.mark.parametrize(
    ("risk", "level", "shown"),
    [
        (20.0, RiskLevel.LOW, "LOW (20 of 100"),
        (20.4, RiskLevel.MEDIUM, "MEDIUM (20.4 of 100"),
        (40.001, RiskLevel.HIGH, "HIGH (40.1 of 100"),
        (60.0, RiskLevel.HIGH, "HIGH (60 of 100"),
        (60.001, RiskLevel.CRITICAL, "CRITICAL (60.1 of 100"),
    ],
)
def test_level_and_number_agree(risk: float, level: RiskLevel, shown: str) -> None:
    """20.4 does not print as 20 beside MEDIUM."""
    decision = judged(good_inputs())[2].model_copy(update={"risk": risk, "risk_level": level})
    assert shown in line_with(decision_text(decision), "Overall risk:")


def test_what_the_policy_leaves_out_is_named_with_its_reason() -> None:
    """In decision and risk alike."""
    left_out = (NotApplicable(metric="mutation_score", reason="nobody mutates here"),)
    risk, _, decision = judged(good_inputs())
    for text in (
        decision_text(decision.model_copy(update={"not_applicable": left_out})),
        risk_text(risk.model_copy(update={"not_applicable": left_out})),
    ):
        assert "  - mutation_score: nobody mutates here" in text


def test_risk_lists_every_metric_and_says_what_was_not_measured() -> None:
    """An unmeasured one counts 100 and shows how to measure it."""
    risk = judged(good_inputs(without=(SignalKind.MUTATION,)))[0]
    text = risk_text(risk)
    assert line_with(text, "  mutation_score").split()[1:4] == ["not", "measured", "100"]
    assert "mutation_score: no mutation signal for v1; aqe import mutation.json" in text


def test_a_gate_shows_each_of_its_criteria() -> None:
    """Those without evidence too."""
    gates = judged(good_inputs(without=(SignalKind.MUTATION,)))[1]
    text = gate_text(next(gate for gate in gates if gate.gate == "test_coverage"))
    assert text.splitlines()[0].split() == ["NO_EVIDENCE", "test_coverage", "(BLOCKING)"]
    assert "min_mutation_score has no evidence" in text


FREE_TEXT = {
    "commit", "environment", "rule", "confidenceReason", "reason", "detail", "tool", "file", "gate",
    "criterion", "metric", "policy", "blockers", "warnings", "advisories", "missingEvidence", "vetoes",
}  # fmt: skip


def poisoned(value: Any, name: str = "", free: Collection[str] = FREE_TEXT) -> Any:
    """The JSON value with a terminal escape at the end of every free text."""
    match value:
        case dict():
            return {key: poisoned(item, key, free) for key, item in value.items()}
        case list():
            return [poisoned(item, name, free) for item in value]
        case str() if name in free:
            return value + HOSTILE
        case _:
            return value


def test_no_text_can_steer_the_terminal() -> None:
    """Tool names, reasons, file names: whoever wrote them, only our own colours are escapes."""
    bad = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=200)
    risk, gates, decision = judged(good_inputs(bad, without=(SignalKind.MUTATION,)))
    texts = [
        decision_text(Decision.from_value(poisoned(decision.to_dict()), where="test"), Look(color=True)),
        risk_text(RiskAssessment.from_value(poisoned(risk.to_dict()), where="test"), Look(color=True)),
        *(gate_text(GateResult.from_value(poisoned(gate.to_dict()), where="test"), Look(color=True)) for gate in gates),
    ]
    for text in texts:
        ours = re.sub(r"\x1b\[(0|1|3\d)m", "", text)
        assert all(c.isprintable() for c in ours.replace("\n", ""))
