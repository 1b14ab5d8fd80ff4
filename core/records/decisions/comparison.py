"""Two releases side by side, and why the decisions about them differ."""

from datetime import datetime
from enum import StrEnum

from ..base import Record
from ..evidence import Reading
from .readiness import Decision, DecisionStatus, Enforcement, GateStatus, RiskLevel


class Change(StrEnum):
    """From the baseline to the candidate."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNKNOWN = "unknown"
    """Not measured, or not asked, on one side or on both."""


class Side(Record):
    """What was decided about one of them."""

    version: str
    decision: DecisionStatus
    verdict: str
    rule: str
    risk: float
    risk_measured: float | None
    risk_level: RiskLevel
    measured_share: float
    confidence: float | None
    policy: str
    assessed_at: datetime

    @classmethod
    def of(cls, decision: Decision) -> "Side":
        """The side of a decision."""
        return cls(**{name: getattr(decision, name) for name in cls.model_fields})


class ComparedMetric(Record):
    """One metric of the risk."""

    dimension: str
    metric: str
    baseline: Reading | None
    """None = not applicable there."""
    candidate: Reading | None
    points_baseline: float
    """Of the total risk."""
    points_candidate: float
    change: Change


class ComparedGate(Record):
    """One criterion of a gate."""

    gate: str
    criterion: str
    enforcement: Enforcement
    baseline: GateStatus | None
    """None = not asked there."""
    candidate: GateStatus | None
    detail_baseline: str | None
    detail_candidate: str | None
    change: Change


class Comparison(Record):
    """What `aqe deploy compare` prints."""

    baseline: Side
    candidate: Side
    risk_change: float
    """Candidate less baseline; the metrics' points add up to it."""
    metrics: tuple[ComparedMetric, ...]
    """What moved the risk most stands first."""
    gates: tuple[ComparedGate, ...]
    why: tuple[str, ...]
    """Why the decisions differ, or do not."""
    notes: tuple[str, ...]
    """What makes the two less comparable."""
