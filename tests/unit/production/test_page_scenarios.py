"""Pages by their whole address: which are tested on their own, and what is expected of them."""

from datetime import timedelta
from typing import Any

from aqe.agents.production_intelligence.browser.page_scenarios import page_scenarios
from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.core.records.production.scenarios import TestScenario
from aqe.tests.unit.production.windows import NOW

SECOND = "/list?page=2"
WINDOW = (NOW - timedelta(days=1), NOW)


def page(*test_ids: str) -> str:
    return "<html><body>" + "".join(f'<a href="/" data-testid="{one}">x</a>' for one in test_ids) + "</body></html>"


def asked(person: str, path: str = SECOND, html: str = "", **more: Any) -> ExchangeRow:
    shown = html or page("previous-page", "next-page")
    row = ExchangeRow(NOW, "GET", "http://shop", path, 200, 5.0, response_type="text/html", response_body=shown)
    return row._replace(**{"session": person, **more})


def crowd(path: str = SECOND, html: str = "", people: int = 6, **more: Any) -> list[ExchangeRow]:
    return [asked(f"p{n}", path, html, **more) for n in range(people)]


def made(*rows: ExchangeRow) -> tuple[TestScenario, ...]:
    return page_scenarios(rows, WINDOW, least=5)


def test_an_address_expects_what_all_its_pages_had() -> None:
    """The second page of a list has a link to the third in all six; an advertisement in one."""
    rows = [*crowd(), asked("p6", html=page("previous-page", "advert", "next-page"))]
    [scenario] = made(*rows, *crowd("/list?page=3", page("previous-page")))
    assert [(step.action, step.value) for step in scenario.ui] == [("goto", SECOND), ("goto", "/list?page=3")]
    shown = [[e.value for e in step.expectations if e.kind == "element-visible"] for step in scenario.ui]
    assert shown == [["previous-page", "next-page"], ["previous-page"]]
    assert (scenario.provenance.occurrences, scenario.provenance.sample_size) == (7, 7)


def test_what_few_people_asked_for_is_no_test() -> None:
    """What somebody looked for may name them; who asks again and again is one."""
    assert made(*crowd(people=4), *(asked("p0") for _ in range(20))) == ()


def test_what_is_there_only_for_some_is_no_test() -> None:
    """After a change of theirs, with an id of theirs, or refused to one of them."""
    changed = [asked(f"p{n}", "/log-in", method="POST", status=303) for n in range(6)]
    assert made(*changed, *crowd()) == ()
    assert made(*crowd("/orders/17?tab=2")) == made(*crowd("/list?by=<email:0f0f0f0f>")) == ()
    assert made(*crowd(), asked("p9", status=303)) == ()
    assert made(*crowd(session=None)) == ()


def test_pages_without_a_query_and_data_are_tested_elsewhere() -> None:
    assert made(*crowd("/list")) == ()
    assert made(*crowd("/api/list?page=2", '{"items": []}', response_type="application/json")) == ()
