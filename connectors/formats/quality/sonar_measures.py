"""SonarQube's measures: `api/measures/component` of a project, or `api/measures/component_tree` of its files.

All values are text; a rating is "1.0" (A) to "5.0" (E). A metric that is missing was never computed. New code (`new_*`)
is not the project and is not read. Of a tree the files count, where the project itself is not in it; ratios are then
computed from sums, ratings are the worst. In MQR mode (10.2 and later) the severities are HIGH, MEDIUM, LOW instead,
and some counts stand as JSON in the text.
"""

import re
from collections.abc import Iterable
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MetricValue, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean
from ..shapes import MaybeListed, Shape, dict_at, first_of, shaped, shaped_list
from ..values import number

_WHAT = "SonarQube measures"
_GRADES = "ABCDE"
_TOTAL = re.compile(r'"total":\s*(\d+)')
_RATING = ("sqale_rating", "software_quality_maintainability_rating")
_DEBT = ("sqale_debt_ratio", "software_quality_maintainability_debt_ratio")
_COUNTS = {
    "critical_issues": (("blocker_violations", "critical_violations"),
                        ("software_quality_blocker_issues", "software_quality_high_issues")),
    "major_issues": (("major_violations",), ("software_quality_medium_issues",)),
    "minor_issues": (("minor_violations", "info_violations"),
                     ("software_quality_low_issues", "software_quality_info_issues")),
    "code_smells": (("code_smells",), ("software_quality_maintainability_issues",)),
}  # fmt: skip
"""Ours -> metrics of SonarQube that add up to it, Standard mode and MQR mode."""


class _Measure(Shape):
    metric: str
    value: str | None = None


class _Component(Shape):
    measures: MaybeListed[_Measure]
    qualifier: Any = None


class SonarMeasures(JsonFormat):
    """SonarQube measures -> code-quality, test-coverage."""

    name = "sonar-measures"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value, SignalKind.TEST_COVERAGE.value)
    about = About(
        title="SonarQube measures",
        producers="SonarQube Server, SonarQube Cloud",
        versions="6 to 2025; Standard and MQR mode",
        recognised_by="`component` or `components` with `measures`",
        fields="ratings, violations, code_smells, duplication, debt ratio, complexity, alert_status, lines to cover",
        metrics=(
            "grade", "critical_issues", "major_issues", "minor_issues", "code_smells", "duplication_percent",
            "technical_debt_percent", "complexity_mean", "quality_gate_passed", "line_coverage_percent",
            "branch_coverage_percent",
        ),
        sample=Sample.RECORDED,
        how_to_export="GET api/measures/component?component=KEY&metricKeys=sqale_rating,alert_status,code_smells,...",
    )  # fmt: skip

    def recognises(self, head: Head) -> bool:
        """By the component, or by the first of them."""
        tree = dict_at(head.json).get("components")
        first = first_of(tree) if isinstance(tree, list) else None
        return "measures" in dict_at(head.json, "component") or "measures" in dict_at(first)

    def read(self, document: Any) -> Parsed:
        """Take the project's measures, or add up its files'."""
        if "component" in document:
            return _parsed(_values([shaped(_Component, document["component"], _WHAT)]))
        base = dict_at(document, "baseComponent")
        if base.get("measures"):
            return _parsed(_values([shaped(_Component, base, _WHAT)]))
        components = shaped_list(_Component, document.get("components"), _WHAT)
        if not any("measures" in dict_at(raw) for raw in document["components"]) and "paging" not in document:
            raise InputError(f"{_WHAT}: no component has `measures`", hint="ask with metricKeys=...")
        total = dict_at(document, "paging").get("total")
        if isinstance(total, int) and total > len(components):
            return Parsed(Outcome.TOOL_FAILED, reason=f"the answer has {len(components)} of {total} components")
        project = [component for component in components if component.qualifier == "TRK"]
        files = [component for component in components if component.qualifier in ("FIL", "UTS", None)]
        return _parsed(_values(project[:1] or files))


