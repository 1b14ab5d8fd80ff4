"""Journeys and recorded flows as scenarios in a browser: the same steps, what they led to, nothing that was typed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.production_intelligence.browser.flows import flow_scenario
from aqe.agents.production_intelligence.browser.page_facts import page_facts
from aqe.agents.production_intelligence.browser.suite import journeys_to_tests
from aqe.agents.production_intelligence.browser.typed_values import typed
from aqe.cli.production.browser_tests import tests_text as browser_tests_text
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.recordings import ExchangeRow, FlowStep, UserFlow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.production.scenarios import BrowserTests, TestScenario, UiStep
from aqe.generators.playwright_target import PlaywrightTarget
from aqe.generators.secrets_scan import scan
from aqe.tests.unit.production.windows import NOW, stored, view

BEGIN = NOW - timedelta(days=1)
BOUGHT = ("/", "Shoes", "/products/17", "add-to-cart", "/cart", "click on Check out", "/checkout", "Buy", "/orders/9")


def visit(session: str, way: tuple[str, ...], **more: Any) -> list[RumRow]:
    """Paths are views, other words are actions on the page before."""
    rows, page = [], ""
    for n, step in enumerate(way):
        at = BEGIN + timedelta(seconds=10 * n)
        page = step if step.startswith("/") else page
        row = view(at, session, page, user=f"u-{session}")
        rows.append(row._replace(**more) if step == page else row._replace(event="action", name=step, **more))
    return rows


def made(folder: Path, rows: Sequence[Row], flows: tuple[UserFlow, ...] = (), **payload: Any) -> BrowserTests:
    records = {f"aqe/production/user-flows/{flow.id}": flow.to_dict() for flow in flows}
    answer = journeys_to_tests(replace(stored(folder, rows, **payload), records=records)).answer
    assert isinstance(answer, BrowserTests)
    return answer


def crowd(way: tuple[str, ...], people: int, name: str = "s", **more: Any) -> list[RumRow]:
    return [row for n in range(people) for row in visit(f"{name}{n}", way, **more)]


def did(scenario: TestScenario) -> list[tuple[str, str | None, list[Any]]]:
    """Action, what it is done with, pages that are expected."""
    return [
        (
            step.action,
            step.value if step.action == "goto" else step.locators[0].value,
            [e.value for e in step.expectations if e.kind == "url-path-is"],
        )
        for step in scenario.ui
    ]


def test_a_frequent_journey_becomes_a_test_of_its_steps_and_pages(tmp_path: Path) -> None:
    """Each action expects the page that it led to; ids of production are in none."""
    answer = made(tmp_path, crowd(BOUGHT, 12))
    [scenario] = answer.scenarios
    assert did(scenario) == [
        ("goto", "/", ["/"]),
        ("submit", "button", ["/products/{id}"]),
        ("submit", "add-to-cart", ["/cart"]),
        ("submit", "button", ["/checkout"]),
        ("submit", "button", ["/orders/{id}"]),
    ]
    assert scenario.ui[1].locators[0].name == "Shoes" and scenario.ui[3].locators[0].name == "Check out"
    assert (scenario.provenance.occurrences, scenario.provenance.sample_size) == (12, 12)
    text = PlaywrightTarget().render(scenario)
    assert "17" not in text and "u-s" not in text and scan(text) == ()
    assert "in 12 of 12 recorded cases" in text


def test_rare_journeys_and_beginnings_of_others_are_left_out(tmp_path: Path) -> None:
    """A beginning is tested by the whole; what five people did at least is told, what fewer did only counted."""
    rows = crowd(BOUGHT, 12) + crowd(BOUGHT[:3], 20, "b") + crowd(("/help",), 6, "h") + crowd(("/secret",), 2, "x")
    answer = made(tmp_path, rows)
    assert [scenario.title for scenario in answer.scenarios] == ["/ > /products/{id} > ... > /orders/{id}"]
    assert (answer.rarer, answer.withheld) == (1, 1)
    text = browser_tests_text(answer)
    assert "1 rarer way;" in text and "/secret" not in text
    assert len(made(tmp_path / "all", rows, minFrequency=6).scenarios) == 2


def test_a_page_that_was_come_to_in_an_unrecorded_way_is_opened_or_linked_to(tmp_path: Path) -> None:
    """Of a page with an id none is known: any link to such a page leads to one."""
    [scenario] = made(tmp_path, crowd(("/", "/help", "/products/17"), 12)).scenarios
    link = 'a[href*="/products/"] >> visible=true >> nth=0'
    assert did(scenario) == [
        ("goto", "/", ["/"]),
        ("goto", "/help", ["/help"]),
        ("click", link, ["/products/{id}"]),
    ]


def test_what_differs_from_visit_to_visit_makes_no_other_way(tmp_path: Path) -> None:
    """Names of things in a list are one link; going back and doing it again change nothing."""
    things = ("Shoes", "Hat", "Scarf", "Belt")
    rows = []
    for n in range(12):
        again = ("/", things[(n + 1) % 4], f"/products/{n}0") * (n % 3)
        rows += visit(f"s{n}", ("/", things[n % 4], f"/products/{n}", *again, "add-to-cart", "/cart"))
    [scenario] = made(tmp_path, rows).scenarios
    assert [step.title or step.locators[0].value for step in scenario.ui if step.locators] == [
        "go to /products/{id}",
        "add-to-cart",
    ]
    assert not any(thing in PlaywrightTarget().render(scenario) for thing in things)


def test_an_action_expects_no_page_where_it_led_to_several(tmp_path: Path) -> None:
    """Below three quarters of the times it is not known what will come."""
    ways = (("/", "Go", "/a"), ("/", "Go", "/b"))
    scenarios = made(tmp_path, crowd(ways[0], 12) + crowd(ways[1], 12, "b")).scenarios
    assert {step.action: len(step.expectations) for step in scenarios[0].ui}["submit"] == 0


def a_document(path: str, title: str, *body: str, status: int = 200) -> ExchangeRow:
    html = f"<html><title>{title}</title><body><h1>{title}</h1>{''.join(body)}</body></html>"
    return ExchangeRow(
        BEGIN, "GET", "http://s", path, status, 5.0, response_type="text/html; charset=utf-8", response_body=html
    )


def test_recorded_pages_tell_titles_headings_and_names_that_all_had(tmp_path: Path) -> None:
    """What only some had, what has a number in it, and what is hidden is not expected; errors are no pages."""
    buy = '<button data-testid="add-to-cart">Add <b>to cart</b></button><p data-testid="secret" hidden>x</p>'
    pages = [
        a_document("/cart", "Your cart", '<p data-testid="total">1</p>', '<p data-testid="note">x</p>'),
        a_document("/cart?x=1", "Your cart", '<p data-testid="total">2</p>'),
        a_document("/products/1", "Shoes", buy),
        a_document("/products/2", "Hat", buy),
        a_document("/orders/1", "Order 1"),
        a_document("/orders/1", "Order 1"),
        a_document("/", "Only once"),
        a_document("/cart", "Something went wrong", status=500),
    ]
    facts = page_facts(pages)
    assert {path: [(e.kind, e.value) for e in of.expectations] for path, of in facts.items()} == {
        "/cart": [("title-is", "Your cart"), ("heading-visible", "Your cart"), ("element-visible", "total")],
        "/products/{id}": [("element-visible", "add-to-cart")],
        "/orders/{id}": [],
    }
    [scenario] = made(tmp_path, [*crowd(BOUGHT, 12), *pages]).scenarios
    bought = next(step for step in scenario.ui if step.locators and step.locators[0].value == "add-to-cart")
    assert bought.locators[1].name == "Add to cart"
    assert [e.kind for e in bought.expectations][:2] == ["url-path-is", "title-is"]


def test_labels_of_fields_and_the_forms_of_texts_are_expected() -> None:
    """A price in another unit has another form; what is hidden, or is drawn by something else, is not looked for."""
    field = '<label for="mail">E-mail</label><input id="mail">'
    field += '<label for="ok">I agree</label><input id="ok" type="checkbox">'
    pages = [a_document("/pay", "Pay", field, f'<p data-testid="sum">€{n}.{n:02}</p>') for n in range(20)]
    (facts,) = page_facts(pages).values()
    told = {e.kind: (e.path, e.value) for e in facts.expectations}
    assert told["field-labelled"] == (None, "E-mail")
    assert told["text-matches"] == ("sum", r"^\s*€\d[\d.,]*[.,]\d{2}\s*$")
    kinds = [e.kind for e in facts.expectations]
    assert kinds.count("field-labelled") == kinds.count("text-matches") == 1


def test_only_journeys_through_the_feature_are_taken(tmp_path: Path) -> None:
    """Named by the path, or by aqe.yaml; another one is refused by name."""
    rows = crowd(BOUGHT, 12) + crowd(("/help",), 12, "h")
    assert [s.title for s in made(tmp_path, rows, feature="help").scenarios] == ["/help"]
    named = {"buying": {"paths": ["/checkout*"]}}
    [one] = made(tmp_path / "b", rows, feature="buying", features=named).scenarios
    assert one.ui[-1].action == "submit"
    with pytest.raises(
        TaskVetoed, match="no way of 10 sessions or more goes through the feature 'helpp', did you mean 'help'"
    ):
        made(tmp_path / "c", rows, feature="helpp")


def test_browsers_in_use_are_told_by_share(tmp_path: Path) -> None:
    """Below 2 % of the page views none is worth a project."""
    rows = crowd(("/",), 70, browser="Chrome", device="desktop") + crowd(
        ("/",), 29, "b", browser="Safari", device="mobile"
    )
    answer = made(tmp_path, rows + crowd(("/",), 1, "c", browser="Opera"))
    assert [(b.browser, b.device, b.share) for b in answer.browsers] == [
        ("chrome", "desktop", 0.7),
        ("safari", "mobile", 0.29),
    ]


def test_nothing_recorded_is_said(tmp_path: Path) -> None:
    """And a flow alone is enough."""
    with pytest.raises(TaskVetoed, match="aqe import"):
        made(tmp_path, [])
    assert len(made(tmp_path, [], (a_flow(),)).scenarios) == 1


def step(action: str, *selectors: str | tuple[str, ...], **more: Any) -> FlowStep:
    ways = tuple((way,) if isinstance(way, str) else way for way in selectors)
    return FlowStep(action=action, selectors=ways, **more)


HOME = "https://shop.example"
LOGIN = (
    step("setViewport"),
    step("navigate", url=f"{HOME}/login?next=/cart", expects_url=f"{HOME}/login", expects_title="Log in"),
    step("click", "aria/E-mail", "#email"),
    step("change", "aria/E-mail", "#email", value="jane.doe@shop.example"),
    step("change", "#password", value="<hidden>"),
    step("keyDown", key="Enter", expects_url=f"{HOME}/orders/17", expects_title="Order 17"),
    step("keyUp", key="Enter"),
)


def a_flow(*steps: FlowStep) -> UserFlow:
    return UserFlow(id="0123456789abcdef", title="Sign in", source="chrome-recorder", steps=steps or LOGIN)


def a_scenario(*steps: FlowStep) -> TestScenario:
    scenario = flow_scenario(a_flow(*steps))
    assert scenario is not None
    return scenario


def test_a_recorded_log_in_types_data_of_the_environment() -> None:
    """Not what the recording holds; the click into a field is a part of filling it in; titles of one order are none."""
    scenario = a_scenario()
    assert [(s.action, s.value) for s in scenario.ui] == [
        ("goto", "/login?next=/cart"),
        ("fill", "{{user.email}}"),
        ("fill", "{{user.password}}"),
        ("press", "Enter"),
    ]
    expected = [[(e.kind, e.value) for e in s.expectations] for s in scenario.ui]
    assert expected[0] == [("url-path-is", "/login"), ("title-is", "Log in")]
    assert expected[-1] == [("url-path-is", "/orders/{id}"), ("no-page-error", True), ("no-failed-request", 500)]
    text = PlaywrightTarget().render(scenario)
    assert "jane" not in text and "AQE_TEST_PASSWORD" in text


def test_selectors_of_a_recording_become_locators_the_lasting_ones_first() -> None:
    """Positions and generated names only where nothing else is known; shadow roots and frames are gone through."""
    [opened, *clicks] = a_scenario(
        step("navigate", url=f"{HOME}/"),
        step("click", "#app > div:nth-child(2) > button", "aria/Buy", '[data-testid="buy"]', "xpath///*[1]/button"),
        step("click", "main > div:nth-of-type(3)", "xpath///main/div[3]"),
        step("click", ("my-card", "#more"), frame=(1, 0)),
        step("click", 'aria/Sort[role="combobox"]'),
    ).ui
    assert opened.value == "/"
    told = [[(way.by, way.value, way.name) for way in click.locators] for click in clicks]
    assert told == [
        [("test-id", "buy", None), ("role", "button", "Buy"), ("role", "link", "Buy")],
        [("css", "main > div:nth-of-type(3)", None)],
        [("css", "my-card #more", None)],
        [("role", "combobox", "Sort")],
    ]
    assert clicks[2].frame == (1, 0)


def test_code_and_other_sites_of_a_recording_are_left_out() -> None:
    """An expression would be code from outside; a menu of the right button is no outcome."""
    scenario = a_scenario(
        step("navigate", url=f"{HOME}/"),
        step("waitForExpression", details='{"expression": "process.exit()"}'),
        step("navigate", url="https://elsewhere.example/login"),
        step("click", "#a", details='{"button": "secondary"}'),
        step("keyDown", key="j"),
        step("waitForElement", "aria/Done"),
    )
    assert [(s.action, s.value) for s in scenario.ui] == [("goto", "/"), ("expect", None)]
    assert "exit()" not in PlaywrightTarget().render(scenario)
    assert flow_scenario(a_flow(step("scroll"))) is None


@pytest.mark.parametrize(
    ("value", "called", "expected"),
    [
        ("Jane Doe", ("aria/Full name",), "{{user.name}}"),
        ("Jane", ("#first-name",), "{{user.first_name}}"),
        ("4000 1234", ("[autocomplete=cc-number]",), "{{user.card_number}}"),
        ("12", ("#quantity",), "12"),
        ("123", ("#cvc",), "{{user.card_code}}"),
        ("123", ("#x",), "{{user.number}}"),
        ("red shoes", ("aria/Search",), "{{user.search}}"),
        ("a@b.example", ("#x",), "{{user.email}}"),
        ("my diary", ("#x",), "{{user.text}}"),
    ],
)
def test_typed_text_is_replaced_by_its_kind(value: str, called: tuple[str, ...], expected: str) -> None:
    """By what the field is called, else by what it looks like; small numbers stay."""
    assert typed(value, *called) == expected


def test_a_choice_keeps_its_option() -> None:
    """Options are the site's words; a text that is none is not taken over."""
    [_, chosen, odd] = a_scenario(
        step("navigate", url=f"{HOME}/"),
        step("change", 'aria/Country[role="combobox"]', value="de"),
        step("change", "select#x", value="<person:3f2a9c1b>"),
    ).ui
    assert isinstance(chosen, UiStep) and (chosen.action, chosen.value, odd.value) == ("select", "de", "")
