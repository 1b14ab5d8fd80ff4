"""A policy: the gates a release must pass, and how what was measured becomes risk; config/policy.py reads the YAML."""

from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, FiniteFloat, model_validator

from ..criteria import Source
from .base import Record
from .readiness import Enforcement, NotApplicable
from .rollback_rules import RollbackRules
from .signals import SignalKind

DIMENSIONS = ("codeQuality", "testCoverage", "performance", "security", "changeRisk", "historicalStability")
"""The specification's six, spelt as there. A policy has them all, or says why one is not applicable."""

Limit = bool | int | float | str
Number = Annotated[FiniteFloat, Field(strict=True)]
Weight = Annotated[Number, Field(gt=0)]


class CurvePoint(NamedTuple):
    """At this value of the metric, this risk; written `[value, risk]`."""

    value: Number
    risk: Annotated[Number, Field(ge=0, le=100)]


class MetricPolicy(Source):
    """How one metric becomes a risk of 0 to 100."""

    curve: tuple[CurvePoint, ...] = Field(min_length=2)
    """Linear between the points, flat outside; it may only get worse in the direction in which the metric does."""
    weight: Weight = 1.0
    """Relative to the other metrics of the dimension."""
    veto: bool = False
    """A catastrophe on its own: measured at 80 or more it vetoes, whatever the rest of its dimension says."""

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if not self.is_numeric:
            raise ValueError(f"{' and '.join(self.field)} cannot be read as a number")
        if any(a.value >= b.value for a, b in pairwise(self.curve)):
            raise ValueError("the curve's values must ascend: [[smallest, risk], ..., [largest, risk]]")
        steps = [b.risk - a.risk for a, b in pairwise(self.curve)]
        if self.better != "higher" and min(steps) < 0 and (self.better == "lower" or max(steps) > 0):
            raise ValueError("the curve must not fall: the metric is worse the higher it is")
        if self.better == "higher" and max(steps) > 0:
            raise ValueError("the curve must not rise: the metric is better the higher it is")
        return self

    def risk_at(self, value: float) -> float:
        """Risk of a finite value, 0-100."""
        curve = self.curve
        if value <= curve[0].value:
            return curve[0].risk
        for a, b in pairwise(curve):
            if value <= b.value:
                risk = a.risk + (b.risk - a.risk) * ((value - a.value) / (b.value - a.value))
                # Rounding may pass the end point by an ulp, which would not be monotone.
                return min(max(risk, min(a.risk, b.risk)), max(a.risk, b.risk))
        return curve[-1].risk


class DimensionPolicy(Record):
    """One of the six dimensions."""

    weight: Weight
    """Relative to the other dimensions."""
    metrics: dict[str, MetricPolicy] = Field(min_length=1)


class GatePolicy(Record):
    """One gate and its criteria."""

    gate: str
    mandatory: bool
    enforcement: Enforcement
    criteria: dict[str, Limit]
    """Name in core/criteria.CRITERIA -> limit."""


People = Annotated[int, Field(ge=1, le=10, strict=True)]
DAY_S = 86_400.0


class GateOverrides(Record):
    """Who may override a failed gate or a veto, and what it takes."""

    enabled: bool = False
    requires_approval_from: tuple[str, ...] = ()
    """Roles of `aqe.yaml`; required where overrides are enabled."""
    override_justification_required: Literal[True] = True
    """There is no override without one."""
    audit_log: Literal[True] = True
    """There is no override that is not in it."""
    people: People = 1
    """So many must override the same gate."""
    valid_s: float = DAY_S
    """How long one lasts; `valid: 8h` in YAML."""

    @model_validator(mode="after")
    def _by_somebody(self) -> Self:
        if self.enabled and not self.requires_approval_from:
            raise ValueError("requires_approval_from must name the roles that may override, or enabled be false")
        return self


class ApprovalRules(Record):
    """What an approval takes under this policy."""

    required: bool = False
    """Ask for one whatever the risk; HIGH risk always asks for one."""
    people: People = 1
    """2 = the two-person rule."""
    roles: tuple[str, ...] = ()
    """Roles of `aqe.yaml` that may grant; none = any approver."""
    commit_author_may_approve: bool = True
    valid_s: float = DAY_S
    """How long a request waits, and how long a grant lasts; `valid: 8h` in YAML."""


class Policy(Record):
    """All of it, checked."""

    name: str
    digest: str
    """SHA-256 of the file's bytes, hexadecimal."""
    gates: tuple[GatePolicy, ...]
    gate_overrides: GateOverrides = GateOverrides()
    approvals: ApprovalRules = ApprovalRules()
    fast_track: bool = False
    """The narrower policy of `--fast-track`: nothing passes it without an emergency approval."""
    risk: dict[str, DimensionPolicy]
    max_age_s: dict[SignalKind, float]
    """A signal older than this is stale: no evidence."""
    history_window_s: float
    """Deployments older than this say nothing about this release."""
    rollback: RollbackRules = RollbackRules()
    not_applicable: tuple[NotApplicable, ...] = ()
    """Criteria, gates, risk metrics or dimensions that this policy leaves out; a name that means several, all."""

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        left = self.applicable_risk()
        if not left:
            raise ValueError("every risk metric is not applicable: nothing is left to decide by")
        return self

    @property
    def label(self) -> str:
        """Name and digest, as decisions name it and approvals are bound to it."""
        return f"{self.name} sha256:{self.digest}"

    def is_left_out(self, *names: str) -> bool:
        """True when one of these names is declared not applicable."""
        return any(entry.metric in names for entry in self.not_applicable)

    def applicable_risk(self) -> dict[str, dict[str, MetricPolicy]]:
        """Dimension -> metric -> policy, without what is not applicable; a dimension with nothing left is left out."""
        left = {
            dimension: {m: metric for m, metric in policy.metrics.items() if not self.is_left_out(dimension, m)}
            for dimension, policy in self.risk.items()
        }
        return {dimension: metrics for dimension, metrics in left.items() if metrics}
