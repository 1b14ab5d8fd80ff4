"""POST /api/orders and GET /api/orders/<id>."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from .. import orders
from ..runtime import connection, now, runtime
from . import body

blueprint = Blueprint("orders", __name__)


def _as_json(order: orders.Order) -> dict[str, Any]:
    return {**asdict(order), "currency": "EUR"}


@blueprint.post("/api/orders")
def place_order() -> ResponseReturnValue:
    """Order the cart of `{"cart_id"}`."""
    cart_id = body.cart_id(body.json_object())
    order = orders.place(connection(), runtime().price_tag, cart_id=cart_id, now=now())
    return _as_json(order), 201, {"Location": url_for("orders.order_page", order_id=order.id)}


@blueprint.get("/api/orders/<order_id>")
def order_page(order_id: str) -> ResponseReturnValue:
    """The order as it was placed."""
    return _as_json(orders.load(connection(), order_id))
