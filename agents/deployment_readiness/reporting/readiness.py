"""The readiness report and the executive summary: the specification's sections, filled from stored records alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ....core.errors import NotFoundError
from ....core.records.decisions.changes import ReleaseChanges
from ....core.records.decisions.checklist import Checklist
from ....core.records.decisions.history import HISTORY_KEY
from ....core.records.decisions.readiness import Decision, RiskAssessment
from ....core.records.decisions.rollback_plan import RollbackPlan
from ....core.records.report import Line, Report, Section
from ...traced import Shelf, Stored
from ..names import PROJECT
from . import change, checklist, confidence, decision, risk, rollback
from .words import time_words


def reads(version: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The records a report is made from."""
    return (
        f"aqe/releases/{version}/decision",
        f"aqe/risk-scores/{version}",
        f"aqe/rollback-plans/{version}",
        f"aqe/releases/{version}/checklist",
        f"aqe/releases/{version}/changes",
        HISTORY_KEY,
    )


def readiness_report(version: str, records: Mapping[str, Any], now: datetime, *, summary: bool) -> Report:
    """The report.

    Args:
        version: of the release.
        records: what `reads` names, as far as it is there, and PROJECT.
        now: when the report is made, aware UTC.
        summary: only what fits on a page or two.

    Raises:
        NotFoundError: the release has not been assessed.
    """
    shelf = Shelf(records)
    key = f"aqe/releases/{version}/decision"
    decided = shelf.get(key, Decision)
    if not decided:
        raise NotFoundError(
            f"{version} has not been assessed: {decided.missing}", hint=f"aqe deploy assess --version {version}"
        )
    parts = _Parts(shelf, version, decided)
    sections = (_short if summary else _full)(decided, parts)
    return Report(
        title=("Deployment Readiness Report: ", decided["version"].say()),
        subtitle=_subtitle(decided),
        verdict=decision.verdict(decided),
        because=(decided["rule"].say(),),
        highlights=(
            decision.risk_fact(decided),
            confidence.confidence_fact(decided, parts.confidence),
            rollback.rollback_fact(parts.prediction),
            decision.gates_fact(decided),
            decision.share_fact(decided),
            checklist.checklist_fact(parts.checklist),
        ),
        sections=tuple(sections),
        footer=_footer(decided),
        generated_at=now,
    )


class _Parts:
    """What goes with the decision, each part there or with the reason why not."""

    def __init__(self, shelf: Shelf, version: str, decided: Stored) -> None:
        command = f"aqe deploy checklist --version {version}"
        assess = f"aqe deploy assess --version {version}"
        self.shelf = shelf
        self.risk = shelf.get(f"aqe/risk-scores/{version}", RiskAssessment, missing=f"no risk assessment; {assess}")
        self.confidence = decided["releaseConfidence"].or_missing(f"the decision has none; {assess}")
        self.prediction = decided["rollbackPrediction"].or_missing(f"the decision has none; {assess}")
        plan = f"aqe deploy rollback-plan --version {version}"
        self.plan = shelf.get(f"aqe/rollback-plans/{version}", RollbackPlan, missing=f"no rollback plan; {plan}")
        self.checklist = shelf.get(f"aqe/releases/{version}/checklist", Checklist, missing=f"not checked; {command}")
        self.changes = shelf.get(
            f"aqe/releases/{version}/changes",
            ReleaseChanges,
            missing="the changes were not collected; make the report, or run the checklist, inside the git clone",
        )
        self.history = shelf.get(HISTORY_KEY, missing="no deployment has been recorded")
        self.project = shelf.get(PROJECT, missing="aqe.yaml has no on_call section")


def _short(decided: Stored, parts: _Parts) -> Sequence[Section]:
    return (
        decision.key_metrics(decided, rollback.rollback_metric(parts.prediction)),
        change.changing(parts.changes),
        risk.assessment(decided, parts.risk),
        rollback.plan(parts.plan),
        confidence.drivers(decided, parts.confidence),
        decision.outstanding(decided, *checklist.open_items(parts.checklist)),
        change.on_call(parts.project),
        decision.recommendation(decided),
    )


def _full(decided: Stored, parts: _Parts) -> Sequence[Section]:
    *summary, recommendation = _short(decided, parts)
    return (
        *summary,
        decision.gates(decided),
        *decision.people(decided),
        *risk.metrics(parts.risk),
        rollback.prediction(parts.prediction),
        checklist.checklist_section(parts.checklist),
        confidence.past(parts.history),
        *decision.missing_evidence(decided),
        decision.evidence(parts.shelf, decided),
        recommendation,
    )


def _subtitle(decided: Stored) -> Line:
    release = decided["release"]
    return (
        "Commit ",
        release["commit"].say(lambda commit: str(commit)[:12], reason="the commit is not known"),
        ", environment ",
        release["environment"].say(),
        ", assessed ",
        decided["assessedAt"].say(time_words),
    )


def _footer(decided: Stored) -> Line:
    policy: Line = ("Policy ", decided["policy"].say(), ". Audit log ")
    return (*policy, *decided["auditHead"].why("the decision carries no head of the audit log"), ".")
