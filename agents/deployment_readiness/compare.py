"""Two releases side by side: metrics, gates, risk, confidence, and why one is decided otherwise than the other.

The candidate as it would be judged now, the baseline as it was judged: its evidence has grown old meanwhile, and what
grew old would count as missing.
"""

from collections.abc import Iterator

from ...core.records.decisions.comparison import Change, ComparedGate, ComparedMetric, Comparison, Side
from ...core.records.decisions.readiness import (
    CriterionResult,
    Decision,
    GateResult,
    GateStatus,
    MetricRisk,
    RiskAssessment,
)
from .decide import Judged

_GOOD = (GateStatus.PASSED, GateStatus.ATTESTED, GateStatus.WARNING)
_STEPS = {GateStatus.FAILED: 0, GateStatus.PENDING: 1}
"""From worst to best; what is _GOOD comes after them."""
_DECIMALS = 9
"""As in risk.py: points are compared as they are added up."""


def compare(baseline: Judged, candidate: Judged) -> Comparison:
    """What changed from the baseline to the candidate.

    Args:
        baseline, candidate: each a decision and the risk that belongs to it.
    """
    rows = _metrics(baseline.risk, candidate.risk)
    return Comparison(
        baseline=Side.of(baseline.decision),
        candidate=Side.of(candidate.decision),
        risk_change=candidate.decision.risk - baseline.decision.risk,
        metrics=tuple(sorted(rows, key=lambda row: -abs(row.points_candidate - row.points_baseline))),
        gates=tuple(_gates(baseline, candidate)),
        why=tuple(_why(baseline, candidate)),
        notes=tuple(_notes(baseline, candidate)),
    )


def _metrics(before: RiskAssessment, after: RiskAssessment) -> Iterator[ComparedMetric]:
    sides = [
        {(d.dimension, metric.metric): metric for d in risk.dimensions for metric in d.metrics}
        for risk in (before, after)
    ]
    for dimension, name in dict.fromkeys((*sides[1], *sides[0])):
        old, new = (side.get((dimension, name)) for side in sides)
        yield ComparedMetric(
            dimension=dimension,
            metric=name,
            baseline=old.reading if old else None,
            candidate=new.reading if new else None,
            points_baseline=old.contribution if old else 0.0,
            points_candidate=new.contribution if new else 0.0,
            change=_change_of_metric(old, new),
        )


def _change_of_metric(old: MetricRisk | None, new: MetricRisk | None) -> Change:
    if old is None or new is None or old.reading.value is None or new.reading.value is None:
        return Change.UNKNOWN
    moved = round(new.risk - old.risk, _DECIMALS)
    return Change.WORSE if moved > 0 else Change.BETTER if moved < 0 else Change.SAME


def _gates(baseline: Judged, candidate: Judged) -> Iterator[ComparedGate]:
    sides = [
        {(gate.gate, c.criterion): (gate, c) for gate in judged.decision.gates for c in gate.criteria}
        for judged in (baseline, candidate)
    ]
    for key in dict.fromkeys((*sides[1], *sides[0])):
        old, new = (side.get(key) for side in sides)
        gate, _ = new or old or (None, None)
        assert gate is not None
        yield ComparedGate(
            gate=key[0],
            criterion=key[1],
            enforcement=gate.enforcement,
            baseline=old[1].status if old else None,
            candidate=new[1].status if new else None,
            detail_baseline=old[1].detail if old else None,
            detail_candidate=new[1].detail if new else None,
            change=_change_of_gate(old, new),
        )


def _change_of_gate(
    old: tuple[GateResult, CriterionResult] | None, new: tuple[GateResult, CriterionResult] | None
) -> Change:
    known = (*_GOOD, GateStatus.FAILED, GateStatus.PENDING)
    if old is None or new is None or old[1].status not in known or new[1].status not in known:
        return Change.UNKNOWN
    then, now = (_STEPS.get(one[1].status, len(_STEPS)) for one in (old, new))
    return Change.SAME if then == now else Change.BETTER if now > then else Change.WORSE


def _why(baseline: Judged, candidate: Judged) -> Iterator[str]:
    old, new = baseline.decision, candidate.decision
    if old.decision is new.decision:
        yield f"Both are {new.decision}."
    yield f"{new.version} is {new.decision}: {new.rule}."
    yield f"{old.version} was {old.decision}: {old.rule}."
    before, after = _reasons(old), _reasons(new)
    yield from (f"New: {after[reason]}" for reason in after if reason not in before)
    yield from (f"Gone: {before[reason]}" for reason in before if reason not in after)


def _reasons(decision: Decision) -> dict[str, str]:
    """What is compared -> the reason: a key that names the version is not another reason.

    Without those that only name the risk: it stands beside them.
    """
    reasons = (*decision.blockers, *decision.inconclusive, *decision.pending, *decision.warnings)
    own = f"/{decision.version}/"
    return {reason.replace(own, "/"): reason for reason in reasons if not reason.startswith("risk is ")}


def _notes(baseline: Judged, candidate: Judged) -> Iterator[str]:
    old, new = baseline.decision, candidate.decision
    if old.policy != new.policy:
        yield f"the policies differ: {old.policy} then, {new.policy} now"
    if old.release.environment != new.release.environment:
        yield f"the environments differ: {old.release.environment} and {new.release.environment}"
    if baseline.risk.risk != old.risk:
        yield f"the risk of {old.version} was scored again after its decision: its metrics are those of the later score"
