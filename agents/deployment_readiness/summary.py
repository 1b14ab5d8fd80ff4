"""What was measured about a release, a line a subject: the first thing a reader wants to see."""

from collections.abc import Sequence

from ...core.criteria import CRITERIA, Source, kind_of
from ...core.numbers import shown as number
from ...core.records.decisions.policy import Limit, Policy
from ...core.records.decisions.readiness import GateResult, GateStatus, SummaryLine, SummarySection
from ...core.records.evidence import Reading
from ...core.records.signals import SignalKind
from .gates import WORST_FIRST
from .inputs import Readings
from .words import unit_of

_Subject = tuple[SummarySection, str, SignalKind, tuple[str, ...]]
SUBJECTS: tuple[_Subject, ...] = (
    (SummarySection.SIGNALS, "Code quality", SignalKind.CODE_QUALITY, ("grade", "critical_issues", "major_issues")),
    (
        SummarySection.SIGNALS,
        "Test coverage",
        SignalKind.TEST_COVERAGE,
        ("line_coverage_percent", "branch_coverage_percent"),
    ),
    (SummarySection.SIGNALS, "Tests", SignalKind.TEST_RESULTS, ("total_tests", "failed_tests", "skipped_tests")),
    (SummarySection.SIGNALS, "Test reliability", SignalKind.TEST_RELIABILITY, ("reliability_percent", "flaky_tests")),
    (SummarySection.SIGNALS, "Mutation", SignalKind.MUTATION, ("mutation_score_percent",)),
    (
        SummarySection.SIGNALS,
        "Security",
        SignalKind.SECURITY,
        ("critical_vulnerabilities", "high_vulnerabilities", "unknown_vulnerabilities", "medium_vulnerabilities"),
    ),
    (
        SummarySection.SIGNALS,
        "Performance",
        SignalKind.PERFORMANCE,
        ("p95_latency_ms", "throughput_rps", "error_rate_percent"),
    ),
    (SummarySection.SIGNALS, "Compliance", SignalKind.COMPLIANCE, ("compliance_percent",)),
    (SummarySection.SIGNALS, "Production", SignalKind.PRODUCTION, ("severe_alerts", "severe_anomalies")),
    (SummarySection.CHANGE, "Size", SignalKind.CHANGE_RISK, ("files_changed", "lines_added", "lines_deleted")),
    (
        SummarySection.CHANGE,
        "Reach",
        SignalKind.CHANGE_RISK,
        ("modules_affected", "services_affected", "dependencies_changed"),
    ),
    (SummarySection.MITIGATION, "Review", SignalKind.APPROVALS, ("review_approvals",)),
    (SummarySection.MITIGATION, "Change ticket", SignalKind.APPROVALS, ("change_ticket",)),
    (SummarySection.MITIGATION, "Feature flags", SignalKind.OPERATIONS, ("feature_flags_ready",)),
    (SummarySection.MITIGATION, "Rollback plan", SignalKind.OPERATIONS, ("rollback_plan_documented",)),
    (SummarySection.MITIGATION, "Monitoring", SignalKind.OPERATIONS, ("monitoring_configured",)),
    (SummarySection.MITIGATION, "Migrations", SignalKind.OPERATIONS, ("migrations_tested",)),
)
"""Section, label, where it is read, which of it."""


def summary(readings: Readings, gates: Sequence[GateResult], policy: Policy) -> tuple[SummaryLine, ...]:
    """A line for each subject that anybody measured, or that a gate asks for.

    Args:
        gates: judged by the same readings; a line has the worst status of the criteria about its fields.
    """
    limits = {CRITERIA[name].field[0]: (name, limit) for gate in policy.gates for name, limit in gate.criteria.items()}
    found = []
    for section, label, kind, fields in SUBJECTS:
        read = {name: readings.read(Source(signal=kind, field=(name,))) for name in fields}
        status = _status(gates, kind, fields)
        measured = {name: reading for name, reading in read.items() if reading.value is not None}
        if not measured and status is None:
            continue
        words = ", ".join(_words(name, reading, limits.get(name)) for name, reading in measured.items())
        reason = next((reading.reason for reading in read.values() if reading.value is None), None)
        found.append(
            SummaryLine(
                section=section, label=label, kind=kind, status=status, words=words or f"not measured: {reason}"
            )
        )
    return tuple(found)


def _status(gates: Sequence[GateResult], kind: SignalKind, fields: Sequence[str]) -> GateStatus | None:
    statuses = {
        criterion.status
        for gate in gates
        for criterion in gate.criteria
        if kind_of(criterion.criterion) is kind and set(CRITERIA[criterion.criterion].field) & set(fields)
    }
    return next((status for status in WORST_FIRST if status in statuses), None)


def _words(name: str, reading: Reading, asked: tuple[str, Limit] | None) -> str:
    value, unit = reading.value, unit_of(name)
    label = name.removesuffix("_percent").removesuffix("_ms").removesuffix("_rps").replace("_", " ")
    if isinstance(value, bool):
        return f"{label}: {'yes' if value else 'no'}"
    if asked is None or isinstance(asked[1], bool):
        return f"{label} {_shown(value)}{unit}"
    criterion, limit = asked
    sign = "at least" if criterion.startswith("min_") else "at most"
    return f"{label} {_shown(value, limit)}{unit} ({sign} {_shown(limit)}{unit})"


def _shown(value: Limit | None, *limits: Limit) -> str:
    if isinstance(value, int | float):
        return number(value, *(limit for limit in limits if isinstance(limit, int | float)))
    return str(value)
