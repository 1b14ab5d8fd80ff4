"""Decision, risk and gate as text: what was decided, by which rule, from which evidence, and what is missing."""

import re
from collections.abc import Iterable, Iterator, Sequence

from ..core.evidence_ways import HOW_TO_MEASURE
from ..core.numbers import shown
from ..core.records.decisions.prediction import RollbackPrediction
from ..core.records.decisions.readiness import (
    CriterionResult,
    Decision,
    DecisionStatus,
    GateResult,
    GateStatus,
    Lifted,
    MetricRisk,
    NotApplicable,
    RiskAssessment,
    SummaryLine,
    SummarySection,
)
from ..core.records.evidence import Reading, Status
from ..core.records.signals import SignalKind
from .text import Look, cleaned, confidence_number, facts, percent, risk_number, table, time_text, value_text

_PLAIN = Look()
_STATUS_WIDTH = max(len(status) for status in GateStatus)
_MISSING = re.compile(r"(?P<name>\S+) \((?P<asked_by>[^)]*)\): (?P<reason>.*)", re.DOTALL)
"""How agents/deployment_readiness/decide.py words what is missing."""


def decision_text(
    decision: Decision, look: Look = _PLAIN, *, heading: str = "Deployment readiness", flags: str = ""
) -> str:
    """The whole decision for people.

    Args:
        heading: what kind of assessment it was.
        flags: of the command line, for the commands that lead on.
    """
    decision = cleaned(decision)
    release = decision.release
    risk = _risk_words(decision.risk, decision.risk_level, decision.risk_measured, decision.measured_share, look)
    hypothetical = " (hypothetical: decided for signals that nobody measured, stored nowhere)"
    lines = look.title(f"{heading}: {decision.version}{hypothetical if decision.hypothetical else ''}")
    lines.append(
        facts(
            [
                ("Decision", f"{look.word(decision.decision)} ({decision.verdict})"),
                ("Because", decision.rule),
                ("Overall risk", risk),
                ("Release confidence", _confidence(decision)),
                ("Rollback risk", _rollback_words(decision.rollback_prediction)),
                ("Release", f"commit {release.commit or 'not known'}, {release.environment}"),
                ("Recommendation", _RECOMMENDATIONS[decision.decision]),
                ("Policy", decision.policy),
                ("Assessed", time_text(decision.assessed_at)),
                ("Audit head", decision.audit_head),
            ]
        )
    )
    for section, title in _SECTIONS.items():
        lines += _summary(title, [line for line in decision.summary if line.section is section], look)
    if decision.gates:
        lines += ["", "Gates:", *(line for gate in decision.gates for line in _gate(gate, look, measured_only=True))]
    lines += _section("Blocking", decision.blockers, numbered=True)
    lines += _section("Warnings", decision.warnings)
    lines += _section("Advisories", decision.advisories)
    lines += _section("By authority", map(_lifted, decision.lifted))
    lines += _section("Does not count", decision.remarks)
    lines += missing_text("Missing evidence", decision.version, decision.missing_evidence)
    lines += _not_applicable(decision.not_applicable)
    lines += _next_steps(decision, flags)
    return "\n".join(lines)


def risk_text(risk: RiskAssessment, look: Look = _PLAIN, *, detailed: bool = False) -> str:
    """Risk by dimension and metric; detailed with the evidence of each."""
    risk = cleaned(risk)
    words = _risk_words(risk.risk, risk.level, risk.risk_measured, risk.measured_share, look)
    lines = [*look.title(f"Risk of {risk.version}"), f"Overall risk:  {words}", ""]
    heads = ("METRIC", "VALUE", "RISK", "WEIGHT", "POINTS", "EVIDENCE")
    lines.append(table(heads if detailed else heads[:5], [row if detailed else row[:5] for row in _risk_rows(risk)]))
    unmeasured = [m for d in risk.dimensions for m in d.metrics if m.reading.status is Status.NOT_MEASURED]
    lines += _section(
        "Not measured, counted as 100", [f"{m.metric}: {m.reading.reason}; {_how(m, risk.version)}" for m in unmeasured]
    )
    lines += _section("Vetoes", risk.vetoes)
    lines += _not_applicable(risk.not_applicable)
    return "\n".join(lines)


