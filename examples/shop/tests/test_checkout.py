"""Buying: form, card, order, and what may go wrong between them."""

import logging
import signal
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.errors import InvalidFields, PaymentUnavailable
from shop.payment.gateway import Card, HttpGateway
from shop.payment.stub import SLOW_CARD, PaymentStub
from shop.purchase_form import FIELDS, check, expiry_problem, luhn

from .shop_process import STOP_TIMEOUT_S, start_shop
from .visitor import ADDRESS, CARD, CUSTOMER, OTHER_CUSTOMER, Visitor


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def amounts(payments: PaymentStub) -> list[int]:
    """What was taken and kept."""
    return [payment["amount_cents"] for payment in payments.payments.values() if not payment["voided"]]


def test_a_customer_buys_what_is_in_the_cart(visitor: Visitor, payments: PaymentStub) -> None:
    """Thanks, the lines and the total; the history has it, the cart is empty, stock is less, the card charged."""
    page = visitor.at_the_checkout(3, quantity=2).send("/checkout", **ADDRESS, **CARD)
    assert page.status == 200
    assert "Thank you for your order" in page.html
    assert page.text("order-total") == "€91.80"
    assert page.text("order-address") == "Robin Reader, Long Lane 7, 1010 Vienna, Austria"
    assert "Card ending in 4242" in page.html
    assert page.text("nav-cart") == "Cart (0)"
    assert amounts(payments) == [9180]
    assert page.text("order-id")[:8] in visitor.see("/orders").text("order-row")
    assert visitor.see("/products/3").text("stock") == "8 in stock"


def test_only_customers_check_out(visitor: Visitor) -> None:
    """Others log in first, and come back to it with their cart."""
    visitor.put_into_cart(3)
    assert visitor.see("/checkout").forms["/login"]["next"] == "checkout"
    assert visitor.send("/login", **CUSTOMER).text("checkout-total") == "€45.90"
    assert visitor.client.post("/api/checkout", json={}, headers={"Authorization": "Bearer x"}).status_code == 401


def test_there_is_nothing_to_check_out_in_an_empty_cart(visitor: Visitor) -> None:
    """The cart says so."""
    visitor.log_in(**CUSTOMER)
    assert visitor.see("/checkout").text("cart-empty")


def test_every_wrong_field_is_told_beside_it_and_the_address_stays(visitor: Visitor, payments: PaymentStub) -> None:
    """In one go; the card must be typed again, and nothing is charged."""
    page = visitor.at_the_checkout().send("/checkout", **{**ADDRESS, "city": "", "country": "XX"}, number="1", cvc="x")
    assert page.status == 400
    assert {name for name in FIELDS if page.all(f"{name}-problem")} == {"city", "country", "number", "expires", "cvc"}
    assert page.text("city-problem") == "Enter a city."
    assert 'aria-describedby="city-problem"' in page.html
    form = page.forms["/checkout"]
    assert (form["street"], form["number"], form["cvc"]) == ("Long Lane 7", "", "")
    assert payments.payments == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("street", "two\nlines"),
        ("postcode", "?"),
        ("country", "US"),
        ("number", "4242424242424241"),
        ("number", "٤" * 16),
        ("expires", "13/30"),
        ("expires", "01/20"),
        ("cvc", "12"),
    ],
)
def test_a_wrong_value_is_refused(field: str, value: str) -> None:
    """Each field has a rule of its own."""
    with pytest.raises(InvalidFields) as refused:
        check({**ADDRESS, **CARD, field: value}, date(2026, 11, 28))
    assert list(refused.value.problems) == [field]


