"""Which signal counts as evidence, and what a reading says when none does."""

from datetime import timedelta

import pytest

from aqe.agents.deployment_readiness.inputs import (
    ReadinessInputs,
    Readings,
    StoredSignal,
    mirror_key,
    read_inputs,
    signal_key,
)
from aqe.config.policy import default_policy
from aqe.core.criteria import CRITERIA
from aqe.core.records.evidence import Reading, Status
from aqe.core.records.signals import Outcome, Signal, SignalKind, SignalPart
from aqe.tests.builders import COMMIT, NOW, a_deployment, a_release, a_signal, some_inputs

COVERAGE = SignalKind.TEST_COVERAGE
OTHER_COMMIT = "b" * 40


def read(inputs: ReadinessInputs, criterion: str = "min_line_coverage") -> Reading:
    return Readings(inputs, default_policy()).read(CRITERIA[criterion])


def coverage(percent: float = 87.2, **changes: object) -> Signal:
    return a_signal(COVERAGE, line_coverage_percent=percent).model_copy(update=changes)


def test_a_measured_value_names_its_evidence() -> None:
    part = SignalPart(
        tool="coverage.py",
        tool_version="7.17",
        file="coverage.json",
        sha256="ab" * 32,
        outcome=Outcome.VALUE,
        metrics={"line_coverage_percent": 87.2},
    )
    reading = read(some_inputs(coverage(parts={"coverage.py coverage.json": part})))
    assert (reading.value, reading.status) == (87.2, Status.MEASURED)
    evidence = reading.evidence
    assert evidence is not None
    assert (evidence.key, evidence.commit) == ("aqe/releases/v1/signals/test-coverage", COMMIT)
    assert (evidence.tool, evidence.tool_version, evidence.file) == ("coverage.py", "7.17", "coverage.json")
    assert evidence.measured_at == NOW - timedelta(hours=1)


FAILED_PART = {"junit": SignalPart(tool="junit", outcome=Outcome.TOOL_FAILED, reason="the run was cut short")}


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (coverage(release=a_release("v2")), "it is about v2, not v1"),
        (coverage(release=a_release(commit=OTHER_COMMIT)), "stale: measured on commit bbbbbbbbbbbb"),
        (
            coverage(measured_at=NOW - timedelta(days=31)),
            "stale: measured 2025-12-10T12:00:00+00:00, more",
        ),
        (coverage(measured_at=NOW + timedelta(minutes=6)), "measured in the future"),
        (coverage(measured_at=NOW.replace(tzinfo=None)), "measuredAt has no time zone"),
        (coverage(parts=FAILED_PART), "junit: tool-failed, the run was cut short"),
        (coverage(metrics={}), "does not give line_coverage_percent"),
        (coverage(kind=SignalKind.SECURITY, metrics={}), "no test-coverage signal for v1"),
    ],
)
def test_what_does_not_count_is_not_measured_and_says_why(signal: Signal, reason: str) -> None:
    reading = read(some_inputs(signal))
    assert reading.status is Status.NOT_MEASURED
    assert reason in str(reading.reason)


@pytest.mark.parametrize(
    "signal",
    [
        coverage(measured_at=NOW - timedelta(days=30)),
        coverage(measured_at=NOW + timedelta(minutes=5)),
        coverage(release=a_release(commit=COMMIT[:7])),
        coverage(release=a_release(commit=None)),
    ],
)
def test_the_edge_of_the_allowed_counts(signal: Signal) -> None:
    assert read(some_inputs(signal)).value == 87.2


def test_a_release_of_unknown_commit_takes_its_own_signals_but_no_mirror() -> None:
    release = a_release(commit=None)
    assert read(some_inputs(coverage(), release=release)).value == 87.2
    assert read(some_inputs(mirrors=(coverage(),), release=release)).status is Status.NOT_MEASURED


@pytest.mark.parametrize(
    ("own", "mirror", "value"),
    [
        (None, coverage(90.0), 90.0),
        (coverage(80.0), coverage(90.0), 80.0),
        (coverage(80.0, release=a_release(commit=OTHER_COMMIT)), coverage(90.0), 90.0),
        (None, coverage(90.0, release=a_release(commit=None)), None),
        (None, coverage(90.0, release=a_release(commit=OTHER_COMMIT)), None),
        (None, coverage(90.0, release=a_release("v2")), None),
    ],
)
def test_the_latest_signal_stands_in_only_for_the_same_commit(
    own: Signal | None, mirror: Signal, value: float | None
) -> None:
    own_signals = (own,) if own else ()
    assert read(some_inputs(*own_signals, mirrors=(mirror,))).value == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("not a signal", "Input should be"),
        (None, "Input should be"),
        ({"kind": "test-coverage"}, "Field required"),
        (a_signal(SignalKind.SECURITY).to_dict(), "holds a security signal"),
        ({**coverage().to_dict(), "metrics": {"lineCoverge": 3}}, "did you mean 'lineCoveragePercent'"),
        ({**coverage().to_dict(), "metrics": {"lineCoveragePercent": 300}}, "less than or equal to 100"),
    ],
)
def test_what_another_program_wrote_wrongly_is_missing_evidence(value: object, reason: str) -> None:
    reading = read(read_inputs(a_release(), {signal_key("v1", COVERAGE): value}, None, NOW))
    assert reading.status is Status.NOT_MEASURED
    assert reason in str(reading.reason)


def test_a_signal_as_another_language_writes_it_counts() -> None:
    value = {
        "kind": "test-coverage",
        "release": {"version": "v1", "commit": COMMIT[:10]},
        "measuredAt": "2026-01-10T11:00:00Z",
        "tool": "node",
        "metrics": {"lineCoveragePercent": "87.5"},
    }
    values = {mirror_key(COVERAGE): value, "aqe/quality-signals/weather": {"sunny": True}}
    assert read(read_inputs(a_release(), values, None, NOW)).value == 87.5


def test_an_infinite_number_is_no_value() -> None:
    kind = SignalKind.PERFORMANCE
    stored = StoredSignal(signal_key("v1", kind), a_signal(kind, throughput_rps=float("inf")))
    inputs = ReadinessInputs(a_release(), NOW, {kind: (stored,)})
    assert read(inputs, "min_throughput_rps").status is Status.NOT_MEASURED


@pytest.mark.parametrize(
    ("metrics", "value"),
    [
        ({"high_vulnerabilities": 1, "unknown_vulnerabilities": 2}, 3),
        ({"high_vulnerabilities": 0}, None),
        ({"unknown_vulnerabilities": 0}, None),
    ],
)
def test_vulnerabilities_of_unknown_severity_count_as_high(metrics: dict[str, int], value: int | None) -> None:
    assert read(some_inputs(a_signal(SignalKind.SECURITY, metrics)), "max_high_vulnerabilities").value == value


@pytest.mark.parametrize(
    ("metrics", "value"),
    [
        ({"failed_tests": 0, "total_tests": 5}, 0),
        ({"failed_tests": 0, "total_tests": 0}, None),
        ({"failed_tests": 0}, None),
    ],
)
def test_no_failure_out_of_no_tests_is_no_evidence(metrics: dict[str, int], value: int | None) -> None:
    assert read(some_inputs(a_signal(SignalKind.TEST_RESULTS, metrics)), "max_failed_tests").value == value


def test_one_unreadable_deployment_makes_the_history_unusable() -> None:
    history = [a_deployment().to_dict(), {"version": "v0", "outcome": "hm"}]
    inputs = read_inputs(a_release(), {}, history, NOW)
    assert inputs.history == ()
    assert "aqe/deployment/history[1]" in str(inputs.history_problem)
