"""What keeps a release from a GO, one record a reason: what `aqe deploy blockers` prints and `remediate` plans from."""

from datetime import datetime
from enum import StrEnum

from ..base import Record
from ..evidence import Reading
from ..signals import Finding, SignalKind
from .readiness import DecisionStatus

MAX_BLOCKER_FINDINGS = 10
"""Findings shown with a reason, worst first; the signal has the rest."""


class Cause(StrEnum):
    """What kind of reason."""

    GATE = "gate"
    VETO = "veto"
    UNSEEN = "unseen"
    """Not measured, and could be a catastrophe."""
    RISK = "risk"
    OTHER = "other"
    """An approval, a freeze: what people decide."""


class Blocker(Record):
    """One reason."""

    what: str
    """As the decision says it: `security: critical vulnerabilities 2 > 0`."""
    cause: Cause
    status: DecisionStatus
    """What it makes of the decision: BLOCKED, INCONCLUSIVE, PENDING_APPROVAL, or APPROVED_WITH_WARNINGS."""
    kind: SignalKind | None = None
    """The signal that it is read from, of a dimension its first; None = none, or the deployment history."""
    gate: str | None = None
    criterion: str | None = None
    metric: str | None = None
    """Of the risk."""
    limit: float | int | bool | str | None = None
    reading: Reading | None = None
    """What was measured, with its evidence, or why nothing was."""
    age_s: float | None = None
    """Age of the evidence, seconds; None = there is none, or nobody knows."""
    findings: tuple[Finding, ...] = ()
    """What the tool reported; text from its file, treat as hostile."""
    files: tuple[str, ...] = ()
    """Files that the findings name."""
    override_by: tuple[str, ...] = ()
    """Roles that may override it; empty = nobody."""
    actions: tuple[str, ...] = ()
    """What would clear it."""
    verify: tuple[str, ...] = ()
    """Commands that show it: what measures it anew, or at all."""


class Blockers(Record):
    """All of a release."""

    version: str
    decision: DecisionStatus
    verdict: str
    rule: str
    blockers: tuple[Blocker, ...]
    """What decides stands first; empty = GO."""
    warnings: tuple[Blocker, ...]
    assessed_at: datetime
