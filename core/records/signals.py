"""Quality signals: what tools measured about one release, one class of metrics per kind.

`SIGNAL_METRICS` is the whole list at a glance. A field that is None was not measured: it is never read as 0 or as good.
Each field says in its metadata which direction is worse and how the parts of several files are put together, so that
risk, gates, importers and docs/evidence.md read one and the same table.
"""

from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel

from .base import Record
from .privacy import Text, Word
from .release import Release

Better = Literal["higher", "lower", "none"]
Combine = Literal["sum", "min", "max", "all"]


def metric(description: str, *, better: Better, combine: Combine, ge: float | None = 0, le: float | None = None) -> Any:
    """A field of a metrics class.

    Args:
        description: what it is and its unit, for schemas and docs.
        better: which direction is better; "none" = a size without a direction.
        combine: how the values of several files of one release become one: "sum" of counts, "min"/"max" = the worst,
            "all" = true only when all are.
        ge, le: smallest and largest valid value.
    """
    return Field(
        default=None, description=description, ge=ge, le=le, json_schema_extra={"better": better, "combine": combine}
    )


def flag(description: str) -> Any:
    """A yes/no field; true is good, and every part must be true."""
    return Field(default=None, description=description, json_schema_extra={"better": "higher", "combine": "all"})


class SignalKind(StrEnum):
    """The kinds; each is the last part of a key `aqe/quality-signals/<kind>`."""

    CODE_QUALITY = "code-quality"
    TEST_COVERAGE = "test-coverage"
    TEST_RESULTS = "test-results"
    TEST_RELIABILITY = "test-reliability"
    MUTATION = "mutation"
    PERFORMANCE = "performance"
    SECURITY = "security"
    CHANGE_RISK = "change-risk"
    APPROVALS = "approvals"
    OPERATIONS = "operations"
    COMPLIANCE = "compliance"
    PRODUCTION = "production"


class Metrics(Record):
    """Base of the metrics classes; every field optional, None = not measured."""


class CodeQualityMetrics(Metrics):
    """Static quality: SonarQube, ESLint, ruff, radon, SARIF of linters."""

    grade: Literal["A", "B", "C", "D", "E"] | None = Field(
        default=None,
        description="maintainability grade, A best",
        json_schema_extra={"better": "lower", "combine": "max"},
    )
    critical_issues: int | None = metric("critical or blocker issues", better="lower", combine="sum")
    major_issues: int | None = metric("major issues or lint errors", better="lower", combine="sum")
    minor_issues: int | None = metric("minor issues, warnings and notes", better="lower", combine="sum")
    code_smells: int | None = metric("code smells", better="lower", combine="sum")
    complexity_mean: float | None = metric("mean cyclomatic complexity of a function", better="lower", combine="max")
    complexity_max: float | None = metric("largest cyclomatic complexity", better="lower", combine="max")
    duplication_percent: float | None = metric("duplicated lines, percent", better="lower", combine="max", le=100)
    maintainability_index: float | None = metric("maintainability index, 0-100", better="higher", combine="min", le=100)
    technical_debt_percent: float | None = metric(
        "time to fix over time to write, percent (debt ratio)", better="lower", combine="max"
    )
    quality_gate_passed: bool | None = flag("the analysis server's own quality gate passed")


class TestCoverageMetrics(Metrics):
    """Coverage of the tests, percent of what could be covered."""

    __test__ = False

    line_coverage_percent: float | None = metric("covered lines", better="higher", combine="min", le=100)
    branch_coverage_percent: float | None = metric("covered branches", better="higher", combine="min", le=100)
    statement_coverage_percent: float | None = metric("covered statements", better="higher", combine="min", le=100)
    function_coverage_percent: float | None = metric("covered functions", better="higher", combine="min", le=100)


class TestResultsMetrics(Metrics):
    """Outcome of test runs, counted from the test cases themselves."""

    __test__ = False

    total_tests: int | None = metric("test cases", better="none", combine="sum")
    passed_tests: int | None = metric("passed", better="none", combine="sum")
    failed_tests: int | None = metric("failed or in error", better="lower", combine="sum")
    skipped_tests: int | None = metric("skipped", better="none", combine="sum")
    duration_s: float | None = metric("duration, seconds", better="none", combine="sum")


class TestReliabilityMetrics(Metrics):
    """How far a test's verdict can be trusted."""

    __test__ = False

    reliability_percent: float | None = metric("runs with a stable verdict", better="higher", combine="min", le=100)
    flaky_tests: int | None = metric("tests seen to change their verdict on one commit", better="lower", combine="sum")


