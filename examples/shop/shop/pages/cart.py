"""The cart: put products in, change how many, take them out."""

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from .. import carts, login
from ..api.body import MAX_ID
from ..api.carts import MAX_QUANTITY
from ..errors import Conflict, InvalidRequest, NotFound
from ..runtime import connection, now, runtime
from .blueprint import blueprint
from .view import current_cart


def _number(field: str, low: int, high: int) -> int:
    raw = request.form.get(field, "").strip()
    if not (raw.isascii() and raw.isdigit()) or len(raw) > len(str(high)) or not low <= int(raw) <= high:
        raise InvalidRequest(f"{field} must be a whole number from {low} to {high}")
    return int(raw)


@blueprint.get("/cart")
def cart() -> ResponseReturnValue:
    """What is in it, at today's prices."""
    return render_template("cart.html", cart=current_cart(), most=MAX_QUANTITY)


@blueprint.post("/cart")
def add_to_cart() -> ResponseReturnValue:
    """Put a product in; a cart is made for the first one."""
    product_id = _number("product_id", 1, MAX_ID)
    open_cart = current_cart()
    try:
        filled = carts.add(
            connection(),
            runtime().price_tag,
            cart_id=open_cart.id if open_cart else None,
            product_id=product_id,
            quantity=_number("quantity", 1, MAX_QUANTITY),
            user_id=g.user_id,
            viewer=login.viewer(),
            now=now(),
        )
    except (Conflict, InvalidRequest) as error:
        flash(str(error), "problem")
        return redirect(url_for("pages.product", product_id=product_id), 303)
    session[login.CART] = filled.id
    name = next(line.product.name for line in filled.lines if line.product.id == product_id)
    flash(f"{name} is in your cart.")
    return redirect(url_for("pages.cart"), 303)


@blueprint.post(f"/cart/<int(max={MAX_ID}):product_id>")
def change_line(product_id: int) -> ResponseReturnValue:
    """Set the quantity of a product, or take it out with the button `remove`."""
    open_cart = current_cart()
    if open_cart is None:
        raise NotFound("there is no such cart any more")
    try:
        carts.change(
            connection(),
            runtime().price_tag,
            cart_id=open_cart.id,
            product_id=product_id,
            quantity=0 if "remove" in request.form else _number("quantity", 1, MAX_QUANTITY),
            viewer=login.viewer(),
        )
    except (Conflict, InvalidRequest) as error:
        flash(str(error), "problem")
    else:
        flash("Your cart is up to date.")
    return redirect(url_for("pages.cart"), 303)
