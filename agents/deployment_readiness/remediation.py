"""A plan out of a NO-GO: from the reasons, what would clear them, who owns the files, and how long it took before.

Nothing is estimated from prose: a step's time is the median of the recorded times from a gate's failing to its passing
again, or not measured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from statistics import median

from ...core.errors import InputError
from ...core.records.audit import AuditEntry
from ...core.records.decisions.blockers import Blocker, Blockers, Cause
from ...core.records.decisions.readiness import GateStatus
from ...core.records.decisions.remediation import Owners, RemediationPhase, RemediationPlan, RemediationStep
from ...core.records.evidence import Evidence, Reading, measured, not_measured
from ...core.records.signals import SignalKind
from .names import AUDIT_LOG

_ASSESSED = "release:assessed"
_PHASES: dict[SignalKind, str] = {
    SignalKind.SECURITY: "Security",
    SignalKind.COMPLIANCE: "Security",
    SignalKind.TEST_RESULTS: "Tests",
    SignalKind.TEST_COVERAGE: "Tests",
    SignalKind.TEST_RELIABILITY: "Tests",
    SignalKind.MUTATION: "Tests",
    SignalKind.CODE_QUALITY: "Code",
    SignalKind.CHANGE_RISK: "Code",
    SignalKind.PERFORMANCE: "Performance",
    SignalKind.OPERATIONS: "Operation",
    SignalKind.PRODUCTION: "Operation",
}
"""What is measured and not good enough, in the order in which to go about it."""
_MEASUREMENT, _RISK, _APPROVAL = "Measurement", "Risk", "Approval"
"""What comes after it: what nobody measured, what is left of the risk, what people decide."""
_Assessed = tuple[str, datetime, Mapping[str, object]]
"""Version, time, gate -> status of one assessment in the audit log."""


def plan(
    blockers: Blockers, owners: Mapping[str, Owners], audit_log: Sequence[object], now: datetime
) -> RemediationPlan:
    """Steps in phases.

    Args:
        blockers: of the release.
        owners: file that a blocker names -> who owns it.
        audit_log: items of the list at `aqe/audit/log`, for how long a gate took before.
        now: aware UTC.
    """
    history = list(_assessments(audit_log))
    grouped: dict[str, dict[str, list[Blocker]]] = {}
    for blocker in blockers.blockers:
        about = blocker.gate or blocker.metric or (_APPROVAL if blocker.cause is Cause.OTHER else blocker.cause)
        grouped.setdefault(_phase(blocker), {}).setdefault(about, []).append(blocker)
    numbers = count(1)
    phases = []
    for name in dict.fromkeys((*_PHASES.values(), _MEASUREMENT, _RISK, _APPROVAL)):
        steps = [_step(next(numbers), title, group, owners, history) for title, group in grouped.get(name, {}).items()]
        if steps:
            phases.append(RemediationPhase(name=name, steps=tuple(steps)))
    return RemediationPlan(
        version=blockers.version,
        decision=blockers.decision,
        rule=blockers.rule,
        phases=tuple(phases),
        warnings=tuple(warning.what for warning in blockers.warnings),
        afterwards=(f"aqe deploy assess --version {blockers.version}",),
        created_at=now,
    )


def _phase(blocker: Blocker) -> str:
    if blocker.cause is Cause.RISK:
        return _RISK
    if blocker.cause is Cause.OTHER or blocker.kind is SignalKind.APPROVALS:
        return _APPROVAL
    if blocker.cause is not Cause.VETO and (blocker.reading is None or blocker.reading.value is None):
        return _MEASUREMENT
    return _PHASES.get(blocker.kind, _RISK) if blocker.kind else _RISK


def _step(
    number: int, title: str, group: Sequence[Blocker], owners: Mapping[str, Owners], history: Sequence[_Assessed]
) -> RemediationStep:
    found = [finding for blocker in group for finding in blocker.findings]
    return RemediationStep(
        number=number,
        title=title,
        reasons=tuple(blocker.what for blocker in group),
        actions=tuple(dict.fromkeys(action for blocker in group for action in blocker.actions)),
        findings=tuple(dict.fromkeys(f"{f.severity} {f.rule}: {f.message} ({f.file or 'no file'})" for f in found)),
        owners=_owners([file for blocker in group for file in blocker.files], owners),
        verify=tuple(dict.fromkeys(command for blocker in group for command in blocker.verify)),
        elapsed_minutes=_elapsed_minutes(group[0].gate, history),
    )


def _owners(files: Sequence[str], owners: Mapping[str, Owners]) -> Owners:
    if not files:
        return Owners(names=(), source="not known: no tool names a file")
    known = [owners[file] for file in files if file in owners and owners[file].names]
    if not known:
        return next((owners[file] for file in files if file in owners), Owners(names=(), source="not known"))
    names = dict.fromkeys(name for one in known for name in one.names)
    return Owners(names=tuple(names), source=", ".join(dict.fromkeys(one.source for one in known)))


def _assessments(audit_log: Iterable[object]) -> Iterator[_Assessed]:
    for index, item in enumerate(audit_log):
        try:
            entry = AuditEntry.from_value(item, where=f"{AUDIT_LOG}[{index}]")
        except InputError:
            continue  # `aqe audit verify` is there to tell
        gates = entry.details.get("gates")
        if entry.action == _ASSESSED and isinstance(gates, dict):
            yield entry.subject, entry.at, gates


def _elapsed_minutes(gate: str | None, history: Sequence[_Assessed]) -> Reading:
    """From the first assessment in which the gate failed to the first after it in which it passed, in all releases."""
    if gate is None:
        return not_measured("only gates are followed from failing to passing")
    since: dict[str, datetime] = {}
    took = []
    for version, at, gates in history:
        if gates.get(gate) == GateStatus.FAILED:
            since.setdefault(version, at)
        elif gates.get(gate) == GateStatus.PASSED and version in since:
            took.append((at - since.pop(version)).total_seconds() / 60)
    if not took:
        return not_measured(f"no release has yet been recorded in which {gate} failed and then passed")
    return measured(median(took), Evidence(key=AUDIT_LOG, tool=f"median of {len(took)}"))
