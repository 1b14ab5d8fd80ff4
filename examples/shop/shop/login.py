"""Who is logged in, as a request tells it: by the session cookie of the pages or by a bearer token of the API."""

from flask import g, request, session

from . import accounts, carts
from .accounts import Account
from .errors import Unauthorized
from .runtime import connection, now

# Names in the session cookie, which is signed but readable: nothing else may go into it.
LOGIN = "login"
CART = "cart_id"


def _token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else session.get(LOGIN)


def account() -> Account | None:
    """Whoever is logged in, looked up once a request; from then on the request's log lines carry the pseudonym."""
    if "account" not in g:
        token = _token()
        g.account = accounts.logged_in(connection(), token, now()) if token else None
        if g.account is not None and g.user_id is None:
            g.user_id = g.account.id
    found: Account | None = g.account
    return found


def viewer() -> str | None:
    """The id of the account that looks, None when nobody is logged in."""
    found = account()
    return found.id if found else None


def require_account() -> Account:
    """Whoever is logged in.

    Raises:
        Unauthorized: nobody is.
    """
    found = account()
    if found is None:
        raise Unauthorized("log in first")
    return found


def begin(email: str, password: str) -> tuple[Account, str]:
    """Log in with these; the cart that was filled before comes along. The account and the login's token.

    The session starts anew, so that a cookie planted before the login is worth nothing after it.

    Raises:
        Unauthorized: see `accounts.authenticate`.
    """
    found = accounts.authenticate(connection(), email, password)
    cart_id = session.get(CART)
    session.clear()
    session[LOGIN] = accounts.log_in(connection(), found, now())
    if cart_id is not None:
        carts.claim(connection(), cart_id=cart_id, account_id=found.id)
        session[CART] = cart_id
    g.account = found
    return found, session[LOGIN]


def end() -> None:
    """Log out; the login's token is worth nothing any more."""
    token = _token()
    if token:
        accounts.log_out(connection(), token)
    session.clear()
    g.account = None
