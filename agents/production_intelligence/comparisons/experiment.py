"""A/B impact: what each variant did against the control, at any look, with the chance of ever being wrong bounded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from ....analysis.inference.always_valid import ALPHA, CountTest, RankTest, mean_difference_interval
from ....core.errors import NoData, TaskVetoed
from ....core.numbers import amount
from ....core.records.evidence import NotMeasured
from ....core.records.production.experiment import Arm, ArmValue, EffectVerdict, ExperimentImpact, MetricEffect
from ....core.records.production.findings import FindingPriority, Insight
from ....core.registry import did_you_mean
from ...outcome import Outcome
from ..loaded import CLOCK_TOLERANCE, Loaded
from .experiment_units import Unit, Units, units_of

LEAST_UNITS = 100
"""In each arm, before an effect is told."""
SPLIT_ALPHA = 0.001
"""A mismatch of sizes throws the whole experiment away: the alarm must be worth it."""
LOOKS = 60
"""Blocks of units that the ranks are taken in, in order of time."""
CLIPPED_AT = 0.99
"""Quantile of both arms together beyond which a value counts as this much, for means: one order of a million is one."""
CONTROLS = ("control", "baseline", "off", "original", "a", "default")
DEFAULT_DAYS = 90.0


@dataclass(frozen=True)
class Metric:
    """One thing that is compared.

    Args:
        name: as `--metric` takes it.
        unit: of its values; `share` for yes or no.
        more_is_better: direction.
        of: value of a unit; None = not known of it.
    """

    name: str
    unit: str
    more_is_better: bool
    of: Callable[[Unit], float | bool | None]


METRICS: tuple[Metric, ...] = (
    Metric("conversion", "share", True, lambda unit: unit.converted),
    Metric("revenue", "currency", True, lambda unit: unit.revenue),
    Metric("errors", "share", False, lambda unit: unit.failed),
    Metric("loading", "ms", False, lambda unit: unit.mean("loading")),
    Metric("lcp", "ms", False, lambda unit: unit.mean("lcp")),
    Metric("inp", "ms", False, lambda unit: unit.mean("inp")),
)


def ab_test_impact(loaded: Loaded) -> Outcome:
    """The task type `ab-test-impact`.

    Payload: `experiment`; optional `metric`, `goal` (event that counts as conversion), `control`, `splitPercent` (of
    traffic that goes to each variant beside the control's rest, 50 = halves), `days`.

    Raises:
        TaskVetoed: a wrong payload, or nobody of the window was in the experiment.
    """
    name = str(loaded.payload.get("experiment") or "")
    if not name:
        raise TaskVetoed("which experiment? payload needs `experiment`")
    chosen = _chosen(loaded.payload.get("metric"))
    days = loaded.number("days", DEFAULT_DAYS)
    loaded = loaded.between(loaded.now - timedelta(days=days), loaded.now + CLOCK_TOLERANCE)
    units = units_of(loaded, name, loaded.payload.get("goal"))
    ordered = units.in_order()
    if not ordered:
        known = f"; seen are {', '.join(sorted(units.others))}" if units.others else ""
        raise NoData(
            f"no row of the last {days:g} days names experiment {name!r}{known}{did_you_mean(name, units.others)}"
        )
    impact = _impact(units, ordered, chosen, loaded)
    impact = impact.model_copy(update={"insights": tuple(_insights(impact, loaded))})
    return Outcome(impact, {f"aqe/production/experiments/{name.replace('/', '-')}": impact})


def _chosen(metric: Any) -> tuple[Metric, ...]:
    if metric is None:
        return METRICS
    found = tuple(m for m in METRICS if m.name == metric)
    if not found:
        raise TaskVetoed(f"metric is {metric!r}, expected one of {', '.join(m.name for m in METRICS)}")
    return found


def _impact(units: Units, ordered: Sequence[Unit], chosen: Sequence[Metric], loaded: Loaded) -> ExperimentImpact:
    sizes: dict[str, int] = {}
    for unit in ordered:
        sizes[str(unit.variant)] = sizes.get(str(unit.variant), 0) + 1
    control = _control(sizes, loaded.payload.get("control"))
    others = sorted(sizes.keys() - {control})
    share = _share(loaded, len(others))
    # Each variant beside the control only: the test is of two arms.
    split = min((CountTest(sizes[control], sizes[other], share).p_value * len(others) for other in others), default=1.0)
    comparisons = len(others) * len(chosen)
    effects: list[MetricEffect | NotMeasured] = []
    if min(1.0, split) > SPLIT_ALPHA:
        for other in others:
            pair = [unit for unit in ordered if unit.variant in (control, other)]
            effects += [_effect(m, units, pair, other, share, ALPHA / comparisons) for m in chosen]
    return ExperimentImpact(
        experiment=units.experiment,
        unit="user or session",
        window_from=ordered[0].first_at,
        window_to=ordered[-1].first_at,
        control=control,
        arms=tuple(Arm(variant=variant, units=sizes[variant]) for variant in (control, *others)),
        in_several_arms=len(units.by_id) - len(ordered),
        split_p_value=min(1.0, split),
        split_alpha=SPLIT_ALPHA,
        split_holds=min(1.0, split) > SPLIT_ALPHA,
        alpha=ALPHA,
        comparisons=comparisons,
        effects=tuple(effects),
        left_out=units.left_out,
    )


def _control(sizes: Mapping[str, int], asked: Any) -> str:
    if asked is not None:
        if asked not in sizes:
            raise TaskVetoed(f"control is {asked!r}, expected one of {', '.join(sorted(sizes))}")
        return str(asked)
    named = [name for word in CONTROLS for name in sorted(sizes) if name.lower() == word]
    return named[0] if named else min(sizes)


def _share(loaded: Loaded, variants: int) -> float:
    """Of the traffic of control and one variant, the variant's."""
    percent = loaded.number("splitPercent", 100 / (variants + 1) if variants else 50)
    rest = 100 - percent * max(1, variants)
    if rest <= 0:
        raise TaskVetoed(f"splitPercent is {percent:g} for each of {variants} variants: the control gets nothing")
    return percent / (percent + rest)


def _effect(
    metric: Metric, units: Units, pair: Sequence[Unit], variant: str, share: float, alpha: float
) -> MetricEffect | NotMeasured:
    if metric.name == "conversion" and units.goal is None and not units.has_revenue:
        return NotMeasured(reason="conversion: no row has revenue; --goal NAME says which event counts as one")
    if metric.name == "revenue" and (not units.has_revenue or len(units.currencies) > 1):
        why = "several currencies" if units.currencies else "no row has revenue"
        return NotMeasured(reason=f"revenue: {why}")
    if metric.name == "errors" and not units.sees_errors:
        return NotMeasured(reason="errors: no rows of real users")
    known = [(unit.variant == variant, value) for unit in pair if (value := metric.of(unit)) is not None]
    in_b = np.array([b for b, _ in known], dtype=bool)
    values = np.array([float(value) for _, value in known])
    least = min(int(in_b.sum()), int((~in_b).sum()))
    if least < LEAST_UNITS:
        return NotMeasured(reason=f"{metric.name}: {least} units in the smaller arm, at least {LEAST_UNITS} are needed")
    found = _share_effect if metric.unit == "share" else _value_effect
    unit = next(iter(units.currencies), "currency") if metric.unit == "currency" else metric.unit
    return found(metric, unit, variant, values, in_b, share, alpha)


def _share_effect(
    metric: Metric, unit: str, variant: str, values: Any, in_b: Any, share: float, alpha: float
) -> MetricEffect:
    a, b = values[~in_b], values[in_b]
    test = CountTest(int(a.sum()), int(b.sum()), share)
    low, high = test.ratio_interval(alpha)
    arms = ArmValue(units=len(a), value=float(a.mean())), ArmValue(units=len(b), value=float(b.mean()))
    return _judged(metric, unit, variant, arms, test.p_value, alpha, (low - 1, high - 1))


def _value_effect(
    metric: Metric, unit: str, variant: str, values: Any, in_b: Any, share: float, alpha: float
) -> MetricEffect:
    test = RankTest(share)
    for block, mine in zip(np.array_split(values, LOOKS), np.array_split(in_b, LOOKS), strict=True):
        test = test.updated(block, mine)
    clipped = np.minimum(values, np.quantile(values, CLIPPED_AT))
    a, b = clipped[~in_b], clipped[in_b]
    base = float(a.mean())
    interval = mean_difference_interval(a, b, alpha) if base > 0 else None
    arms = [
        ArmValue(units=len(arm), value=float(arm.mean()), median=float(np.median(arm))) for arm in (a, b)
    ]  # fmt: skip
    ends = (interval[0] / base, interval[1] / base) if interval else (-np.inf, np.inf)
    return _judged(metric, unit, variant, (arms[0], arms[1]), test.p_value, alpha, ends, up=test.excess > 0)


def _judged(
    metric: Metric, unit: str, variant: str, arms: tuple[ArmValue, ArmValue], p_value: float, alpha: float,
    ends: tuple[float, float], *, up: bool | None = None,
) -> MetricEffect:  # fmt: skip
    control, treatment = arms
    up = treatment.value > control.value if up is None else up
    verdict = EffectVerdict.NO_DIFFERENCE_SHOWN
    if p_value <= alpha:
        verdict = EffectVerdict.BETTER if up == metric.more_is_better else EffectVerdict.WORSE
    return MetricEffect(
        metric=metric.name,
        unit=unit,
        variant=variant,
        control=control,
        treatment=treatment,
        effect=treatment.value / control.value - 1 if control.value else None,
        low=float(ends[0]) if np.isfinite(ends[0]) else None,
        high=float(ends[1]) if np.isfinite(ends[1]) else None,
        p_value=p_value,
        alpha=alpha,
        verdict=verdict,
    )


def _insights(impact: ExperimentImpact, loaded: Loaded) -> Iterator[Insight]:
    key = f"aqe/production/experiments/{impact.experiment}"
    units = sum(arm.units for arm in impact.arms)
    if not impact.split_holds:
        sizes = ", ".join(f"{arm.variant} {arm.units}" for arm in impact.arms)
        yield Insight(
            id=f"experiment-{impact.experiment}-split",
            title=f"Experiment {impact.experiment} does not split as planned",
            detail=f"{sizes}; so uneven by chance in fewer than one of {1 / SPLIT_ALPHA:,.0f} experiments.",
            priority=FindingPriority.HIGH,
            evidence=(key,),
            recommendation="Find out who is lost or counted twice before anything is concluded from it.",
            created_at=loaded.now,
            occurrences=units,
        )
    for effect in impact.effects:
        if isinstance(effect, MetricEffect) and effect.verdict is not EffectVerdict.NO_DIFFERENCE_SHOWN:
            yield _told(impact.experiment, key, effect, loaded)


def _told(experiment: str, key: str, effect: MetricEffect, loaded: Loaded) -> Insight:
    worse = effect.verdict is EffectVerdict.WORSE
    change = "" if effect.effect is None else f": {100 * effect.effect:+.1f} %"
    control, treatment = (amount(arm.value, effect.unit) for arm in (effect.control, effect.treatment))
    return Insight(
        id=f"experiment-{experiment}-{effect.variant}-{effect.metric}",
        title=f"{effect.variant} of {experiment} makes {effect.metric} {effect.verdict.lower()}{change}",
        detail=f"{control} in the control, {treatment} with it;"
        f" p {effect.p_value:.2g} at level {effect.alpha:.2g}, valid however often one looks.",
        priority=FindingPriority.HIGH if worse else FindingPriority.MEDIUM,
        evidence=(key,),
        recommendation="Stop the variant, and keep the case as a regression test." if worse else "Roll it out.",
        created_at=loaded.now,
        affected_users=effect.treatment.units if worse else None,
        benefit=f"{effect.metric}{change} for the units of {effect.variant}",
    )
