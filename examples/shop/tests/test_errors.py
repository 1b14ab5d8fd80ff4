"""What callers see when something is wrong."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.config import Settings


def test_an_unknown_path_is_404_as_json(client: FlaskClient) -> None:
    """Errors of the framework have the same shape as ours."""
    answer = client.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    """405 keeps its Allow header."""
    answer = client.delete("/api/products")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.get_json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_is_refused(client: FlaskClient, body: bytes, content_type: str, status: int) -> None:
    """Broken, not text, nested too deeply, not declared as JSON, too large."""
    answer = client.post("/api/cart", data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.get_json()["error"]["message"]


@pytest.mark.parametrize("text", ["'; DROP TABLE products; --", "${7*7}", "</script>", "\x00", "%", "\n", "ä€😀"])
def test_hostile_text_is_only_text(client: FlaskClient, text: str) -> None:
    """It never becomes SQL, a crash or another status than 200, 400 and 404."""
    assert client.get("/api/products", query_string={"q": text}).get_json() is not None
    assert client.get("/api/products", query_string={"category": text}).status_code == 400
    assert client.get("/api/products?q=%ff%fe").status_code == 200
    assert client.post("/api/orders", json={"cart_id": text}).status_code == 400
    assert client.get("/health").get_json()["products"] == 7


def test_each_answer_carries_a_request_id(client: FlaskClient) -> None:
    """The caller's own id is kept; one that is not a plain token is replaced."""
    assert client.get("/health", headers={"X-Request-Id": "abc-123"}).headers["X-Request-Id"] == "abc-123"
    made = client.get("/health", headers={"X-Request-Id": "a b@c"}).headers["X-Request-Id"]
    assert len(made) == 32


def test_an_unforeseen_error_is_500_without_its_details(app: Flask, client: FlaskClient) -> None:
    """The caller gets the request id, and nothing of the code."""

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("secret")

    answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.get_json()["error"]["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.text


def test_health_tells_release_and_number_of_products(client: FlaskClient) -> None:
    """200 means that the database answers."""
    assert client.get("/health").get_json() == {"status": "ok", "release": "1.4.0", "products": 7}


def test_health_is_503_when_the_database_is_gone(
    client: FlaskClient, settings: Settings, app_log: Callable[[], list[dict[str, object]]]
) -> None:
    """The reason goes to the log."""
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.executescript(
            "DROP TABLE offers; DROP TABLE cart_lines; DROP TABLE order_lines; DROP TABLE products"
        )
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "unavailable")
    assert app_log()[-1]["error_type"] == "OperationalError"
