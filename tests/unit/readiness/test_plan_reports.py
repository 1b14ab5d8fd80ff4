"""Remediation and rollback plans as documents."""

from typing import Any

import pytest

from aqe.agents.deployment_readiness.capabilities import CAPABILITIES, Loaded
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.reporting.remediation import remediation_report
from aqe.agents.deployment_readiness.reporting.rollback_plan import rollback_report
from aqe.config.policy import default_policy
from aqe.core.records.decisions.remediation import RemediationPlan
from aqe.core.records.decisions.rollback_plan import Migration, Notice, RollbackPlan, Surroundings, Way
from aqe.core.records.report import Report, Value
from aqe.core.records.signals import Finding, Outcome, SignalKind, SignalPart
from aqe.reports.table import FORMATS
from aqe.tests.builders import a_deployment, a_good_signal, good_inputs, some_inputs

TASKS = {capability.task_type: capability.perform for capability in CAPABILITIES}
HOSTILE = "</script><img src=x onerror=alert(1)> [x](javascript:y) `$(rm)` \x1b[2J\u202e| @all"


def answer(task: str, inputs: ReadinessInputs, **payload: Any) -> Any:
    return TASKS[task](Loaded(inputs, default_policy(), payload)).answer


def remediation(message: str = "SQL injection", owner: str = "@dba") -> RemediationPlan:
    finding = Finding(rule="B608", message=message, severity="critical", file="db.py", line=7)
    part = SignalPart(tool="bandit", outcome=Outcome.VALUE, findings=(finding,))
    signal = a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2)
    inputs = good_inputs(signal.model_copy(update={"parts": {"bandit": part}}), without=(SignalKind.MUTATION,))
    plan = answer("remediation", inputs, owners={"db.py": {"names": [owner], "source": "CODEOWNERS"}})
    assert isinstance(plan, RemediationPlan)
    return plan


def rollback(path: str = "migrations/1.sql", who: str = "primary on call") -> RollbackPlan:
    around = Surroundings(
        migrations=(Migration(path=path, tool="sql", way_back=Way.WRITTEN, loses=("DROP TABLE a",)),),
        change="v0..v1",
        notices=(Notice(who=who, channel="pager", when="the rollback begins"),),
    )
    past = (a_deployment(9, version="v0"), a_deployment(20, outcome="rolled_back", rollback_s=95.0))
    plan = answer("rollback-plan", some_inputs(history=past), around=around.to_dict())
    assert isinstance(plan, RollbackPlan)
    return plan


def printed(report: Report, name: str) -> str:
    return next(format_ for format_ in FORMATS if format_.name == name).render(report).decode()


def origin_of(plan: Any, value: Value) -> Any:
    """What stands in the plan where the value says it was read."""
    found = plan.to_dict()
    for part in value.origins[0].field.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def test_a_remediation_plan_has_phases_with_steps_and_how_to_show_that_they_are_done() -> None:
    text = printed(remediation_report(remediation()), "markdown")
    heads = ("# Remediation plan: v1", "## Security", "## Measurement", "## Afterwards")
    order = [text.index(words) for words in heads]
    assert order == sorted(order)
    assert "  - found: critical B608: SQL injection (db.py)" in text
    assert "  - owner: " in text and "(CODEOWNERS)" in text
    assert "  - time: not measured: no release has yet been recorded" in text
    assert "show it: aqe import scan.sarif --release v1" in text


def test_a_plan_without_anything_to_do_says_so() -> None:
    text = printed(remediation_report(answer("remediation", good_inputs())), "text")
    assert "Nothing holds the release back." in text


def test_a_rollback_plan_has_triggers_steps_data_and_people() -> None:
    text = printed(rollback_report(rollback()), "text")
    order = [text.index(words) for words in ("TRIGGERS", "STEPS", "DATA", "COMMUNICATION")]
    assert order == sorted(order)
    assert "  Return to:       v0" in text
    assert "  Estimated time:  1 min 35 s" in text
    assert "- destructive, never automatic: a way back takes out what was written since: DROP TABLE a" in text
    assert "  - primary on call (pager): the rollback begins" in text


@pytest.mark.parametrize(
    ("plan", "report"), [(remediation(), remediation_report), (rollback(), rollback_report)], ids=["remedy", "rollback"]
)
def test_every_value_is_that_of_its_origin(plan: Any, report: Any) -> None:
    values = list(report(plan).values())
    assert len(values) > 15
    for value in values:
        if value.origins:
            assert origin_of(plan, value) == value.value


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_hostile_text_stays_text(name: str) -> None:
    for report in (
        remediation_report(remediation(HOSTILE, HOSTILE)),
        rollback_report(rollback(f"migrations/{HOSTILE}.sql", HOSTILE)),
    ):
        text = printed(report, name)
        assert "\x1b" not in text and "\u202e" not in text
        if name != "text":
            assert "<img" not in text and "</script><img" not in text
        if name == "markdown":
            assert "[x](" not in text
