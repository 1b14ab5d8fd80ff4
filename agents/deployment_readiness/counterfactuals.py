"""What would have to be different for the risk to be lower: every answer is found by scoring again.

Three questions. What is the smallest change of one single metric that alone reaches the next lower level? What would it
bring to bring each metric that is too risky to where its own curve ends LOW? And which missing measurement, one command
each, could lower the risk most? What is past cannot be changed: the deployment history is only ever measured.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, log10

from pydantic import ValidationError

from ...core.evidence_ways import HOW_TO_MEASURE
from ...core.numbers import shown as number
from ...core.records.decisions.policy import MetricPolicy, Policy
from ...core.records.decisions.readiness import Counterfactual, MetricRisk, Recommendation, RiskAssessment, RiskLevel
from ...core.records.signals import SIGNAL_METRICS, MetricValue, SignalKind
from .inputs import ReadinessInputs, Readings
from .risk import LEVELS, is_measured, rescore, shown
from .words import unit_of

_ACCEPTABLE = LEVELS[0][0]
"""Risk of a metric at which its own curve is LOW."""
_GRID = 50
"""A change is told in steps of a power of ten of which the whole way to the best value has at least so many."""
_ORDER = list(RiskLevel)


def advised(risk: RiskAssessment, inputs: ReadinessInputs, policy: Policy) -> RiskAssessment:
    """The assessment with its counterfactuals and recommendations.

    Args:
        risk: `score(inputs, policy)`.
    """
    case = _Case(risk, policy, Readings(inputs, policy))
    actions = sorted((*_improvements(case), *_measurements(case)), key=lambda each: -each.points)
    return risk.model_copy(
        update={"recommendations": tuple(actions), "counterfactuals": tuple(_next_lower_level(case))}
    )


@dataclass(frozen=True)
class _Case:
    """What is scored again."""

    risk: RiskAssessment
    policy: Policy
    readings: Readings

    def changeable(self) -> Iterator["_Metric"]:
        """Metrics that were measured and that work on the release could change."""
        for dimension in self.risk.dimensions:
            for metric in dimension.metrics:
                value = metric.reading.value
                if metric.kind is not None and isinstance(value, int | float) and metric.risk > 0:
                    rule = self.policy.risk[dimension.dimension].metrics[metric.metric]
                    yield _Metric(dimension.dimension, metric, metric.kind, rule, value)

    def had(self, kind: SignalKind | None, changes: Mapping[str, MetricValue]) -> RiskAssessment:
        """The assessment, had these fields these values."""
        return rescore(self.risk, self.policy, self.readings.but(kind, changes), kind)

    def changed(self, metric: "_Metric", value: float) -> Counterfactual:
        """The assessment, had the metric this value."""
        changes = _changes(metric.rule, self.readings.values(metric.kind), value)
        after = self.had(metric.kind, changes)
        before = self.risk
        level = f" ({after.level})" if after.level is not before.level else ""
        lowers = f"risk {shown(before.risk)} -> {shown(after.risk)}{level}"
        return Counterfactual(
            metric=metric.row.metric,
            dimension=metric.dimension,
            kind=metric.kind,
            changes=changes,
            value=metric.value,
            value_needed=value,
            risk=before.risk,
            risk_after=after.risk,
            level=before.level,
            level_after=after.level,
            words=f"{metric.label} {metric.shown(metric.value)} -> {metric.shown(value)}: {lowers}",
        )


@dataclass(frozen=True)
class _Metric:
    dimension: str
    row: MetricRisk
    kind: SignalKind
    rule: MetricPolicy
    value: float

    @property
    def label(self) -> str:
        name = self.rule.field[0] if self.rule.combine == "of" else self.row.metric
        return name.replace("_", " ")

    def shown(self, value: float) -> str:
        return f"{number(value)}{unit_of(self.rule.field[0])}"

    @property
    def best(self) -> float:
        """The nearest value of least risk."""
        least = min(point.risk for point in self.rule.curve)
        return min((p.value for p in self.rule.curve if p.risk == least), key=lambda value: abs(value - self.value))

    def is_acceptable(self, value: float) -> bool:
        return self.rule.risk_at(value) <= _ACCEPTABLE

    def grid(self) -> "_Grid":
        return _Grid.between(self.value, self.best, whole=isinstance(self.value, int))


@dataclass(frozen=True)
class _Grid:
    """Round values on the way from one value to another: `at(0)` is the first, `at(count)` the last."""

    start: float
    end: float
    step: float
    """Below 0 where the end is the smaller one."""
    count: int
    whole: bool
    """Whether the values count something."""

    @classmethod
    def between(cls, start: float, end: float, *, whole: bool) -> "_Grid":
        if whole:
            end = floor(end) if end < start else ceil(end)
        way = abs(end - start)
        step = 10.0 ** floor(log10(way / _GRID)) if way else 1.0
        if whole:
            step = max(step, 1.0)
        return cls(start, end, step if end > start else -step, ceil(way / step) + 1 if way else 0, whole)

    def at(self, index: int) -> float:
        if index <= 0 or index >= self.count:
            return self.start if index <= 0 else self.end
        first = (floor if self.step > 0 else ceil)(self.start / abs(self.step)) * abs(self.step)
        value = round(first + index * self.step, 9)
        value = min(value, self.end) if self.step > 0 else max(value, self.end)
        return round(value) if self.whole else value

    def first(self, enough: Callable[[float], bool]) -> float | None:
        """The value nearest to the start that is enough; None = not even the last one is."""
        if not self.count or not enough(self.end):
            return None
        low, high = 0, self.count  # low is not enough, high is
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(self.at(middle)) else (middle, high)
        return self.at(high)


def value_below(rule: MetricPolicy, metric: MetricRisk, limit: float) -> float | None:
    """The nearest round value at which the metric's risk is below a limit; None = none, or not measured."""
    value = metric.reading.value
    if metric.kind is None or not isinstance(value, int | float):
        return None
    case = _Metric("", metric, metric.kind, rule, value)
    return case.grid().first(lambda value: rule.risk_at(value) < limit)


