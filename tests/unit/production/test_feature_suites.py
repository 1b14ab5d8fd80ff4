"""Tests by the features that they go through: which go first, which are skipped, and what has none."""

from datetime import date, datetime
from typing import Any

import pytest

from aqe.agents.production_intelligence.features.mapping import FeatureMap
from aqe.agents.production_intelligence.features.suites import Placed, suites, with_tests
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.features import FeaturePriority, FeatureReport, FeatureRule, FeatureUsage
from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import Expectation, Locator, Provenance, RequestStep, TestScenario, UiStep
from aqe.tests.unit.production.windows import NOW

USERS = 84_392
UNKNOWN = NotMeasured(reason="not of this test")


def usage(name: str, priority: FeaturePriority, share: float, last_used: date | None = None) -> FeatureUsage:
    return FeatureUsage(
        name=name, configured=False, active_users=round(share * USERS), user_share=share, sessions=1, interactions=1,
        interactions_per_session=1.0, conversion_share=UNKNOWN, last_used=last_used, trend=UNKNOWN,
        seasonal_peak=UNKNOWN, test_coverage=UNKNOWN, satisfaction=UNKNOWN, priority=priority, recommendation="Test.",
    )  # fmt: skip


def a_report(*features: FeatureUsage, users_by: str = "users and sessions") -> FeatureReport:
    return FeatureReport(
        sources=("product",), users_by=users_by, window_from=datetime(2026, 2, 1, tzinfo=NOW.tzinfo), window_to=NOW,
        observed_days=30, total_users=USERS, total_sessions=UNKNOWN, features=features, unlisted=0,
    )  # fmt: skip


SEARCH = usage("search", FeaturePriority.CRITICAL, 0.89)
CART = usage("cart", FeaturePriority.HIGH, 0.67)
ORDERS = usage("orders", FeaturePriority.HIGH, 0.02)
WISHLIST = usage("wishlist", FeaturePriority.DEPRECATED, 42 / USERS, date(2024, 8, 12))
REPORT = a_report(SEARCH, CART, ORDERS, WISHLIST)


def gets(*paths: str) -> tuple[RequestStep, ...]:
    below = Expectation(kind="status-below", value=500, because="production answered 200")
    return tuple(RequestStep(method="GET", path=path, expectations=(below,)) for path in paths)


def a_scenario(name: str, *steps: RequestStep | UiStep) -> TestScenario:
    of = Provenance(finding_id=f"f-{name}", finding=name, occurrences=3, sample_size=9)
    return TestScenario(id=name, title=name, priority=FindingPriority.LOW, steps=steps, provenance=of)


def with_these(*scenarios: Any, report: FeatureReport = REPORT, **rules: FeatureRule) -> FeatureReport:
    return with_tests(report, [getattr(one, "to_dict", lambda one=one: one)() for one in scenarios], FeatureMap(rules))


def placed(*scenarios: TestScenario, report: FeatureReport = REPORT, **rules: FeatureRule) -> tuple[Placed, ...]:
    return suites(with_these(*scenarios, report=report, **rules), scenarios)


def through(found: FeatureReport) -> dict[str, tuple[str, ...]]:
    return {one.name: one.scenarios for one in found.features if one.scenarios}


def test_a_scenario_goes_through_the_features_of_the_paths_it_asks_for() -> None:
    """Each once; what other programs wrote into the list and is no scenario counts for nothing."""
    one = a_scenario("one", *gets("/api/cart/items", "/api/cart/{{cart_id}}?x=1", "/api/orders", "/static/a.css"))
    found = with_these(one, {"id": "somebody else's"}, a_scenario("two", *gets("/api/v1/cart")))
    assert through(found) == {"cart": ("one", "two"), "orders": ("one",)}


def test_in_a_browser_pages_requests_and_what_is_clicked_tell_the_feature() -> None:
    """aqe.yaml's rule for an event takes what is clicked by that name; a page by its path, with ids."""
    asked = Expectation(kind="request-below", value=400, path="POST /api/orders", because="seen")
    led_to = Expectation(kind="url-path-is", value="/cart/{id}", because="seen")
    gift = UiStep(action="click", locators=(Locator(by="test-id", value="gift_wrap"),), expectations=(asked,))
    steps = (UiStep(action="goto", value="/wishlist"), UiStep(action="click", expectations=(led_to,)), gift)
    gifts = usage("gifts", FeaturePriority.LOW, 0.01)
    found = with_these(
        a_scenario("ui", *steps), report=a_report(*REPORT.features, gifts), gifts=FeatureRule(events=("gift_*",))
    )
    assert sorted(through(found)) == ["cart", "gifts", "orders", "wishlist"]


def test_the_most_important_feature_has_the_scenario_and_the_most_used_goes_first() -> None:
    """By priority first: few may pay, and all depend on it."""
    found = placed(
        a_scenario("pays", *gets("/orders")),
        a_scenario("old list", *gets("/wishlist")),
        a_scenario("whole way", *gets("/wishlist", "/orders", "/cart", "/search")),
        a_scenario("fills the cart", *gets("/wishlist", "/cart")),
    )
    assert [(one.priority.value, one.scenario.id) for one in found] == [
        ("CRITICAL", "whole way"),
        ("HIGH", "fills the cart"),
        ("HIGH", "pays"),
        ("DEPRECATED", "old list"),
    ]
    told = found[1].scenario.provenance.feature
    assert told == "Feature cart (HIGH): used by 67 % of users." and found[1].scenario.skipped is None


def test_a_scenario_of_deprecated_features_alone_is_skipped_with_what_was_measured() -> None:
    """Also where it goes through what nobody used, such as its own log-in page."""
    (one,) = placed(a_scenario("old list", *gets("/login", "/wishlist")))
    assert one.scenario.skipped == (
        "wishlist is used by 0.05 % of 84,392 users, last used 2024-08-12: a candidate for removal"
    )
    (other,) = placed(
        a_scenario("old list", *gets("/wishlist")),
        report=a_report(WISHLIST.model_copy(update={"last_used": None}), users_by="client addresses"),
    )
    assert other.scenario.skipped == ("wishlist is used by 0.05 % of 84,392 client addresses: a candidate for removal")


def test_what_nobody_used_has_no_suite() -> None:
    """There is no measured share to put it by."""
    assert placed(a_scenario("new", *gets("/brand-new"))) == ()


@pytest.mark.parametrize("offered", [None, [], "no list", [{"id": 1}]])
def test_features_that_matter_and_have_no_scenario_are_told_with_what_brings_one_in(offered: Any) -> None:
    """From MEDIUM on; of the rest nobody expects one."""
    saves, gifts = usage("saves", FeaturePriority.MEDIUM, 0.23), usage("gifts", FeaturePriority.LOW, 0.025)
    found = with_tests(a_report(SEARCH, CART, saves, gifts, WISHLIST), offered, FeatureMap({}))
    assert [(one.name, one.priority.value) for one in found.untested] == [
        ("search", "CRITICAL"),
        ("cart", "HIGH"),
        ("saves", "MEDIUM"),
    ]
    assert all("aqe import" in one.recommendation for one in found.untested)
    assert with_these(a_scenario("one", *gets("/search", "/cart"))).untested[0].name == "orders"
