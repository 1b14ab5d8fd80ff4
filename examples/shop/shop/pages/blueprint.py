"""The pages' blueprint, and the token that each of their forms carries."""

import secrets

from flask import Blueprint, request, session

from ..errors import InvalidRequest

blueprint = Blueprint("pages", __name__)

CSRF = "csrf"


def csrf_token() -> str:
    """This session's token: another site can make a browser send a form to us, but can not read this."""
    if CSRF not in session:
        session[CSRF] = secrets.token_urlsafe(16)
    return str(session[CSRF])


@blueprint.before_request
def _check_csrf() -> None:
    if request.method == "POST" and not secrets.compare_digest(
        request.form.get("csrf_token", "").encode("utf-8", "replace"), csrf_token().encode()
    ):
        raise InvalidRequest("this form is too old, or is not from this shop: go back, reload the page and try again")
