"""POST /api/checkout."""

from uuid import uuid4

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from .. import checkout, login
from ..purchase_form import address_line, card, check
from ..runtime import connection, now, runtime
from . import body
from .orders import as_json

blueprint = Blueprint("checkout", __name__)


@blueprint.post("/api/checkout")
def check_out() -> ResponseReturnValue:
    """Buy the cart of `{"cart_id", "address": {...}, "card": {...}}`; a repeated `Idempotency-Key` is paid once."""
    account = login.require_account()
    fields = body.json_object()
    cart_id = body.cart_id(fields)
    given = {**body.texts(fields, "address"), **body.texts(fields, "card")}
    check(given, now().date())
    purchase = checkout.Purchase(
        cart_id,
        address_line(given),
        card(given),
        body.integer(fields, "total_cents", low=0, high=body.MAX_ID) if "total_cents" in fields else None,
        request.headers.get("Idempotency-Key") or uuid4().hex,
    )
    order = checkout.buy(connection(), runtime().price_tag, runtime().gateway, account, purchase, now())
    return as_json(order), 201, {"Location": url_for("orders.order_page", order_id=order.id)}
