"""Why a release is decided as it is, in print: what holds it back, the tree behind the decision, two releases."""

from collections.abc import Callable, Iterator, Sequence

from ..core.records.decisions.blockers import Blocker, Blockers, Cause
from ..core.records.decisions.comparison import ComparedMetric, Comparison, Side
from ..core.records.decisions.explanation import Explanation
from ..core.records.decisions.readiness import DimensionRisk, GateResult, MetricRisk, RiskAssessment
from ..core.records.evidence import Reading
from .text import Look, cleaned, confidence_number, duration_text, percent, risk_number, table, time_text, value_text
from .text_readiness import measured_by
from .tree import Node, tree

_PLAIN = Look()


def advice_text(risk: RiskAssessment) -> list[str]:
    """What of the risk holds the release back, and what would lower it."""
    risk = cleaned(risk)
    lines = _listed("Holds the release back by itself", risk.blockers)
    lines += _listed(
        "Would lower the risk",
        [
            f"{'up to ' if each.measures else ''}{each.points:.1f} points: {each.action}  [{each.why}]"
            for each in risk.recommendations
        ],
    )
    lines += _listed("Alone reaches the next lower level", [change.words for change in risk.counterfactuals])
    return lines


def blockers_text(blockers: Blockers, look: Look = _PLAIN, *, detailed: bool = False) -> str:
    """What holds the release back; detailed with evidence, who may override, and what would clear it."""
    blockers = cleaned(blockers)
    lines = look.title(f"What holds {blockers.version} back")
    lines += [f"{look.word(blockers.decision)} ({blockers.verdict}): {blockers.rule}", ""]
    lines.append(f"Blocking ({len(blockers.blockers)}):" if blockers.blockers else "Nothing: it may go.")
    for number, blocker in enumerate(blockers.blockers, 1):
        lines.append(f"  {number}. {look.word(blocker.status)}  {blocker.what}")
        lines += [f"       {line}" for line in _details(blocker)] if detailed else []
    if blockers.warnings:
        lines += ["", f"Warnings ({len(blockers.warnings)}):"]
        for blocker in blockers.warnings:
            lines.append(f"  - {blocker.what}")
            lines += [f"       {line}" for line in _details(blocker)] if detailed else []
    return "\n".join(lines)


def explanation_text(explanation: Explanation, look: Look = _PLAIN) -> str:
    """One sentence, then the tree: rule, gates, criteria, evidence, and the risk by contribution."""
    explanation = cleaned(explanation)
    decision, risk = explanation.decision, explanation.risk
    reasons = [Node(one.what, [Node(action) for action in one.actions]) for one in explanation.blockers.blockers]
    warnings = [Node(blocker.what) for blocker in explanation.blockers.warnings]
    parts = [
        Node(f"Rule: {decision.rule}", reasons),
        Node("Gates", [_gate(gate, look) for gate in decision.gates]),
        Node(
            f"Risk {risk_number(risk.risk)} of 100, {look.word(risk.level)}, {percent(risk.measured_share)} measured",
            [_dimension(dimension) for dimension in sorted(risk.dimensions, key=_points, reverse=True)],
        ),
    ]
    parts[1:1] = [Node("Warnings", warnings)] if warnings else []
    lines = [explanation.why, *([f"Stored is {explanation.stored}"] if explanation.stored else []), ""]
    return "\n".join([*lines, look.word(decision.decision), *tree(parts, look)])


def comparison_text(comparison: Comparison, look: Look = _PLAIN) -> str:
    """Side by side, and why the decisions differ."""
    comparison = cleaned(comparison)
    old, new = comparison.baseline, comparison.candidate
    lines = look.title(f"{new.version} beside {old.version}")
    rows = [(name, show(old), show(new)) for name, show in _SIDES]
    lines += [table(("", old.version, new.version), rows), ""]
    moved = [m for m in comparison.metrics if _value(m.baseline) != _value(m.candidate) or _gained(m)]
    if moved:
        metrics = [(m.metric, _value(m.baseline), _value(m.candidate), m.change, f"{_gained(m):+.1f}") for m in moved]
        lines += [table(("METRIC", old.version, new.version, "", "POINTS"), metrics), ""]
    gates = [
        (g.gate, g.criterion, g.baseline or "not asked", g.candidate or "not asked", g.change)
        for g in comparison.gates
        if g.baseline != g.candidate
    ]
    if gates:
        lines += [table(("GATE", "CRITERION", old.version, new.version, ""), gates), ""]
    lines += ["Why:", *(f"  {line}" for line in comparison.why)]
    lines += _listed("To be kept in mind", comparison.notes)
    return "\n".join(lines)


