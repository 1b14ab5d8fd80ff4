"""What browsers tell of their visits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from shop import runtime
from shop.config import Settings

from .visitor import Visitor

CHROME = (
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
)
ORDER = "0123456789abcdef" * 2


@pytest.fixture
def told(client: FlaskClient, settings: Settings) -> Callable[..., list[dict[str, Any]]]:
    """Reports events of one view; the lines that were written."""

    def tell(*events: object) -> list[dict[str, Any]]:
        view = {"id": "v1", "path": f"/orders/{ORDER}", "group": "/orders/?"}
        report = {"session": "s1", "view": view, "events": events}
        assert client.post("/rum", json=report, headers={"User-Agent": CHROME}).status_code == 204
        return [json.loads(line) for line in settings.rum_log.read_text(encoding="utf-8").splitlines()]

    return tell


def test_a_view_is_written_with_its_vitals_in_nanoseconds(told: Callable[..., list[dict[str, Any]]]) -> None:
    """Without the order's number, which opens it; what was not measured is not there."""
    at = runtime.now()
    (line,) = told({"type": "view", "at": at.timestamp() * 1000, "duration_ms": 1500, "lcp_ms": 120.5, "cls": 0.01})
    assert line["type"] == "rum"
    assert line["attributes"]["timestamp"] == at.isoformat(timespec="milliseconds")
    assert line["attributes"]["attributes"] == {
        "type": "view",
        "session": {"id": "s1"},
        "view": {
            "id": "v1",
            "url_path": "/orders/?",
            "url_path_group": "/orders/?",
            "time_spent": 1_500_000_000,
            "largest_contentful_paint": 120_500_000,
            "cumulative_layout_shift": 0.01,
        },
        "device": {"type": "Mobile"},
        "browser": {"name": "Chrome", "version": "130"},
        "version": "1.4.0",
    }


def test_clicks_and_errors_are_written(told: Callable[..., list[dict[str, Any]]]) -> None:
    """Each as an event of its own, within its view."""
    lines = told(
        {"type": "action", "kind": "click", "name": "add-to-cart"},
        {"type": "error", "name": "TypeError", "message": "x is null", "stack": "at f (cart.js:1)"},
    )
    action, error = (line["attributes"]["attributes"] for line in lines)
    assert action["action"] == {"type": "click", "target": {"name": "add-to-cart"}}
    assert (error["error"]["type"], error["error"]["message"]) == ("TypeError", "x is null")
    assert action["view"]["id"] == error["view"]["id"] == "v1"


def test_what_makes_no_sense_is_left_out(told: Callable[..., list[dict[str, Any]]]) -> None:
    """Unknown events, wrong types, impossible numbers, a clock that is years off."""
    (line,) = told({"type": "magic"}, 7, {"type": "view", "at": 1, "lcp_ms": "fast", "inp_ms": -1, "cls": True})
    view = line["attributes"]["attributes"]["view"]
    assert not {"largest_contentful_paint", "interaction_to_next_paint", "cumulative_layout_shift"} & view.keys()
    assert line["attributes"]["timestamp"][:10] == runtime.now().date().isoformat()


@pytest.mark.parametrize("body", [[], {}, {"events": {}}, {"events": [{}] * 201}])
def test_a_report_without_a_list_of_events_is_refused(client: FlaskClient, body: object) -> None:
    """Nothing is written."""
    assert client.post("/rum", json=body).status_code == 400


def test_every_page_names_its_group_for_the_beacon(client: FlaskClient) -> None:
    """The path, with `?` for what varies."""
    page = Visitor(client).see("/products/1")
    assert '<body data-view="/products/?">' in page.html
    assert "/static/rum.js" in page.html
