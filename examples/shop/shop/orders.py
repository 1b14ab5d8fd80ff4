"""Orders: a cart at the price of the moment, fixed."""

import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from . import carts
from .db import transaction
from .errors import Conflict, NotFound
from .pricing import PriceRule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderLine:
    """Pieces of a product at the price that was agreed."""

    product_id: int
    name: str
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True)
class Order:
    """A placed order; `placed_at` is ISO 8601 in UTC."""

    id: str
    cart_id: str
    placed_at: str
    total_cents: int
    lines: tuple[OrderLine, ...]


def load(connection: sqlite3.Connection, order_id: str) -> Order:
    """The order as placed.

    Raises:
        NotFound: there is no such order.
    """
    head = connection.execute(
        "SELECT id, cart_id, placed_at, total_cents FROM orders WHERE id = ?", (order_id,)
    ).fetchone()
    if head is None:
        raise NotFound(f"there is no order {order_id!r}")
    rows = connection.execute(
        "SELECT l.product_id, p.name, l.quantity, l.unit_price_cents"
        " FROM order_lines AS l JOIN products AS p ON p.id = l.product_id WHERE l.order_id = ? ORDER BY l.product_id",
        (order_id,),
    )
    lines = tuple(OrderLine(*row) for row in rows)
    return Order(head["id"], head["cart_id"], head["placed_at"], head["total_cents"], lines)


def place(connection: sqlite3.Connection, price_tag: PriceRule, *, cart_id: str, now: datetime) -> Order:
    """Order all that is in the cart, for the cart's user, at the prices of `now`.

    Raises:
        NotFound: there is no such cart.
        Conflict: the cart was ordered already, or one of its products can not be bought any more. Nothing is ordered.
    """
    with transaction(connection):
        cart = carts.load(connection, price_tag, cart_id)
        if cart.order_id is not None:
            raise Conflict(f"cart {cart_id!r} was ordered already, as {cart.order_id!r}")
        total_cents = sum(carts.require_sellable(line.product, line.tag, line.quantity) for line in cart.lines)
        order_id = uuid4().hex
        connection.execute(
            "INSERT INTO orders (id, cart_id, user_id, placed_at, total_cents) VALUES (?, ?, ?, ?, ?)",
            (order_id, cart_id, cart.user_id, now.isoformat(), total_cents),
        )
        connection.executemany(
            "INSERT INTO order_lines (order_id, product_id, quantity, unit_price_cents) VALUES (?, ?, ?, ?)",
            [(order_id, line.product.id, line.quantity, line.tag.price) for line in cart.lines],
        )
    log.info("order %s placed: %d lines, %d cents", order_id, len(cart.lines), total_cents)
    return load(connection, order_id)
