"""Orders over HTTP."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

ABSENT_ID = "0" * 32


def test_an_order_fixes_lines_and_total_in_cents(
    client: FlaskClient, a_cart: Callable[..., str], supplier_says: Callable[..., None]
) -> None:
    """The order keeps the price of its moment, whatever the supplier asks later."""
    cart_id = a_cart(product_id=3, quantity=2)
    client.post("/api/cart", json={"cart_id": cart_id, "product_id": 2})
    placed = client.post("/api/orders", json={"cart_id": cart_id})
    assert placed.status_code == 201
    order = placed.get_json()
    assert placed.headers["Location"] == f"/api/orders/{order['id']}"
    assert order["cart_id"] == cart_id
    assert order["total_cents"] == 2 * 4590 + 2990
    assert order["lines"] == [
        {"product_id": 2, "name": "Desk lamp", "quantity": 1, "unit_price_cents": 2990, "cost_cents": 2990},
        {"product_id": 3, "name": "Chef's knife", "quantity": 2, "unit_price_cents": 4590, "cost_cents": 9180},
    ]
    assert datetime.fromisoformat(order["placed_at"]).utcoffset() == timedelta(0)

    supplier_says(3, price=9990)
    assert client.get(f"/api/orders/{order['id']}").get_json() == order


def test_a_cart_is_ordered_once_and_then_closed(client: FlaskClient, a_cart: Callable[..., str]) -> None:
    """A second order and a further product are refused, and the cart names its order."""
    cart_id = a_cart()
    order_id = client.post("/api/orders", json={"cart_id": cart_id}).get_json()["id"]
    for path, body in (("/api/orders", {"cart_id": cart_id}), ("/api/cart", {"cart_id": cart_id, "product_id": 2})):
        refused = client.post(path, json=body)
        assert refused.status_code == 409
        assert f"was ordered already, as '{order_id}'" in refused.get_json()["error"]["message"]
    assert client.get(f"/api/cart/{cart_id}").get_json()["order_id"] == order_id


def test_nothing_is_ordered_when_one_product_can_not_be_bought(
    client: FlaskClient, a_cart: Callable[..., str], supplier_says: Callable[..., None]
) -> None:
    """All or nothing: the cart stays open, and is ordered once the product is back."""
    cart_id = a_cart(product_id=1)
    client.post("/api/cart", json={"cart_id": cart_id, "product_id": 3})
    supplier_says(3, stock=0)
    assert client.post("/api/orders", json={"cart_id": cart_id}).status_code == 409
    supplier_says(3, stock=1)
    assert client.post("/api/orders", json={"cart_id": cart_id}).status_code == 201


@pytest.mark.parametrize("body", [{}, {"cart_id": 7}, {"cart_id": "x"}, {"cart_id": "A" * 32}])
def test_an_order_needs_the_id_of_a_cart(client: FlaskClient, body: object) -> None:
    """Anything of another form is a wrong request."""
    answer = client.post("/api/orders", json=body)
    assert answer.status_code == 400
    assert "expected the id of a cart" in answer.get_json()["error"]["message"]


def test_what_does_not_exist_is_404(client: FlaskClient) -> None:
    """An order to read, and a cart to order."""
    assert client.get(f"/api/orders/{ABSENT_ID}").status_code == 404
    assert client.post("/api/orders", json={"cart_id": ABSENT_ID}).status_code == 404


def test_a_placed_order_is_logged_without_what_was_bought(
    client: FlaskClient, a_cart: Callable[..., str], app_log: Callable[[], list[dict[str, Any]]]
) -> None:
    """Id, number of lines and total are what operations needs."""
    order = client.post("/api/orders", json={"cart_id": a_cart(quantity=2)}).get_json()
    assert app_log()[-1]["message"] == f"order {order['id']} placed: 1 lines, 11980 cents"
