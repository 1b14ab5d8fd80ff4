"""Small records for tests: say what matters, the rest is sensible. The default policy approves `good_inputs()`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from aqe.agents.deployment_readiness.inputs import ReadinessInputs, mirror_key, read_inputs, signal_key
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.release import Release
from aqe.core.records.signals import MetricValue, Signal, SignalKind

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
COMMIT = "a3f5c1e09b7d24686e0f1a2b3c4d5e6f70819203"

GOOD: dict[SignalKind, dict[str, MetricValue]] = {
    SignalKind.CODE_QUALITY: {
        "grade": "A",
        "critical_issues": 0,
        "major_issues": 2,
        "minor_issues": 12,
        "code_smells": 14,
        "complexity_mean": 3.1,
        "complexity_max": 12.0,
        "duplication_percent": 1.5,
        "maintainability_index": 61.0,
        "technical_debt_percent": 2.0,
        "quality_gate_passed": True,
    },
    SignalKind.TEST_COVERAGE: {
        "line_coverage_percent": 93.0,
        "branch_coverage_percent": 90.0,
        "statement_coverage_percent": 93.5,
        "function_coverage_percent": 95.0,
    },
    SignalKind.TEST_RESULTS: {
        "total_tests": 287,
        "passed_tests": 285,
        "failed_tests": 0,
        "skipped_tests": 2,
        "duration_s": 263.0,
    },
    SignalKind.TEST_RELIABILITY: {"reliability_percent": 99.8, "flaky_tests": 0},
    SignalKind.MUTATION: {"mutation_score_percent": 85.0, "survived_mutants": 21},
    SignalKind.PERFORMANCE: {
        "requests": 120_000,
        "p50_latency_ms": 80.0,
        "p95_latency_ms": 320.0,
        "p99_latency_ms": 610.0,
        "throughput_rps": 1300.0,
        "error_rate_percent": 0.02,
        "failed_thresholds": 0,
        "cpu_percent": 55.0,
        "memory_percent": 60.0,
        "scalability_percent": 92.0,
    },
    SignalKind.SECURITY: {
        "critical_vulnerabilities": 0,
        "high_vulnerabilities": 0,
        "medium_vulnerabilities": 1,
        "low_vulnerabilities": 4,
        "unknown_vulnerabilities": 0,
        "max_cvss": 4.3,
    },
    SignalKind.CHANGE_RISK: {
        "commits": 9,
        "lines_added": 180,
        "lines_deleted": 60,
        "files_changed": 12,
        "modules_affected": 2,
        "dependencies_changed": 0,
        "services_affected": 1,
    },
    SignalKind.APPROVALS: {
        "review_approvals": 2,
        "product_manager_approval": True,
        "stakeholder_signoff": True,
        "change_ticket": "approved",
    },
    SignalKind.OPERATIONS: {
        "changelog_updated": True,
        "api_docs_current": True,
        "migrations_tested": True,
        "rollback_plan_documented": True,
        "monitoring_configured": True,
        "feature_flags_ready": True,
    },
    SignalKind.COMPLIANCE: {"compliance_percent": 100.0, "gdpr_validated": True},
    SignalKind.PRODUCTION: {
        "open_alerts": 0,
        "severe_alerts": 0,
        "open_anomalies": 1,
        "severe_anomalies": 0,
        "high_priority_insights": 0,
        "rising_error_patterns": 0,
        "healthy": True,
    },
}
"""Every metric of every kind, as a healthy release has it."""


def a_release(version: str = "v1", *, commit: str | None = COMMIT, **changes: Any) -> Release:
    """A release; `commit=None` = unknown."""
    return Release(version=version, commit=commit, **changes)


def a_signal(
    kind: SignalKind,
    values: Mapping[str, MetricValue] = MappingProxyType({}),
    /,
    *,
    release: Release | None = None,
    measured_at: datetime = NOW - timedelta(hours=1),
    tool: str = "a-tool",
    **metrics: MetricValue,
) -> Signal:
    """A signal with these metrics and no others; as keywords or, where a name is computed, as a mapping."""
    release = release or a_release()
    return Signal(kind=kind, release=release, measured_at=measured_at, tool=tool, metrics={**values, **metrics})


def a_good_signal(kind: SignalKind, **changes: MetricValue | None) -> Signal:
    """A signal with every metric good, except the changes; None leaves a metric out."""
    metrics = {**GOOD[kind], **changes}
    return a_signal(kind, {name: value for name, value in metrics.items() if value is not None})


def a_deployment(days_ago: float = 10, **changes: Any) -> DeploymentOutcome:
    """A successful deployment to production."""
    fields = {"version": "v0", "deployed_at": NOW - timedelta(days=days_ago), "outcome": "success"}
    return DeploymentOutcome.model_validate(fields | changes)


def some_inputs(
    *signals: Signal,
    mirrors: tuple[Signal, ...] = (),
    history: tuple[DeploymentOutcome, ...] = (),
    release: Release | None = None,
    now: datetime = NOW,
) -> ReadinessInputs:
    """Inputs as the agent reads them: the release's own signals, the latest ones (`mirrors`), the history."""
    release = release or a_release()
    values = {signal_key(release.version, signal.kind): signal.to_dict() for signal in signals}
    values |= {mirror_key(signal.kind): signal.to_dict() for signal in mirrors}
    return read_inputs(release, values, [deployment.to_dict() for deployment in history], now)


def good_inputs(*instead: Signal, without: tuple[SignalKind, ...] = ()) -> ReadinessInputs:
    """A healthy release, but with these signals `instead`, and `without` those kinds."""
    signals = {kind: a_good_signal(kind) for kind in SignalKind if kind not in without}
    signals |= {signal.kind: signal for signal in instead}
    return some_inputs(*signals.values(), history=tuple(a_deployment(days) for days in (5, 20, 40)))
