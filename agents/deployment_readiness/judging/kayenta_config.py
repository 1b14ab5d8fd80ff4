"""A canary configuration of Kayenta's and the points of its metrics, judged as Kayenta would.

Of the configuration are read: `metrics[].name`, `.groups` and `.analysisConfigurations.canary`,
`classifier.groupWeights` and `classifier.scoreThresholds`. Points are a list of
`{"name": ..., "values": {"experiment": [...], "control": [...]}}`; null or "NaN" is a missing one.

https://spinnaker.io/docs/guides/user/canary/config/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ....core.errors import InputError
from ....core.records.rollouts.canary import JudgedCanary, JudgedMetric
from .kayenta import MetricConfig, Scored, classify_score, judge_metric, score

PASS, MARGINAL = 95.0, 75.0
"""Thresholds of the score where the configuration has none."""
_WORDS = {
    "direction": ("increase", "decrease", "either"),
    "nanStrategy": ("remove", "replace"),
    "strategy": ("keep", "remove"),
    "measure": ("meanRatio", "cles"),
}


def judge_canary(config: Any, points: Any) -> JudgedCanary:
    """Judge all metrics of a configuration.

    Args:
        config: its JSON value.
        points: JSON value, one entry a metric.

    Raises:
        InputError: they are something else, or a metric has no points or is not in the configuration.
    """
    values = {_text(one, "name"): _part(one, "values", "points") for one in _list(points, "the points")}
    metrics = _list(_part(config, "metrics", "the configuration"), "`metrics`")
    if unknown := set(values) - {_text(metric, "name") for metric in metrics}:
        raise InputError(f"metric {sorted(unknown)[0]!r} has points and is not in the configuration")
    judged = [_judged(metric, values) for metric in metrics]
    classifier = config.get("classifier") or {}
    weights = {name: _number(weight, name) for name, weight in (classifier.get("groupWeights") or {}).items()}
    scored = [Scored(m.name, m.classification, m.critical, m.groups, m.muted) for m in judged]  # type: ignore[arg-type]
    total = score(scored, weights)
    passing, marginal = thresholds(config)
    return JudgedCanary(
        score=total.total,
        classification=classify_score(total.total, passing=passing, marginal=marginal),
        reason=total.reason,
        groups=dict(total.groups),
        metrics=tuple(judged),
    )


def thresholds(config: Mapping[str, Any]) -> tuple[float, float]:
    """Scores from which on a canary passes, and is marginal; InputError where they are no numbers."""
    limits = (config.get("classifier") or {}).get("scoreThresholds") or {}
    return _number(limits.get("pass", PASS), "pass"), _number(limits.get("marginal", MARGINAL), "marginal")


def _judged(metric: Any, values: Mapping[str, Any]) -> JudgedMetric:
    name = _text(metric, "name")
    if name not in values:
        raise InputError(f"metric {name!r} has no points")
    own = (metric.get("analysisConfigurations") or {}).get("canary") or {}
    experiment, control = (_points(_part(values[name], arm, name), name) for arm in ("experiment", "control"))
    found = judge_metric(experiment, control, metric_config(own, name))
    return JudgedMetric(
        name=name,
        groups=tuple(map(str, metric.get("groups") or ())),
        classification=found.classification,
        critical=found.critical,
        muted=bool(own.get("muted")),
        reason=found.reason,
    )


def metric_config(own: Mapping[str, Any], name: str) -> MetricConfig:
    """How a metric is judged, of `analysisConfigurations.canary`.

    Raises:
        InputError: a word or a number that there is not.
    """
    effect, outliers = own.get("effectSize") or {}, own.get("outliers") or {}
    measure = _word(effect, "measure", "meanRatio", name)
    neutral = 1.0 if measure == "meanRatio" else 0.5

    def pair(kind: str) -> tuple[float, float]:
        decrease, increase = (_number(effect.get(kind + way, neutral), name) for way in ("Decrease", "Increase"))
        return decrease, increase

    return MetricConfig(
        direction=_word(own, "direction", "either", name),
        nan_strategy=_word(own, "nanStrategy", "remove", name),
        remove_outliers=_word(outliers, "strategy", "keep", name) == "remove",
        outlier_factor=_number(outliers.get("outlierFactor", 3.0), name),
        critical=bool(own.get("critical")),
        must_have_data=bool(own.get("mustHaveData")),
        muted=bool(own.get("muted")),
        measure=measure,
        allowed=pair("allowed"),
        critical_effect=pair("critical"),
    )


def _points(values: Any, name: str) -> Sequence[float]:
    return [float("nan") if one in (None, "NaN") else _number(one, name) for one in _list(values, name)]


def _word(of: Mapping[str, Any], key: str, default: str, name: str) -> Any:
    word = of.get(key, default)
    if word not in _WORDS[key]:
        raise InputError(f"{name}: {key} is {str(word)[:40]!r}, expected {', '.join(_WORDS[key])}")
    return word


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name}: {str(value)[:40]!r}, expected a number")
    return float(value)


def _text(of: Any, key: str) -> str:
    return str(_part(of, key, "a metric"))


def _part(of: Any, key: str, where: str) -> Any:
    if not isinstance(of, dict) or key not in of:
        raise InputError(f"{where}: expected an object with {key!r}")
    return of[key]


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where}: expected a list")
    return value