class MutationMetrics(Metrics):
    """Mutation testing."""

    mutation_score_percent: float | None = metric("killed share of mutants", better="higher", combine="min", le=100)
    survived_mutants: int | None = metric("mutants no test noticed", better="lower", combine="sum")


class PerformanceMetrics(Metrics):
    """Load tests or observed traffic."""

    requests: int | None = metric("requests behind these figures", better="none", combine="sum")
    p50_latency_ms: float | None = metric("median response time, ms", better="lower", combine="max")
    p95_latency_ms: float | None = metric("95th percentile response time, ms", better="lower", combine="max")
    p99_latency_ms: float | None = metric("99th percentile response time, ms", better="lower", combine="max")
    throughput_rps: float | None = metric("requests a second", better="higher", combine="min")
    error_rate_percent: float | None = metric(
        "failed requests (5xx or no answer), percent", better="lower", combine="max", le=100
    )
    cpu_percent: float | None = metric("peak CPU of the service, percent of its limit", better="lower", combine="max")
    memory_percent: float | None = metric("peak memory, percent of its limit", better="lower", combine="max")
    failed_thresholds: int | None = metric(
        "limits that the load test itself declares and that were crossed", better="lower", combine="sum"
    )
    scalability_percent: float | None = metric(
        "throughput at double load over twice the throughput, percent", better="higher", combine="min"
    )


class SecurityMetrics(Metrics):
    """Vulnerability scans; findings of unknown severity are counted on their own and judged as high."""

    critical_vulnerabilities: int | None = metric("critical (CVSS >= 9)", better="lower", combine="sum")
    high_vulnerabilities: int | None = metric("high (CVSS >= 7)", better="lower", combine="sum")
    medium_vulnerabilities: int | None = metric("medium (CVSS >= 4)", better="lower", combine="sum")
    low_vulnerabilities: int | None = metric("low", better="lower", combine="sum")
    unknown_vulnerabilities: int | None = metric("without a severity", better="lower", combine="sum")
    max_cvss: float | None = metric("highest CVSS score", better="lower", combine="max", le=10)


class ChangeRiskMetrics(Metrics):
    """Size and reach of the change since the previous release."""

    commits: int | None = metric("commits", better="none", combine="max")
    lines_added: int | None = metric("added lines", better="lower", combine="max")
    lines_deleted: int | None = metric("deleted lines", better="lower", combine="max")
    files_changed: int | None = metric("changed files", better="lower", combine="max")
    modules_affected: int | None = metric("top-level folders touched", better="lower", combine="max")
    dependencies_changed: int | None = metric("dependency manifests touched", better="lower", combine="max")
    services_affected: int | None = metric("services in reach of the change", better="lower", combine="max")


class ApprovalsMetrics(Metrics):
    """What people and change management said."""

    review_approvals: int | None = metric("approving reviews at the head commit", better="higher", combine="min")
    product_manager_approval: bool | None = flag("product manager approved")
    stakeholder_signoff: bool | None = flag("stakeholders signed off")
    change_ticket: Literal["approved", "pending", "rejected"] | None = Field(
        default=None, description="state of the change ticket", json_schema_extra={"better": "none", "combine": "all"}
    )


class OperationsMetrics(Metrics):
    """Readiness of operation and documentation."""

    changelog_updated: bool | None = flag("the changelog names the version")
    api_docs_current: bool | None = flag("API documentation matches the code")
    migrations_tested: bool | None = flag("database migrations were tested, down migrations too")
    rollback_plan_documented: bool | None = flag("a rollback runbook exists")
    monitoring_configured: bool | None = flag("alerts and on-call are configured")
    feature_flags_ready: bool | None = flag("feature flags are set for a gradual rollout")


class ComplianceMetrics(Metrics):
    """Regulatory and policy compliance."""

    compliance_percent: float | None = metric("fulfilled controls", better="higher", combine="min", le=100)
    gdpr_validated: bool | None = flag("data protection was validated")


class ProductionMetrics(Metrics):
    """How production is right now; about the environment, not about the release.

    Read from `aqe/production/*`, unless somebody puts such a signal for the release.
    """

    open_alerts: int | None = metric("alerts that are not resolved", better="lower", combine="sum")
    severe_alerts: int | None = metric("of them critical, high or of unknown severity", better="lower", combine="sum")
    open_anomalies: int | None = metric("anomalies that are not resolved", better="lower", combine="sum")
    severe_anomalies: int | None = metric(
        "of them critical, high or of unknown severity", better="lower", combine="sum"
    )
    high_priority_insights: int | None = metric("insights of HIGH priority", better="lower", combine="sum")
    rising_error_patterns: int | None = metric(
        "error patterns of HIGH priority that grow more frequent", better="lower", combine="sum"
    )
    healthy: bool | None = flag("production-intelligence finds production healthy")