_SIDES: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("Decision", lambda side: f"{side.decision} ({side.verdict})"),
    ("Risk", lambda side: f"{risk_number(side.risk)} ({side.risk_level})"),
    ("Measured risk", lambda side: "-" if side.risk_measured is None else risk_number(side.risk_measured)),
    ("Measured", lambda side: percent(side.measured_share)),
    ("Confidence", lambda side: "not measured" if side.confidence is None else confidence_number(side.confidence)),
    ("Assessed", lambda side: time_text(side.assessed_at)),
)


def _details(blocker: Blocker) -> Iterator[str]:
    reading = blocker.reading
    if reading is not None and reading.value is not None and blocker.cause is not Cause.OTHER:
        limit = "" if blocker.limit is None else f", limit {value_text(blocker.limit)}"
        yield f"measured: {value_text(reading.value)}{limit}"
    if reading is not None and reading.evidence and reading.value is not None:
        age = f", {duration_text(blocker.age_s)} old" if blocker.age_s is not None else ""
        stands = f"{reading.evidence.key} " if reading.evidence.key else ""
        yield f"evidence: {stands}[{measured_by(reading)}{age}]"
    for finding in blocker.findings:
        where = f" ({finding.file}:{finding.line or '-'})" if finding.file else ""
        yield f"found: {finding.severity} {finding.rule}: {finding.message}{where}"
    yield from (f"clears it: {action}" for action in blocker.actions)
    yield from (f"shows it: {command}" for command in blocker.verify)
    if blocker.override_by:
        yield f"may override: {', '.join(blocker.override_by)}"


def _gate(gate: GateResult, look: Look) -> Node:
    kind = f"{gate.enforcement}{'' if gate.mandatory else ', optional'}"
    criteria = [Node(f"{look.word(c.status)}  {c.detail}", list(_evidence(c.reading))) for c in gate.criteria]
    return Node(f"{look.word(gate.status)}  {gate.gate} ({kind})", criteria)


def _evidence(reading: Reading) -> Iterator[Node]:
    if reading.value is not None and reading.evidence:
        yield Node(_source(reading))


def _source(reading: Reading) -> str:
    """Where a value stands, and who measured it when; the clock's stand nowhere."""
    key = reading.evidence.key if reading.evidence else None
    return ": ".join(dict.fromkeys(filter(None, (key, measured_by(reading)))))


def _dimension(dimension: DimensionRisk) -> Node:
    metrics = sorted(dimension.metrics, key=lambda metric: metric.contribution, reverse=True)
    words = f"{dimension.dimension}: {_points(dimension):.1f} points, risk {risk_number(dimension.risk)}"
    return Node(f"{words} at {dimension.weight:.1%} of the weight", [_metric(metric) for metric in metrics])


def _metric(metric: MetricRisk) -> Node:
    value = _value(metric.reading) if metric.reading.value is not None else f"not measured: {metric.reading.reason}"
    words = f"{metric.metric}: {metric.contribution:.1f} points, risk {risk_number(metric.risk)}, {value}"
    return Node(words, list(_evidence(metric.reading)))


def _points(dimension: DimensionRisk) -> float:
    return sum(metric.contribution for metric in dimension.metrics)


def _value(reading: Reading | None) -> str:
    if reading is None:
        return "not applicable"
    return "not measured" if reading.value is None else value_text(reading.value)


def _gained(metric: ComparedMetric) -> float:
    return metric.points_candidate - metric.points_baseline


def _listed(title: str, items: Sequence[str]) -> list[str]:
    return ["", f"{title} ({len(items)}):", *(f"  - {item}" for item in items)] if items else []
