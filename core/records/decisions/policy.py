"""A policy: the gates a release must pass, and how what was measured becomes risk; config/policy.py reads the YAML."""

from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, FiniteFloat, model_validator

from ...criteria import Source
from ...freezing import Every, frozen_until
from ...objectives import Sets
from ..base import Record
from ..rollouts.rollback_rules import RollbackRules
from ..signals import SignalKind
from .readiness import Enforcement, NotApplicable

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


class NoData(StrEnum):
    """What a gate makes of a criterion without evidence."""

    INCONCLUSIVE = "inconclusive"
    """It does not hold, and has not failed."""
    FAIL = "fail"


class NoBaseline(StrEnum):
    """What a relative criterion is where there is no earlier release to compare with."""

    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    PASS = "pass"
    """As Keptn has it: the first release passes, and the decision says so."""


class Comparison(Record):
    """Which earlier releases relative criteria compare with."""

    releases: Annotated[int, Field(ge=1, le=100, strict=True)] = 3
    """The latest so many deployments to the same environment whose values are known."""
    aggregate: Literal["avg", "p50", "p90", "p95"] = "avg"
    outcomes: Literal["success", "all"] = "success"
    """Only deployments that ended well, or all."""
    no_baseline: NoBaseline = NoBaseline.INCONCLUSIVE


class Rule(Record):
    """More than a limit: what passes, what warns, what it weighs."""

    passes: Sets = Field(min_length=1)
    """Sets of criteria (core/objectives.py): one set must hold, all of it; `pass:` in YAML."""
    warns: Sets = ()
    """The same, for what only warns; `warning:` in YAML."""
    weight: Weight = 1.0
    key: bool = False
    """Where the gate is scored: when this fails, the gate does."""

    @property
    def text(self) -> str:
        """What passes, in print: `<=500 and <=+10%, or <=100`."""
        return ", or ".join(" and ".join(each) for each in self.passes)


class Scoring(Record):
    """A gate that is judged by its score instead of by each criterion; `total_score:` in YAML."""

    pass_percent: Annotated[Number, Field(ge=0, le=100)]
    warning_percent: Annotated[Number, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.warning_percent > self.pass_percent:
            raise ValueError("warning must not be above pass")
        return self


class GatePolicy(Record):
    """One gate and its criteria."""

    gate: str
    mandatory: bool
    enforcement: Enforcement
    criteria: dict[str, Limit]
    """Name in core/criteria.CRITERIA -> limit."""
    rules: dict[str, Rule] = Field(default_factory=dict)
    """Other criteria, which take more than a limit."""
    no_data: NoData = NoData.INCONCLUSIVE
    comparison: Comparison = Comparison()
    """`compare_with:` in YAML."""
    scoring: Scoring | None = None
    """None = each criterion must hold."""


class FreezeWindow(Record):
    """A time in which nothing is deployed; a gate of its own."""

    name: str
    every: Every = "once"
    starts: str
    """`2026-12-20 18:00`; every day `18:00`, every week `Fri 16:00`, every year `12-20 18:00`. `from:` in YAML."""
    ends: str
    """The same; the first such moment after it starts. `to:` in YAML."""
    time_zone: str
    """IANA name: `Europe/Vienna`."""
    enforcement: Enforcement = Enforcement.BLOCKING
    environments: tuple[str, ...] = ()
    """None named = all."""
    except_versions: tuple[str, ...] = ()
    """Globs: `*-hotfix`."""
    except_dates: tuple[date, ...] = ()
    """Days on which it does not hold, in its time zone."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        frozen_until(self.every, self.starts, self.ends, self.time_zone, datetime(2026, 1, 1, tzinfo=UTC))
        return self


class Waiver(Record):
    """A criterion, or a whole gate, that does not count for a while; named in every decision that uses it."""

    gate: str | None = None
    criterion: str | None = None
    up_to: float | None = None
    """Only up to this value, and then only where it was measured; None = whatever it is."""
    reason: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for it."""
    expires_at: AwareDatetime
    """`expires: 2026-03-31` in YAML is the end of that day, UTC."""

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.gate is None and self.criterion is None:
            raise ValueError("a waiver names a gate, a criterion or both")
        if self.up_to is not None and self.criterion is None:
            raise ValueError("up_to needs the criterion whose value it bounds")
        return self

    @property
    def names(self) -> str:
        """What it waives, in print."""
        return ".".join(filter(None, (self.gate, self.criterion)))


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
    freeze_windows: tuple[FreezeWindow, ...] = ()
    waivers: tuple[Waiver, ...] = ()
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
