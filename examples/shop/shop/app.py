"""The app factory: the one place that puts the parts together."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask

from . import access_log, answers, api, headers, identity, logs, pages, rum, runtime
from .config import Settings
from .db import create_schema
from .secret import secret_key
from .seed import seed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Largest request body in bytes; the largest honest one has some 100.
MAX_BODY_BYTES = 64 * 1024


def create_app(settings: Settings) -> Flask:
    """A shop that is ready to serve: logs open, database made and filled.

    The logs are opened for the whole process (Python's loggers are), so a second app takes them over from the first.

    Raises:
        StartError: the supplier feed can not be used.
        OSError: a file can not be opened.
        sqlite3.Error, psycopg.Error: the database can not be used.
    """
    logs.open_log(logs.LOGGERS, settings.app_log, logs.JsonLines(settings.release))
    logs.open_log((access_log.LOGGER,), settings.access_log, logging.Formatter("%(message)s"))
    logs.open_log((rum.LOGGER,), settings.rum_log, logging.Formatter("%(message)s"))
    if isinstance(settings.database, Path):
        settings.database.parent.mkdir(parents=True, exist_ok=True)
    create_schema(settings.database)
    seed(settings.database, settings.feed)

    app = Flask("shop")
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SECRET_KEY=secret_key(settings.secret),
        SESSION_COOKIE_NAME="shop_session",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    identity.install(app)
    headers.install(app)
    runtime.install(app, settings)
    answers.install(app)
    for blueprint in api.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(rum.blueprint)
    pages.install(app)
    wrapped = access_log.AccessLog(cast("WSGIApplication", app.wsgi_app))
    app.wsgi_app = wrapped  # type: ignore[method-assign]
    return app
