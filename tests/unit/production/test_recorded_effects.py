"""What changes did to later reads, who may see what, and which data a test brings: principles, on made-up traffic."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.recorded.choice import covering, input_class
from aqe.agents.production_intelligence.recorded.exchanges import exchanges
from aqe.agents.production_intelligence.recorded.suite import recorded_tests
from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.core.records.production.scenarios import RequestStep, TestScenario

from .till import START, an_exchange


class Desk:
    """Records what people with a token of their own ask; ids differ from visit to visit."""

    def __init__(self) -> None:
        self.rows: list[ExchangeRow] = []
        self.made = 0

    def ask(self, method: str, path: str, body: Any, status: int, answer: Any, token: str | None = None) -> None:
        headers = f'{{"authorization":"Bearer <bearer:{token}>"}}' if token else None
        at = START + timedelta(seconds=len(self.rows))
        row = an_exchange(at, method, path, body, status, answer, session=token and f"<session:{token}>")
        self.rows.append(row._replace(request_headers=headers))

    def log_in(self, who: str) -> str:
        self.made += 1
        token = f"{self.made:08x}"
        body = {"email": f"<email:{who}>", "password": f"<secret:{who}>"}
        self.ask("POST", "/login", body, 200, {"token": f"<secret:{token}>"})
        return token

    def book(self, token: str) -> str:
        self.made += 1
        booking = f"{self.made:032x}"
        self.ask("POST", "/bookings", {"seats": 2}, 201, {"id": booking}, token)
        return booking

    def scenarios(self) -> tuple[TestScenario, ...]:
        return recorded_tests(exchanges(self.rows)).scenarios


ANN, BEN = "a" * 8, "b" * 8


def steps(scenarios: tuple[TestScenario, ...], path: str) -> Iterator[RequestStep]:
    return (step for s in scenarios for step in s.requests if step.path == path)


def kinds(step: RequestStep) -> dict[str, Any]:
    return {expectation.kind: expectation.value for expectation in step.expectations}


@pytest.fixture(scope="module")
def of_bookings() -> tuple[TestScenario, ...]:
    """Four times: Ann looks, books, and looks again; Ben may not see it."""
    desk = Desk()
    free = 90
    for _ in range(4):
        ann, ben = desk.log_in(ANN), desk.log_in(BEN)
        desk.ask("GET", "/hall", None, 200, {"free": free}, ann)
        booking = desk.book(ann)
        free -= 2
        desk.ask("GET", "/hall", None, 200, {"free": free}, ann)
        mine = {"bookings": [{"id": booking}, {"id": f"{free:032x}"}]}
        desk.ask("GET", "/bookings", None, 200, mine, ann)
        desk.ask("GET", f"/bookings/{booking}", None, 404, {"error": {"code": "none"}}, ben)
        desk.ask("GET", "/bookings", None, 200, {"bookings": [{"id": f"{free + 1:032x}"}]}, ben)
        free -= 5  # others
    return desk.scenarios()


def test_a_number_that_a_change_lowered_is_expected_to_fall(of_bookings: tuple[TestScenario, ...]) -> None:
    """By as much as was asked for at least: others may book meanwhile."""
    before, after = list(steps(of_bookings, "/hall"))[:2]
    assert kinds(after)["json-fell"] == ["{{free_before}}", 2]
    assert [(capture.name, capture.path) for capture in before.captures] == [("free_before", "free")]


def test_what_was_made_is_in_its_makers_list_and_in_nobody_elses(of_bookings: tuple[TestScenario, ...]) -> None:
    """Told apart by the authorization with which it was made."""
    own, others = list(steps(of_bookings, "/bookings"))[1:3]
    assert (own.headers["Authorization"], kinds(own)["json-includes"]) == ("Bearer {{token}}", "{{booking_id}}")
    assert (others.headers["Authorization"], kinds(others)["json-excludes"]) == ("Bearer {{token_2}}", "{{booking_id}}")


def test_another_customers_token_is_sent_where_it_was_and_refused(of_bookings: tuple[TestScenario, ...]) -> None:
    """Two people in one flow, who share no cookies."""
    (refused,) = steps(of_bookings, "/bookings/{{booking_id}}")
    assert (refused.headers["Authorization"], kinds(refused)["status-is"]) == ("Bearer {{token_2}}", 404)
    (flow,) = (s for s in of_bookings if refused in s.requests)
    assert not flow.cookies
    assert [d.name for d in flow.data if d.given] == ["email", "password", "other_email", "other_password"]


def test_a_number_that_did_not_always_fall_is_not_expected_to() -> None:
    """One counterexample is enough."""
    desk = Desk()
    for after in (88, 88, 90, 88):
        token = desk.log_in(ANN)
        desk.ask("GET", "/hall", None, 200, {"free": 90}, token)
        desk.book(token)
        desk.ask("GET", "/hall", None, 200, {"free": after}, token)
    assert all("json-fell" not in kinds(step) for step in steps(desk.scenarios(), "/hall"))


def test_a_wrong_password_is_made_up_and_the_right_one_is_asked_for() -> None:
    """How the service answered tells them apart."""
    desk = Desk()
    for _ in range(3):
        wrong = {"email": f"<email:{ANN}>", "password": "<secret:cccccccc>"}
        desk.ask("POST", "/login", wrong, 401, {"error": {"code": "no"}})
        desk.ask("GET", "/me", None, 200, {"ok": True}, desk.log_in(ANN))
    (refused,) = (s for s in desk.scenarios() if "refused with 401" in s.title)
    assert [(d.name, d.given) for d in refused.data] == [("email", True), ("wrong_password", False)]


@pytest.mark.parametrize(("status", "name", "given"), [(201, "card", False), (402, "card_refused_402", True)])
def test_a_card_that_was_refused_for_itself_must_be_such_a_card_again(status: int, name: str, given: bool) -> None:
    """One that was taken is the number that providers publish for tests."""
    desk = Desk()
    for _ in range(3):
        desk.ask("POST", "/pay", {"number": "<card:dddddddd>"}, status, {"ok": status == 201}, desk.log_in(ANN))
    (flow,) = (s for s in desk.scenarios() if not s.independent)
    assert (name, given) in [(d.name, d.given) for d in flow.data]


@pytest.mark.parametrize(("status", "times", "expected"), [(504, 3, True), (504, 2, False), (500, 9, False)])
def test_a_failure_told_in_words_is_expected_when_it_was_told_often(status: int, times: int, expected: bool) -> None:
    """A 500 never is."""
    desk = Desk()
    for _ in range(times):
        desk.ask("POST", "/pay", {"number": "<card:dddddddd>"}, status, {"error": {"code": "late"}}, desk.log_in(ANN))
    assert any(kinds(step).get("status-is") == status for step in steps(desk.scenarios(), "/pay")) is expected


def test_inputs_of_different_classes_are_all_chosen_before_one_class_twice() -> None:
    """The rare one in capitals too."""
    asked = ["lamp", "desk", "chair", "LAMP", "caf\u00e9"]
    chosen = list(covering([{input_class(text)} for text in asked], [9, 8, 7, 1, 1], 3))
    assert [asked[n] for n in chosen] == ["lamp", "LAMP", "caf\u00e9"]
