"""The engine of the gates: criteria, sets, what is not known, scores; and Keptn's cases where they lie beside us."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.core.objectives import (
    AGGREGATES,
    KEPTN,
    Grade,
    Objective,
    Sets,
    Unknown,
    aggregate,
    grade,
    parse_criterion,
    percentile,
    total,
)

CASES = Path(__file__).parents[4] / "shared" / "conformance" / "keptn_cases.json"
values = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("text", "value", "baseline", "holds"),
    [
        ("<=500", 500, None, True),
        ("<500", 500, None, False),
        ("=500", 500, None, True),
        (">=500", 499.9, None, False),
        (">500", 501, None, True),
        ("<=+10%", 110, 100, True),
        ("<=10%", 110.01, 100, False),
        (">=-10%", 90, 100, True),
        ("<=+10", 110, 100, True),
        (">-5", 95, 100, False),
        (" < = + 1.5 % ", 101.5, 100, True),
    ],
)
def test_a_criterion_is_absolute_or_relative(text: str, value: float, baseline: float | None, holds: bool) -> None:
    criterion = parse_criterion(text)
    target = criterion.target(baseline)
    assert target is not None
    assert criterion.holds(value, target) is holds


@pytest.mark.parametrize(
    "text", ["", "500", "?9", "<=", "<=x", "<=1e3", "=<5", "<=+-5", "<=5%%", "<=--5", "<= 5 ms", "<=\u0661"]
)
def test_what_is_no_criterion_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no criterion"):
        parse_criterion(text)


PASS, WARN, FAIL, OPEN = Grade.PASS, Grade.WARNING, Grade.FAIL, Grade.OPEN


@pytest.mark.parametrize(
    ("passes", "value", "baseline", "expected"),
    [
        ((("<=10", ">=5"),), 7, None, PASS),
        ((("<=10", ">=5"),), 4, None, FAIL),
        ((("<=10",), (">=20",)), 25, None, PASS),
        ((("<=10",), ("<=+10%",)), 11, 10, PASS),
        # Without a baseline: only where it matters.
        ((("<=+10%",),), 11, None, OPEN),
        ((("<=+10%", "<=10"),), 11, None, FAIL),
        ((("<=+10%",), ("<=20",)), 11, None, PASS),
        ((("<=+10%",), ("<=10",)), 11, None, OPEN),
        ((("<=10",),), None, None, OPEN),
    ],
)
def test_one_set_must_hold_and_what_is_unknown_matters_only_where_it_could(
    passes: Sets, value: float | None, baseline: float | None, expected: Grade
) -> None:
    assert grade(Objective(passes), value, baseline).grade is expected


def test_a_warning_is_worth_half_and_nothing_asked_is_no_grade() -> None:
    objective = Objective((("<=10",),), (("<=20",),), weight=3)
    assert [grade(objective, value).points for value in (10, 20, 21)] == [3, 1.5, 0]
    assert [grade(objective, value).grade for value in (10, 20, 21, None)] == [PASS, WARN, FAIL, OPEN]
    assert grade(Objective(), 5).grade is Grade.INFO


def test_the_total_is_a_share_of_what_could_be_had() -> None:
    assert total(3, 4, pass_percent=75, warning_percent=50).grade is PASS
    assert total(2, 4, pass_percent=75, warning_percent=50).grade is WARN
    assert total(1.99, 4, pass_percent=75, warning_percent=50).grade is FAIL
    assert total(4, 4, pass_percent=75, warning_percent=50, key_failed=True).grade is FAIL
    assert total(0, 0, pass_percent=90, warning_percent=75) == total(4, 4, pass_percent=90, warning_percent=75)


@given(st.lists(values, min_size=1), st.floats(0, 1))
def test_a_percentile_lies_among_the_values(numbers: list[float], share: float) -> None:
    assert min(numbers) <= percentile(numbers, share) <= max(numbers)
    assert percentile(numbers, share) == percentile(numbers[::-1], share)


@pytest.mark.parametrize("how", AGGREGATES)
def test_an_aggregate_of_nothing_is_nothing_and_of_one_value_the_value(how: str) -> None:
    assert aggregate([], how) is None
    assert aggregate([0.0], how) == 0.0


@given(st.sampled_from(["<=10", "<=+10%", "<5"]), values, values, st.none() | values)
def test_more_is_never_better_under_an_upper_bound(text: str, a: float, b: float, baseline: float | None) -> None:
    low, high = sorted((a, b))
    order = [PASS, OPEN, FAIL]
    grades = [grade(Objective(((text,),)), value, baseline).grade for value in (low, high)]
    assert order.index(grades[0]) <= order.index(grades[1])


# Keptn's cases -------------------------------------------------------------------------------------------------------


def cases() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="Keptn's cases are not beside this repository"))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]]


@pytest.mark.parametrize("case", cases())
def test_keptns_own_cases(case: dict[str, Any]) -> None:
    """Inputs and expected outputs of its unit tests, fields renamed."""
    ADAPTERS[case["kind"]](case, case["expected"])


def of_parsed(parsed: dict[str, Any]) -> str:
    """A criterion of Keptn's parsed form, as text."""
    sign = ("+" if parsed["increase"] else "-") if parsed["comparison"] else ""
    return f"{parsed['operator']}{sign}{parsed['value']:g}{'%' if parsed['percentage'] else ''}"


