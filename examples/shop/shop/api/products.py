"""GET /api/products and /api/products/<id>."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from .. import catalogue
from ..listing import asked_page, number
from ..runtime import connection, runtime
from .body import MAX_ID

blueprint = Blueprint("products", __name__)

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@blueprint.get("/api/products")
def product_list() -> ResponseReturnValue:
    """One page of summaries, `count` of `total`."""
    found = asked_page(number("limit", default=DEFAULT_LIMIT, high=MAX_LIMIT))
    return {"products": found.products, "count": len(found.products), "total": found.total}


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
