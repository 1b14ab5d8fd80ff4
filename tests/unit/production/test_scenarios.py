"""Error patterns become tests that say no more than production has shown."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.agents.production_intelligence.errors.scenarios import missing_name, scenarios_from
from aqe.core.records.production.findings import ErrorPattern, FindingPriority, MiningResult, RequestShape
from aqe.core.records.production.scenarios import Expectation, TestScenario

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
END = datetime(2026, 1, 1, 11, tzinfo=UTC)


def a_request(
    path: str = "/api/products/3", method: str = "GET", times: int = 5, status: int | None = 500
) -> RequestShape:
    return RequestShape(method=method, path=path, occurrences=times, status=status)


def a_pattern(*requests: RequestShape, title: str = "KeyError: 'price'", **changes: Any) -> ErrorPattern:
    known: dict[str, Any] = {
        "id": "err-1",
        "title": title,
        "error_type": None,
        "fingerprint": title,
        "occurrences": 8,
        "affected_users": None,
        "first_seen": START,
        "last_seen": END,
        "requests": requests,
        "priority": FindingPriority.HIGH,
    }
    return ErrorPattern(**(known | changes))


def scenarios(*patterns: ErrorPattern, include_unsafe: bool = False) -> tuple[TestScenario, ...]:
    mined = MiningResult(total_records=900, total_errors=8, window_from=START, window_to=END, patterns=patterns)
    return scenarios_from(mined, include_unsafe=include_unsafe)


def expected_kinds(*requests: RequestShape, title: str = "KeyError: 'price'") -> list[list[str]]:
    (scenario,) = scenarios(a_pattern(*requests, title=title))
    return [[e.kind for e in step.expectations] for step in scenario.steps]


def test_the_failing_requests_become_steps_with_what_production_showed() -> None:
    """Most frequent first, each with the reason for what is expected."""
    (scenario,) = scenarios(a_pattern(a_request(times=1200), a_request("/api/products/7", times=1)))
    assert (scenario.id, scenario.title) == ("scenario-err-1", "GET /api/products/{id}: no KeyError: 'price'")
    assert [(s.method, s.path) for s in scenario.requests] == [("GET", "/api/products/3"), ("GET", "/api/products/7")]
    assert scenario.steps[0].expectations == (
        Expectation(kind="status-below", value=500, because="production answered 500 1,200 times"),
        Expectation(
            kind="json-has-key",
            value="price",
            because="inferred: production failed here because 'price' was missing, so the answer is to hold it",
        ),
    )
    assert scenario.steps[1].expectations[0].because == "production answered 500 once"
    provenance = scenario.provenance
    assert (provenance.finding_id, provenance.finding) == ("err-1", "KeyError: 'price'")
    assert (provenance.occurrences, provenance.sample_size) == (8, 900)
    assert (provenance.window_from, provenance.window_to) == (START, END)


def test_a_status_nobody_logged_is_not_claimed() -> None:
    """The reason is then the logged error."""
    (scenario,) = scenarios(a_pattern(a_request(status=None)))
    assert scenario.steps[0].expectations[0].because == "production logged KeyError: 'price' 5 times"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get", "PURGE"])
def test_requests_that_may_change_something_are_repeated_only_on_demand(method: str) -> None:
    """Running a test must not place orders."""
    pattern = a_pattern(a_request(method=method))
    assert scenarios(pattern) == ()
    (scenario,) = scenarios(pattern, include_unsafe=True)
    assert [e.kind for e in scenario.steps[0].expectations] == ["status-below"]


@pytest.mark.parametrize(
    "requests",
    [
        (),
        (a_request(status=404),),
        (a_request("/reset/<token:3f2a9c1b>"),),
        (a_request("/reset/%3Ctoken:3f2a9c1b%3E?a=1"),),
    ],
)
def test_what_cannot_or_must_not_be_repeated_gives_no_scenario(requests: tuple[RequestShape, ...]) -> None:
    """No request, a refusal, a redacted path that names nothing."""
    assert scenarios(a_pattern(*requests)) == ()


def test_an_expected_refusal_gives_no_scenario() -> None:
    """The service is to refuse again."""
    assert scenarios(a_pattern(a_request(status=None), priority=FindingPriority.LOW)) == ()


@pytest.mark.parametrize(
    "path", ["/api/products", "/api/products/", "/api/products?id=3", "/api/products/3/reviews", "/api/v2", "/"]
)
def test_a_key_is_not_demanded_of_lists_and_searches(path: str) -> None:
    """An empty list has no prices and is right."""
    assert expected_kinds(a_request(path)) == [["status-below"]]


def test_a_key_is_not_demanded_where_several_resources_fail() -> None:
    """Then the name belongs to something behind them, and their answers may well have other names for it."""
    kinds = expected_kinds(a_request("/api/products/3"), a_request("/api/carts/9"))
    assert kinds == [["status-below"], ["status-below"]]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("KeyError: 'price'", "price"),
        ("AttributeError: 'NoneType' object has no attribute 'price'", "price"),
        ("TypeError: Cannot read properties of undefined (reading 'price')", "price"),
        ("TypeError: Cannot read property 'price' of undefined", "price"),
        ("KeyError: 'items'", "items"),
        ("AttributeError: 'NoneType' object has no attribute 'strip'", None),
        ("AttributeError: 'Product' object has no attribute 'prize'", None),
        ("AttributeError: module 'shop' has no attribute 'price'", None),
        ("TypeError: Cannot read properties of undefined (reading 'map')", None),
        ("TypeError: 'NoneType' object is not subscriptable", None),
        ("KeyError: 'DB_URL'", None),
        ("KeyError: '_cache'", None),
        ("KeyError: '<*>'", None),
        ("KeyError: <num>", None),
        ("ValueError: 'price'", None),
    ],
)
def test_the_missing_name_is_taken_only_from_errors_about_data(title: str, name: str | None) -> None:
    """A method of None, a setting or a typo in the code is no part of an answer."""
    assert missing_name(a_pattern(title=title)) == name


def test_ids_and_order_follow_the_patterns() -> None:
    """One scenario a pattern, most important first."""
    found = scenarios(*(a_pattern(a_request(), id=f"err-{n}") for n in (3, 1, 2)))
    assert [s.id for s in found] == ["scenario-err-3", "scenario-err-1", "scenario-err-2"]
