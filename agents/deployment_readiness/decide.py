"""The decision: the first rule of DESIGN section 5 that holds, named in one sentence.

From best to worst: APPROVED, APPROVED_WITH_WARNINGS, PENDING_APPROVAL, then INCONCLUSIVE and BLOCKED side by side.
Worsening a measured value never moves a decision up this order. Deleting one never does either, but it may turn BLOCKED
into INCONCLUSIVE: what is not there cannot be called failed. Both are NO-GO, and the risk does not fall.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...core.criteria import CRITERIA
from ...core.evidence_ways import HOW_TO_MEASURE
from ...core.records.decisions.approvals import ApprovalState
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.readiness import (
    GO,
    Decision,
    DecisionStatus,
    Enforcement,
    GateResult,
    GateStatus,
    RiskAssessment,
    RiskLevel,
)
from ...core.records.signals import SignalKind
from .approving.approvals import EMERGENCY, Standing
from .approving.waivers import lapsed_waivers
from .inputs import ReadinessInputs
from .risk import critical, is_measured, shown, unseen


@dataclass(frozen=True)
class Judged:
    """A release with everything that was concluded about it.

    Args:
        risk: the decision's.
        decision: with its gates.
    """

    risk: RiskAssessment
    decision: Decision


@dataclass(frozen=True)
class _Line:
    """A criterion of a gate, or a scored gate as a whole: what the rules go through."""

    words: str
    status: GateStatus


@dataclass(frozen=True)
class _Case:
    """What the rules look at; each method lists the reasons for a rule to hold."""

    risk: RiskAssessment
    gates: Sequence[GateResult]
    unseen: Sequence[str]
    policy: Policy
    standing: Standing

    def lines(self, *enforcements: Enforcement, overridden: bool = False) -> Iterator[_Line]:
        """What the gates come to, of those that nobody has overridden, or of the others."""
        for gate in self.gates:
            if gate.enforcement in enforcements and (gate.gate in self.standing.overridden) is overridden:
                if gate.score is not None:
                    yield _Line(f"{gate.gate}: {gate.detail}", gate.status)
                    continue
                for criterion in gate.criteria:
                    yield _Line(f"{gate.gate}: {criterion.detail}", criterion.status)

    def gated(self, wanted: Callable[[_Line], bool], *enforcements: Enforcement, overridden: bool = False) -> list[str]:
        return [line.words for line in self.lines(*enforcements, overridden=overridden) if wanted(line)]

    def missing(self) -> list[str]:
        """An override lifts what was seen to fail, not what nobody has seen."""
        return [r for flag in (False, True) for r in self.gated(_missing, Enforcement.BLOCKING, overridden=flag)]

    def vetoes(self, *, overridden: bool = False) -> list[str]:
        return [v for v in self.risk.vetoes if (v.partition(":")[0] in self.standing.overridden) is overridden]

    def approval(self, *states: ApprovalState) -> list[str]:
        said = self.standing.said
        return [
            f"an approval is {state}{_HOW[state]}{said}" if said else f"an approval is {state}"
            for state in self.standing.approvals
            if state in states
        ]

    def wanted_approvals(self) -> list[str]:
        """Why somebody has to approve; one that is not granted has decided before this is asked."""
        if self.standing.approvals:
            return []
        asked = [f"policy {self.policy.name} asks for one"] if self.policy.approvals.required else []
        return [*self.level(RiskLevel.HIGH), *asked]

    def emergency(self) -> list[str]:
        if not self.policy.fast_track or self.standing.emergency:
            return []
        return [f"`aqe deploy emergency-approve`, under policy {self.policy.name}"]

    def lifted(self) -> list[str]:
        """What would have blocked and does not, by whose authority."""
        failed = self.gated(lambda line: _failed(line) or _pending(line), Enforcement.BLOCKING, overridden=True)
        found = []
        for reason in (*failed, *self.vetoes(overridden=True)):
            by = self.standing.overridden[reason.partition(":")[0]]
            found.append(f"{reason}; overridden by {by.by} until {by.until:%Y-%m-%d %H:%M} UTC: {by.reason}")
        emergencies = [e for e in self.standing.lifted if e.kind == EMERGENCY]
        return found + [f"emergency approval by {e.by}: {e.reason}" for e in emergencies]

    def level(self, *levels: RiskLevel) -> list[str]:
        return [f"risk is {self.risk.level}, {shown(self.risk.risk)} of 100"] if self.risk.level in levels else []


def _failed(line: _Line) -> bool:
    return line.status is GateStatus.FAILED


def _missing(line: _Line) -> bool:
    return line.status is GateStatus.NO_EVIDENCE


def _pending(line: _Line) -> bool:
    return line.status is GateStatus.PENDING


def _not_held(line: _Line) -> bool:
    return line.status in (GateStatus.FAILED, GateStatus.NO_EVIDENCE, GateStatus.PENDING)


def _warned(line: _Line) -> bool:
    return line.status is GateStatus.WARNING


def _waived(line: _Line) -> bool:
    return line.status is GateStatus.WAIVED


_HOW = {ApprovalState.REFUSED: " ", ApprovalState.EXPIRED: " since ", ApprovalState.PENDING: ", "}
"""Between the state of an approval and how it came about."""
_B, _I, _P, _W = (
    DecisionStatus.BLOCKED,
    DecisionStatus.INCONCLUSIVE,
    DecisionStatus.PENDING_APPROVAL,
    DecisionStatus.APPROVED_WITH_WARNINGS,
)
_RULES: tuple[tuple[DecisionStatus, str, Callable[[_Case], Sequence[str]]], ...] = (
    (_B, "A BLOCKING gate failed", lambda c: c.gated(_failed, Enforcement.BLOCKING)),
    (_B, "A catastrophic measurement vetoes", lambda c: c.vetoes()),
    (_B, "An approval was not given", lambda c: c.approval(ApprovalState.REFUSED, ApprovalState.EXPIRED)),
    (_B, "The measured risk alone is CRITICAL", lambda c: critical(c.risk.risk_measured, "measured risk")),
    (_I, "A BLOCKING gate has no evidence", lambda c: c.missing()),
    (_I, "What is not measured could be a catastrophe", lambda c: c.unseen),
    (_I, "Risk is CRITICAL with what is not measured at its worst", lambda c: critical(c.risk.risk, "risk")),
    (_P, "A change ticket is pending", lambda c: c.gated(_pending, Enforcement.BLOCKING)),
    (_P, "An approval is pending", lambda c: c.approval(ApprovalState.PENDING)),
    (_P, "An approval is needed", lambda c: c.wanted_approvals()),
    (_P, "The fast track needs an emergency approval", lambda c: c.emergency()),
    (_W, "Something was lifted by authority", lambda c: c.lifted()),
    (_W, "A WARNING gate does not hold", lambda c: c.gated(_not_held, Enforcement.WARNING)),
    (_W, "A gate is in its warning band", lambda c: c.gated(_warned, Enforcement.BLOCKING, Enforcement.WARNING)),
    (_W, "A waiver is used", lambda c: c.gated(_waived, Enforcement.BLOCKING, Enforcement.WARNING)),
    (_W, "Risk is not LOW", lambda c: c.level(RiskLevel.MEDIUM, RiskLevel.HIGH)),
)
"""Decision, rule, and the reasons for which it holds (none = it does not). The first that holds decides."""
_Held = tuple[DecisionStatus, str, list[str]]
"""A rule that holds: its decision, its words and its reasons."""


def decide(
    inputs: ReadinessInputs,
    risk: RiskAssessment,
    gates: Sequence[GateResult],
    policy: Policy,
    standing: Standing | None = None,
) -> Decision:
    """The decision about the release.

    Args:
        inputs: what `risk` and `gates` were computed from.
        policy: the one they were computed with.
        standing: what approvers have said, see `approvals.stand`. A granted approval lifts the need for one, and
            nothing else; an override lifts the gate or dimension that it names, where that was measured.
    """
    standing = standing or Standing()
    case = _Case(risk, gates, [alarm.words for alarm in unseen(risk.dimensions, policy)], policy, standing)
    held = [(status, rule, reasons) for status, rule, find in _RULES if (reasons := list(find(case)))]
    status, rule = _first(held)
    return Decision(
        version=inputs.release.version,
        release=inputs.release,
        decision=status,
        approved=status in GO,
        verdict="GO" if status in GO else "NO-GO",
        rule=rule,
        risk=risk.risk,
        risk_measured=risk.risk_measured,
        risk_level=risk.level,
        measured_share=risk.measured_share,
        confidence=None,
        confidence_reason="not asked for: `aqe deploy assess` and `confidence` compute it",
        blockers=_reasons(held, _B),
        inconclusive=_reasons(held, _I),
        pending=_reasons(held, _P),
        vetoes=risk.vetoes,
        warnings=_reasons(held, _W),
        advisories=tuple(case.gated(lambda line: _not_held(line) or _warned(line), Enforcement.ADVISORY)),
        missing_evidence=tuple(_missing_evidence(inputs.release.version, risk, gates)),
        not_applicable=policy.not_applicable,
        lifted=(*standing.lifted, *(c.lifted for gate in gates for c in gate.criteria if c.lifted)),
        remarks=(*standing.remarks, *lapsed_waivers(policy, inputs.now)),
        gates=tuple(gates),
        policy=policy.label,
        evidence=_keys(risk, gates),
        audit_head=inputs.audit_head,
        assessed_at=inputs.now,
    )


def _first(held: Sequence[_Held]) -> tuple[DecisionStatus, str]:
    """What decides, and its rule in a sentence."""
    if not held:
        return DecisionStatus.APPROVED, "Every BLOCKING and WARNING gate holds and risk is LOW"
    status, rule, reasons = held[0]
    return status, f"{rule}: {reasons[0]}" + (f"; and {len(reasons) - 1} more" if len(reasons) > 1 else "")


def _reasons(held: Sequence[_Held], status: DecisionStatus) -> tuple[str, ...]:
    return tuple(reason for its, _, reasons in held if its is status for reason in reasons)


def _missing_evidence(version: str, risk: RiskAssessment, gates: Sequence[GateResult]) -> Iterator[str]:
    """What is missing, the gates that hold the release up first, and how to get it."""

    def line(name: str, asked_by: str, reason: str | None, kind: SignalKind | None) -> str:
        return f"{name} ({asked_by}): {reason}; {HOW_TO_MEASURE[kind].format(version=version)}"

    for gate in sorted(gates, key=lambda gate: list(Enforcement).index(gate.enforcement)):
        for c in gate.criteria:
            if c.status is GateStatus.NO_EVIDENCE:
                asked_by = f"{gate.enforcement} gate {gate.gate}"
                # Measured, and nothing to compare with: it is the history that is missing.
                kind = CRITERIA[c.criterion].signal if c.reading.reason else None
                yield line(c.criterion, asked_by, c.reading.reason or c.detail, kind)
    for dimension in risk.dimensions:
        for m in dimension.metrics:
            if not is_measured(m):
                yield line(m.metric, f"risk, {dimension.dimension}", m.reading.reason, m.kind)


def _keys(risk: RiskAssessment, gates: Sequence[GateResult]) -> tuple[str, ...]:
    readings = [m.reading for dimension in risk.dimensions for m in dimension.metrics]
    readings += [c.reading for gate in gates for c in gate.criteria if c.status is not GateStatus.NOT_APPLICABLE]
    return tuple(sorted({r.evidence.key for r in readings if r.evidence and r.evidence.key}))
