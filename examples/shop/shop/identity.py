"""Who asks, and under which number: for the logs, and so that a user can tell us which request failed."""

import re
from uuid import uuid4

from flask import Flask, Response, g, request

# What is accepted from outside: no room for an e-mail address, a line break or a kilobyte of text in our logs.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _token(header: str) -> str | None:
    value = request.headers.get(header, "")
    return value if TOKEN.fullmatch(value) else None


def install(app: Flask) -> None:
    """Set `g.request_id` and `g.user_id` before each request, and answer with `X-Request-Id`.

    The request id of a caller or proxy in front is kept, so that its log and ours can be joined. `X-User-Id` is a
    pseudonym; anything that does not look like one is dropped.
    """

    @app.before_request
    def _identify() -> None:
        g.request_id = _token("X-Request-Id") or uuid4().hex
        g.user_id = _token("X-User-Id")

    @app.after_request
    def _answer(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        return response
