"""What every template may use."""

import re
from typing import Any

from flask import Flask, request, session

from .. import carts, login
from ..errors import NotFound
from ..runtime import connection, runtime
from .blueprint import csrf_token


def euros(cents: int) -> str:
    """Cents as people read them.

    >>> euros(123456)
    '€1,234.56'
    """
    return f"€{cents // 100:,}.{cents % 100:02d}"


def current_cart() -> carts.Cart | None:
    """The visitor's cart; None when there is none, or it was ordered meanwhile."""
    cart_id = session.get(login.CART)
    if cart_id is None:
        return None
    try:
        cart = carts.load(connection(), runtime().price_tag, cart_id, viewer=login.viewer())
    except NotFound:
        return None
    return cart if cart.order_id is None else None


def pieces_in_cart() -> int:
    """For the page's head."""
    cart_id = session.get(login.CART)
    return carts.pieces(connection(), cart_id) if cart_id else 0


def view_group() -> str:
    """The page's path with `?` for what varies, under which its visits are counted together."""
    return re.sub("<[^>]*>", "?", str(request.url_rule))


def install_view(app: Flask) -> None:
    """The filter `euros`, and the functions that templates call."""
    app.jinja_env.filters["euros"] = euros
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _names() -> dict[str, Any]:
        return {
            "csrf_token": csrf_token,
            "account": login.account,
            "pieces_in_cart": pieces_in_cart,
            "view_group": view_group,
        }
