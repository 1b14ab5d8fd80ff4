"""The checklist: nothing passes by default, and the score never overrides a blocker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aqe.agents.deployment_readiness.checklist import check
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.resolutions import resolved
from aqe.config.checklist import default_checklist
from aqe.config.policy import default_policy
from aqe.core.records.decisions.checklist import (
    Checklist,
    ChecklistDefinition,
    ChecklistLevel,
    ChecklistStatus,
    ItemDefinition,
    ItemResult,
    ItemStatus,
    Resolution,
)
from aqe.core.records.decisions.readiness import NotApplicable
from aqe.core.records.signals import MetricValue, Outcome, Signal, SignalKind, SignalPart
from aqe.tests.builders import GOOD, NOW, a_good_signal, a_signal, good_inputs, some_inputs

FULL = ChecklistLevel.FULL


def checked(inputs: ReadinessInputs, *items: ItemDefinition, **more: object) -> Checklist:
    definition = ChecklistDefinition(name="mine", digest="d", categories={"all": items})
    return check(inputs, default_policy(), definition if items else default_checklist(), FULL, **more)  # type: ignore[arg-type]


def the_item(checklist: Checklist, item: str) -> ItemResult:
    return next(result for result in checklist.items if result.id == item)


def an_item(**changes: object) -> ItemDefinition:
    fields = {"id": "coverage", "item": "Covered", "required": True, "criteria": {"min_line_coverage": 85}}
    return ItemDefinition.model_validate(fields | changes)


def with_parts(kind: SignalKind, **parts: SignalPart) -> Signal:
    metrics = {name: value for part in parts.values() for name, value in part.metrics.items()}
    return a_signal(kind, metrics).model_copy(update={"parts": parts})


def a_part(tool: str, **metrics: MetricValue) -> SignalPart:
    return SignalPart(tool=tool, outcome=Outcome.VALUE, measured_at=NOW - timedelta(hours=1), metrics=metrics)


def everything_measured() -> ReadinessInputs:
    """Every item of the default checklist answered: by the tools it asks for where it asks for some."""
    results, security = GOOD[SignalKind.TEST_RESULTS], GOOD[SignalKind.SECURITY]
    runs = {
        "junit-xml:integration/junit.xml": a_part("pytest", **results),
        "junit-xml:e2e.xml": a_part("playwright", **results),
    }
    quality = {**GOOD[SignalKind.CODE_QUALITY], "major_issues": 0}
    none = {**security, "medium_vulnerabilities": 0, "low_vulnerabilities": 0, "max_cvss": 0.0}
    return good_inputs(
        with_parts(SignalKind.TEST_RESULTS, **runs),
        with_parts(SignalKind.SECURITY, audit=a_part("npm audit", **none), zap=a_part("OWASP ZAP", **none)),
        with_parts(SignalKind.CODE_QUALITY, lint=a_part("ruff", **quality)),
    )


# The whole -----------------------------------------------------------------------------------------------------------


def test_an_empty_store_passes_nothing() -> None:
    """No item, at no level."""
    checklist = checked(some_inputs())
    assert {item.status for item in checklist.items} == {ItemStatus.NO_EVIDENCE}
    assert checklist.overall_status is ChecklistStatus.INCONCLUSIVE
    assert checklist.readiness_score == 0


def test_a_release_with_all_evidence_is_ready() -> None:
    """The default checklist can be passed, every item by what a tool measured."""
    checklist = checked(everything_measured())
    assert {item.id: item.status for item in checklist.items if item.status is not ItemStatus.PASSED} == {}
    assert (checklist.overall_status, checklist.readiness_score) == (ChecklistStatus.READY, 100)


def test_every_item_of_the_specification_is_asked() -> None:
    """Sixteen, in its five categories."""
    sizes = {name: len(items) for name, items in default_checklist().categories.items()}
    assert sizes == {"code_quality": 3, "testing": 4, "security": 3, "operations": 4, "compliance": 2}


def test_a_score_of_ninety_does_not_lift_a_blocker() -> None:
    """One required item is pending: blocked, whatever the rest says."""
    inputs = everything_measured()
    pending = some_inputs(a_good_signal(SignalKind.APPROVALS, change_ticket="pending")).signals[SignalKind.APPROVALS]
    checklist = checked(replace(inputs, signals={**inputs.signals, SignalKind.APPROVALS: pending}))
    assert checklist.readiness_score is not None and checklist.readiness_score > 90
    assert checklist.overall_status is ChecklistStatus.BLOCKED
    assert checklist.blockers == ("Change management has approved: change_ticket_approved is pending",)


@pytest.mark.parametrize("level", ChecklistLevel)
def test_a_level_includes_those_before_it(level: ChecklistLevel) -> None:
    """Essential asks least."""
    checklist = check(some_inputs(), default_policy(), default_checklist(), level)
    order = list(ChecklistLevel)
    wanted = {i.id for i in default_checklist().items.values() if order.index(i.level) <= order.index(level)}
    assert {item.id for item in checklist.items} == wanted and len(wanted) >= 6


# Items ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "status"),
    [(84.99, ItemStatus.FAILED), (85.0, ItemStatus.WARNING), (86.6, ItemStatus.WARNING), (86.8, ItemStatus.PASSED)],
)
def test_a_value_close_to_its_limit_is_a_warning(percent: float, status: ItemStatus) -> None:
    """Within two percent of it here; failed stays failed."""
    inputs = some_inputs(a_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=percent))
    assert checked(inputs, an_item(warn_within_percent=2)).items[0].status is status


def test_an_item_names_the_tool_that_validated_it() -> None:
    """And the key of its evidence."""
    item = the_item(checked(good_inputs()), "unit-coverage")
    assert (item.status, item.validated_by) == (ItemStatus.PASSED, "a-tool")
    evidence = item.readings["min_line_coverage"].evidence
    assert evidence is not None and evidence.key == "aqe/releases/v1/signals/test-coverage"


def test_only_the_wanted_tool_counts() -> None:
    """A unit test run does not answer for the integration tests, however green it is."""
    item = the_item(checked(good_inputs()), "integration-tests")
    assert item.status is ItemStatus.NO_EVIDENCE
    assert "nothing in it comes from *integration*" in item.details


def test_the_failures_of_another_tool_do_not_count() -> None:
    """Each item reads its own part."""
    parts = {
        "unit": a_part("unit", failed_tests=3, total_tests=9),
        "integration": a_part("it", failed_tests=0, total_tests=4),
    }
    checklist = checked(good_inputs(with_parts(SignalKind.TEST_RESULTS, **parts)))
    assert the_item(checklist, "integration-tests").status is ItemStatus.PASSED


def test_evidence_older_than_the_item_allows_does_not_count() -> None:
    """Where the policy would still take it."""
    old = a_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=99.0, measured_at=NOW - timedelta(days=4))
    assert checked(some_inputs(old), an_item()).items[0].status is ItemStatus.PASSED
    assert checked(some_inputs(old), an_item(max_age_s=3 * 86_400)).items[0].status is ItemStatus.NO_EVIDENCE


def test_what_the_policy_calls_not_applicable_is_not_counted() -> None:
    """It neither passes nor blocks."""
    policy = default_policy().model_copy(
        update={"not_applicable": (NotApplicable(metric="min_line_coverage", reason="no code"),)}
    )
    definition = ChecklistDefinition(name="mine", digest="d", categories={"all": (an_item(),)})
    checklist = check(some_inputs(), policy, definition, FULL)
    assert checklist.items[0].status is ItemStatus.NOT_APPLICABLE
    assert checklist.readiness_score is None


def test_a_missing_item_says_what_would_supply_it() -> None:
    """A command to copy."""
    item = the_item(checked(some_inputs()), "owasp-top-ten")
    assert item.how == "aqe import scan.sarif --release v1 or aqe deploy attest --item owasp-top-ten --version v1"


# How long it takes ---------------------------------------------------------------------------------------------------


def test_the_time_to_resolve_is_not_guessed() -> None:
    """Two past cases are too few."""
    cases = [a_resolution(hours) for hours in (1, 2)]
    checklist = checked(some_inputs(), an_item(), resolutions=cases)
    assert checklist.estimated_resolution_s is None
    assert checklist.estimated_resolution == "not known: fewer than 3 recorded resolutions of coverage"


def test_the_time_to_resolve_is_the_median_of_the_past() -> None:
    """Of the same item."""
    cases = [a_resolution(hours) for hours in (1, 2, 9)] + [a_resolution(99, item="other")]
    checklist = checked(some_inputs(), an_item(), resolutions=cases)
    assert checklist.estimated_resolution_s == 7200
    assert checklist.estimated_resolution == "2 h, the median of 3 in the past"


def test_an_item_that_was_open_and_is_not_any_more_is_remembered() -> None:
    """From when it was first seen open, over several checks."""
    first = checked(some_inputs(now=NOW - timedelta(hours=5)), an_item())
    second = checked(some_inputs(now=NOW - timedelta(hours=2)), an_item(), previous=first)
    third = checked(
        some_inputs(a_signal(SignalKind.TEST_COVERAGE, line_coverage_percent=99.0)), an_item(), previous=second
    )
    assert second.open_since == first.open_since == {"coverage": NOW - timedelta(hours=5)}
    assert resolved(first, second) == ()
    assert resolved(second, third) == (a_resolution(5),)
    assert third.open_since == {}


def test_a_narrower_level_does_not_forget_what_is_open() -> None:
    """It is only not asked."""
    wide = checked(some_inputs(now=NOW - timedelta(hours=5)))
    narrow = check(some_inputs(), default_policy(), default_checklist(), ChecklistLevel.ESSENTIAL, previous=wide)
    assert narrow.open_since == wide.open_since


def a_resolution(hours: float, *, item: str = "coverage") -> Resolution:
    return Resolution(item=item, version="v1", opened_at=NOW - timedelta(hours=hours), resolved_at=NOW)