def _values(components: Iterable[_Component]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for component in components:
        for measure in component.measures:
            if measure.value is not None:
                found.setdefault(measure.metric, []).append(measure.value)
    return found


class _Numbers:
    """The values of a project, or of all its files."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def all(self, metric: str) -> list[float]:
        return [_number(metric, text) for text in self._values.get(metric, ())]

    def sum(self, *metrics: str) -> float | None:
        """Of all these metrics; None when one of them was not computed."""
        found = [self.all(metric) for metric in metrics]
        return sum(map(sum, found)) if all(found) else None

    def only(self, *metrics: str) -> float | None:
        """A ratio: of the first of these metrics that one component alone has."""
        return next((values[0] for metric in metrics if len(values := self.all(metric)) == 1), None)

    def ratio(self, part: str, whole: str) -> float | None:
        """Percent, from sums."""
        of, all_ = self.sum(part), self.sum(whole)
        return 100 * of / all_ if of is not None and all_ and of <= all_ else None


def _number(metric: str, text: str) -> float:
    total = _TOTAL.search(text) if text.startswith("{") else None
    found = number(total[1] if total else text)
    if found is None or not 0 <= found < 2**53:
        raise InputError(f"{_WHAT}: {clean(metric, 60)} is {clean(text, 40)!r}, expected a number")
    return found


def _parsed(values: dict[str, list[str]]) -> Parsed:
    numbers = _Numbers(values)
    quality, coverage = _quality(numbers), _coverage(numbers)
    status = values.get("alert_status", [])
    if len(status) == 1 and status[0] in ("OK", "WARN", "ERROR"):
        quality["quality_gate_passed"] = status[0] != "ERROR"
    signals = tuple(
        (kind, SignalPart(tool="sonarqube", outcome=Outcome.VALUE, metrics=metrics))
        for kind, metrics in ((SignalKind.CODE_QUALITY, quality), (SignalKind.TEST_COVERAGE, coverage))
        if metrics
    )
    if not signals:
        return Parsed(Outcome.NOT_MEASURED, reason="none of the measures that a release is judged by was computed")
    return Parsed(Outcome.VALUE, signals=signals)


def _quality(numbers: _Numbers) -> dict[str, MetricValue]:
    found: dict[str, MetricValue] = {}
    ratings = next((values for metric in _RATING if (values := numbers.all(metric))), [])
    if ratings:
        worst = max(ratings)
        if worst not in (1, 2, 3, 4, 5):
            raise InputError(f"{_WHAT}: a rating is {worst:g}, expected 1 to 5")
        found["grade"] = _GRADES[int(worst) - 1]
    for name, alternatives in _COUNTS.items():
        count = next((total for metrics in alternatives if (total := numbers.sum(*metrics)) is not None), None)
        if count is not None:
            found[name] = int(count)
    duplicated = numbers.only("duplicated_lines_density")
    complexity, functions = numbers.sum("complexity"), numbers.sum("functions")
    shares = {
        "duplication_percent": numbers.ratio("duplicated_lines", "lines") if duplicated is None else duplicated,
        "technical_debt_percent": numbers.only(*_DEBT),
        "complexity_mean": complexity / functions if complexity is not None and functions else None,
    }
    return found | {name: value for name, value in shares.items() if value is not None}


def _coverage(numbers: _Numbers) -> dict[str, MetricValue]:
    found: dict[str, MetricValue] = {}
    for name, of, missed, rate in (
        ("line_coverage_percent", "lines_to_cover", "uncovered_lines", "line_coverage"),
        ("branch_coverage_percent", "conditions_to_cover", "uncovered_conditions", "branch_coverage"),
    ):
        missing = numbers.ratio(missed, of)
        value = 100 - missing if missing is not None else numbers.only(rate)
        if value is not None:
            found[name] = value
    return found
