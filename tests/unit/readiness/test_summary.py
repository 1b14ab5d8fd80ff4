"""What was measured, a line a subject."""

from aqe.agents.deployment_readiness.capabilities import Loaded, judge
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.summary import SUBJECTS
from aqe.config.policy import default_policy
from aqe.core.records.decisions.readiness import GateStatus, SummaryLine
from aqe.core.records.signals import SIGNAL_METRICS, SignalKind
from aqe.tests.builders import a_good_signal, good_inputs, some_inputs


def lines(inputs: ReadinessInputs) -> dict[str, SummaryLine]:
    return {line.label: line for line in judge(Loaded(inputs, default_policy())).decision.summary}


def test_every_subject_is_of_fields_that_there_are() -> None:
    for _, label, kind, fields in SUBJECTS:
        assert set(fields) <= set(SIGNAL_METRICS[kind].model_fields), label


def test_a_line_has_values_limits_and_the_worst_status_of_its_criteria() -> None:
    found = lines(good_inputs(a_good_signal(SignalKind.TEST_COVERAGE, branch_coverage_percent=79.999)))
    coverage = found["Test coverage"]
    assert coverage.words == "line coverage 93 % (at least 85 %), branch coverage 79.999 % (at least 80 %)"
    assert coverage.status is GateStatus.FAILED
    assert found["Code quality"].words == "grade A (at least B), critical issues 0 (at most 0), major issues 2"


def test_what_no_gate_asks_for_has_no_status() -> None:
    reliability = lines(good_inputs())["Test reliability"]
    assert (reliability.status, reliability.words) == (None, "reliability 99.8 %, flaky tests 0")


def test_what_a_gate_asks_for_and_nobody_measured_says_so() -> None:
    mutation = lines(good_inputs(without=(SignalKind.MUTATION,)))["Mutation"]
    assert (mutation.status, mutation.words) == (GateStatus.NO_EVIDENCE, "not measured: no mutation signal for v1")


def test_an_empty_store_shows_only_what_the_gates_ask_for() -> None:
    assert set(lines(some_inputs())) == {"Code quality", "Test coverage", "Mutation", "Security", "Performance"}


def test_yes_and_no_are_words() -> None:
    found = lines(good_inputs(a_good_signal(SignalKind.OPERATIONS, feature_flags_ready=False)))
    assert found["Feature flags"].words == "feature flags ready: no"
    assert found["Change ticket"].words == "change ticket approved"