def baseline_of(previous: list[Any], comparison: dict[str, Any]) -> float | None:
    """Of the values that succeeded, the results with the wanted score, the latest so many."""
    wanted = {"pass": ("pass",), "pass_or_warn": ("pass", "warning")}.get(comparison["include_result_with_score"])
    kept = [p for p in previous if wanted is None or p["status"] in wanted][
        : comparison["number_of_comparison_results"]
    ]
    return aggregate([p["value"]["value"] for p in kept if p["value"]["success"]], comparison["aggregate_function"])


def value_of(sli: dict[str, Any] | None) -> float | None:
    return sli["value"] if sli and sli["success"] else None


def check_criterion(case: dict[str, Any], expected: dict[str, Any], sets: Sets) -> None:
    if expected.get("error"):
        with pytest.raises(ValueError, match="is no criterion"):
            grade(Objective(sets), value_of(case["sli"]))
        return
    baseline = baseline_of(case["previous"], case["comparison"]) if "previous" in case else None
    graded = grade(Objective(sets), value_of(case["sli"]), baseline, KEPTN)
    assert (graded.grade is PASS) is expected["result"]
    check_targets(graded.passes, expected.get("targets") or ())


def check_targets(found: Any, expected: Any) -> None:
    for mine, theirs in zip(found, expected, strict=bool(expected)):
        assert mine.criterion == theirs["criteria"]
        assert mine.holds is not theirs["violated"]
        assert (mine.value or 0) == pytest.approx(theirs["target_value"])


def parse(case: dict[str, Any], expected: dict[str, Any]) -> None:
    found = parse_criterion(case["criteria"])
    assert (found.operator, found.value, found.percent, found.relative, found.increase) == tuple(
        expected[name] for name in ("operator", "value", "percentage", "comparison", "increase")
    )


def compare(case: dict[str, Any], expected: dict[str, Any]) -> None:
    text = f"{case['operator']}{case['target']:g}"
    check_criterion({"sli": {"value": case["measured"], "success": True}}, expected, ((text,),))


def evaluate_objectives(case: dict[str, Any], expected: dict[str, Any]) -> None:
    slis = {sli["metric"]: sli for sli in case["sli_values"]}
    maximum, key_failed = 0.0, False
    for asked, result in zip(case["slo"]["objectives"], expected["indicator_results"], strict=True):
        name = asked["sli"]
        previous = [i for p in case["previous_evaluations"] for i in p["indicators"] if i["value"]["metric"] == name]
        passes, warns = (tuple(map(tuple, asked[way] or ())) for way in ("pass", "warning"))
        objective = Objective(passes, warns, weight=asked["weight"], key=asked["key_sli"])
        baseline = baseline_of(previous, case["slo"]["comparison"])
        graded = grade(objective, value_of(slis.get(name)), baseline, KEPTN)
        assert (graded.grade, graded.points) == (result["status"], result["score"])
        if value_of(slis.get(name)) is not None:  # what it says of a value that is not there is of no use
            check_targets(graded.passes, result["pass_targets"] or ())
            check_targets(graded.warns, result["warning_targets"] or ())
        maximum += objective.weight * (graded.grade is not Grade.INFO)
        key_failed |= objective.key and graded.grade is FAIL
    assert maximum == expected["maximum_score"]
    assert key_failed is expected["key_sli_failed"]["Failed"]


