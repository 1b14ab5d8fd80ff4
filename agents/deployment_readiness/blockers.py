"""What keeps a release from a GO: each reason of the decision, with what it was measured by and what would clear it.

The decision's own words are the list; this module only says more about each, so that nothing is listed that did not
decide and nothing that did is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...core.criteria import CRITERIA
from ...core.evidence_ways import HOW_TO_MEASURE
from ...core.numbers import shown as number
from ...core.records.decisions.approvals import ApprovalState
from ...core.records.decisions.blockers import MAX_BLOCKER_FINDINGS, Blocker, Blockers, Cause
from ...core.records.decisions.policy import Policy
from ...core.records.decisions.readiness import (
    CriterionResult,
    Decision,
    DecisionStatus,
    GateResult,
    GateStatus,
    RiskAssessment,
)
from ...core.records.evidence import Reading
from ...core.records.signals import Finding, SignalKind
from .counterfactuals import value_below
from .inputs import ReadinessInputs
from .risk import VETO_AT, Alarm, critical, shown, unseen, vetoes
from .words import label_of, unit_of

_MOST = 3
"""Ways to lower a risk that are named."""


def blockers_of(inputs: ReadinessInputs, policy: Policy, risk: RiskAssessment, decision: Decision) -> Blockers:
    """Every reason that keeps the release from a GO, and every warning.

    Args:
        inputs: what `risk` and `decision` were computed from.
        risk: with its counterfactuals.
    """
    known = _Known(inputs, policy, risk, decision)
    reasons = [
        *known.each(decision.blockers, DecisionStatus.BLOCKED),
        *known.each(decision.inconclusive, DecisionStatus.INCONCLUSIVE),
        *known.each(decision.pending, DecisionStatus.PENDING_APPROVAL),
    ]
    return Blockers(
        version=decision.version,
        decision=decision.decision,
        verdict=decision.verdict,
        rule=decision.rule,
        blockers=() if decision.approved else tuple(reasons),
        warnings=tuple(known.each(decision.warnings, DecisionStatus.APPROVED_WITH_WARNINGS)),
        assessed_at=decision.assessed_at,
    )


@dataclass(frozen=True)
class _Known:
    inputs: ReadinessInputs
    policy: Policy
    risk: RiskAssessment
    decision: Decision

    def each(self, reasons: Iterable[str], status: DecisionStatus) -> Iterator[Blocker]:
        gates = self.decision.gates
        scored = {f"{gate.gate}: {gate.detail}": gate for gate in gates if gate.score is not None}
        criteria = {f"{gate.gate}: {c.detail}": (gate, c) for gate in gates for c in gate.criteria}
        vetoed = {alarm.words: alarm for alarm in vetoes(self.risk.dimensions, self.policy)}
        hidden = {alarm.words: alarm for alarm in unseen(self.risk.dimensions, self.policy)}
        for reason in reasons:
            if reason in scored:
                yield self._scored(reason, status, scored[reason])
            elif reason in criteria:
                yield self._criterion(reason, status, *criteria[reason])
            elif reason in vetoed:
                yield self._alarm(vetoed[reason], Cause.VETO, status)
            elif reason in hidden:
                yield self._alarm(hidden[reason], Cause.UNSEEN, status)
            else:
                yield self._other(reason, status)

    def _criterion(self, reason: str, status: DecisionStatus, gate: GateResult, criterion: CriterionResult) -> Blocker:
        source = CRITERIA.get(criterion.criterion)  # a freeze is none of them: nothing measures it
        kind = source.signal if source else None
        failed = criterion.status is GateStatus.FAILED
        found = self._findings(criterion.reading, kind) if failed else ()
        return Blocker(
            what=reason,
            cause=Cause.GATE if source else Cause.OTHER,
            status=status,
            kind=kind,
            gate=gate.gate,
            criterion=criterion.criterion,
            limit=criterion.limit,
            reading=criterion.reading,
            age_s=self._age_s(criterion.reading),
            findings=found,
            files=_files(found),
            override_by=self._roles() if failed and status is DecisionStatus.BLOCKED else (),
            actions=tuple(_demands(criterion)),
            verify=(self._command(kind),) if source else (),
        )

    def _scored(self, reason: str, status: DecisionStatus, gate: GateResult) -> Blocker:
        open_ = [c for c in gate.criteria if c.status in (*_SHORT, GateStatus.NO_EVIDENCE, GateStatus.PENDING)]
        kinds = list(dict.fromkeys(CRITERIA[c.criterion].signal for c in open_))
        failed = gate.status is GateStatus.FAILED and status is DecisionStatus.BLOCKED
        return Blocker(
            what=reason,
            cause=Cause.GATE,
            status=status,
            kind=kinds[0] if kinds else None,
            gate=gate.gate,
            reading=next((c.reading for c in open_), None),
            override_by=self._roles() if failed else (),
            actions=tuple(demand for criterion in open_ for demand in _demands(criterion)),
            verify=tuple(self._command(kind) for kind in kinds),
        )

    def _alarm(self, alarm: Alarm, cause: Cause, status: DecisionStatus) -> Blocker:
        metrics = [alarm.metric] if alarm.metric else list(alarm.dimension.metrics)
        kinds = list(dict.fromkeys(metric.kind for metric in metrics))
        reading = alarm.metric.reading if alarm.metric else None
        found = self._findings(reading, kinds[0]) if reading else ()
        return Blocker(
            what=alarm.words,
            cause=cause,
            status=status,
            kind=kinds[0],
            metric=alarm.metric.metric if alarm.metric else alarm.dimension.dimension,
            limit=VETO_AT,
            reading=reading,
            age_s=self._age_s(reading),
            findings=found,
            files=_files(found),
            override_by=self._roles() if cause is Cause.VETO else (),
            actions=tuple(self._demands(alarm)),
            verify=tuple(dict.fromkeys(self._command(kind) for kind in kinds)),
        )

    def _demands(self, alarm: Alarm) -> Iterator[str]:
        if alarm.metric and alarm.metric.reading.value is not None:
            rule = self.policy.risk[alarm.dimension.dimension].metrics[alarm.metric.metric]
            value = value_below(rule, alarm.metric, VETO_AT)
            if value is not None:
                yield f"{alarm.metric.field} {alarm.metric.reading.value} -> {number(value)}"
        elif alarm.metric is None:
            yield from self._advice({metric.metric for metric in alarm.dimension.metrics})

    def _other(self, reason: str, status: DecisionStatus) -> Blocker:
        by_risk = critical(self.risk.risk_measured, "measured risk") + critical(self.risk.risk, "risk")
        by_level = f"risk is {self.risk.level}, {shown(self.risk.risk)} of 100"
        if reason in (*by_risk, by_level):
            ways = [change.words for change in self.risk.counterfactuals[:_MOST]]
            actions = tuple(ways) or tuple(self._advice(None))
            return Blocker(what=reason, cause=Cause.RISK, status=status, actions=actions, verify=self._people(reason))
        return Blocker(what=reason, cause=Cause.OTHER, status=status, verify=self._people(reason))

    def _people(self, reason: str) -> tuple[str, ...]:
        """The command by which people clear what they have to decide."""
        if reason not in self.decision.pending and not reason.startswith("an approval is "):
            return ()
        if reason.startswith("`aqe deploy emergency-approve`"):
            ask = "emergency-approve"
        else:
            ask = "approve" if reason.startswith(f"an approval is {ApprovalState.PENDING}") else "approve-request"
        return (f"aqe deploy {ask} --version {self.decision.version}",)

    def _advice(self, metrics: set[str] | None) -> Iterator[str]:
        """The recommendations that bring most; of these metrics only, unless None."""
        wanted = [
            each
            for each in self.risk.recommendations
            if metrics is None or metrics & {*each.measures, each.counterfactual.metric if each.counterfactual else ""}
        ]
        for each in wanted[:_MOST]:
            most = "at most " if each.measures else ""
            yield f"{each.action} (lowers the risk by {most}{number(round(each.points, 1))})"

    def _findings(self, reading: Reading, kind: SignalKind | None) -> tuple[Finding, ...]:
        key = reading.evidence.key if reading.evidence else None
        stored = self.inputs.signals.get(kind, ()) if kind else ()
        signals = [one.signal for one in stored if one.key == key and one.signal]
        parts = [part for signal in signals for part in signal.parts.values()]
        return tuple(finding for part in parts for finding in part.findings)[:MAX_BLOCKER_FINDINGS]

    def _age_s(self, reading: Reading | None) -> float | None:
        at = reading.evidence.measured_at if reading and reading.evidence else None
        return None if at is None else (self.inputs.now - at).total_seconds()

    def _roles(self) -> tuple[str, ...]:
        overrides = self.policy.gate_overrides
        return overrides.requires_approval_from if overrides.enabled else ()

    def _command(self, kind: SignalKind | None) -> str:
        return HOW_TO_MEASURE[kind].format(version=self.decision.version)


_SHORT = (GateStatus.FAILED, GateStatus.WARNING)


def _demands(criterion: CriterionResult) -> Iterator[str]:
    """`critical vulnerabilities 2 -> at most 0`."""
    if criterion.criterion not in CRITERIA:
        return
    label, limit = label_of(criterion.criterion), criterion.limit
    if criterion.status is GateStatus.PENDING:
        yield f"{label}: have it decided"
    elif criterion.status not in _SHORT or criterion.reading.value is None:
        return
    elif limit is True:
        yield f"{label}: yes"
    else:
        unit = unit_of(CRITERIA[criterion.criterion].field[0])
        word = "at least" if criterion.criterion.startswith("min_") else "at most"
        # Compared with earlier releases of which none is known, what is asked has no number: `<=+10%`.
        wanted = limit if isinstance(limit, str) and len(limit) > 1 else f"{word} {_text(limit)}{unit}"
        yield f"{label} {_text(criterion.reading.value)}{unit} -> {wanted}"


def _text(value: float | int | bool | str | None) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def _files(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.file for finding in findings if finding.file))
