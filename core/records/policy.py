"""A policy: the gates a release must pass, and how what was measured becomes risk; config/policy.py reads the YAML."""

from itertools import pairwise
from typing import Annotated, NamedTuple, Self

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


class GateOverrides(Record):
    """Who may override a failed gate, and what it takes."""

    enabled: bool = False
    requires_approval_from: tuple[str, ...] = ()
    """Roles of `aqe.yaml`."""
    override_justification_required: bool = True
    audit_log: bool = True


class Policy(Record):
    """All of it, checked."""

    name: str
    digest: str
    """SHA-256 of the file's bytes, hexadecimal."""
    gates: tuple[GatePolicy, ...]
    gate_overrides: GateOverrides = GateOverrides()
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
