"""Blockers, explanation, comparison and advice in print."""

import re
from typing import Any

from aqe.agents.deployment_readiness.capabilities import CAPABILITIES, Loaded, judge
from aqe.agents.deployment_readiness.compare import compare
from aqe.agents.deployment_readiness.decide import Judged
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.cli.text import Look
from aqe.cli.text_why import advice_text, blockers_text, comparison_text, explanation_text
from aqe.cli.tree import Node, tree
from aqe.config.policy import default_policy
from aqe.core.records.decisions.blockers import Blockers
from aqe.core.records.decisions.comparison import Comparison
from aqe.core.records.decisions.explanation import Explanation
from aqe.core.records.decisions.readiness import RiskAssessment
from aqe.core.records.signals import Finding, Outcome, SignalKind, SignalPart
from aqe.tests.builders import a_good_signal, good_inputs
from aqe.tests.unit.cli.test_text_readiness import FREE_TEXT, HOSTILE, poisoned

TASKS = {capability.task_type: capability.perform for capability in CAPABILITIES}


def insecure() -> ReadinessInputs:
    finding = Finding(rule="B608", message="SQL injection", severity="critical", file="shop/db.py", line=7)
    part = SignalPart(tool="bandit", outcome=Outcome.VALUE, findings=(finding,))
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2, max_cvss=9.8)
    return good_inputs(signal.model_copy(update={"parts": {"bandit": part}}), without=(SignalKind.MUTATION,))


def answer(task: str, inputs: ReadinessInputs) -> Any:
    return TASKS[task](Loaded(inputs, default_policy())).answer


def judged() -> Judged:
    return judge(Loaded(insecure(), default_policy()))


def compared() -> Comparison:
    before, after = (judge(Loaded(inputs, default_policy())) for inputs in (good_inputs(), insecure()))
    return compare(before, after)


def test_blockers_are_numbered_and_details_are_asked_for() -> None:
    """Value, limit, evidence with its age, findings, who may override, what clears it."""
    blockers = answer("blockers", insecure())
    short, long = blockers_text(blockers), blockers_text(blockers, detailed=True)
    assert "  1. BLOCKED  security: critical vulnerabilities 2 > 0" in short
    assert "measured" not in short
    for line in (
        "measured: 2, limit 0",
        "evidence: aqe/releases/v1/signals/security [a-tool, 2026-01-10 11:00:00 UTC, 1 h old]",
        "found: critical B608: SQL injection (shop/db.py:7)",
        "clears it: critical vulnerabilities 2 -> at most 0",
        "shows it: aqe import scan.sarif --release v1",
        "may override: VP Engineering, CTO",
    ):
        assert f"       {line}" in long.splitlines()


def test_a_go_says_that_nothing_holds_it_back() -> None:
    """And no empty list."""
    assert blockers_text(answer("blockers", good_inputs())).endswith("Nothing: it may go.")


def test_an_explanation_begins_with_one_sentence() -> None:
    """Then the rule, the gates with their evidence, the risk by contribution."""
    text = explanation_text(answer("explanation", insecure()))
    lines = text.splitlines()
    assert lines[0].startswith("v1 is BLOCKED (NO-GO) at risk ")
    assert lines[0].endswith("because a BLOCKING gate failed: security: critical vulnerabilities 2 > 0.")
    order = [text.index(part) for part in ("|- Rule: ", "|- Gates", "`- Risk ")]
    assert order == sorted(order)
    points = [float(found) for found in re.findall(r"^   \S- \w+: ([\d.]+) points", text, re.MULTILINE)]
    assert len(points) == 6
    assert points == sorted(points, reverse=True)


def test_a_comparison_shows_only_what_moved() -> None:
    """Metrics and gates that are the same on both sides are left out."""
    text = comparison_text(compared())
    assert re.search(r"^severity_score +4\.3 +9\.8 +worse +\+\d", text, re.MULTILINE)
    assert "line_coverage" not in text
    assert "  New: security: critical vulnerabilities 2 > 0" in text


def test_advice_says_what_is_an_upper_bound() -> None:
    """A measurement still to be made may bring less."""
    lines = advice_text(judged().risk)
    assert any(line.startswith("  - up to 5.0 points: aqe import mutation.json") for line in lines)
    assert any(re.match(r"  - [\d.]+ points: lower severity score from 9.8 to 4 ", line) for line in lines)


def test_a_tree_draws_its_branches() -> None:
    """The last child of a node ends its branch."""
    nodes = [Node("a", [Node("b"), Node("c")]), Node("d", [Node("e")])]
    assert list(tree(nodes, Look())) == ["|- a", "|  |- b", "|  `- c", "`- d", "   `- e"]
    assert list(tree(nodes, Look(emoji=True))) == ["├─ a", "│  ├─ b", "│  └─ c", "└─ d", "   └─ e"]


def test_no_text_can_steer_the_terminal() -> None:
    """Findings, rules, file names, reasons: only our own colours are escapes."""
    free = FREE_TEXT | {
        "what", "message", "severity", "overrideBy", "actions", "verify", "why", "stored", "notes", "words", "action",
        "detailBaseline", "detailCandidate", "key", "measures", "files",
    }  # fmt: skip
    look = Look(color=True)
    blockers, explanation = answer("blockers", insecure()), answer("explanation", insecure())
    texts = [
        blockers_text(Blockers.from_value(poisoned(blockers.to_dict(), free=free), where="test"), look, detailed=True),
        explanation_text(Explanation.from_value(poisoned(explanation.to_dict(), free=free), where="test"), look),
        "\n".join(advice_text(RiskAssessment.from_value(poisoned(judged().risk.to_dict(), free=free), where="test"))),
        comparison_text(Comparison.from_value(poisoned(compared().to_dict(), free=free), where="test"), look),
    ]
    for text in texts:
        assert HOSTILE not in text
        ours = re.sub(r"\x1b\[(0|1|3\d)m", "", text)
        assert all(c.isprintable() for c in ours.replace("\n", ""))
