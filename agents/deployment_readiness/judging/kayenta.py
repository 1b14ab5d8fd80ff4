"""The judge that answers as Kayenta's NetflixACAJudge does, for who moves from it or trusts it; deterministic.

Each metric's two samples are compared by the Mann-Whitney interval; what differs by more than a quarter of the
estimated shift (TOLERANCE) and by more than the allowed effect is High or Low. The score is the weighted share of
metrics that pass. Where Kayenta adds random noise to two constant samples, ours spreads them by fixed quantiles, so
that the same input has the same answer. The reasons are ours.

Source of the rules: spinnaker/kayenta, kayenta-judge, as of 2024.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from math import isnan, nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ....analysis.inference.mann_whitney import Shift, common_language_effect, location_shift
from ....analysis.inference.outliers import iqr_outliers

Values = NDArray[np.float64]
Direction = Literal["increase", "decrease", "either"]

TOLERANCE = 0.25
CONFIDENCE = 0.98
OUTLIER_FACTOR = 3.0
NODATA_SHARE = 0.5
"""At least this share of metrics without data, and the score is 0."""
_NOISE = 1e-5
_ALLOWED = {"meanRatio": 1.0, "cles": 0.5}


class Classification(StrEnum):
    """What a metric came to, in Kayenta's words."""

    PASS = "Pass"
    HIGH = "High"
    LOW = "Low"
    NODATA = "Nodata"
    NODATA_FAIL_METRIC = "NodataFailMetric"
    ERROR = "Error"


@dataclass(frozen=True)
class MetricConfig:
    """How one metric is judged; the defaults are Kayenta's.

    Args:
        direction: a change this way is bad.
        nan_strategy: missing points are left out, or count as 0.
        remove_outliers: in each sample on its own, beyond `outlier_factor` interquartile ranges.
        critical: if it fails, the canary fails.
        must_have_data: without data it fails.
        muted: judged, but left out of the score.
        measure: of the effect: mean of the canary over mean of the baseline, or P(canary > baseline).
        allowed: effects (decrease, increase) that are not yet Low or High; None = any (1.0, of cles 0.5).
        critical_effect: the same for a critical metric to fail.
        tolerance: of the estimated shift.
        confidence: of the interval.
    """

    direction: Direction = "either"
    nan_strategy: Literal["remove", "replace"] = "remove"
    remove_outliers: bool = False
    outlier_factor: float = OUTLIER_FACTOR
    critical: bool = False
    must_have_data: bool = False
    muted: bool = False
    measure: Literal["meanRatio", "cles"] = "meanRatio"
    allowed: tuple[float, float] | None = None
    critical_effect: tuple[float, float] | None = None
    tolerance: float = TOLERANCE
    confidence: float = CONFIDENCE

    def thresholds(self, given: tuple[float, float] | None) -> tuple[float, float]:
        """Of the measure, where none are given."""
        return given or (_ALLOWED[self.measure], _ALLOWED[self.measure])


@dataclass(frozen=True)
class Judged:
    """One metric.

    Args:
        classification: what it came to.
        critical: True when this alone fails the canary.
        reason: in words, with the numbers.
        deviation: mean of the canary over mean of the baseline; NaN when one of them is 0 or missing.
    """

    classification: Classification
    critical: bool
    reason: str
    deviation: float = nan


def judge_metric(experiment: Sequence[float], control: Sequence[float], config: MetricConfig) -> Judged:
    """Compare the canary's points with the baseline's.

    Args:
        experiment, control: points in order of time; NaN = missing.
        config: how.
    """
    x, y = _cleaned(experiment, config), _cleaned(control, config)
    if not len(x) or not len(y):
        return _without_data(config, "canary" if not len(x) else "baseline")
    if np.array_equal(np.sort(x), np.sort(y)) or not np.ptp(np.concatenate((x, y))):
        return Judged(Classification.PASS, False, "canary and baseline have the same values", 1.0)
    ratio = mean_ratio(x, y)
    shift = location_shift(*_spread(x, y), confidence=config.confidence)
    effect = ratio if config.measure == "meanRatio" else common_language_effect(x, y)
    classification = _classify(shift, effect, config, config.thresholds(config.allowed))
    worst = _classify(shift, effect, config, config.thresholds(config.critical_effect))
    critical = config.critical and classification is worst is not Classification.PASS
    return Judged(classification, critical, _reason(classification, shift, effect, config), ratio)


def judge_by_mean(experiment: Sequence[float], control: Sequence[float], config: MetricConfig) -> Judged:
    """The plainest comparison, of the means alone: High when the canary's is above the baseline's."""
    x, y = _cleaned(experiment, config), _cleaned(control, config)
    if not len(x) or not len(y):
        return _without_data(config, "canary" if not len(x) else "baseline")
    difference = float(x.mean() - y.mean())
    word = _allowed_way(difference, config.direction)
    return Judged(word, False, f"the means differ by {difference:.4g}", mean_ratio(x, y))


def mean_ratio(x: Values, y: Values) -> float:
    """Mean of x over mean of y; NaN when either is 0."""
    above, below = float(x.mean()), float(y.mean())
    return above / below if above and below else nan


def _cleaned(points: Sequence[float], config: MetricConfig) -> Values:
    values = np.asarray(points, dtype=np.float64)
    if config.nan_strategy == "replace":
        values = np.nan_to_num(values, nan=0.0)
    values = values[~np.isnan(values)]
    if config.remove_outliers:
        values = values[~iqr_outliers(values, factor=config.outlier_factor, reduce_sensitivity=True)]
    return values


