"""What deployment-readiness says: risk, gates, decision. One vocabulary for JSON, events and the command line."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ..base import Record
from ..evidence import Reading
from ..release import Release
from ..signals import MetricValues, SignalKind
from .confidence import ReleaseConfidence
from .prediction import RollbackPrediction


class DecisionStatus(StrEnum):
    """Best first; the first rule of DESIGN section 5 that holds decides."""

    APPROVED = "APPROVED"
    APPROVED_WITH_WARNINGS = "APPROVED_WITH_WARNINGS"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    INCONCLUSIVE = "INCONCLUSIVE"
    BLOCKED = "BLOCKED"


GO = frozenset({DecisionStatus.APPROVED, DecisionStatus.APPROVED_WITH_WARNINGS})


class RiskLevel(StrEnum):
    """LOW <= 20, MEDIUM <= 40, HIGH <= 60, else CRITICAL, on the real number."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class MetricRisk(Record):
    """One metric's share in its dimension."""

    metric: str
    """Name in the policy: `branch_coverage`."""
    kind: SignalKind | None
    """Signal it is read from; None = from the deployment history."""
    field: str
    """Metric name in that signal."""
    reading: Reading
    risk: float
    """0-100; 100 when not measured."""
    weight: float
    """Share of the total risk, 0-1, after not-applicable metrics left."""
    contribution: float
    """risk * weight: points of the total."""


class DimensionRisk(Record):
    """One of the six dimensions."""

    dimension: str
    weight: float
    risk: float
    """Unmeasured metrics at their worst."""
    risk_measured: float | None
    """Over the measured metrics; None = nothing measured."""
    metrics: tuple[MetricRisk, ...]


class NotApplicable(Record):
    """A metric the policy leaves out, and why; named in every decision."""

    metric: str
    reason: str


class Counterfactual(Record):
    """What the risk would be if one metric were another; found by scoring again, not by a rule of thumb."""

    metric: str
    dimension: str
    kind: SignalKind
    changes: MetricValues
    """Fields of the signal -> the value each would have; what `assess --what-if` takes."""
    value: float
    """Now."""
    value_needed: float
    risk: float
    """Now."""
    risk_after: float
    level: RiskLevel
    """Now."""
    level_after: RiskLevel
    words: str
    """`branch coverage 82 -> 85 lowers risk 34 -> 29 (MEDIUM)`."""


class Recommendation(Record):
    """One thing that would lower the risk, and by how much."""

    action: str
    """`raise branch coverage from 72 to 80`, or the command that measures what is missing."""
    why: str
    points: float
    """Of the total risk, by scoring again; an upper bound for a measurement that is still to be made."""
    measures: tuple[str, ...] = ()
    """Metrics that the action would measure; empty = it changes a measured one."""
    counterfactual: Counterfactual | None = None


class RiskAssessment(Record):
    """The value at `aqe/deployment/risk-score`."""

    version: str
    risk: float
    """Decides: unmeasured metrics at their worst, 0-100, higher is worse."""
    risk_measured: float | None
    level: RiskLevel
    """Of `risk`, lifted to HIGH by a catastrophic dimension."""
    measured_share: float
    """Weight of the measured metrics, 0-1."""
    dimensions: tuple[DimensionRisk, ...]
    not_applicable: tuple[NotApplicable, ...] = ()
    vetoes: tuple[str, ...] = ()
    """Measured dimensions at 80 or more, in words."""
    blockers: tuple[str, ...] = ()
    """What of the risk alone keeps the release from a GO: vetoes, what could be one, a CRITICAL risk."""
    recommendations: tuple[Recommendation, ...] = ()
    """What would lower the risk most stands first."""
    counterfactuals: tuple[Counterfactual, ...] = ()
    """The smallest change of each single metric that alone reaches the next lower level; none where none does."""


class Enforcement(StrEnum):
    """What a failed gate does."""

    BLOCKING = "BLOCKING"
    WARNING = "WARNING"
    ADVISORY = "ADVISORY"


