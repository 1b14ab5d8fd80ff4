"""GET /health."""

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from .. import catalogue
from ..db import errors
from ..runtime import connection, runtime

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """200 when the shop can serve, which takes its database; else 503."""
    release = runtime().settings.release
    try:
        products = catalogue.count(connection())
    except errors():
        current_app.logger.exception("health check: the database does not answer")
        return {"status": "unavailable", "release": release}, 503
    return {"status": "ok", "release": release, "products": products}
