"""Carts: products that someone means to buy, at today's price."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from . import catalogue
from .catalogue import Product
from .db import Connection, transaction
from .errors import Conflict, NotFound, OrderedAlready
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
    """A cart; `order_id` is set once it was ordered, and then nothing may be changed."""

    id: str
    user_id: str | None
    account_id: str | None
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


def require_buyable(cart: Cart) -> int:
    """What all of the cart costs, in cents.

    Raises:
        Conflict: it is empty, or one of its products can not be bought in its quantity.
    """
    if not cart.lines:
        raise Conflict(f"cart {cart.id!r} is empty")
    return sum(require_sellable(line.product, line.tag, line.quantity) for line in cart.lines)


def load(connection: Connection, price_tag: PriceRule, cart_id: str, *, viewer: str | None) -> Cart:
    """The cart with today's prices, its lines in order of product id, for the account `viewer` (None: logged out).

    Raises:
        NotFound: there is no such cart, or it is another account's.
    """
    head = connection.execute(
        "SELECT c.id, c.user_id, c.account_id, o.id AS order_id FROM carts AS c LEFT JOIN orders AS o"
        " ON o.cart_id = c.id WHERE c.id = :id",
        {"id": cart_id},
    ).fetchone()
    if head is None or head["account_id"] not in (None, viewer):
        raise NotFound(f"there is no cart {cart_id!r}")
    lines = []
    for row in connection.execute(
        "SELECT product_id, quantity FROM cart_lines WHERE cart_id = :id ORDER BY product_id", {"id": cart_id}
    ):
        product = catalogue.find(connection, row["product_id"])
        lines.append(Line(product, row["quantity"], price_tag(product.offer)))
    return Cart(head["id"], head["user_id"], head["account_id"], head["order_id"], tuple(lines))


def load_open(connection: Connection, price_tag: PriceRule, cart_id: str, *, viewer: str | None) -> Cart:
    """The cart, to be changed.

    Raises:
        NotFound: see `load`.
        OrderedAlready: it must not change any more.
    """
    cart = load(connection, price_tag, cart_id, viewer=viewer)
    if cart.order_id is not None:
        raise OrderedAlready(cart_id, cart.order_id)
    return cart


def add(
    connection: Connection,
    price_tag: PriceRule,
    *,
    cart_id: str | None,
    product_id: int,
    quantity: int,
    user_id: str | None,
    viewer: str | None,
    now: datetime,
) -> Cart:
    """Put `quantity` pieces into the cart `cart_id`, or into a new one of `user_id` and `viewer` when that is None.

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
                "INSERT INTO carts (id, user_id, account_id, created_at) VALUES (:id, :user, :account, :now)",
                {"id": cart_id, "user": user_id, "account": viewer, "now": now.isoformat()},
            )
        cart = load_open(connection, price_tag, cart_id, viewer=viewer)
        product = catalogue.find(connection, product_id)
        in_cart = sum(line.quantity for line in cart.lines if line.product.id == product_id)
        require_sellable(product, price_tag(product.offer), in_cart + quantity)
        connection.execute(
            "INSERT INTO cart_lines (cart_id, product_id, quantity) VALUES (:cart, :product, :quantity)"
            " ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = cart_lines.quantity + excluded.quantity",
            {"cart": cart_id, "product": product_id, "quantity": quantity},
        )
        return load(connection, price_tag, cart_id, viewer=viewer)


def change(
    connection: Connection, price_tag: PriceRule, *, cart_id: str, product_id: int, quantity: int, viewer: str | None
) -> Cart:
    """Set the pieces of a product that is in the cart; 0 takes it out.

    Raises:
        NotFound: no such cart, or the product is not in it.
        Conflict: the cart was ordered already, or the product can not be bought in this quantity.
    """
    with transaction(connection):
        cart = load_open(connection, price_tag, cart_id, viewer=viewer)
        line = next((line for line in cart.lines if line.product.id == product_id), None)
        if line is None:
            raise NotFound(f"product {product_id} is not in the cart {cart_id!r}")
        where = {"cart": cart_id, "product": product_id, "quantity": quantity}
        if quantity == 0:
            connection.execute("DELETE FROM cart_lines WHERE cart_id = :cart AND product_id = :product", where)
        else:
            require_sellable(line.product, line.tag, quantity)
            connection.execute(
                "UPDATE cart_lines SET quantity = :quantity WHERE cart_id = :cart AND product_id = :product", where
            )
        return load(connection, price_tag, cart_id, viewer=viewer)


def pieces(connection: Connection, cart_id: str) -> int:
    """How many pieces of anything are in the cart; 0 for one that was ordered or does not exist."""
    row = connection.execute(
        "SELECT coalesce(sum(quantity), 0) AS pieces FROM cart_lines WHERE cart_id = :id"
        " AND NOT EXISTS (SELECT 1 FROM orders WHERE cart_id = :id)",
        {"id": cart_id},
    ).fetchone()
    return int(row["pieces"])


def claim(connection: Connection, *, cart_id: str, account_id: str) -> None:
    """Make the cart `account_id`'s own, if nobody owns it: what was collected before the login stays there."""
    connection.execute(
        "UPDATE carts SET account_id = :account WHERE id = :cart AND account_id IS NULL",
        {"cart": cart_id, "account": account_id},
    )
