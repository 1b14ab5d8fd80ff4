"""A decision for signals that nobody measured."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.capabilities import CAPABILITIES, Loaded
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.outcome import Outcome
from aqe.config.policy import default_policy
from aqe.core.errors import InputError
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import Decision
from aqe.core.records.signals import SignalKind
from aqe.fleet.decisions.what_if import read_what_if
from aqe.tests.builders import NOW, a_good_signal, good_inputs
from aqe.tests.unit.readiness.test_properties import EXAMPLES, Values, any_history, any_policy, any_values, inputs_of

TASKS = {capability.task_type: capability.perform for capability in CAPABILITIES}


def perform(task: str, inputs: ReadinessInputs, policy: Policy, payload: dict[str, Any]) -> Outcome:
    return TASKS[task](Loaded(inputs, policy, payload))


def what_if(inputs: ReadinessInputs, assumptions: dict[str, Any], policy: Policy | None = None) -> Decision:
    answer = perform("what-if", inputs, policy or default_policy(), {"whatIf": assumptions}).answer
    assert isinstance(answer, Decision)
    return answer


def without_evidence(decision: Decision) -> dict[str, Any]:
    """What was decided; who measured it, and when, is another matter."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in ("evidence", "hypothetical")}
        return [bare(item) for item in value] if isinstance(value, list) else value

    plain: dict[str, Any] = bare(decision.to_dict())
    return plain


def test_an_assumption_decides_and_is_marked() -> None:
    bad = good_inputs(a_good_signal(SignalKind.SECURITY, critical_vulnerabilities=2))
    decision = what_if(bad, {"security": {"criticalVulnerabilities": 0}})
    assert (decision.approved, decision.hypothetical) == (True, True)


def test_it_stores_and_appends_nothing() -> None:
    outcome = perform("what-if", good_inputs(), default_policy(), {"whatIf": {"security": {"maxCvss": 9.9}}})
    assert (outcome.stores, outcome.appends) == ({}, {})


def test_null_takes_a_measurement_away() -> None:
    decision = what_if(good_inputs(), {"mutation": {"mutationScorePercent": None}})
    assert "min_mutation_score has no evidence" in decision.rule


def test_an_assumption_does_not_revive_what_is_stale() -> None:
    stale = a_good_signal(SignalKind.TEST_COVERAGE).model_copy(update={"measured_at": NOW - timedelta(days=99)})
    decision = what_if(good_inputs(stale), {"test-coverage": {"lineCoveragePercent": 95.0}})
    assert "min_branch_coverage has no evidence" in decision.rule


@EXAMPLES
@given(
    values=any_values,
    assumed=any_values,
    history=any_history,
    policy=any_policy(),
    kinds=st.sets(st.sampled_from(SignalKind)),
)
def test_what_if_is_what_assess_says_of_the_same_signals(
    values: Values,
    assumed: Values,
    history: tuple[DeploymentOutcome, ...],
    policy: Policy,
    kinds: set[SignalKind],
) -> None:
    changes = {kind: {**dict.fromkeys(values[kind]), **assumed[kind]} for kind in kinds}
    hypothetical = what_if(inputs_of(values, history), {str(kind): change for kind, change in changes.items()}, policy)
    same = inputs_of({kind: assumed[kind] if kind in kinds else metrics for kind, metrics in values.items()}, history)
    real = perform("deployment-assessment", same, policy, {}).answer
    assert isinstance(real, Decision)
    assert without_evidence(hypothetical) == without_evidence(real)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing is assumed in it"),
        ("[1]", ":1: expected `key: value` lines"),
        ("test-coverag: {lineCoveragePercent: 1}", ":1: unknown key 'test-coverag', did you mean 'test-coverage'?"),
        ("test-coverage:\n  lineCoverage: 1", ":2: unknown key 'lineCoverage', did you mean 'lineCoveragePercent'?"),
        ("test-coverage:\n  lineCoveragePercent: '91'", "line_coverage_percent is '91'"),
        ("test-coverage: {lineCoveragePercent: 191}", "line_coverage_percent is 191"),
        ("test-coverage: 3", "test-coverage is 3, expected a mapping"),
        ("performance: {p95LatencyMs: .inf}", "p95_latency_ms of performance is no finite number"),
        ("a: *x", "YAML aliases are not read"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "if.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_what_if(str(file))
    assert caught.value.message.startswith(str(file)) and said in caught.value.message


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"security": {"maxCvss": 3.5, "criticalVulnerabilities": null}}')
    (tmp_path / "a.yaml").write_text("security:\n  max_cvss: 3.5\n  criticalVulnerabilities:\n")
    assert read_what_if(str(tmp_path / "a.json")) == read_what_if(str(tmp_path / "a.yaml"))
