"""What a policy may ask of a release, and where the answer is read.

One table for the policy loader, the gates, the summary of `aqe import` and docs/evidence.md: a criterion that is not
here does not exist, so a misspelt one cannot pass silently.
"""

from collections.abc import Mapping
from math import isfinite
from types import NoneType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, ValidationError, model_validator

from .records.base import Record
from .records.signals import SIGNAL_METRICS, SignalKind
from .registry import did_you_mean

HISTORY_METRICS: dict[str, str] = {
    "failure_rate_percent": "deployments that failed or were rolled back, percent",
    "mttr_minutes": "mean minutes to restore after a failed deployment; 0 when none failed",
    "rollback_percent": "deployments rolled back, percent",
    "incidents_per_deployment": "incidents a deployment",
}
"""What agents/deployment_readiness/history.py computes from `aqe/deployment/history`; lower is better in each."""

Combine = Literal["sum", "max", "of"]
Fields = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class Source(Record):
    """Where a value is read: one or more fields of one signal. All of them must be measured."""

    signal: SignalKind | None = None
    """None = the deployment history."""
    field: Fields
    combine: Combine = "sum"
    """`sum` and `max` of the fields; `of` = the first, which says something only where the second is above 0."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = known_fields(self.signal)
        for name in self.field:
            if name not in known:
                here = f"the {self.signal} signal" if self.signal else "the deployment history (no `signal` is named)"
                raise ValueError(f"{here} has no field {name!r}{did_you_mean(name, known)}")
        if not self.field or (self.combine == "of" and len(self.field) != 2):
            raise ValueError("`field` names one field or more, two with `combine: of`")
        return self

    @property
    def better(self) -> str:
        """Which direction of the value is better: higher, lower or none."""
        if self.signal is None:
            return "lower"
        extra = SIGNAL_METRICS[self.signal].model_fields[self.field[0]].json_schema_extra
        return str(extra["better"]) if isinstance(extra, dict) else "none"

    @property
    def formula(self) -> str:
        """What is read, in print: `lines_added + lines_deleted`."""
        if self.combine == "max" and len(self.field) > 1:
            return f"max({', '.join(self.field)})"
        return self.field[0] if self.combine == "of" else " + ".join(self.field)

    @property
    def is_numeric(self) -> bool:
        """Whether every field is a number."""
        if self.signal is None:
            return True
        fields = SIGNAL_METRICS[self.signal].model_fields
        return all(set(get_args(fields[name].annotation)) <= {int, float, NoneType} for name in self.field)


def known_fields(signal: SignalKind | None) -> Mapping[str, Any]:
    """The fields there are in a signal of this kind; None = in the deployment history."""
    return SIGNAL_METRICS[signal].model_fields if signal else HISTORY_METRICS


def _read(signal: SignalKind, *fields: str, combine: Combine = "sum") -> Source:
    # A test checks each as a policy's are: here it would cost every command.
    return Source.model_construct(signal=signal, field=fields, combine=combine)


CRITERIA: dict[str, Source] = {
    "min_grade": _read(SignalKind.CODE_QUALITY, "grade"),
    "max_critical_issues": _read(SignalKind.CODE_QUALITY, "critical_issues"),
    "max_major_issues": _read(SignalKind.CODE_QUALITY, "major_issues"),
    "max_minor_issues": _read(SignalKind.CODE_QUALITY, "minor_issues"),
    "max_code_smells": _read(SignalKind.CODE_QUALITY, "code_smells"),
    "max_complexity": _read(SignalKind.CODE_QUALITY, "complexity_max"),
    "max_mean_complexity": _read(SignalKind.CODE_QUALITY, "complexity_mean"),
    "max_duplication_percent": _read(SignalKind.CODE_QUALITY, "duplication_percent"),
    "min_maintainability_index": _read(SignalKind.CODE_QUALITY, "maintainability_index"),
    "max_technical_debt_percent": _read(SignalKind.CODE_QUALITY, "technical_debt_percent"),
    "quality_gate_passed": _read(SignalKind.CODE_QUALITY, "quality_gate_passed"),
    "min_line_coverage": _read(SignalKind.TEST_COVERAGE, "line_coverage_percent"),
    "min_branch_coverage": _read(SignalKind.TEST_COVERAGE, "branch_coverage_percent"),
    "min_statement_coverage": _read(SignalKind.TEST_COVERAGE, "statement_coverage_percent"),
    "min_function_coverage": _read(SignalKind.TEST_COVERAGE, "function_coverage_percent"),
    # "0 failed" of 0 tests is no evidence.
    "max_failed_tests": _read(SignalKind.TEST_RESULTS, "failed_tests", "total_tests", combine="of"),
    "min_total_tests": _read(SignalKind.TEST_RESULTS, "total_tests"),
    "max_skipped_tests": _read(SignalKind.TEST_RESULTS, "skipped_tests"),
    "min_test_reliability": _read(SignalKind.TEST_RELIABILITY, "reliability_percent"),
    "max_flaky_tests": _read(SignalKind.TEST_RELIABILITY, "flaky_tests"),
    "min_mutation_score": _read(SignalKind.MUTATION, "mutation_score_percent"),
    "max_survived_mutants": _read(SignalKind.MUTATION, "survived_mutants"),
    "max_p50_latency_ms": _read(SignalKind.PERFORMANCE, "p50_latency_ms"),
    "max_p95_latency_ms": _read(SignalKind.PERFORMANCE, "p95_latency_ms"),
    "max_p99_latency_ms": _read(SignalKind.PERFORMANCE, "p99_latency_ms"),
    "min_throughput_rps": _read(SignalKind.PERFORMANCE, "throughput_rps"),
    "max_error_rate_percent": _read(SignalKind.PERFORMANCE, "error_rate_percent"),
    "max_failed_thresholds": _read(SignalKind.PERFORMANCE, "failed_thresholds"),
    "max_cpu_percent": _read(SignalKind.PERFORMANCE, "cpu_percent"),
    "max_memory_percent": _read(SignalKind.PERFORMANCE, "memory_percent"),
    "min_scalability_percent": _read(SignalKind.PERFORMANCE, "scalability_percent"),
    "max_critical_vulnerabilities": _read(SignalKind.SECURITY, "critical_vulnerabilities"),
    # A vulnerability nobody has rated may be anything: it counts as high.
    "max_high_vulnerabilities": _read(SignalKind.SECURITY, "high_vulnerabilities", "unknown_vulnerabilities"),
    "max_medium_vulnerabilities": _read(SignalKind.SECURITY, "medium_vulnerabilities"),
    "max_low_vulnerabilities": _read(SignalKind.SECURITY, "low_vulnerabilities"),
    "max_cvss": _read(SignalKind.SECURITY, "max_cvss"),
    "max_lines_changed": _read(SignalKind.CHANGE_RISK, "lines_added", "lines_deleted"),
    "max_files_changed": _read(SignalKind.CHANGE_RISK, "files_changed"),
    "max_modules_affected": _read(SignalKind.CHANGE_RISK, "modules_affected"),
    "max_dependencies_changed": _read(SignalKind.CHANGE_RISK, "dependencies_changed"),
    "max_services_affected": _read(SignalKind.CHANGE_RISK, "services_affected"),
    "min_review_approvals": _read(SignalKind.APPROVALS, "review_approvals"),
    "product_manager_approval": _read(SignalKind.APPROVALS, "product_manager_approval"),
    "stakeholder_signoff": _read(SignalKind.APPROVALS, "stakeholder_signoff"),
    "change_ticket_approved": _read(SignalKind.APPROVALS, "change_ticket"),
    "changelog_updated": _read(SignalKind.OPERATIONS, "changelog_updated"),
    "api_docs_current": _read(SignalKind.OPERATIONS, "api_docs_current"),
    "migrations_tested": _read(SignalKind.OPERATIONS, "migrations_tested"),
    "rollback_plan_documented": _read(SignalKind.OPERATIONS, "rollback_plan_documented"),
    "monitoring_configured": _read(SignalKind.OPERATIONS, "monitoring_configured"),
    "feature_flags_ready": _read(SignalKind.OPERATIONS, "feature_flags_ready"),
    "min_compliance_percent": _read(SignalKind.COMPLIANCE, "compliance_percent"),
    "gdpr_validated": _read(SignalKind.COMPLIANCE, "gdpr_validated"),
    "max_open_alerts": _read(SignalKind.PRODUCTION, "open_alerts"),
    "max_severe_alerts": _read(SignalKind.PRODUCTION, "severe_alerts"),
    "max_open_anomalies": _read(SignalKind.PRODUCTION, "open_anomalies"),
    "max_severe_anomalies": _read(SignalKind.PRODUCTION, "severe_anomalies"),
    "max_high_priority_insights": _read(SignalKind.PRODUCTION, "high_priority_insights"),
    "max_rising_error_patterns": _read(SignalKind.PRODUCTION, "rising_error_patterns"),
    "production_healthy": _read(SignalKind.PRODUCTION, "healthy"),
}
"""Gate criterion -> where it is read. `min_x` and `max_x` take a limit (`min_grade` a letter), the others `true`."""


OUTSIDE_FREEZE = "outside_freeze"
"""The criterion of a freeze window's gate: the clock answers it, so it is read from no signal and not in the table."""


def kind_of(criterion: str) -> SignalKind | None:
    """The signal that a gate's criterion is read from; None = none."""
    return CRITERIA[criterion].signal if criterion in CRITERIA else None


def limit_problem(criterion: str, limit: object) -> str | None:
    """What is wrong with the limit a policy gives for a criterion of the table; None = nothing.

    A limit must be a value the metric could have: `min_line_coverage: 850` could never pass and is an error.
    """
    if not criterion.startswith(("min_", "max_")):
        return None if limit is True else "expected true; to leave a criterion out, delete its line"
    if limit is None or (isinstance(limit, float) and not isfinite(limit)):
        return "expected a finite number, or a letter for a grade"
    source = CRITERIA[criterion]
    assert source.signal is not None
    try:
        SIGNAL_METRICS[source.signal].model_validate({source.field[0]: limit}, strict=True)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    return None