def gate_text(gate: GateResult, look: Look = _PLAIN) -> str:
    """One gate and its criteria."""
    return "\n".join(_gate(cleaned(gate), look, measured_only=False))


def missing_text(title: str, version: str, items: Sequence[str]) -> list[str]:
    """What is missing: by the command that would supply it, then by the reason, then by who asks for it."""
    lines = []
    for how, reasons in _grouped(version, items).items():
        lines += [f"  {how}"] if how else []
        for reason, askers in reasons.items():
            lines += [f"    {reason}"] if reason else []
            lines += [f"      {f'{by}: ' if by else ''}{', '.join(names)}" for by, names in askers.items()]
    return ["", f"{title} ({len(items)}), and what supplies it:", *lines] if lines else []


def missing_by_command(title: str, version: str, items: Sequence[str]) -> list[str]:
    """The same in a line a command: how many criteria it would supply, and of which gates."""
    rows = []
    for how, reasons in _grouped(version, items).items():
        names = [name for askers in reasons.values() for found in askers.values() for name in found]
        gates = dict.fromkeys(by for askers in reasons.values() for by in askers if by)
        rows.append((how or "-", len(names), ", ".join(gates) or "-"))
    return ["", f"{title} ({len(items)})", table(("COMMAND", "SUPPLIES", "OF"), rows, indent=2)] if rows else []


