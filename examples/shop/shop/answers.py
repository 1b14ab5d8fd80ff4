"""Errors as the caller can read them: `{"error": {"code", "message", "request_id"}}`, or a page for a browser."""

import logging

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from .errors import ShopError

log = logging.getLogger(__name__)


def _wants_page() -> bool:
    if request.path.startswith("/api/"):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _answer(status: int, code: str, message: str) -> Response:
    if _wants_page():
        answer = make_response(render_template("error.html", status=status, code=code, message=message))
    else:
        answer = jsonify(error={"code": code, "message": message, "request_id": g.request_id})
    answer.status_code = status
    return answer


def install(app: Flask) -> None:
    """Register the error handlers.

    An unhandled exception reaches the second one too, as InternalServerError, after Flask has logged it with its
    traceback; the caller sees none of it but the request id.
    """

    @app.errorhandler(ShopError)
    def _refused(error: ShopError) -> Response:
        log.info("refused, %d %s: %s", error.status, error.code, error)
        return _answer(error.status, error.code, str(error))

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        code = error.name.lower().replace(" ", "_")
        response = _answer(error.code or 500, code, error.description or error.name)
        # A 405 must name the allowed methods; werkzeug's own answer has such headers, and a body type we replace.
        for name, value in error.get_headers():
            if name.lower() != "content-type":
                response.headers[name] = value
        return response