SIGNAL_METRICS: dict[SignalKind, type[Metrics]] = {
    SignalKind.CODE_QUALITY: CodeQualityMetrics,
    SignalKind.TEST_COVERAGE: TestCoverageMetrics,
    SignalKind.TEST_RESULTS: TestResultsMetrics,
    SignalKind.TEST_RELIABILITY: TestReliabilityMetrics,
    SignalKind.MUTATION: MutationMetrics,
    SignalKind.PERFORMANCE: PerformanceMetrics,
    SignalKind.SECURITY: SecurityMetrics,
    SignalKind.CHANGE_RISK: ChangeRiskMetrics,
    SignalKind.APPROVALS: ApprovalsMetrics,
    SignalKind.OPERATIONS: OperationsMetrics,
    SignalKind.COMPLIANCE: ComplianceMetrics,
    SignalKind.PRODUCTION: ProductionMetrics,
}


_FIELD_OF = {to_camel(name): name for model in SIGNAL_METRICS.values() for name in model.model_fields}


def snake_keys(value: object) -> object:
    """A mapping of metrics with the names that Python has; anything else as it is."""
    # From the table, not by to_snake: that makes p_95_latency_ms of p95LatencyMs.
    if not isinstance(value, dict):
        return value
    return {_FIELD_OF.get(k, k) if isinstance(k, str) else k: v for k, v in value.items()}


def camel_keys(value: dict[str, Any]) -> dict[str, Any]:
    """A mapping of metrics with the names that JSON has."""
    return {to_camel(key): item for key, item in value.items()}


MetricValue = bool | int | float | str
MetricValues = Annotated[
    dict[str, MetricValue], BeforeValidator(snake_keys), PlainSerializer(camel_keys, when_used="json")
]
"""Metric name -> value; snake_case in Python, camelCase in JSON (`lineCoveragePercent`). Absent = not measured."""


def typed_metrics(kind: SignalKind, values: dict[str, MetricValue]) -> Metrics:
    """The metrics as their class, checked.

    Raises:
        ValueError: an unknown name (with the nearest known one) or a value out of its range.
    """
    model = SIGNAL_METRICS[kind]
    for name in values:
        if name not in model.model_fields:
            near = get_close_matches(name, model.model_fields, n=1)
            meant = f", did you mean {to_camel(near[0])!r}?" if near else ""
            raise ValueError(f"{kind} has no metric {to_camel(name)!r}{meant}")
    return model.model_validate(values)


class Outcome(StrEnum):
    """What came of reading one file: five words, because "no problems" and "no measurement" are not the same."""

    VALUE = "value"
    CLEAN = "clean"
    """The tool ran and found nothing: zeros are measured."""
    NOT_MEASURED = "not-measured"
    """The tool ran, this was not measured (no data, gate NONE, empty result)."""
    TOOL_FAILED = "tool-failed"
    """The file says that the tool itself failed, or its run was cut short."""
    UNREADABLE = "unreadable"
    """The bytes are not what the format promises."""


class Finding(Record):
    """One thing a tool reported, kept as evidence; text from the file, treat as hostile."""

    rule: Text
    message: Text
    severity: Word
    file: Text | None = None
    line: int | None = None


MAX_FILES = 1_000
"""Source files kept per part with their coverage: a memory value must stay below 1 MB."""
MAX_FINDINGS = 50
"""Findings kept per part, worst first; the counts in the metrics are of all of them."""


class SignalPart(Record):
    """What one file (or one writer) contributed to a signal."""

    tool: str
    tool_version: str | None = None
    file: str | None = None
    sha256: str | None = None
    outcome: Outcome
    reason: str | None = None
    """Why there is no value; set for the last three outcomes."""
    measured_at: datetime | None = None
    """When the tool ran, as the file says; None when it does not."""
    imported_at: datetime | None = None
    metrics: MetricValues = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    file_lines: dict[str, tuple[int, int]] | None = None
    """Of coverage: source file -> lines covered, and lines that could be; None = the report does not say, or of too
    many files."""


class Signal(Record):
    """All that is known of one kind about one release; the value at `aqe/releases/<version>/signals/<kind>`.

    Another program may write `{"kind", "release", "measuredAt", "tool", "metrics"}` alone: parts are ours.
    """

    kind: SignalKind
    release: Release
    measured_at: datetime
    tool: str
    metrics: MetricValues = Field(default_factory=dict)
    parts: dict[str, SignalPart] = Field(default_factory=dict)
    """Part name (tool and file) -> part. A part that is imported again replaces itself."""

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        typed_metrics(self.kind, self.metrics)
        return self
