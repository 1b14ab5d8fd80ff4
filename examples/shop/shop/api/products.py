"""GET /api/products and /api/products/<id>."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from .. import catalogue
from ..errors import InvalidRequest
from ..runtime import connection, runtime
from .body import MAX_ID

blueprint = Blueprint("products", __name__)

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

# Longest search text, in characters: longer ones are not typed by people and cost a full scan each.
MAX_TEXT = 100


def _limit() -> int:
    raw = request.args.get("limit") or str(DEFAULT_LIMIT)
    if not (raw.isascii() and raw.isdigit()) or len(raw) > len(str(MAX_LIMIT)) or not 1 <= int(raw) <= MAX_LIMIT:
        raise InvalidRequest(f"limit is {raw!r}, expected a whole number from 1 to {MAX_LIMIT}")
    return int(raw)


@blueprint.get("/api/products")
def product_list() -> ResponseReturnValue:
    """Summaries; an empty parameter is the same as none, which is what an HTML form sends."""
    text = request.args.get("q") or None
    if text is not None and len(text) > MAX_TEXT:
        raise InvalidRequest(f"q has {len(text)} characters, expected {MAX_TEXT} at most")
    products = catalogue.search(connection(), request.args.get("category") or None, text, _limit())
    return {"products": products, "count": len(products)}


@blueprint.get(f"/api/products/<int(max={MAX_ID}):product_id>")
def product_page(product_id: int) -> ResponseReturnValue:
    """All about one product."""
    product = catalogue.find(connection(), product_id)
    tag = runtime().price_tag(product.offer)
    return {
        "id": product.id,
        "name": product.name,
        "category": product.category,
        "description": product.description,
        "sku": product.offer["sku"],
        "stock": product.offer["stock"],
        "currency": "EUR",
        "price": tag.price,
        "available": tag.available,
    }
