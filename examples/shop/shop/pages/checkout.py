"""Address and card, and the button that buys."""

from uuid import uuid4

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from .. import carts, checkout, login
from ..accounts import Account
from ..errors import InvalidFields, InvalidRequest, NotFound, OrderedAlready, ShopError
from ..purchase_form import COUNTRIES, FIELDS, address_line, card, check
from ..runtime import connection, now, runtime
from .blueprint import blueprint
from .view import current_cart


def _page(
    cart: carts.Cart, given: dict[str, str], key: str, problems: dict[str, str] | None = None, alert: str | None = None
) -> str:
    return render_template(
        "checkout.html", cart=cart, given=given, key=key, problems=problems or {}, alert=alert, countries=COUNTRIES
    )


@blueprint.get("/checkout")
def checkout_form() -> ResponseReturnValue:
    """The form, for whoever is logged in and has something to buy."""
    account = login.account()
    if account is None:
        return redirect(url_for("pages.log_in_form", next="checkout"), 303)
    cart = current_cart()
    if cart is None or not cart.lines:
        return redirect(url_for("pages.cart"), 303)
    return _page(cart, {"name": account.name}, uuid4().hex)


@blueprint.post("/checkout")
def buy() -> ResponseReturnValue:
    """Buy, or show the form again with what is wrong; what was typed stays, except the card."""
    account = login.account()
    if account is None:
        return redirect(url_for("pages.log_in_form", next="checkout"), 303)
    try:
        order_id = _bought(account)
    except OrderedAlready as twice:
        order_id = twice.order_id
    except NotFound:
        return redirect(url_for("pages.cart"), 303)
    except ShopError as error:
        return _again(error, account)
    session.pop(login.CART, None)
    return redirect(url_for("pages.order", order_id=order_id, placed=1), 303)


def _bought(account: Account) -> str:
    fields = request.form.to_dict()
    check(fields, now().date())
    if not fields.get("total_cents", "").isdecimal():
        raise InvalidRequest("the form says no total: reload the page")
    purchase = checkout.Purchase(
        fields.get("cart_id", ""), address_line(fields), card(fields), int(fields["total_cents"]), fields.get("key", "")
    )
    return checkout.buy(connection(), runtime().price_tag, runtime().gateway, account, purchase, now()).id


def _again(error: ShopError, account: Account) -> ResponseReturnValue:
    cart = carts.load(connection(), runtime().price_tag, request.form.get("cart_id", ""), viewer=account.id)
    problems = error.problems if isinstance(error, InvalidFields) else {}
    alert = "Please correct the fields below." if problems else str(error)
    given = {name: request.form.get(name, "") for name in FIELDS if name not in ("number", "expires", "cvc")}
    # The same key while it is unknown whether money was taken; a new one for a new attempt.
    key = request.form.get("key", "") if error.status == 504 else uuid4().hex
    return _page(cart, given, key, problems, alert), error.status