def test_a_card_holds_until_its_month_ends() -> None:
    """Not a day longer."""
    assert expiry_problem("11/26", date(2026, 11, 30)) is None
    assert expiry_problem("11/26", date(2026, 12, 1)) == "This card has expired."
    assert luhn("79927398713") and not luhn("79927398710")


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995", "4000000000000069"])
def test_a_declined_card_buys_nothing(visitor: Visitor, number: str) -> None:
    """402 and the reason; with another card it goes on from there."""
    page = visitor.at_the_checkout().send("/checkout", **ADDRESS, **{**CARD, "number": number})
    assert (page.status, "the card was declined" in page.text("checkout-problem")) == (402, True)
    assert visitor.see("/orders").all("orders-empty")
    visitor.see("/checkout")
    assert visitor.send("/checkout", **ADDRESS, **CARD).text("order-total") == "€29.90"


def test_a_payment_that_does_not_answer_buys_nothing_and_can_be_repeated(
    app: Flask, visitor: Visitor, payments: PaymentStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """504 in words; the repetition carries the same key, so that one is charged once."""
    payments.delay_ms = 300
    monkeypatch.setattr(app.extensions["shop"].gateway, "_timeout_s", 0.1)
    page = visitor.at_the_checkout().send("/checkout", **ADDRESS, **CARD)
    assert (page.status, page.text("checkout-problem")) == (504, "the payment service did not answer in time")
    assert visitor.see("/orders").all("orders-empty")
    payments.delay_ms = 0
    monkeypatch.undo()
    visitor.page = page
    assert visitor.send("/checkout", **ADDRESS, **CARD).text("order-total") == "€29.90"
    assert amounts(payments) == [2990]


def test_a_double_click_buys_once(visitor: Visitor, payments: PaymentStub) -> None:
    """The second form leads to the first one's order, and its payment is the same."""
    form = visitor.at_the_checkout().page
    first = visitor.send("/checkout", **ADDRESS, **CARD).text("order-id")
    visitor.page = form
    assert visitor.send("/checkout", **ADDRESS, **CARD).text("order-id") == first
    assert len(visitor.see("/orders").all("order-row")) == 1
    assert amounts(payments) == [2990]


def test_a_total_that_has_changed_is_shown_before_it_is_charged(
    visitor: Visitor, supplier_says: Callable[..., None], payments: PaymentStub
) -> None:
    """Nobody pays another price than the one they saw."""
    visitor.at_the_checkout(2)
    supplier_says(2, price=3990)
    page = visitor.send("/checkout", **ADDRESS, **CARD)
    assert (page.status, page.text("checkout-total")) == (409, "€39.90")
    assert payments.payments == {}
    assert visitor.send("/checkout", **ADDRESS, **CARD).text("order-total") == "€39.90"


def test_a_price_that_changes_while_the_card_is_charged_gives_the_money_back(
    visitor: Visitor, supplier_says: Callable[..., None], payments: PaymentStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order never costs something else than was paid."""
    charge = HttpGateway.charge

    def slow(gateway: HttpGateway, amount_cents: int, card: Card, *, key: str) -> str:
        payment_id = charge(gateway, amount_cents, card, key=key)
        supplier_says(2, price=3990)
        return payment_id

    monkeypatch.setattr(HttpGateway, "charge", slow)
    page = visitor.at_the_checkout(2).send("/checkout", **ADDRESS, **CARD)
    assert page.status == 409
    assert (len(payments.payments), amounts(payments)) == (1, [])
    assert visitor.see("/orders").all("orders-empty")


def test_a_payment_that_can_not_be_given_back_is_logged(
    visitor: Visitor,
    supplier_says: Callable[..., None],
    app_log: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody has to do it by hand."""

    def charge(_gateway: HttpGateway, _amount: int, _card: Card, *, key: str) -> str:
        supplier_says(2, stock=0)
        return "unknown-there"

    monkeypatch.setattr(HttpGateway, "charge", charge)
    assert visitor.at_the_checkout(2).send("/checkout", **ADDRESS, **CARD).status == 409
    assert "payment unknown-there has no order and could not be voided" in [line["message"] for line in app_log()]


def test_nobody_buys_anothers_cart(visitor: Visitor, app: Flask) -> None:
    """The form's cart must be the customer's own."""
    form = visitor.at_the_checkout().page.forms["/checkout"]
    other = Visitor(app.test_client())
    other.log_in(**OTHER_CUSTOMER)
    other.put_into_cart(3)
    other.see("/checkout")
    assert other.send("/checkout", **ADDRESS, **CARD, cart_id=form["cart_id"]).all("cart")
    assert other.see("/orders").all("orders-empty")


def test_a_form_of_someone_who_was_logged_out_leads_to_the_login(visitor: Visitor) -> None:
    """And one without a total is refused."""
    page = visitor.at_the_checkout().page
    assert visitor.send("/checkout", **ADDRESS, **CARD, total_cents="").status == 400
    with visitor.client.session_transaction() as session:
        del session["login"]
    visitor.page = page
    assert "/login" in visitor.send("/checkout", **ADDRESS, **CARD).forms


def test_the_api_buys_too(client: FlaskClient, payments: PaymentStub) -> None:
    """201 with the order; a repeated request is told the order, a declined card 402, wrong fields 400 by name."""
    client.post("/api/login", json=CUSTOMER)
    cart_id = client.post("/api/cart", json={"product_id": 3}).get_json()["id"]
    body = {"cart_id": cart_id, "address": ADDRESS, "card": CARD}
    wrong = client.post("/api/checkout", json={**body, "card": {**CARD, "cvc": "1"}})
    assert (wrong.status_code, "cvc: Enter the 3 or 4" in wrong.get_json()["error"]["message"]) == (400, True)
    assert client.post("/api/checkout", json={**body, "address": 7}).status_code == 400
    declined = client.post("/api/checkout", json={**body, "card": {**CARD, "number": "4000000000000002"}})
    assert (declined.status_code, declined.get_json()["error"]["code"]) == (402, "payment_declined")
    assert client.post("/api/checkout", json={**body, "total_cents": 1}).status_code == 409
    placed = client.post("/api/checkout", json={**body, "total_cents": 4590}, headers={"Idempotency-Key": "k"})
    assert placed.status_code == 201
    assert placed.get_json()["card_last4"] == "4242"
    assert client.get(placed.headers["Location"]).get_json() == placed.get_json()
    assert client.post("/api/checkout", json=body).status_code == 409
    assert amounts(payments) == [4590]


def test_the_card_is_in_no_log(
    visitor: Visitor, app_log: Callable[[], list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does it show when it is printed."""
    with caplog.at_level(logging.DEBUG):
        visitor.at_the_checkout().send("/checkout", **ADDRESS, **CARD)
    assert "4242424242424242" not in str(app_log()) + caplog.text
    assert repr(Card("4242424242424242", "12/99", "123")) == "Card(…4242)"


def test_a_service_that_does_not_keep_to_its_protocol_is_unavailable(payments: PaymentStub) -> None:
    """Whatever it answers, the caller gets one kind of error."""
    gateway = HttpGateway(payments.url, timeout_s=0.1)
    card = Card("4242424242424242", "12/99", "123")
    with pytest.raises(PaymentUnavailable, match="answered 404"):
        gateway.void("unknown")
    with pytest.raises(PaymentUnavailable, match="answered 400"):
        gateway.charge(1, Card(None, "", ""), key="")  # type: ignore[arg-type]
    with pytest.raises(PaymentUnavailable, match="in time"):
        gateway.charge(1, Card(SLOW_CARD, "12/99", "123"), key="")
    with pytest.raises(PaymentUnavailable, match="as agreed"):
        HttpGateway("http://127.0.0.1:1", 0.1).charge(1, card, key="")


def test_the_stub_runs_alone() -> None:
    """As a process, so that something can stand between it and the shop; a taken port is said in one line."""
    with start_shop("--port", "0", module="shop.payment") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert HttpGateway(url, 5).charge(1, Card("4242424242424242", "12/99", "123"), key="k")
        with start_shop("--port", url.rsplit(":", 1)[1], module="shop.payment") as second:
            _, err = second.communicate(timeout=STOP_TIMEOUT_S)
        assert (second.returncode, err.count("\n")) == (2, 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_TIMEOUT_S) == 0
