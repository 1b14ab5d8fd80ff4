"""Why a release is decided as it is."""

from ...core.numbers import percent
from ...core.records.decisions.blockers import Blockers
from ...core.records.decisions.explanation import Explanation
from ...core.records.decisions.readiness import Decision, RiskAssessment
from .risk import shown


def explain(decision: Decision, risk: RiskAssessment, blockers: Blockers, stored: Decision | None) -> Explanation:
    """One sentence, and what stands behind it.

    Args:
        decision: as the evidence of now has it.
        risk, blockers: the decision's.
        stored: what was decided last; None = nothing was.
    """
    other = None
    if stored is not None and (stored.decision, stored.rule) != (decision.decision, decision.rule):
        at = stored.assessed_at.isoformat(timespec="seconds")
        other = f"{stored.decision}, decided {at}: {stored.rule}. Evidence or policy has changed since."
    return Explanation(why=_sentence(decision), stored=other, decision=decision, blockers=blockers, risk=risk)


def _sentence(decision: Decision) -> str:
    rule = decision.rule[0].lower() + decision.rule[1:]
    measured = f"{percent(decision.measured_share)} of it measured"
    return (
        f"{decision.version} is {decision.decision} ({decision.verdict}) at risk {shown(decision.risk)} of 100,"
        f" {measured}, because {rule}."
    )
