"""Recorded traffic as tests: what goes from answer to request, what always held, and what is left alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.recorded.exchanges import exchanges
from aqe.agents.production_intelligence.recorded.suite import recorded_tests, recording_to_tests
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.core.records.production.scenarios import RecordedTests, RequestStep, TestScenario

from .till import START, Till, an_exchange, recorded
from .windows import loaded


def made_of(rows: list[ExchangeRow]) -> RecordedTests:
    return recorded_tests(exchanges(rows))


def step_of(found: RecordedTests, title: str) -> RequestStep:
    """The first step of this title, flows before single requests."""
    return next(step for scenario in found.scenarios for step in scenario.requests if step.title == title)


def expected(step: RequestStep, kind: str) -> list[tuple[str | None, Any]]:
    return [(e.path, e.value) for e in step.expectations if e.kind == kind]


@pytest.fixture(scope="module")
def till_tests() -> RecordedTests:
    return made_of(recorded())


def test_a_value_of_an_answer_that_a_later_request_uses_is_captured(till_tests: RecordedTests) -> None:
    """A test that sends the recorded id would fail on the next run."""
    flow = next(s for s in till_tests.scenarios if not s.independent)
    order = next(step for step in flow.requests if step.path == "/orders")
    assert order.body == {"cart_id": "{{cart_id}}"}
    assert any(
        capture.name == "cart_id" and capture.path == "id" for step in flow.requests for capture in step.captures
    )
    assert any(step.path == "/orders/{{order_id}}" for step in flow.requests)


def test_what_equal_requests_always_gave_is_expected_and_what_differs_is_not(till_tests: RecordedTests) -> None:
    """Ids and times are found by comparing, nobody lists them."""
    step = step_of(till_tests, "POST /orders: 201")
    ((_, content),) = expected(step, "json-contains")
    assert content["cart_id"] == "{{cart_id}}" and content["currency"] == "EUR" and content["total"] > 0
    assert "id" not in content and "placed_at" not in content
    assert {path for path, _ in expected(step, "json-matches")} == {"id", "placed_at"}


def test_relations_that_held_in_every_answer_are_expected(till_tests: RecordedTests) -> None:
    """Sum of price times quantity, number of items, order."""
    assert expected(step_of(till_tests, "POST /orders: 201"), "json-sum") == [("total", ["lines", "quantity", "price"])]
    products = step_of(till_tests, "GET /products: 200")
    assert expected(products, "json-count") == [("count", "products")]
    assert ("products", "price") in expected(products, "json-sorted")


def test_a_read_that_always_gave_what_was_written_is_expected_to(till_tests: RecordedTests) -> None:
    """Whole."""
    assert [path for path, value in expected(step_of(till_tests, "GET /orders/{id}: 200"), "json-equals")] == [""]


def test_every_recorded_refusal_is_a_test(till_tests: RecordedTests) -> None:
    """With its error code; the one that needs an ordered cart comes after the order."""
    bad = step_of(till_tests, "POST /carts: 400")
    assert expected(bad, "status-is") == [(None, 400)]
    assert expected(bad, "json-contains") == [("", {"error": {"code": "bad_quantity"}})]
    (flow,) = (s for s in till_tests.scenarios if any(step.title == "POST /orders: 409" for step in s.requests))
    assert [s.path for s in flow.requests].index("/orders") < len(flow.requests) - 1


def test_few_flows_show_all_that_was_recorded(till_tests: RecordedTests) -> None:
    """Forty visits are not forty tests."""
    titles = {step.title for s in till_tests.scenarios for step in s.requests}
    assert titles >= {"POST /carts: 200", "POST /carts: 201", "POST /carts: 400", "POST /orders: 201",
                      "POST /orders: 409", "GET /orders/{id}: 200", "GET /products: 200"}  # fmt: skip
    assert len(till_tests.scenarios) <= 10


def test_the_same_recording_gives_the_same_tests() -> None:
    """To the byte; ids of other visits give the same tests, too."""
    once, other_ids = made_of(recorded()), made_of(recorded(till=Till(seed=99)))
    assert once == made_of(recorded())
    assert [s.id for s in once.scenarios] == [s.id for s in other_ids.scenarios]


def test_a_request_that_was_answered_in_several_ways_only_must_not_fail() -> None:
    """What decides is not in the recording: a limit, another customer."""
    rows = [an_exchange(START + timedelta(seconds=n), "GET", "/stock", None, (200, 404)[n % 2], {}) for n in range(8)]
    found = made_of(rows)
    assert all(e.kind != "status-is" for s in found.scenarios for step in s.requests for e in step.expectations)


def test_an_answer_with_a_server_error_is_nothing_to_expect() -> None:
    """The error patterns are for those."""
    rows = [an_exchange(START, "GET", "/broken", None, 500, {}), an_exchange(START, "GET", "/fine", None, 200, {})]
    assert [s.title for s in made_of(rows).scenarios] == ["GET /fine"]


def a_login(at: int, word: str) -> list[ExchangeRow]:
    """Somebody registers and logs in, as it looks after redaction."""
    body = {"email": f"<email:{word}>", "password": f"<secret:{word}>"}
    times = [START + timedelta(seconds=at + n) for n in range(3)]
    session = f"<session:{word}>"
    return [
        an_exchange(times[0], "POST", "/users", body, 201, {"id": at}, session_given=session),
        an_exchange(times[1], "POST", "/login", body, 200, {"ok": True}, session=session),
        an_exchange(times[2], "GET", "/me", None, 200, {"ok": True}, session=session),
    ]


def test_data_of_people_becomes_data_that_the_test_makes_up() -> None:
    """What the flow itself brought in is made up anew; nothing of production is left."""
    rows = [row for n in range(4) for row in a_login(10 * n, f"{n:08x}")]
    (scenario,) = (s for s in made_of(rows).scenarios if not s.independent)
    assert [(d.name, d.kind, d.given) for d in scenario.data] == [
        ("email", "email", False),
        ("password", "secret", False),
    ]
    assert scenario.requests[1].body == {"email": "{{email}}", "password": "{{password}}"}
    assert "<" not in scenario.to_json()


def test_a_log_in_that_the_recording_did_not_create_is_asked_of_the_environment() -> None:
    """Nobody's password is in a test."""
    rows = [row for n in range(4) for row in a_login(10 * n, f"{n:08x}")[1:]]
    (scenario,) = (s for s in made_of(rows).scenarios if not s.independent)
    assert all(datum.given for datum in scenario.data)


def test_a_window_without_recorded_traffic_is_refused() -> None:
    """With the command that brings it in."""
    with pytest.raises(TaskVetoed, match="aqe import"):
        recording_to_tests(loaded([]))


def test_scenarios_of_other_analyses_stay() -> None:
    """Each analysis replaces its own part of the list."""
    other = json.loads(made_of(recorded(5)).scenarios[0].to_json()) | {"id": "scenario-err-1"}
    old = other | {"id": "scenario-rec-old"}
    window = loaded(recorded(5), now=START + timedelta(hours=1))
    outcome = recording_to_tests(replace(window, records={"aqe/production/test-scenarios": [other, old]}))
    ids = [s.id if isinstance(s, TestScenario) else s["id"] for s in outcome.stores["aqe/test-requirements"]]
    assert ids[-1] == "scenario-err-1" and "scenario-rec-old" not in ids and len(ids) > 3