def _grouped(version: str, items: Sequence[str]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Command -> reason -> who asks -> what is missing."""
    commands = [how.format(version=version) for how in HOW_TO_MEASURE.values()]
    grouped: dict[str, dict[str, dict[str, list[str]]]] = {}
    for item in items:
        how = next((command for command in commands if item.endswith(f"; {command}")), "")
        found = _MISSING.fullmatch(item.removesuffix(f"; {how}"))
        name, asked_by, reason = found.groups() if how and found else (item, "", "")
        grouped.setdefault(how, {}).setdefault(reason, {}).setdefault(asked_by, []).append(name)
    return grouped


def _confidence(decision: Decision) -> str:
    if decision.confidence is None:
        return f"not measured ({decision.confidence_reason or 'no reason given'})"
    words = f"{confidence_number(decision.confidence)} of 100"
    if found := decision.release_confidence:
        low, high = map(confidence_number, found.interval)
        words += f", {low} to {high} in 95 % of cases; certainty {found.certainty}"
    return f"{words} ({decision.confidence_reason})" if decision.confidence_reason else words


def _risk_words(risk: float, level: str, measured: float | None, share: float, look: Look) -> str:
    rest = "nothing of it is measured"
    if measured is not None:
        rest = f"{percent(share)} of the weight is measured: {risk_number(measured)} of 100"
    return f"{look.word(level)} ({risk_number(risk)} of 100; {rest})"


def _risk_rows(risk: RiskAssessment) -> Iterator[tuple[str, ...]]:
    for dimension in risk.dimensions:
        points = sum(metric.contribution for metric in dimension.metrics)
        yield dimension.dimension, "", risk_number(dimension.risk), f"{dimension.weight:.1%}", f"{points:.1f}", ""
        for metric in dimension.metrics:
            value = "not measured" if metric.reading.value is None else value_text(metric.reading.value)
            yield (
                f"  {metric.metric}",
                value,
                risk_number(metric.risk),
                f"{metric.weight:.1%}",
                f"{metric.contribution:.1f}",
                measured_by(metric.reading),
            )


def _gate(gate: GateResult, look: Look, *, measured_only: bool) -> Iterator[str]:
    """The gate and its criteria; a whole decision lists those without evidence by themselves."""
    hidden = {GateStatus.NOT_APPLICABLE} | ({GateStatus.NO_EVIDENCE} if measured_only else set())
    kind = f"{gate.enforcement}{'' if gate.mandatory else ', optional'}"
    yield f"  {look.word(gate.status, width=_STATUS_WIDTH)}  {gate.gate} ({kind})"
    for criterion in gate.criteria:
        if criterion.status not in hidden:
            yield f"    {look.word(criterion.status, width=_STATUS_WIDTH)}  {_criterion(criterion)}"


def _criterion(criterion: CriterionResult) -> str:
    evidence = measured_by(criterion.reading)
    return criterion.detail + (f"  [{evidence}]" if evidence else "")


def measured_by(reading: Reading) -> str:
    """Tool, file and time of a value, or the key where none of them is known; empty where nothing is measured."""
    evidence = reading.evidence
    if evidence is None or reading.value is None:
        return ""
    at = time_text(evidence.measured_at) if evidence.measured_at else None
    return ", ".join(filter(None, (evidence.tool, evidence.file, at))) or str(evidence.key)


_SECTIONS = {
    SummarySection.SIGNALS: "Quality signals",
    SummarySection.CHANGE: "What changes",
    SummarySection.MITIGATION: "Risk mitigation",
}
_RECOMMENDATIONS = {
    DecisionStatus.APPROVED: "deploy",
    DecisionStatus.APPROVED_WITH_WARNINGS: "deploy, and watch what the warnings name",
    DecisionStatus.PENDING_APPROVAL: "wait for the people who have to decide",
    DecisionStatus.INCONCLUSIVE: "do not deploy: first measure what is missing",
    DecisionStatus.BLOCKED: "do not deploy",
}


def _summary(title: str, rows: Sequence[SummaryLine], look: Look) -> list[str]:
    """What was measured; a subject that no gate asks about has no status."""
    width = max((len(row.label) for row in rows), default=0) + 1
    lines = []
    for row in rows:
        status = look.word(row.status, width=_STATUS_WIDTH) if row.status else look.blank(_STATUS_WIDTH)
        lines.append(f"  {status}  {row.label + ':':<{width}}  {row.words}")
    return ["", f"{title}:", *lines] if lines else []


def _rollback_words(prediction: RollbackPrediction | None) -> str | None:
    if prediction is None:
        return None
    low, high = prediction.interval_percent
    by = f"{prediction.method} of {prediction.deployments} deployments" if prediction.deployments else "only the prior"
    between = f"{shown(low)} to {shown(high)} %, {by}"
    return f"{prediction.level} ({shown(prediction.probability_percent)} %; {between})"


def _next_steps(decision: Decision, flags: str) -> list[str]:
    """Commands that lead on from a NO-GO."""
    if decision.approved or decision.hypothetical:
        return []
    steps = [f"aqe deploy blockers --version {decision.version}{flags} --detailed"]
    if people := _people(decision):
        steps += people
    else:
        steps.append(f"aqe deploy remediate --version {decision.version}{flags} --output remediation-plan.md")
    return _section("Next steps", steps, numbered=True)


def _people(decision: Decision) -> list[str]:
    """Commands that have somebody decide; none where that alone would not let the release pass."""
    reasons = decision.pending or decision.blockers
    others = [r for r in decision.blockers if not r.startswith("an approval is ")] or decision.inconclusive
    return [] if others else list(dict.fromkeys(_asks(reason, decision) for reason in reasons))


def _asks(reason: str, decision: Decision) -> str:
    version = f"--version {decision.version}"
    if reason.startswith("an approval is pending"):
        return f"aqe deploy approvals {version}"
    if reason.startswith("`aqe deploy emergency-approve`"):
        return f'aqe deploy emergency-approve {version} --approver ID --justification "..."'
    if any(reason == f"{gate.gate}: {c.detail}" for gate in decision.gates for c in gate.criteria):
        return f"have the ticket decided, then: {HOW_TO_MEASURE[SignalKind.APPROVALS].format(version=decision.version)}"
    return f"aqe deploy approve-request {version}"


def _section(title: str, items: Iterable[str], *, numbered: bool = False) -> list[str]:
    lines = [f"  {f'{number}.' if numbered else '-'} {item}" for number, item in enumerate(items, 1)]
    return ["", f"{title} ({len(lines)}):", *lines] if lines else []


def _not_applicable(entries: Iterable[NotApplicable]) -> list[str]:
    return _section("Not applicable, by the policy", [f"{entry.metric}: {entry.reason}" for entry in entries])


def _lifted(one: Lifted) -> str:
    names = f" of {', '.join(one.names)}" if one.names else ""
    return f"{one.kind}{names} by {one.by}, until {time_text(one.until)}: {one.reason}"


def _how(metric: MetricRisk, version: str) -> str:
    return HOW_TO_MEASURE[metric.kind].format(version=version)
