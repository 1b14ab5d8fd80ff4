"""Test scenarios by the features that their steps go through: what is tested, and which tests are to run first.

A scenario that goes through several features belongs to the most important of them that was used: by priority, then by
the share of users. So it is skipped only where all of them are deprecated.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ....core.errors import InputError
from ....core.numbers import percent, shown
from ....core.records.production.features import FeaturePriority, FeatureReport, FeatureUsage, UntestedFeature
from ....core.records.production.scenarios import RequestStep, TestScenario
from ..scenario_keys import SCENARIOS
from .mapping import FeatureMap

IMPORTANT = (FeaturePriority.CRITICAL, FeaturePriority.HIGH, FeaturePriority.MEDIUM)
"""Without a test these are a gap."""
REMEDY = (
    "`aqe import flow.har`, then `aqe production recording-to-tests` or `journey-to-tests`; `paths` under `features` in"
    " aqe.yaml say where a feature is that is known by its events alone"
)
_RANK = {priority: rank for rank, priority in enumerate(FeaturePriority)}


class Placed(NamedTuple):
    """A scenario and the suite that it belongs to."""

    priority: FeaturePriority
    scenario: TestScenario
    """With its feature, and the reason where it is skipped."""


def with_tests(report: FeatureReport, offered: Any, features: FeatureMap) -> FeatureReport:
    """The report with the scenarios that go through each feature, and the features that have none.

    Args:
        offered: what memory holds at SCENARIOS; what is no scenario is left out.
    """
    through: dict[str, list[str]] = {}
    for scenario in _read(offered):
        for name in dict.fromkeys(_features_of(scenario, features)):
            through.setdefault(name, []).append(scenario.id)
    usages = tuple(u.model_copy(update={"scenarios": tuple(through.get(u.name, ()))}) for u in report.features)
    untested = (u for u in usages if u.priority in IMPORTANT and not u.scenarios)
    told = tuple(UntestedFeature(name=u.name, priority=u.priority, recommendation=REMEDY) for u in untested)
    return report.model_copy(update={"features": usages, "untested": told})


def suites(report: FeatureReport, scenarios: Iterable[TestScenario]) -> tuple[Placed, ...]:
    """The scenarios in order of importance; those that go through no feature that was used are not among them.

    Args:
        report: as `with_tests` gives it.
    """
    most_important: dict[str, FeatureUsage] = {}
    for usage in sorted(report.features, key=_importance):
        for scenario_id in usage.scenarios:
            most_important.setdefault(scenario_id, usage)
    found = [(most_important[one.id], one) for one in scenarios if one.id in most_important]
    found.sort(key=lambda placed: _importance(placed[0]))
    return tuple(Placed(usage.priority, _told(scenario, usage, report)) for usage, scenario in found)


def _importance(usage: FeatureUsage) -> tuple[int, float, str]:
    return _RANK[usage.priority], -usage.user_share, usage.name


def _told(scenario: TestScenario, usage: FeatureUsage, report: FeatureReport) -> TestScenario:
    # No count of users: the file would be another one every day, and whoever edited it would be told of it every day.
    of = f"Feature {usage.name} ({usage.priority}): used by {percent(usage.user_share)} of {_who(report)}."
    provenance = scenario.provenance.model_copy(update={"feature": of})
    skipped = _reason(usage, report) if usage.priority is FeaturePriority.DEPRECATED else scenario.skipped
    return scenario.model_copy(update={"provenance": provenance, "skipped": skipped})


def _reason(usage: FeatureUsage, report: FeatureReport) -> str:
    last = f", last used {usage.last_used}" if usage.last_used else ""
    share = f"{shown(100 * usage.user_share)} % of {report.total_users:,} {_who(report)}"
    return f"{usage.name} is used by {share}{last}: a candidate for removal"


def _who(report: FeatureReport) -> str:
    return "users" if report.users_by.startswith("users") else report.users_by


def _read(offered: Any) -> Iterator[TestScenario]:
    for value in offered if isinstance(offered, list | tuple) else ():
        try:
            yield TestScenario.from_value(value, where=SCENARIOS)
        except InputError:
            continue


def _features_of(scenario: TestScenario, features: FeatureMap) -> Iterator[str]:
    # Where something is done counts, as in the rows of browsers; its own name only where aqe.yaml has a rule for it.
    return filter(None, (features.of(name, path, by_event=False) for name, path in _places(scenario)))


def _places(scenario: TestScenario) -> Iterator[tuple[str | None, str | None]]:
    """Paths that are asked for, opened or come to; names of what is acted on, and where."""
    page: str | None = None
    for step in scenario.steps:
        if isinstance(step, RequestStep):
            yield None, step.path
            continue
        yield from ((locator.value, page) for locator in step.locators)
        opened = [step.value] if step.action == "goto" else []
        for page in (*opened, *(str(e.value) for e in step.expectations if e.kind == "url-path-is")):
            yield None, page
        yield from ((None, (e.path or "").partition(" ")[2]) for e in step.expectations if e.kind == "request-below")