def _next_lower_level(case: _Case) -> Iterator[Counterfactual]:
    """The smallest single changes that reach it, those that leave least risk first."""
    if case.risk.level is RiskLevel.LOW:
        return
    found = []
    for metric in case.changeable():

        def lower(value: float, metric: _Metric = metric) -> bool:
            after = case.had(metric.kind, _changes(metric.rule, case.readings.values(metric.kind), value))
            return _ORDER.index(after.level) < _ORDER.index(case.risk.level)

        value = metric.grid().first(lower)
        if value is not None and _is_possible(metric.kind, case.changed(metric, value).changes):
            found.append(case.changed(metric, value))
    yield from sorted(found, key=lambda each: each.risk_after)


def _improvements(case: _Case) -> Iterator[Recommendation]:
    """Each metric that is not LOW by its own curve, brought there."""
    for metric in case.changeable():
        if metric.is_acceptable(metric.value):
            continue
        value = metric.grid().first(metric.is_acceptable)
        if value is None:
            continue
        changed = case.changed(metric, value)
        if changed.risk_after < changed.risk and _is_possible(metric.kind, changed.changes):
            verb = "raise" if value > metric.value else "lower"
            yield Recommendation(
                action=f"{verb} {metric.label} from {metric.shown(metric.value)} to {metric.shown(value)}",
                why=f"{metric.dimension}: it is risk {shown(metric.row.risk)} of 100"
                f" with {100 * metric.row.weight:.2g} % of the weight",
                points=changed.risk - changed.risk_after,
                counterfactual=changed,
            )


def _measurements(case: _Case) -> Iterator[Recommendation]:
    """Each command that would measure what is missing; what it brings at most."""
    missing: dict[SignalKind | None, list[tuple[MetricPolicy, MetricRisk]]] = {}
    for dimension in case.risk.dimensions:
        for metric in dimension.metrics:
            if not is_measured(metric):
                rule = case.policy.risk[dimension.dimension].metrics[metric.metric]
                missing.setdefault(metric.kind, []).append((rule, metric))
    for kind, metrics in missing.items():
        best: dict[str, MetricValue] = {}
        for rule, _ in metrics:
            best |= _at_best(rule)
        at_best = case.had(kind, best)
        names = tuple(metric.metric for _, metric in metrics)
        yield Recommendation(
            action=HOW_TO_MEASURE[kind].format(version=case.risk.version),
            why=f"not measured and counted as 100: {', '.join(names)}; {metrics[0][1].reading.reason}",
            points=case.risk.risk - at_best.risk,
            measures=names,
        )


def _changes(rule: MetricPolicy, now: Mapping[str, MetricValue], value: float) -> dict[str, MetricValue]:
    """The fields that would change for the metric to have this value; of a sum, the first named ones first."""
    if rule.combine == "of" or len(rule.field) == 1:
        return {rule.field[0]: value}
    fields = {name: held for name in rule.field if isinstance(held := now[name], int | float)}
    if rule.combine == "max":
        return {name: min(held, value) for name, held in fields.items() if held > value} or {rule.field[0]: value}
    changes: dict[str, MetricValue] = {}
    too_much = sum(fields.values()) - value
    for name, held in fields.items():
        taken = min(held, too_much)
        if taken:
            changes[name] = held - taken
            too_much -= taken
    return changes


def _at_best(rule: MetricPolicy) -> dict[str, MetricValue]:
    """Field values at which the metric is least risky."""
    best = min(rule.curve, key=lambda point: point.risk).value
    if rule.combine == "of":
        return {rule.field[0]: best, rule.field[1]: max(best, 1)}
    rest = best if rule.combine == "max" else 0
    return {rule.field[0]: best, **dict.fromkeys(rule.field[1:], rest)}


def _is_possible(kind: SignalKind, changes: Mapping[str, MetricValue]) -> bool:
    """Whether the fields can have such values: a policy's curve may go on where they cannot."""
    try:
        SIGNAL_METRICS[kind].model_validate(changes)
    except ValidationError:
        return False
    return True
