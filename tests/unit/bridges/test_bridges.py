"""What other quality agents write, read as signals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.connectors.bridges.table import BRIDGES, Bridge, commit_of
from aqe.core.records.signals import Outcome, SignalPart

each_bridge = pytest.mark.parametrize("bridge", BRIDGES, ids=lambda bridge: bridge.key)


def read(key: str, value: Any) -> SignalPart:
    return next(bridge for bridge in BRIDGES if bridge.key == key).part(value)


def test_keys_are_unique() -> None:
    assert len({bridge.key for bridge in BRIDGES}) == len(BRIDGES)


@pytest.mark.parametrize(
    ("key", "value", "metrics"),
    [
        (
            "aqe/coverage/results",
            {"overall": 82.5, "lines": 83.0, "branches": 71.5, "functions": 90, "statements": 82},
            {"line_coverage_percent": 83.0, "branch_coverage_percent": 71.5, "function_coverage_percent": 90.0,
             "statement_coverage_percent": 82.0},
        ),
        ("aqe/coverage/results", {"coverageData": {"overallPercentage": 77}}, {"line_coverage_percent": 77.0}),
        (
            "aqe/performance/results",
            {"requests": {"total": 2000, "failed": 5, "errorRate": 0.0025}, "latency": {"p95": 310.5, "p99": 800},
             "throughput": {"requestsPerSecond": 55.5}},
            {"requests": 2000, "p95_latency_ms": 310.5, "p99_latency_ms": 800.0, "throughput_rps": 55.5,
             "error_rate_percent": 0.25},
        ),
        (
            "aqe/security/vulnerabilities",
            {"vulnerabilities": [{"severity": "CRITICAL"}, {"severity": "moderate"}, {"severity": "info"}, {}]},
            {"critical_vulnerabilities": 1, "high_vulnerabilities": 0, "medium_vulnerabilities": 1,
             "low_vulnerabilities": 0, "unknown_vulnerabilities": 1},
        ),
        (
            "aqe/security/vulnerabilities",
            {"findings": [], "summary": {"critical": 0, "high": 2, "medium": 1, "low": 0, "info": 4, "total": 7}},
            {"critical_vulnerabilities": 0, "high_vulnerabilities": 2, "medium_vulnerabilities": 1,
             "low_vulnerabilities": 0},
        ),
        ("aqe/quality/decisions", {"decision": "NO-GO", "score": 40}, {"quality_gate_passed": False}),
        ("aqe/quality/decisions", {"decision": "PASS"}, {"quality_gate_passed": True}),
        (
            "aqe/regression/risk-score",
            {"changedFiles": [{"linesAdded": 10, "linesDeleted": 2}, {"linesAdded": 1, "linesDeleted": 0}],
             "blastRadius": {"modules": 3, "services": 2}, "riskScore": 55},
            {"files_changed": 2, "lines_added": 11, "lines_deleted": 2, "modules_affected": 3, "services_affected": 2},
        ),
        ("aqe/test-reliability/scores", [{"score": 0.9}, {"score": 1.0}], {"reliability_percent": 95.0}),
        ("aqe/test-reliability/scores", {"scores": [{"score": 90}, {"score": 100}], "average": 95},
         {"reliability_percent": 95.0}),
        ("test/session/results", {"testsExecuted": 10, "testsPassed": 8, "testsFailed": 1},
         {"total_tests": 10, "passed_tests": 8, "failed_tests": 1}),
    ],
)  # fmt: skip
def test_the_known_shapes(key: str, value: Any, metrics: dict[str, Any]) -> None:
    part = read(key, value)
    assert (part.outcome, part.metrics) == (Outcome.VALUE, metrics)


def test_a_scan_without_findings_is_clean_and_zeros_are_measured() -> None:
    part = read("aqe/security/vulnerabilities", {"vulnerabilities": []})
    assert part.outcome is Outcome.CLEAN
    assert part.metrics["critical_vulnerabilities"] == 0


@pytest.mark.parametrize(
    ("key", "value", "outcome"),
    [
        ("aqe/quality/decisions", {"decision": "ESCALATE"}, Outcome.NOT_MEASURED),
        ("aqe/quality/decisions", {"decision": "CONDITIONAL_GO"}, Outcome.NOT_MEASURED),
        ("aqe/quality/decisions", {"decision": "maybe"}, Outcome.UNREADABLE),
        ("aqe/coverage/results", {"gaps": []}, Outcome.NOT_MEASURED),
        ("aqe/coverage/results", {"lines": 140}, Outcome.UNREADABLE),
        ("aqe/coverage/results", {"lines": "83"}, Outcome.UNREADABLE),
        ("aqe/coverage/results", [1], Outcome.UNREADABLE),
        ("aqe/performance/results", {"requests": {"errorRate": 0.4}}, Outcome.NOT_MEASURED),
        ("aqe/security/vulnerabilities", {"status": "ok"}, Outcome.UNREADABLE),
        ("aqe/test-reliability/scores", [], Outcome.NOT_MEASURED),
        ("aqe/test-reliability/scores", {"average": 0.9}, Outcome.UNREADABLE),
        ("test/session/results", {"testsExecuted": 0}, Outcome.NOT_MEASURED),
        ("test/session/results", {"testsExecuted": 3, "testsPassed": 3, "testsFailed": 3}, Outcome.UNREADABLE),
    ],
)
def test_what_decides_or_measures_nothing_has_no_metrics_and_a_reason(key: str, value: Any, outcome: Outcome) -> None:
    part = read(key, value)
    assert (part.outcome, part.metrics) == (outcome, {})
    assert part.reason


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["coverageData", "lines", "requests", "total", "failed", "latency", "p95", "severity", "summary",
             "critical", "vulnerabilities", "decision", "changedFiles", "linesAdded", "blastRadius", "scores", "score",
             "testsExecuted", "testsPassed"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@each_bridge
@given(value=_JSON)
def test_any_value_becomes_a_part(bridge: Bridge, value: Any) -> None:
    """Nothing that another program writes stops the bridge, and nothing unreadable counts as measured."""
    part = bridge.part(value)
    assert bool(part.metrics) <= (part.outcome in (Outcome.VALUE, Outcome.CLEAN))


def test_the_commit_that_a_value_names() -> None:
    assert commit_of({"commitSha": "abc1234"}) == "abc1234"
    others: list[Any] = [{"commit": 7}, {}, [], None]
    assert [commit_of(value) for value in others] == [None] * 4
