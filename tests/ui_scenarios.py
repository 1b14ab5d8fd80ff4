"""Builders of scenarios in a browser."""

from datetime import UTC, datetime
from typing import Any

from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import Expectation, Locator, PageKind, Provenance, TestScenario, UiStep


def expects(kind: PageKind, value: Any, path: str | None = None) -> Expectation:
    return Expectation(kind=kind, value=value, path=path, because="412 of 412 recorded visits")


def click(*ways: Locator, **more: Any) -> UiStep:
    return UiStep(action="click", locators=ways, **more)


def by_test_id(value: str) -> Locator:
    return Locator(by="test-id", value=value)


def role(value: str, name: str | None) -> Locator:
    return Locator(by="role", value=value, name=name)


WATCHED = (expects("no-page-error", True), expects("no-failed-request", 500))


def a_ui_scenario(*steps: UiStep, **changes: Any) -> TestScenario:
    """From the front page of the little shop to an order, unless other steps are given."""
    known: dict[str, Any] = {
        "id": "journey-0123456789ab",
        "title": "From the front page to an order",
        "priority": FindingPriority.HIGH,
        "independent": False,
        "steps": steps or ORDER,
        "provenance": Provenance(
            finding_id="journey-0123456789ab",
            finding="/ > /books/{id} > /cart > /checkout > /orders",
            occurrences=412,
            sample_size=3000,
            window_from=datetime(2026, 1, 1, tzinfo=UTC),
            window_to=datetime(2026, 1, 8, tzinfo=UTC),
        ),
    }
    return TestScenario(**(known | changes))


ORDER = (
    UiStep(
        action="goto",
        value="/",
        expectations=(expects("url-path-is", "/"), expects("title-is", "Books"), expects("heading-visible", "Books")),
    ),
    click(by_test_id("book"), role("link", "A book"), expectations=(expects("url-path-is", "/books/{id}"),)),
    click(
        by_test_id("add-to-cart"),
        role("button", "Add to cart"),
        expectations=(
            expects("request-below", 400, path="POST /api/cart/items"),
            expects("url-path-is", "/cart"),
            expects("text-visible", "1 book"),
        ),
    ),
    click(by_test_id("to-checkout"), role("link", "Check out"), expectations=(expects("heading-visible", "Checkout"),)),
    UiStep(action="fill", locators=(Locator(by="label", value="E-mail"),), value="{{user.email}}"),
    UiStep(action="select", locators=(role("combobox", "Country"),), value="fr"),
    UiStep(action="fill", locators=(Locator(by="css", value="#card"),), value="{{user.card_number}}", frame=(0,)),
    UiStep(
        action="submit",
        locators=(role("button", "Place order"),),
        expectations=(expects("url-path-is", "/orders"), expects("element-visible", "order-state"), *WATCHED),
    ),
)
