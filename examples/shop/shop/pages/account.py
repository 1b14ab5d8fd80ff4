"""Log in and out."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .. import login
from ..errors import Unauthorized
from .blueprint import blueprint

# Where a login may lead: names, not addresses, so that a link can not send people to another site.
NEXT = {"home": "pages.home", "checkout": "pages.checkout_form", "orders": "pages.order_list"}


@blueprint.get("/login")
def log_in_form() -> ResponseReturnValue:
    """The form."""
    return render_template("login.html", email="", next=request.args.get("next", "home"))


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """Log in, and go on to where the visitor was heading."""
    email, next_page = request.form.get("email", ""), request.form.get("next", "home")
    try:
        account, _ = login.begin(email, request.form.get("password", ""))
    except Unauthorized as error:
        return render_template("login.html", email=email, next=next_page, problem=str(error)), 401
    flash(f"Welcome back, {account.name}.")
    return redirect(url_for(NEXT.get(next_page, NEXT["home"])), 303)


@blueprint.post("/logout")
def log_out() -> ResponseReturnValue:
    """Log out, from everything this browser knew."""
    login.end()
    flash("You are logged out.")
    return redirect(url_for("pages.home"), 303)
