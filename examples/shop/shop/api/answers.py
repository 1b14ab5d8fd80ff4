"""Errors as JSON: `{"error": {"code", "message", "request_id"}}`."""

import logging

from flask import Flask, Response, g, jsonify
from werkzeug.exceptions import HTTPException

from ..errors import ShopError

log = logging.getLogger(__name__)


def _answer(status: int, code: str, message: str) -> tuple[Response, int]:
    return jsonify(error={"code": code, "message": message, "request_id": g.request_id}), status


def install(app: Flask) -> None:
    """Register the error handlers.

    An unhandled exception reaches the second one too, as InternalServerError, after Flask has logged it with its
    traceback; the caller sees none of it but the request id.
    """

    @app.errorhandler(ShopError)
    def _refused(error: ShopError) -> tuple[Response, int]:
        log.info("refused, %d %s: %s", error.status, error.code, error)
        return _answer(error.status, error.code, str(error))

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        code = error.name.lower().replace(" ", "_")
        response, _ = _answer(error.code or 500, code, error.description or error.name)
        # A 405 must name the allowed methods; werkzeug's own answer has such headers, and a body type we replace.
        for name, value in error.get_headers():
            if name.lower() != "content-type":
                response.headers[name] = value
        response.status_code = error.code or 500
        return response
