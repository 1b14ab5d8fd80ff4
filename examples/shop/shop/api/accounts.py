"""POST /api/login, POST /api/logout and GET /api/account."""

from dataclasses import asdict

from flask import Blueprint
from flask.typing import ResponseReturnValue

from .. import login
from . import body

blueprint = Blueprint("accounts", __name__)


@blueprint.post("/api/login")
def log_in() -> ResponseReturnValue:
    """Log in with `{"email", "password"}`; the token goes into `Authorization: Bearer`, the session cookie does too."""
    fields = body.json_object()
    account, token = login.begin(body.text(fields, "email"), body.text(fields, "password"))
    return {"account": asdict(account), "token": token}


@blueprint.post("/api/logout")
def log_out() -> ResponseReturnValue:
    """End the login."""
    login.end()
    return "", 204


@blueprint.get("/api/account")
def account_page() -> ResponseReturnValue:
    """Whoever is logged in."""
    return asdict(login.require_account())
