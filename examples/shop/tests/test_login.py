"""Who is who: login and logout, and what is whose."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop import accounts, login, runtime
from shop.config import Settings
from shop.secret import secret_key

from .shop_process import ShopProcess
from .visitor import CUSTOMER, OTHER_CUSTOMER, Visitor


def bearer(client: FlaskClient, customer: dict[str, str]) -> dict[str, str]:
    answer = client.post("/api/login", json=customer)
    assert answer.status_code == 200
    client.delete_cookie("shop_session")
    return {"Authorization": f"Bearer {answer.get_json()['token']}"}


def test_a_customer_logs_in_and_out(client: FlaskClient) -> None:
    """The head of each page says so."""
    visitor = Visitor(client)
    page = visitor.log_in(**CUSTOMER)
    assert page.text("message") == "Welcome back, Robin Reader."
    assert page.all("log-out") and not page.all("nav-login")
    page = visitor.send("/logout")
    assert page.all("nav-login") and not page.all("log-out")


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "reader@example.test", "password": "wrong"},
        {"email": "nobody@example.test", "password": "paper-and-ink"},
        {"email": "", "password": ""},
    ],
)
def test_a_wrong_login_does_not_say_what_is_wrong(client: FlaskClient, wrong: dict[str, str]) -> None:
    """401, the same words each time, and the address stays in its field."""
    page = Visitor(client).log_in(**wrong)
    assert (page.status, page.text("login-problem")) == (401, "The e-mail address or the password is wrong.")
    assert page.forms["/login"]["email"] == wrong["email"]
    assert page.all("log-out") == []


def test_an_address_is_known_in_any_case(client: FlaskClient) -> None:
    """As mail servers see it."""
    assert Visitor(client).log_in(" Reader@Example.TEST", CUSTOMER["password"]).status == 200


def test_a_login_leads_to_where_one_was_heading(client: FlaskClient) -> None:
    """By name: an address of elsewhere is not followed."""
    visitor = Visitor(client)
    visitor.see("/orders")
    assert visitor.send("/login", **CUSTOMER).all("orders-empty")
    visitor.send("/logout")
    visitor.see("/login?next=https://example.org")
    assert visitor.send("/login", **CUSTOMER).all("products")


def test_the_cart_comes_along(client: FlaskClient) -> None:
    """What was put in before the login can be bought after it, and is then nobody else's."""
    visitor = Visitor(client)
    visitor.put_into_cart(3)
    with client.session_transaction() as session:
        cart_id = session[login.CART]
    assert client.get(f"/api/cart/{cart_id}").status_code == 200
    page = visitor.log_in(**CUSTOMER)
    assert page.text("nav-cart") == "Cart (1)"
    client.delete_cookie("shop_session")
    assert client.get(f"/api/cart/{cart_id}").status_code == 404


def test_a_logout_ends_the_login_itself(client: FlaskClient) -> None:
    """A copy of the cookie or of the token is worth nothing afterwards."""
    answer = client.post("/api/login", json=CUSTOMER)
    copied = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert answer.get_json()["account"]["name"] == "Robin Reader"
    assert client.get("/api/account").get_json()["id"] == "u1001"
    assert client.post("/api/logout").status_code == 204
    assert client.get("/api/account").status_code == 401
    assert client.get("/api/account", headers=copied).status_code == 401


def test_a_login_does_not_last_for_ever(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After twelve hours one is asked again."""
    headers = bearer(client, CUSTOMER)
    assert client.get("/api/account", headers=headers).status_code == 200
    later = runtime.now() + accounts.LOGIN_LASTS
    monkeypatch.setattr(login, "now", lambda: later)
    assert client.get("/api/account", headers=headers).status_code == 401


def test_carts_and_orders_are_their_owners(client: FlaskClient) -> None:
    """For others they do not exist."""
    mine, theirs = bearer(client, CUSTOMER), bearer(client, OTHER_CUSTOMER)
    cart_id = client.post("/api/cart", json={"product_id": 1}, headers=mine).get_json()["id"]
    line = f"/api/cart/{cart_id}/lines/1"
    for headers in (theirs, {}):
        assert client.get(f"/api/cart/{cart_id}", headers=headers).status_code == 404
        assert client.put(line, json={"quantity": 2}, headers=headers).status_code == 404
        assert client.delete(line, headers=headers).status_code == 404
        assert client.post("/api/orders", json={"cart_id": cart_id}, headers=headers).status_code == 404
    order_id = client.post("/api/orders", json={"cart_id": cart_id}, headers=mine).get_json()["id"]
    assert client.get(f"/api/orders/{order_id}", headers=theirs).status_code == 404
    assert client.get(f"/api/orders/{order_id}", headers=mine).status_code == 200
    assert client.get("/api/orders", headers=theirs).get_json() == {"orders": [], "count": 0}
    assert [order["id"] for order in client.get("/api/orders", headers=mine).get_json()["orders"]] == [order_id]
    assert client.get("/api/orders").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@example.test"}, {"email": 7, "password": "x"}, {"email": "\ud800", "password": "x"}]
)
def test_a_login_needs_both_texts(client: FlaskClient, body: object) -> None:
    """What was sent is not repeated: it may be a password."""
    answer = client.post("/api/login", json=body)
    assert answer.status_code == 400
    assert "missing or no text" in answer.get_json()["error"]["message"]


def test_a_cookie_can_not_be_forged(app: Flask, client: FlaskClient, settings: Settings) -> None:
    """It is signed with a key that is the owner's alone, and out of reach of scripts."""
    answer = client.post("/api/login", json=CUSTOMER)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert settings.secret.stat().st_mode & 0o077 == 0
    client.set_cookie("shop_session", cookie.split("=", 1)[1].split(";")[0][:-3] + "abc")
    assert client.get("/api/account").status_code == 401


def test_the_customers_that_ship_can_log_in(shop: ShopProcess) -> None:
    """With the passwords that the README tells, on a shop as it is delivered."""
    request = urllib.request.Request(  # noqa: S310 - the shop's own URL
        f"{shop.url}/api/login", json.dumps(CUSTOMER).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert json.load(answer)["account"]["id"] == "u1001"


def test_the_secret_is_kept(tmp_path: Path) -> None:
    """A restart logs nobody out."""
    first = secret_key(tmp_path / "new" / "secret.key")
    assert secret_key(tmp_path / "new" / "secret.key") == first
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]


def test_the_quantity_of_a_line_is_set_and_the_line_removed(client: FlaskClient, a_cart: Callable[..., str]) -> None:
    """Through the API as through the page."""
    cart_id = a_cart(product_id=3)
    line = f"/api/cart/{cart_id}/lines/3"
    assert client.put(line, json={"quantity": 4}).get_json()["total_cents"] == 4 * 4590
    assert client.put(line, json={"quantity": 11}).status_code == 409
    assert client.put(line, json={"quantity": 0}).status_code == 400
    assert client.delete(line).get_json()["lines"] == []
    assert client.delete(line).status_code == 404
    assert client.post("/api/orders", json={"cart_id": cart_id}).status_code == 409
