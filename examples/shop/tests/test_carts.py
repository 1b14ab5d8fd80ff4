"""Carts over HTTP."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from shop.config import Settings

ABSENT_ID = "0" * 32


def test_the_first_product_makes_a_cart(client: FlaskClient) -> None:
    """The answer is 201 with the cart and its address."""
    answer = client.post("/api/cart", json={"product_id": 1, "quantity": 2})
    assert answer.status_code == 201
    cart = answer.get_json()
    assert answer.headers["Location"] == f"/api/cart/{cart['id']}"
    assert cart["total_cents"] == 2 * 5990
    assert cart["order_id"] is None
    assert cart["lines"] == [
        {
            "product_id": 1,
            "name": "Wired headphones",
            "quantity": 2,
            "unit_price_cents": 5990,
            "cost_cents": 11980,
            "available": True,
        }
    ]


def test_more_products_join_the_cart(client: FlaskClient, a_cart: Callable[..., str]) -> None:
    """Another product is another line; the same product raises its quantity; one piece is the default."""
    cart_id = a_cart(product_id=1)
    client.post("/api/cart", json={"cart_id": cart_id, "product_id": 3, "quantity": 2})
    answer = client.post("/api/cart", json={"cart_id": cart_id, "product_id": 1})
    assert answer.status_code == 200
    assert [(line["product_id"], line["quantity"]) for line in answer.get_json()["lines"]] == [(1, 2), (3, 2)]
    assert client.get(f"/api/cart/{cart_id}").get_json() == answer.get_json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "product_id is None, expected a whole number from 1"),
        ({"product_id": "1"}, "product_id is '1'"),
        ({"product_id": True}, "product_id is True"),
        ({"product_id": 2**63}, "product_id is 9223372036854775808"),
        ({"product_id": 1, "quantity": 0}, "quantity is 0, expected a whole number from 1 to 99"),
        ({"product_id": 1, "quantity": 100}, "quantity is 100"),
        ({"product_id": 1, "quantity": 1.0}, "quantity is 1.0"),
        ({"product_id": 1, "quantity": None}, "quantity is None"),
        ({"product_id": 1, "cart_id": None}, "cart_id is None"),
        ({"product_id": 1, "cart_id": "\ud800"}, "cart_id is '\\ud800'"),
        ([1], "the body is a JSON list, expected an object"),
    ],
)
def test_a_wrong_field_is_refused_by_name(client: FlaskClient, body: object, message: str) -> None:
    """The message names the field, the value and what was expected."""
    answer = client.post("/api/cart", json=body)
    assert answer.status_code == 400
    assert message in answer.get_json()["error"]["message"]


def test_what_does_not_exist_is_404(client: FlaskClient, a_cart: Callable[..., str]) -> None:
    """A product, and a cart both to read and to add to."""
    assert client.post("/api/cart", json={"product_id": 8}).status_code == 404
    assert client.post("/api/cart", json={"product_id": 1, "cart_id": ABSENT_ID}).status_code == 404
    assert client.get(f"/api/cart/{ABSENT_ID}").status_code == 404


def test_a_sold_out_product_is_refused(client: FlaskClient, settings: Settings) -> None:
    """With 409 and the reason; no empty cart stays behind."""
    answer = client.post("/api/cart", json={"product_id": 4})
    assert answer.status_code == 409
    assert answer.get_json()["error"]["message"] == "product 4 can not be bought: it is sold out"
    with closing(sqlite3.connect(settings.database)) as connection:
        assert connection.execute("SELECT count(*) FROM carts").fetchone() == (0,)


def test_more_than_the_stock_is_refused_and_leaves_the_cart_as_it_was(
    client: FlaskClient, a_cart: Callable[..., str]
) -> None:
    """What is in the cart already counts: of 5 in stock, 3 and 2 are fine, 3 and 3 are not."""
    cart_id = a_cart(product_id=1, quantity=3)
    refused = client.post("/api/cart", json={"cart_id": cart_id, "product_id": 1, "quantity": 3})
    assert refused.status_code == 409
    assert refused.get_json()["error"]["message"] == "product 1: 6 wanted, 5 in stock"
    accepted = client.post("/api/cart", json={"cart_id": cart_id, "product_id": 1, "quantity": 2})
    assert accepted.get_json()["lines"][0]["quantity"] == 5


def test_a_product_that_sells_out_stays_in_the_cart_without_cost(
    client: FlaskClient, a_cart: Callable[..., str], supplier_says: Callable[..., None]
) -> None:
    """The total is over what can still be bought."""
    cart_id = a_cart(product_id=1)
    client.post("/api/cart", json={"cart_id": cart_id, "product_id": 3})
    supplier_says(1, stock=0)
    cart = client.get(f"/api/cart/{cart_id}").get_json()
    assert [(line["available"], line["cost_cents"]) for line in cart["lines"]] == [(False, None), (True, 4590)]
    assert cart["total_cents"] == 4590


def test_the_cart_follows_the_price(
    client: FlaskClient, a_cart: Callable[..., str], supplier_says: Callable[..., None]
) -> None:
    """Until it is ordered, a cart shows today's price."""
    cart_id = a_cart(product_id=1)
    supplier_says(1, price=4990)
    assert client.get(f"/api/cart/{cart_id}").get_json()["total_cents"] == 4990
