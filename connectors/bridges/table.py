"""Keys of other quality agents and how each is read. A new one is a function and a line in the table.

Their shapes are not versioned and vary between releases of the agents: what a reader does not find is not measured,
what has a wrong type is refused with its name, and no figure is derived from a unit that the shape leaves open (an
`errorRate` may be a share or percent: it is counted from the requests instead).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import InputError
from ...core.records.signals import MetricValue, Outcome, SignalKind, SignalPart, typed_metrics

Read = tuple[Outcome, Mapping[str, MetricValue | None], str | None]
"""Outcome, metrics (None = not there), reason."""


@dataclass(frozen=True)
class Bridge:
    """One line of the table.

    Args:
        key: logical name, as the other agent writes it.
        agent: who writes it.
        kind: of the signal it becomes.
        read: the value's metrics; raises InputError for what is none of the known shapes.
    """

    key: str
    agent: str
    kind: SignalKind
    read: Callable[[Any], Read]

    def part(self, value: Any) -> SignalPart:
        """The value as a part of a signal; one that nobody can read is a part without evidence, with the reason."""
        try:
            outcome, metrics, reason = self.read(value)
            measured = {name: item for name, item in metrics.items() if item is not None}
            typed_metrics(self.kind, measured)
        except (InputError, ValueError) as error:
            why = getattr(error, "message", None) or str(error).splitlines()[0]
            return SignalPart(tool=self.agent, outcome=Outcome.UNREADABLE, reason=f"{self.key}: {why}"[:300])
        if not measured and reason is None:
            outcome, reason = Outcome.NOT_MEASURED, f"{self.key} holds none of {self.kind}'s metrics"
        return SignalPart(tool=self.agent, outcome=outcome, reason=reason, metrics=measured)


def commit_of(value: Any) -> str | None:
    """The commit that a value names, if it does."""
    named = [value.get(name) for name in ("commitSha", "commit")] if isinstance(value, dict) else []
    return next((name for name in named if isinstance(name, str) and name), None)


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"expected an object, not {type(value).__name__}")
    return value


def _number(fields: Mapping[str, Any], *names: str) -> float | None:
    """The first of these that is there."""
    name = next((name for name in names if fields.get(name) is not None), None)
    if name is None:
        return None
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is {value!r:.40}, expected a number")
    return float(value)


def _count(fields: Mapping[str, Any], *names: str) -> int | None:
    number = _number(fields, *names)
    if number is not None and not number.is_integer():
        raise InputError(f"{names[0]} is {number}, expected a whole number")
    return None if number is None else int(number)


def _items(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError(f"{name}: expected a list of objects")
    return value


def _coverage(value: Any) -> Read:
    """`CoverageReport`, 0-100; an older shape has `coverageData.overallPercentage`."""
    fields = _fields(value)
    data = _fields(fields.get("coverageData", fields))
    lines = _number(data, "lines", "line", "overall", "overallPercentage")
    metrics = {
        "line_coverage_percent": lines,
        "branch_coverage_percent": _number(data, "branches", "branch"),
        "function_coverage_percent": _number(data, "functions", "function"),
        "statement_coverage_percent": _number(data, "statements", "statement"),
    }
    return Outcome.VALUE, metrics, None


def _performance(value: Any) -> Read:
    """`PerformanceMetrics`: requests, latency in ms, throughput."""
    fields = _fields(value)
    fields = _fields(fields.get("metrics", fields))
    requests, latency = _fields(fields.get("requests", {})), _fields(fields.get("latency", {}))
    total, failed = _count(requests, "total"), _count(requests, "failed")
    metrics = {
        "requests": total,
        "p50_latency_ms": _number(latency, "p50"),
        "p95_latency_ms": _number(latency, "p95"),
        "p99_latency_ms": _number(latency, "p99"),
        "throughput_rps": _number(_fields(fields.get("throughput", {})), "requestsPerSecond"),
        "error_rate_percent": 100 * failed / total if total and failed is not None else None,
    }
    return Outcome.VALUE, metrics, None


_SEVERITIES = ("critical", "high", "medium", "low")


def _security(value: Any) -> Read:
    """`vulnerabilities` or `findings` with a severity each, or a `summary` of counts."""
    if isinstance(value, dict) and isinstance(value.get("summary"), dict):
        counts = {severity: _count(value["summary"], severity) for severity in _SEVERITIES}
        return _clean_or_value({f"{severity}_vulnerabilities": count for severity, count in counts.items()})
    listed = value if isinstance(value, list) else None
    for name in ("vulnerabilities", "findings"):
        listed = _fields(value).get(name) if listed is None else listed
    found = _items(listed, "vulnerabilities")
    words = [str(item.get("severity") or "").lower() for item in found]
    seen = Counter({"moderate": "medium"}.get(word, word) for word in words if word not in ("info", "informational"))
    metrics: dict[str, MetricValue | None] = {f"{severity}_vulnerabilities": seen[severity] for severity in _SEVERITIES}
    metrics["unknown_vulnerabilities"] = seen.total() - sum(seen[severity] for severity in _SEVERITIES)
    return _clean_or_value(metrics)


def _clean_or_value(metrics: Mapping[str, MetricValue | None]) -> Read:
    return (Outcome.VALUE if any(metrics.values()) else Outcome.CLEAN), metrics, None


_VERDICTS = {"GO": True, "PASS": True, "NO-GO": False, "FAIL": False}
_UNDECIDED = ("CONDITIONAL GO", "ESCALATE")


def _quality(value: Any) -> Read:
    """A gate's `decision`."""
    said = str(_fields(value).get("decision", "")).upper().replace("_", "-")
    if said in _UNDECIDED or said.replace("-", " ") in _UNDECIDED:
        return Outcome.NOT_MEASURED, {}, f"the gate answered {said}, which decides nothing"
    if said not in _VERDICTS:
        raise InputError(f"decision is {said!r:.40}, expected one of {', '.join((*_VERDICTS, *_UNDECIDED))}")
    return Outcome.VALUE, {"quality_gate_passed": _VERDICTS[said]}, None


