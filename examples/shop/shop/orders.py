"""Orders: a cart at the price of the moment, fixed."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from . import carts
from .db import Connection, transaction
from .errors import Conflict, NotFound
from .pricing import PriceRule

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderLine:
    """Pieces of a product at the price that was agreed; a bulk discount is in the cost."""

    product_id: int
    name: str
    quantity: int
    unit_price_cents: int
    cost_cents: int


@dataclass(frozen=True)
class Order:
    """A placed order; `placed_at` is ISO 8601 in UTC."""

    id: str
    cart_id: str
    placed_at: str
    total_cents: int
    lines: tuple[OrderLine, ...]
    payment_id: str | None = None
    card_last4: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Paid:
    """How an order was paid, and where it goes: `total_cents` were taken by the payment `payment_id`."""

    total_cents: int
    payment_id: str
    card_last4: str
    address: str


def load(connection: Connection, order_id: str, *, viewer: str | None) -> Order:
    """The order as placed, for the account `viewer` (None: logged out).

    Raises:
        NotFound: there is no such order, or it is another account's.
    """
    head = connection.execute("SELECT * FROM orders WHERE id = :id", {"id": order_id}).fetchone()
    if head is None or head["account_id"] not in (None, viewer):
        raise NotFound(f"there is no order {order_id!r}")
    rows = connection.execute(
        "SELECT l.product_id, p.name, l.quantity, l.unit_price_cents, l.cost_cents"
        " FROM order_lines AS l JOIN products AS p ON p.id = l.product_id WHERE l.order_id = :id ORDER BY l.product_id",
        {"id": order_id},
    )
    lines = tuple(OrderLine(**row) for row in map(dict, rows))
    fields = ("id", "cart_id", "placed_at", "total_cents", "payment_id", "card_last4", "address")
    return Order(lines=lines, **{name: head[name] for name in fields})


def history(connection: Connection, account_id: str) -> list[Order]:
    """The account's orders, the newest first."""
    rows = connection.execute(
        "SELECT id FROM orders WHERE account_id = :account ORDER BY placed_at DESC, id", {"account": account_id}
    )
    return [load(connection, row["id"], viewer=account_id) for row in list(rows)]


def place(
    connection: Connection,
    price_tag: PriceRule,
    *,
    cart_id: str,
    viewer: str | None,
    now: datetime,
    paid: Paid | None = None,
) -> Order:
    """Order all that is in the cart, for the cart's user, at the prices of `now`.

    Raises:
        NotFound: there is no such cart.
        OrderedAlready: it was ordered before.
        Conflict: one of its products can not be bought any more, or they do not cost what was paid. Nothing is ordered.
    """
    with transaction(connection):
        cart = carts.load_open(connection, price_tag, cart_id, viewer=viewer)
        total_cents = carts.require_buyable(cart)
        if paid is not None and paid.total_cents != total_cents:
            raise Conflict(f"the cart {cart_id!r} costs {total_cents} cents now, not {paid.total_cents}")
        order_id = uuid4().hex
        _insert(connection, order_id, cart, total_cents, now, paid)
        connection.executemany(
            "INSERT INTO order_lines (order_id, product_id, quantity, unit_price_cents, cost_cents)"
            " VALUES (:order, :product, :quantity, :price, :cost)",
            [
                {
                    "order": order_id,
                    "product": line.product.id,
                    "quantity": line.quantity,
                    "price": line.tag.price,
                    "cost": line.cost_cents,
                }
                for line in cart.lines
            ],
        )
        connection.executemany(
            "UPDATE offers SET sold = sold + :quantity WHERE product_id = :product",
            [{"product": line.product.id, "quantity": line.quantity} for line in cart.lines],
        )
    log.info("order %s placed: %d lines, %d cents", order_id, len(cart.lines), total_cents)
    return load(connection, order_id, viewer=viewer)


def _insert(
    connection: Connection, order_id: str, cart: carts.Cart, total_cents: int, now: datetime, paid: Paid | None
) -> None:
    connection.execute(
        "INSERT INTO orders (id, cart_id, user_id, account_id, placed_at, total_cents, payment_id, card_last4, address)"
        " VALUES (:id, :cart, :user, :account, :now, :total, :payment, :last4, :address)",
        {
            "id": order_id,
            "cart": cart.id,
            "user": cart.user_id,
            "account": cart.account_id,
            "now": now.isoformat(),
            "total": total_cents,
            "payment": paid and paid.payment_id,
            "last4": paid and paid.card_last4,
            "address": paid and paid.address,
        },
    )
