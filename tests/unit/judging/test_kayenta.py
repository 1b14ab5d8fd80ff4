"""The compatible judge answers as Kayenta's own tests say; and where it may, better."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.judging.kayenta import (
    Classification,
    MetricConfig,
    Scored,
    classify_score,
    continues,
    judge_by_mean,
    judge_metric,
    mean_ratio,
    score,
)
from aqe.analysis.inference.mann_whitney import common_language_effect, location_shift, wilcoxon_difference
from aqe.analysis.inference.outliers import iqr_outliers, ksigma_outliers

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "conformance"


def cases(kind: str) -> list[Any]:
    path = SHARED / "kayenta_cases.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not here"))]
    found = [case for case in json.loads(path.read_text())["cases"] if case["kind"] == kind]
    assert found
    return [pytest.param(case, id=case["id"]) for case in found]


def points(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


@pytest.mark.parametrize("case", cases("metric_classification"))
def test_a_metric_is_classified_as_in_kayenta(case: Any) -> None:
    given = case["params"] or {}
    config = MetricConfig(
        direction=case["direction"],
        nan_strategy=case["nan_strategy"],
        critical=case["critical_metric"],
        must_have_data=case["must_have_data"],
        **(
            {
                "tolerance": given["tolerance"],
                "confidence": given["confidence_level"],
                "allowed": tuple(given["effect_size_thresholds"]),
                "critical_effect": tuple(given["critical_thresholds"]),
                "measure": given["effect_size_measure"],
            }
            if given
            else {}
        ),
    )
    judge = judge_by_mean if case["classifier"] == "mean_inequality" else judge_metric
    judged = judge(points(case["experiment"]), points(case["control"]), config)

    expected = case["expected"]
    if "classification" in expected:
        assert judged.classification == expected["classification"], judged.reason
    if "critical" in expected:
        assert judged.critical is expected["critical"]
    if "deviation" in expected:
        assert judged.deviation == pytest.approx(float(expected["deviation"]), nan_ok=True)
    assert judged.reason


@pytest.mark.parametrize("case", cases("score"))
def test_the_score_is_kayentas(case: Any) -> None:
    metrics = [
        Scored(m["name"], Classification(m["classification"]), m["critical"], tuple(m["groups"]), m.get("muted", False))
        for m in case["metric_results"]
    ]
    result = score(metrics, case["group_weights"])
    assert result.total == case["expected"]["score"], result.reason
    if "group_scores_sorted" in case["expected"]:
        assert sorted(result.groups.values()) == case["expected"]["group_scores_sorted"]


@pytest.mark.parametrize("case", cases("score_classification"))
def test_a_score_is_classified_as_in_kayenta(case: Any) -> None:
    found = classify_score(case["score"], passing=case["pass"], marginal=case["marginal"])
    assert found == case["expected"]["classification"]


@pytest.mark.parametrize("case", cases("mann_whitney_ci"))
def test_the_interval_is_kayentas(case: Any) -> None:
    x, y = np.array(points(case["experiment"])), np.array(points(case["control"]))
    shift, expected = location_shift(x, y, confidence=case["confidence_level"]), case["expected"]
    assert shift == pytest.approx((expected["low"], expected["high"], expected["estimate"]), abs=expected["tolerance"])


@pytest.mark.parametrize("case", cases("wilcoxon_diff"))
def test_the_statistic_is_kayentas(case: Any) -> None:
    x, y = np.array(points(case["x"])), np.array(points(case["y"]))
    found, expected = wilcoxon_difference(x, y, case["mu"], case["quantile"]), case["expected"]
    assert found == pytest.approx(expected["value"], abs=expected["tolerance"])


def outliers(detector: Any, data: list[float]) -> Any:
    values = np.array(data, dtype=float)
    if detector["type"] == "ksigma":
        return ksigma_outliers(values, k=detector["k"])
    return iqr_outliers(values, factor=detector["factor"], reduce_sensitivity=detector.get("reduce_sensitivity", False))


@pytest.mark.parametrize("case", cases("outlier_detection"))
def test_outliers_are_kayentas(case: Any) -> None:
    assert outliers(case["detector"], case["data"]).tolist() == case["expected"]["is_outlier"]


@pytest.mark.parametrize("case", cases("transform"))
def test_transformations_are_kayentas(case: Any) -> None:
    data, operation = np.array(points(case["data"])), case["operation"]
    if operation == "remove_outliers":
        found = data[~outliers(case["detector"], case["data"])]
    else:
        found = data[~np.isnan(data)] if operation == "remove_nan" else np.nan_to_num(data, nan=case["fill"])
    assert found.tolist() == case["expected"]["data"]


@pytest.mark.parametrize("case", cases("percentile_r7"))
def test_percentiles_are_kayentas(case: Any) -> None:
    expected = case["expected"]
    assert np.percentile(case["data"], case["p"]) == pytest.approx(expected["value"], abs=expected["tolerance"] or 1e-9)


@pytest.mark.parametrize("case", cases("effect_size"))
def test_effect_sizes_are_kayentas(case: Any) -> None:
    measure = mean_ratio if case["measure"] == "meanRatio" else common_language_effect
    found = measure(np.array(case["experiment"]), np.array(case["control"]))
    assert found == pytest.approx(case["expected"]["value"], nan_ok=True, abs=case["expected"]["tolerance"] or 1e-9)


# Rules of our own words ---------------------------------------------------------------------------------------------

NAN = float("nan")
JITTER = [0.01 * (n % 7) for n in range(30)]


def test_missing_points_are_left_out_or_count_as_zero() -> None:
    x, y = [5.0 + j for j in JITTER[:5]] + [NAN] * 25, [5.0 + j for j in JITTER]
    assert judge_metric(x, y, MetricConfig()).classification is Classification.PASS
    assert judge_metric(x, y, MetricConfig(nan_strategy="replace")).classification is Classification.LOW


def test_a_critical_metric_without_data_fails_the_canary() -> None:
    judged = judge_metric([], [1.0], MetricConfig(critical=True, must_have_data=True))
    assert (judged.classification, judged.critical) == (Classification.NODATA, True)


def test_wild_points_count_unless_they_are_removed() -> None:
    calm = [1 + 0.01 * n for n in range(20)]
    cleaned = judge_metric([*calm, 1e9], calm, MetricConfig(remove_outliers=True))
    assert cleaned.classification is Classification.PASS
    assert cleaned.deviation == pytest.approx(1.0)


def test_two_constants_that_differ_have_one_answer() -> None:
    """Kayenta adds random noise here."""
    answers = {judge_metric([2.0] * 9, [1.0] * 9, MetricConfig()) for _ in range(5)}
    assert [judged.classification for judged in answers] == [Classification.HIGH]


def test_a_muted_metric_is_left_out_of_the_score() -> None:
    muted = Scored("b", Classification.HIGH, critical=True, groups=("g",), muted=True)
    assert score([Scored("a", Classification.PASS, groups=("g",)), muted], {}).total == 100


def test_groups_without_a_weight_share_the_rest() -> None:
    metrics = [Scored(g, word, groups=(g,)) for g, word in zip("abc", Classification, strict=False)]
    assert score(metrics, {"a": 40.0}).total == 40


def test_the_reason_names_what_decided() -> None:
    metrics = [Scored("errors", Classification.HIGH, critical=True, groups=("g",))]
    assert score(metrics, {}).reason == "critical metric failed: errors"
    assert "not judged: x" in score([Scored("x", Classification.ERROR, groups=("g",)), *_passing()], {}).reason


UP, SAME, HALF = [120.0 + j for j in JITTER], [100.0 + j for j in JITTER], [50.0 + j for j in JITTER]


@pytest.mark.parametrize(
    ("experiment", "control", "config", "word", "critical"),
    [
        # Both ways, and only the way that is bad.
        (UP, SAME, {"direction": "increase"}, "High", False),
        (UP, SAME, {"direction": "decrease"}, "Pass", False),
        (HALF, SAME, {"direction": "decrease"}, "Low", False),
        (HALF, SAME, {"direction": "increase"}, "Pass", False),
        # Clear and small: what is allowed is not High, and a critical metric fails only where it is High.
        (UP, SAME, {"allowed": (1.0, 1.25)}, "Pass", False),
        (UP, SAME, {"allowed": (1.0, 1.15)}, "High", False),
        (UP, SAME, {"critical": True, "allowed": (1.0, 1.25), "critical_effect": (1.0, 1.1)}, "Pass", False),
        (UP, SAME, {"critical": True, "allowed": (1.0, 1.1), "critical_effect": (1.0, 1.5)}, "High", False),
        (UP, SAME, {"critical": True, "critical_effect": (1.0, 1.15)}, "High", True),
        (HALF, SAME, {"critical": True, "critical_effect": (0.4, 1.0)}, "Low", False),
        (UP, SAME, {"measure": "cles", "allowed": (0.5, 0.9)}, "High", False),
        # One value, whatever the lengths: nothing to compare.
        ([0.0] * 3, [0.0] * 7, {}, "Pass", False),
        ([5.0], [5.0] * 4, {"critical": True}, "Pass", False),
        ([3.0, 1.0, 2.0], [2.0, 3.0, 1.0], {}, "Pass", False),
        # A mean of 0 has no ratio, which hides nothing.
        ([2.0] * 10, [0.0] * 10, {"allowed": (1.0, 3.0)}, "High", False),
        ([0.0] * 10, [2.0] * 10, {"critical": True, "critical_effect": (0.1, 9.0)}, "Low", True),
        # Nothing measured.
        ([], [1.0], {}, "Nodata", False),
        ([1.0], [], {"critical": True}, "Nodata", True),
        ([NAN] * 3, [1.0], {"must_have_data": True}, "NodataFailMetric", False),
        ([], [], {"nan_strategy": "replace", "must_have_data": True}, "Pass", False),
        ([NAN] * 20, SAME, {"nan_strategy": "replace", "direction": "decrease"}, "Low", False),
        ([NAN] * 20, [0.0] * 9, {"nan_strategy": "replace"}, "Pass", False),
    ],
)
def test_further_cases_of_the_published_rules(
    experiment: list[float], control: list[float], config: Any, word: str, critical: bool
) -> None:
    judged = judge_metric(experiment, control, MetricConfig(**config))
    assert (judged.classification, judged.critical) == (word, critical), judged.reason


@pytest.mark.parametrize(
    ("words", "weights", "total"),
    [
        ("g:Pass g:Pass g:High", {}, 66.67),
        ("g:Pass g:Pass g:Pass g:Pass g:Pass g:High g:High g:Low h:High", {"g": 25.0, "h": 75.0}, 15.63),
        ("a:Pass b:High c:Pass", {"a": 20.0}, 60.0),
        ("a:Pass b:Pass", {"a": 30.0, "b": 30.0}, 60.0),
        ("a:Pass", {"a": 50.0, "gone": 50.0}, 50.0),
        ("a:Nodata b:High b:Pass b:Pass", {"a": 40.0, "b": 60.0}, 80.0),
        ("a:NodataFailMetric a:Pass", {}, 50.0),
        ("a:Nodata a:Pass", {}, 0.0),
        ("a:Error a:Pass", {}, 100.0),
    ],
)
def test_further_scores(words: str, weights: dict[str, float], total: float) -> None:
    metrics = [
        Scored(str(number), Classification(word), groups=(group,))
        for number, (group, word) in enumerate(one.split(":") for one in words.split())
    ]
    assert score(metrics, weights).total == total


def _passing() -> list[Scored]:
    return [Scored(name, Classification.PASS, groups=("g",)) for name in "yz"]


def test_a_run_of_intervals_stops_at_marginal() -> None:
    assert [continues(value, marginal=75) for value in (74, 75, 76)] == [False, False, True]


# Eighths: differences of such numbers are exact, so that the same pairs are ties whichever way they are subtracted.
_values = st.lists(st.integers(-8_000, 8_000).map(lambda eighths: eighths / 8) | st.just(NAN), max_size=12)


@given(_values, _values)
def test_any_two_samples_are_judged_and_swapping_them_mirrors_the_answer(x: list[float], y: list[float]) -> None:
    mirror = {Classification.HIGH: Classification.LOW, Classification.LOW: Classification.HIGH}
    loose = MetricConfig(measure="cles", allowed=(1.0, 0.0))
    one, other = judge_metric(x, y, loose).classification, judge_metric(y, x, loose).classification
    assert other is mirror.get(one, one)