def calculate_score(case: dict[str, Any], expected: dict[str, Any]) -> None:
    limits = {f"{name}_percent": float(text.strip("%")) for name, text in case["total_score"].items()}
    points = sum(i["score"] for i in case["indicator_results"] if i["pass_targets"] is not None)
    found = total(points, case["maximum_score"], **limits, key_failed=case["key_sli_failed"]["Failed"])
    assert found.score == pytest.approx(expected["score"])
    assert found.grade == expected["result"]


def aggregate_previous(case: dict[str, Any], expected: dict[str, Any]) -> None:
    found = baseline_of(case["previous"], case["comparison"])
    assert (found is None) is expected["skip"]
    assert (found or 0) == expected["value"]


OPERATORS = {"LessThan": "<", "LessThanOrEqual": "<=", "EqualTo": "=", "GreaterThan": ">", "GreaterThanOrEqual": ">="}


def sets_of(operator: dict[str, Any] | None) -> Sets:
    """The toolkit's operators as sets of criteria."""
    match operator:
        case None:
            return ()
        case {"op": "InRange", "low": low, "high": high}:
            return ((f">={low}", f"<={high}"),)
        case {"op": "NotInRange", "low": low, "high": high}:
            return ((f"<{low}",), (f">{high}",))
        case _:
            return ((f"{OPERATORS[operator['op']]}{operator['value']}",),)


def fulfilled(operator: dict[str, Any] | None, value: float) -> bool:
    return operator is not None and grade(Objective(sets_of(operator)), value).grade is PASS


def operator_case(case: dict[str, Any], expected: dict[str, Any]) -> None:
    assert fulfilled(case["operator"], case["value"]) is expected["fulfilled"]


def target_case(case: dict[str, Any], expected: dict[str, Any]) -> None:
    """The toolkit says what fails instead of what passes."""
    failed, warned = (fulfilled(case["target"][name], case["value"]) for name in ("failure", "warning"))
    assert (not failed and not warned, warned and not failed) == (expected["pass"], expected["warning"])


def objective_case(case: dict[str, Any], expected: dict[str, Any]) -> None:
    passes = {"pass": ">=0", "fail": "<0"}[case["target_outcome"]]
    value = None if case["value"] is None or not re.fullmatch(r"-?[\d.]+", case["value"]) else float(case["value"])
    graded = grade(Objective(((passes,),), weight=case["weight"]), value)
    assert graded.points == expected["score"]
    assert (graded.grade is OPEN) is (expected["error"] is not None)


def analysis_case(case: dict[str, Any], expected: dict[str, Any]) -> None:
    points = sum(o["score"] for o in case["objectives"])
    maximum = sum(o["weight"] for o in case["objectives"])
    found = total(
        points,
        maximum,
        pass_percent=case["pass_percentage"],
        warning_percent=case["warning_percentage"],
        key_failed=any(o["key"] and o["score"] == 0 for o in case["objectives"]),
    )
    assert (points, maximum) == (expected["total_score"], expected["maximum_score"])
    assert (found.grade is PASS, found.grade is WARN) == (expected["pass"], expected["warning"])


ADAPTERS: dict[str, Any] = {
    "parse_criteria": parse,
    "compare": compare,
    "fixed_threshold": lambda case, expected: check_criterion(case, expected, ((of_parsed(case["parsed"]),),)),
    "percentile": lambda case, expected: check_percentile(case, expected),
    "relative_comparison": lambda case, expected: check_criterion(case, expected, ((of_parsed(case["parsed"]),),)),
    "single_criteria": lambda case, expected: check_criterion(case, expected, ((case["criteria"],),)),
    "criteria_set_and": lambda case, expected: check_criterion(case, expected, (tuple(case["criteria"]),)),
    "criteria_sets_or": lambda case, expected: check_criterion(
        case, expected, tuple(map(tuple, case["criteria_sets"]))
    ),
    "evaluate_objectives": evaluate_objectives,
    "calculate_score": calculate_score,
    "aggregate_previous": aggregate_previous,
    "operator": operator_case,
    "target": target_case,
    "objective": objective_case,
    "analysis": analysis_case,
}


def check_percentile(case: dict[str, Any], expected: dict[str, Any]) -> None:
    assert percentile(case["data"], case["p"]) == pytest.approx(expected["value"])


def test_what_is_not_known_can_be_answered_either_way() -> None:
    """As Keptn does: no earlier value passes, no value fails."""
    objective = Objective((("<=+10%",),))
    assert grade(objective, 5, None, KEPTN).grade is PASS
    assert grade(objective, None, 5, KEPTN).grade is FAIL
    assert grade(objective, 5, None, Unknown(baseline=False)).grade is FAIL
