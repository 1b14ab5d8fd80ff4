"""What a customer has ordered."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .. import login, orders
from ..runtime import connection
from .blueprint import blueprint


@blueprint.get("/orders")
def order_list() -> ResponseReturnValue:
    """The orders of whoever is logged in, the newest first."""
    account = login.account()
    if account is None:
        return redirect(url_for("pages.log_in_form", next="orders"), 303)
    return render_template("orders.html", orders=orders.history(connection(), account.id))


@blueprint.get("/orders/<order_id>")
def order(order_id: str) -> ResponseReturnValue:
    """One order; right after it was placed, with thanks."""
    found = orders.load(connection(), order_id, viewer=login.viewer())
    return render_template("order.html", order=found, placed="placed" in request.args)
