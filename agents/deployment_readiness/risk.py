"""How risky a release is: six dimensions, every metric through its curve, what is not measured at its worst.

Two things keep a missing measurement from looking good. `risk`, which decides, counts it 100. And what could veto if it
were measured, but is not, is named by `unseen`: it lifts the level like a veto, because otherwise deleting the worst
measurement of a catastrophic dimension would improve the decision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, fsum

from ...core.records.decisions.policy import MetricPolicy, Policy
from ...core.records.decisions.readiness import DimensionRisk, MetricRisk, RiskAssessment, RiskLevel
from ...core.records.evidence import Status
from ...core.records.signals import SignalKind
from .inputs import ReadinessInputs, Readings

LEVELS = ((20.0, RiskLevel.LOW), (40.0, RiskLevel.MEDIUM), (60.0, RiskLevel.HIGH))
"""Highest risk of each level (DESIGN 5); above is CRITICAL."""
VETO_AT = 80.0
"""Measured risk of a dimension, or of a metric marked `veto`, that no average may hide (DESIGN 5)."""
WORST = 100.0
_DECIMALS = 9
"""Floats are rounded here, so that a mean of exactly 20 is not 20.000000000000004 and MEDIUM."""


def level_of(risk: float) -> RiskLevel:
    """Level of a risk number."""
    return next((level for limit, level in LEVELS if risk <= limit), RiskLevel.CRITICAL)


def shown(risk: float) -> str:
    """A risk in print: one decimal, rounded up, so that 20.01 reads 20.1 beside MEDIUM."""
    return f"{ceil(round(risk * 10, 6)) / 10:g}"


def score(inputs: ReadinessInputs, policy: Policy) -> RiskAssessment:
    """Risk of the release under the policy's curves and weights.

    A metric that is not applicable leaves its weight to the rest of its dimension, a whole dimension to the others.
    """
    readings = Readings(inputs, policy)
    applicable = policy.applicable_risk()
    total = fsum(policy.risk[dimension].weight for dimension in applicable)
    dimensions = tuple(
        _dimension(dimension, policy.risk[dimension].weight / total, metrics, readings)
        for dimension, metrics in applicable.items()
    )
    return _assessed(inputs.release.version, dimensions, policy)


def rescore(risk: RiskAssessment, policy: Policy, readings: Readings, kind: SignalKind | None) -> RiskAssessment:
    """The assessment, had the metrics of one signal kind (None = of the history) other readings."""

    def row(dimension: str, metric: MetricRisk) -> MetricRisk:
        if metric.kind is not kind:
            return metric
        return _metric(metric.metric, policy.risk[dimension].metrics[metric.metric], metric.weight, readings)

    dimensions = tuple(
        _of_rows(d.dimension, d.weight, tuple(row(d.dimension, metric) for metric in d.metrics))
        for d in risk.dimensions
    )
    return _assessed(risk.version, dimensions, policy)


def _assessed(version: str, dimensions: tuple[DimensionRisk, ...], policy: Policy) -> RiskAssessment:
    metrics = [metric for dimension in dimensions for metric in dimension.metrics]
    risk = _mean(metrics)
    vetoed = [alarm.words for alarm in vetoes(dimensions, policy)]
    could_veto = [alarm.words for alarm in unseen(dimensions, policy)]
    level = level_of(risk)
    if (vetoed or could_veto) and level in (RiskLevel.LOW, RiskLevel.MEDIUM):
        level = RiskLevel.HIGH
    return RiskAssessment(
        version=version,
        risk=risk,
        risk_measured=_mean_measured(metrics),
        level=level,
        measured_share=round(fsum(metric.weight for metric in metrics if is_measured(metric)), _DECIMALS),
        dimensions=dimensions,
        not_applicable=policy.not_applicable,
        vetoes=tuple(vetoed),
        blockers=(*vetoed, *could_veto, *critical(risk, "risk")),
    )


def critical(risk: float | None, words: str) -> list[str]:
    """The reason for which a risk alone keeps a release back; none where it is not CRITICAL or not known."""
    if risk is None or level_of(risk) is not RiskLevel.CRITICAL:
        return []
    return [f"{words} is {shown(risk)} of 100"]


def is_measured(metric: MetricRisk) -> bool:
    """Whether there is a value behind the risk."""
    return metric.reading.status is not Status.NOT_MEASURED


@dataclass(frozen=True)
class Alarm:
    """Why a part of the risk vetoes, or could.

    Args:
        words: the reason.
        dimension: where.
        metric: the one that is a catastrophe on its own; None = the dimension as a whole.
    """

    words: str
    dimension: DimensionRisk
    metric: MetricRisk | None = None


def unseen(dimensions: Iterable[DimensionRisk], policy: Policy) -> tuple[Alarm, ...]:
    """What is not measured and could be a catastrophe: with it at its worst there would be a veto."""
    found = []
    for dimension in dimensions:
        if dimension.risk >= VETO_AT > (dimension.risk_measured or 0):
            found.append(Alarm(f"{dimension.dimension} could be {shown(dimension.risk)} of 100", dimension))
        found += [
            Alarm(f"{dimension.dimension}: {metric.metric} is not measured", dimension, metric)
            for metric in _marked(dimension, policy)
            if not is_measured(metric)
        ]
    return tuple(found)


def vetoes(dimensions: Iterable[DimensionRisk], policy: Policy) -> tuple[Alarm, ...]:
    """What is measured and a catastrophe."""
    found = []
    for dimension in dimensions:
        measured = dimension.risk_measured or 0
        if measured >= VETO_AT:
            found.append(Alarm(f"{dimension.dimension}: measured risk {shown(measured)} of 100", dimension))
        found += [
            Alarm(
                f"{dimension.dimension}: {metric.metric} {metric.reading.value} is risk {shown(metric.risk)} of 100",
                dimension,
                metric,
            )
            for metric in _marked(dimension, policy)
            if is_measured(metric) and metric.risk >= VETO_AT
        ]
    return tuple(found)


def _marked(dimension: DimensionRisk, policy: Policy) -> list[MetricRisk]:
    return [m for m in dimension.metrics if policy.risk[dimension.dimension].metrics[m.metric].veto]


def _dimension(name: str, weight: float, metrics: dict[str, MetricPolicy], readings: Readings) -> DimensionRisk:
    total = fsum(metric.weight for metric in metrics.values())
    rows = tuple(
        _metric(metric, policy, weight * policy.weight / total, readings) for metric, policy in metrics.items()
    )
    return _of_rows(name, weight, rows)


def _of_rows(name: str, weight: float, rows: tuple[MetricRisk, ...]) -> DimensionRisk:
    return DimensionRisk(
        dimension=name,
        weight=weight,
        risk=_mean(rows),
        risk_measured=_mean_measured(rows),
        metrics=rows,
    )


def _metric(name: str, policy: MetricPolicy, weight: float, readings: Readings) -> MetricRisk:
    reading = readings.read(policy)
    value = reading.value
    risk = policy.risk_at(value) if isinstance(value, int | float) else WORST
    return MetricRisk(
        metric=name,
        kind=policy.signal,
        field=policy.formula,
        reading=reading,
        risk=risk,
        weight=weight,
        contribution=risk * weight,
    )


def _mean(metrics: Sequence[MetricRisk]) -> float:
    # One formula for every mean: where all is measured, the two risks are the same number to the last digit.
    return round(fsum(m.risk * m.weight for m in metrics) / fsum(m.weight for m in metrics), _DECIMALS)


def _mean_measured(metrics: Iterable[MetricRisk]) -> float | None:
    rows = list(filter(is_measured, metrics))
    return _mean(rows) if rows else None
