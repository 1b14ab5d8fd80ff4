"""Carts: products that someone means to buy, at today's price."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from . import catalogue
from .catalogue import Product
from .db import transaction
from .errors import Conflict, NotFound
from .offer import PriceTag
from .pricing import PriceRule


@dataclass(frozen=True)
class Line:
    """Some pieces of a product, with the price tag that it has now."""

    product: Product
    quantity: int
    tag: PriceTag

    @property
    def cost_cents(self) -> int | None:
        """None when the product can not be bought any more."""
        return self.tag.cost(self.quantity)


@dataclass(frozen=True)
class Cart:
    """A cart; `order_id` is set once it was ordered, and then nothing may be added."""

    id: str
    user_id: str | None
    order_id: str | None
    lines: tuple[Line, ...]

    @property
    def total_cents(self) -> int:
        """Sum over the lines that can be bought."""
        return sum(line.cost_cents or 0 for line in self.lines)


def require_sellable(product: Product, tag: PriceTag, quantity: int) -> int:
    """The cost in cents of `quantity` pieces.

    Raises:
        Conflict: the product has no price or is sold out, or the supplier has fewer than `quantity`.
    """
    cost_cents = tag.cost(quantity)
    if cost_cents is None:
        reason = "has no price yet" if tag.price is None else "is sold out"
        raise Conflict(f"product {product.id} can not be bought: it {reason}")
    if quantity > product.offer["stock"]:
        raise Conflict(f"product {product.id}: {quantity} wanted, {product.offer['stock']} in stock")
    return cost_cents


def load(connection: sqlite3.Connection, price_tag: PriceRule, cart_id: str) -> Cart:
    """The cart with today's prices, its lines in order of product id.

    Raises:
        NotFound: there is no such cart.
    """
    head = connection.execute(
        "SELECT c.id, c.user_id, o.id AS order_id FROM carts AS c LEFT JOIN orders AS o ON o.cart_id = c.id"
        " WHERE c.id = ?",
        (cart_id,),
    ).fetchone()
    if head is None:
        raise NotFound(f"there is no cart {cart_id!r}")
    lines = []
    for row in connection.execute(
        "SELECT product_id, quantity FROM cart_lines WHERE cart_id = ? ORDER BY product_id", (cart_id,)
    ):
        product = catalogue.find(connection, row["product_id"])
        lines.append(Line(product, row["quantity"], price_tag(product.offer)))
    return Cart(head["id"], head["user_id"], head["order_id"], tuple(lines))


def add(
    connection: sqlite3.Connection,
    price_tag: PriceRule,
    *,
    cart_id: str | None,
    product_id: int,
    quantity: int,
    user_id: str | None,
    now: datetime,
) -> Cart:
    """Put `quantity` pieces into the cart `cart_id`, or into a new one of `user_id` when that is None.

    Adding a product that is in the cart already raises its quantity.

    Raises:
        NotFound: no such cart or product.
        Conflict: the cart was ordered already, or the product can not be bought in this quantity. The cart is
            unchanged, and no new one is made.
    """
    with transaction(connection):
        if cart_id is None:
            cart_id = uuid4().hex
            connection.execute(
                "INSERT INTO carts (id, user_id, created_at) VALUES (?, ?, ?)", (cart_id, user_id, now.isoformat())
            )
        cart = load(connection, price_tag, cart_id)
        if cart.order_id is not None:
            raise Conflict(f"cart {cart_id!r} was ordered already, as {cart.order_id!r}")
        product = catalogue.find(connection, product_id)
        in_cart = sum(line.quantity for line in cart.lines if line.product.id == product_id)
        require_sellable(product, price_tag(product.offer), in_cart + quantity)
        connection.execute(
            "INSERT INTO cart_lines (cart_id, product_id, quantity) VALUES (?, ?, ?)"
            " ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = quantity + excluded.quantity",
            (cart_id, product_id, quantity),
        )
        return load(connection, price_tag, cart_id)