def _change_risk(value: Any) -> Read:
    """`ChangeAnalysis`: changed files, reach."""
    fields = _fields(value)
    reach = _fields(fields.get("blastRadius", {}))
    metrics: dict[str, MetricValue | None] = {
        "modules_affected": _count(reach, "modules"),
        "services_affected": _count(reach, "services"),
    }
    if "changedFiles" in fields:
        files = _items(fields["changedFiles"], "changedFiles")
        metrics["files_changed"] = len(files)
        metrics["lines_added"] = _total(files, "linesAdded")
        metrics["lines_deleted"] = _total(files, "linesDeleted")
    return Outcome.VALUE, metrics, None


def _total(items: Sequence[Mapping[str, Any]], name: str) -> int | None:
    counts = [_count(item, name) for item in items]
    return sum(count for count in counts if count is not None) if None not in counts else None


def _reliability(value: Any) -> Read:
    """Scores of tests, 0-1 or 0-100 (told by the largest), and their `average`."""
    fields = value if isinstance(value, dict) else {"scores": value}
    if fields.get("scores") is None and _number(fields, "average") is not None:
        raise InputError("average without scores: its scale (0-1 or 0-100) cannot be told")
    scores = [_number(item, "score") for item in _items(fields.get("scores"), "scores")]
    known = [score for score in scores if score is not None]
    if not known:
        return Outcome.NOT_MEASURED, {}, "no test has a score"
    scale = 100 if max(known) <= 1 else 1
    return Outcome.VALUE, {"reliability_percent": scale * sum(known) / len(known)}, None


def _test_results(value: Any) -> Read:
    """Counts of a session."""
    fields = _fields(value)
    total, passed = _count(fields, "testsExecuted", "total"), _count(fields, "testsPassed", "passed")
    failed = _count(fields, "testsFailed", "failed")
    if total == 0:
        return Outcome.NOT_MEASURED, {}, "no test was executed"
    if None not in (total, passed, failed) and (passed or 0) + (failed or 0) > (total or 0):
        raise InputError(f"{passed} passed and {failed} failed of {total} executed tests")
    return Outcome.VALUE, {"total_tests": total, "passed_tests": passed, "failed_tests": failed}, None


BRIDGES: tuple[Bridge, ...] = (
    Bridge("aqe/coverage/results", "qe-coverage-analyzer", SignalKind.TEST_COVERAGE, _coverage),
    Bridge("aqe/performance/results", "qe-performance-tester", SignalKind.PERFORMANCE, _performance),
    Bridge("aqe/security/vulnerabilities", "qe-security-scanner", SignalKind.SECURITY, _security),
    Bridge("aqe/quality/decisions", "qe-quality-gate", SignalKind.CODE_QUALITY, _quality),
    Bridge("aqe/regression/risk-score", "qe-regression-risk-analyzer", SignalKind.CHANGE_RISK, _change_risk),
    Bridge("aqe/test-reliability/scores", "qe-flaky-test-hunter", SignalKind.TEST_RELIABILITY, _reliability),
    Bridge("test/session/results", "qe-test-executor", SignalKind.TEST_RESULTS, _test_results),
)
"""All of them."""