class GateStatus(StrEnum):
    """A gate or a criterion."""

    PASSED = "PASSED"
    ATTESTED = "ATTESTED"
    WARNING = "WARNING"
    """Measured, and in the band that the policy only warns of."""
    WAIVED = "WAIVED"
    """Does not hold, and the policy waives it for a while."""
    PENDING = "PENDING"
    """Somebody has still to decide (a change ticket): evidence for neither side."""
    FAILED = "FAILED"
    NO_EVIDENCE = "NO_EVIDENCE"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Lifted(Record):
    """Something that did not count in a decision, and by whose authority; every decision names them all."""

    kind: str
    """approval, override, waiver."""
    names: tuple[str, ...]
    """Gates, dimensions or criteria; empty for an approval."""
    by: str
    """Approver, or owner of the waiver."""
    reason: str
    until: datetime


class CriterionResult(Record):
    """One line of a gate: `max_p95_latency_ms: 500`."""

    criterion: str
    limit: float | int | bool | str
    reading: Reading
    status: GateStatus
    detail: str
    """`p95 487 ms <= 500 ms`, or why there is no evidence."""
    lifted: Lifted | None = None
    """The waiver by which it is WAIVED."""


class GateResult(Record):
    """One gate."""

    gate: str
    mandatory: bool
    enforcement: Enforcement
    status: GateStatus
    criteria: tuple[CriterionResult, ...]
    score: float | None = None
    """0-100, what is not known counting nothing; None = each criterion must hold by itself."""
    detail: str | None = None
    """Of a scored gate: `score 82 of 100 >= 75`."""


class SummarySection(StrEnum):
    """What a line of the summary is about."""

    SIGNALS = "signals"
    CHANGE = "change"
    MITIGATION = "mitigation"


class SummaryLine(Record):
    """One subject of what was measured, in words."""

    section: SummarySection
    label: str
    """`Test coverage`."""
    kind: SignalKind
    status: GateStatus | None
    """The worst of the gates' criteria about it; None = no gate asks."""
    words: str
    """`line coverage 87.2 % (at least 85 %), branch coverage 82.4 % (at least 80 %)`."""


class Decision(Record):
    """The value at `aqe/deployment/decision`, byte for byte what `assess --json` prints."""

    version: str
    release: Release
    decision: DecisionStatus
    approved: bool
    verdict: str
    """GO or NO-GO."""
    rule: str
    """The rule that decided, in one sentence."""
    hypothetical: bool = False
    """True = of `assess --what-if`: about signals that nobody measured; stored nowhere."""
    risk: float
    risk_measured: float | None
    risk_level: RiskLevel
    measured_share: float
    confidence: float | None
    """0-100, or null: not measured."""
    confidence_reason: str | None = None
    release_confidence: ReleaseConfidence | None = None
    rollback_prediction: RollbackPrediction | None = None
    blockers: tuple[str, ...]
    """Reasons for BLOCKED."""
    inconclusive: tuple[str, ...] = ()
    """Reasons for INCONCLUSIVE, also where others decide."""
    pending: tuple[str, ...] = ()
    """Reasons for PENDING_APPROVAL, also where others decide."""
    vetoes: tuple[str, ...] = ()
    """Catastrophic measurements, each `dimension: what`, overridden ones too."""
    warnings: tuple[str, ...]
    advisories: tuple[str, ...]
    missing_evidence: tuple[str, ...]
    """Gates and metrics without evidence, each with how to get it."""
    not_applicable: tuple[NotApplicable, ...] = ()
    lifted: tuple[Lifted, ...] = ()
    """Approvals, overrides and waivers that count here."""
    remarks: tuple[str, ...] = ()
    """Approvals, overrides and waivers that do not count, and why."""
    gates: tuple[GateResult, ...]
    summary: tuple[SummaryLine, ...] = ()
    """What was measured, a line a subject; also what no gate asks for."""
    policy: str
    """Name and digest of the policy that was applied."""
    evidence: tuple[str, ...] = Field(default=())
    """Memory keys the decision was made from."""
    audit_head: str
    """Hash of the last entry of the audit log when this was decided: `aqe audit verify --head`."""
    assessed_at: datetime
