"""POST /api/orders, GET /api/orders and /api/orders/<id>."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from .. import login, orders
from ..runtime import connection, now, runtime
from . import body

blueprint = Blueprint("orders", __name__)


def as_json(order: orders.Order) -> dict[str, Any]:
    """The order with its currency."""
    return {**asdict(order), "currency": "EUR"}


@blueprint.post("/api/orders")
def place_order() -> ResponseReturnValue:
    """Order the cart of `{"cart_id"}` on account; /api/checkout pays at once."""
    cart_id = body.cart_id(body.json_object())
    order = orders.place(connection(), runtime().price_tag, cart_id=cart_id, viewer=login.viewer(), now=now())
    return as_json(order), 201, {"Location": url_for("orders.order_page", order_id=order.id)}


@blueprint.get("/api/orders")
def order_history() -> ResponseReturnValue:
    """The orders of whoever is logged in, the newest first."""
    placed = orders.history(connection(), login.require_account().id)
    return {"orders": [as_json(order) for order in placed], "count": len(placed)}


@blueprint.get("/api/orders/<order_id>")
def order_page(order_id: str) -> ResponseReturnValue:
    """The order as it was placed."""
    return as_json(orders.load(connection(), order_id, viewer=login.viewer()))
