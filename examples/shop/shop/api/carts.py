"""POST /api/cart, GET /api/cart/<id>, PUT and DELETE /api/cart/<id>/lines/<product id>."""

from typing import Any

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue

from .. import carts, login
from ..runtime import connection, now, runtime
from . import body

blueprint = Blueprint("carts", __name__)

# Most pieces of one product that one request can add; shops that sell by the pallet talk to people instead.
MAX_QUANTITY = 99

LINE = f"/api/cart/<cart_id>/lines/<int(max={body.MAX_ID}):product_id>"


def _as_json(cart: carts.Cart) -> dict[str, Any]:
    return {
        "id": cart.id,
        "order_id": cart.order_id,
        "currency": "EUR",
        "total_cents": cart.total_cents,
        "lines": [
            {
                "product_id": line.product.id,
                "name": line.product.name,
                "quantity": line.quantity,
                "unit_price_cents": line.tag.price,
                "cost_cents": line.cost_cents,
                "available": line.tag.available,
            }
            for line in cart.lines
        ],
    }


@blueprint.post("/api/cart")
def add_line() -> ResponseReturnValue:
    """Add `{"product_id", "quantity"?, "cart_id"?}`; without a cart id a cart is made, and the answer is 201."""
    fields = body.json_object()
    cart_id = body.cart_id(fields) if "cart_id" in fields else None
    cart = carts.add(
        connection(),
        runtime().price_tag,
        cart_id=cart_id,
        product_id=body.integer(fields, "product_id", low=1, high=body.MAX_ID),
        quantity=body.integer(fields, "quantity", low=1, high=MAX_QUANTITY, default=1),
        user_id=g.user_id,
        viewer=login.viewer(),
        now=now(),
    )
    if cart_id is None:
        return _as_json(cart), 201, {"Location": url_for("carts.cart_page", cart_id=cart.id)}
    return _as_json(cart)


@blueprint.get("/api/cart/<cart_id>")
def cart_page(cart_id: str) -> ResponseReturnValue:
    """The cart at today's prices."""
    return _as_json(carts.load(connection(), runtime().price_tag, cart_id, viewer=login.viewer()))


def _change(cart_id: str, product_id: int, quantity: int) -> dict[str, Any]:
    cart = carts.change(
        connection(),
        runtime().price_tag,
        cart_id=cart_id,
        product_id=product_id,
        quantity=quantity,
        viewer=login.viewer(),
    )
    return _as_json(cart)


@blueprint.put(LINE)
def set_quantity(cart_id: str, product_id: int) -> ResponseReturnValue:
    """Have `{"quantity"}` pieces of a product that is in the cart."""
    return _change(cart_id, product_id, body.integer(body.json_object(), "quantity", low=1, high=MAX_QUANTITY))


@blueprint.delete(LINE)
def remove_line(cart_id: str, product_id: int) -> ResponseReturnValue:
    """Take a product out of the cart."""
    return _change(cart_id, product_id, 0)