def _without_data(config: MetricConfig, arm: str) -> Judged:
    if config.nan_strategy == "replace":
        return Judged(Classification.PASS, False, f"no data of the {arm}, which counts as 0", 1.0)
    if config.must_have_data and not config.critical:
        return Judged(Classification.NODATA_FAIL_METRIC, False, f"no data of the {arm}, and it must have data")
    return Judged(Classification.NODATA, config.critical, f"no data of the {arm}")


def _spread(x: Values, y: Values) -> tuple[Values, Values]:
    """Two constant samples have no interval: they get a width far below any difference that matters."""
    if np.ptp(x) or np.ptp(y):
        return x, y
    return _spread_out(x), _spread_out(y)


def _spread_out(values: Values) -> Values:
    quantiles = norm.ppf((np.arange(len(values)) + 0.5) / len(values))
    return np.asarray(values + quantiles * _NOISE * np.abs(values), dtype=np.float64)


def _classify(shift: Shift, effect: float, config: MetricConfig, allowed: tuple[float, float]) -> Classification:
    bound = config.tolerance * abs(shift.estimate)
    decrease, increase = allowed
    if config.direction != "decrease" and shift.low > bound and (isnan(effect) or effect >= increase):
        return Classification.HIGH
    if config.direction != "increase" and shift.high < -bound and (isnan(effect) or effect <= decrease):
        return Classification.LOW
    return Classification.PASS


def _allowed_way(difference: float, direction: Direction) -> Classification:
    if difference > 0 and direction != "decrease":
        return Classification.HIGH
    return Classification.LOW if difference < 0 and direction != "increase" else Classification.PASS


def _reason(classification: Classification, shift: Shift, effect: float, config: MetricConfig) -> str:
    words = {Classification.HIGH: "above", Classification.LOW: "below"}.get(classification, "not clearly away from")
    size = "no effect size, a mean is 0" if isnan(effect) else f"{config.measure} {effect:.4g}"
    return (
        f"canary is {words} the baseline: shift {shift.estimate:.4g}, {config.confidence:.0%} interval "
        f"{shift.low:.4g} to {shift.high:.4g}, tolerated {config.tolerance * abs(shift.estimate):.4g}; {size}"
    )


# The score ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """A metric in the score.

    Args:
        name: of the metric.
        classification: what it came to.
        critical: True when this alone fails the canary.
        groups: it counts in each of them.
        muted: left out.
    """

    name: str
    classification: Classification
    critical: bool = False
    groups: tuple[str, ...] = ()
    muted: bool = False


@dataclass(frozen=True)
class Score:
    """Of the canary, 0-100.

    Args:
        total: rounded to two decimals.
        groups: group -> its own score; 0 where nothing in it has data, though it counts 100 in the total.
        reason: why it is what it is, the deciding rule first.
    """

    total: float
    groups: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


_FAILS = (Classification.HIGH, Classification.LOW, Classification.NODATA_FAIL_METRIC)


def score(metrics: Sequence[Scored], weights: Mapping[str, float]) -> Score:
    """The weighted share of metrics that pass.

    Args:
        metrics: all that were judged.
        weights: group -> percent of the total; groups without one share what is left equally.
    """
    counted = [metric for metric in metrics if not metric.muted]
    groups = {name: _group_score(counted, name) for name in dict.fromkeys(g for m in counted for g in m.groups)}
    shown = {name: 0.0 if own is None else own for name, own in groups.items()}
    failed = [m.name for m in counted if m.critical and m.classification is not Classification.PASS]
    if failed:
        return Score(0.0, shown, f"critical metric failed: {', '.join(failed)}")
    without = [m.name for m in counted if m.classification is Classification.NODATA]
    if counted and len(without) >= NODATA_SHARE * len(counted):
        return Score(0.0, shown, f"{len(without)} of {len(counted)} metrics have no data: {', '.join(without)}")
    named = {name: weights[name] for name in groups if name in weights}
    rest = (100 - sum(weights.values())) / max(1, len(groups) - len(named))
    total = sum((100.0 if own is None else own) * named.get(name, rest) / 100 for name, own in groups.items())
    bad = [f"{m.name} {m.classification}" for m in counted if m.classification in _FAILS]
    errors = [m.name for m in counted if m.classification is Classification.ERROR]
    reason = f"failed: {', '.join(bad)}" if bad else "all metrics with data pass"
    # Kayenta leaves errors out without a word.
    return Score(_rounded(total), shown, reason + (f"; not judged: {', '.join(errors)}" if errors else ""))


def _rounded(total: float) -> float:
    """To two decimals, half of one upwards, as people round and Kayenta does."""
    return float(Decimal(str(total)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _group_score(metrics: Sequence[Scored], group: str) -> float | None:
    counts = Counter(metric.classification for metric in metrics if group in metric.groups)
    passed, failed = counts[Classification.PASS], sum(counts[word] for word in _FAILS)
    return 100 * passed / (passed + failed) if passed + failed else None


def classify_score(value: float, *, passing: float, marginal: float) -> Literal["Pass", "Marginal", "Fail"]:
    """A score against its two thresholds, both included."""
    if value >= passing:
        return "Pass"
    return "Marginal" if value >= marginal else "Fail"


def continues(value: float, *, marginal: float) -> bool:
    """True when the next interval is judged; a run of several stops at a score that is marginal or less."""
    return value > marginal
