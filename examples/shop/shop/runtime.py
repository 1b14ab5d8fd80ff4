"""What a request handler gets from the app around it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app, g

from .config import Settings
from .db import Connection, connect
from .payment.gateway import Gateway, HttpGateway
from .pricing import PRICE_RULES, PriceRule

EXTENSION = "shop"


@dataclass(frozen=True)
class Runtime:
    """The choices that hold for the life of one app."""

    settings: Settings
    price_tag: PriceRule
    gateway: Gateway


def install(app: Flask, settings: Settings) -> None:
    """Attach the runtime to `app`; each request's connection is closed when the request ends, failed or not."""
    gateway = HttpGateway(settings.payment_url, settings.payment_timeout_s)
    app.extensions[EXTENSION] = Runtime(settings, PRICE_RULES[settings.pricing], gateway)

    @app.teardown_appcontext
    def _close(_error: BaseException | None) -> None:
        opened = g.pop("connection", None)
        if opened is not None:
            opened.close()


def runtime() -> Runtime:
    """The runtime of the app that handles this request."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def connection() -> Connection:
    """This request's own connection, opened at the first use."""
    if "connection" not in g:
        g.connection = connect(runtime().settings.database)
    return cast(Connection, g.connection)


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)
