"""The list of products, which is the home page, and the page of one."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from .. import catalogue
from ..api.body import MAX_ID
from ..listing import asked_page, number
from ..runtime import connection, runtime
from .blueprint import blueprint

PAGE_SIZE = 12

SORT_NAMES = {"id": "Featured", "name": "Name", "price": "Price, low to high", "-price": "Price, high to low"}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Products, searched, narrowed and sorted as the query says."""
    found = asked_page(PAGE_SIZE)
    return render_template(
        "home.html",
        found=found,
        page=number("page", default=1, high=MAX_ID),
        pages=-(-found.total // PAGE_SIZE),
        categories=catalogue.categories(connection()),
        sorts=SORT_NAMES,
        asked={name: request.args.get(name, "") for name in ("q", "category", "sort")},
    )


@blueprint.get(f"/products/<int(max={MAX_ID}):product_id>")
def product(product_id: int) -> ResponseReturnValue:
    """One product, and the form that puts it into the cart."""
    found = catalogue.find(connection(), product_id)
    return render_template("product.html", product=found, tag=runtime().price_tag(found.offer))
