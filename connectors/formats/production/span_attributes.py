"""What tracing libraries call the parts of a request: OpenTelemetry before and after 1.21, OpenTracing, Zipkin."""

from typing import Any

from ..values import host_of, path_of, status, text

WANTED = {
    "http.request.method": "method", "http.method": "method",
    "http.route": "route", "url.path": "path", "http.target": "path", "http.path": "path", "url.full": "url",
    "http.url": "url",
    "http.response.status_code": "status", "http.status_code": "status",
    "peer.service": "peer", "server.address": "server", "net.peer.name": "server", "network.peer.address": "server",
    "peer.hostname": "server",
    "db.system.name": "db", "db.system": "db", "db.type": "db", "db.query.text": "statement",
    "db.statement": "statement", "sql.query": "statement",
    "error.type": "error", "enduser.id": "user", "user.id": "user", "session.id": "session",
}  # fmt: skip
"""Attribute -> what we call it; of several names of one thing the first that a span has counts."""
CALLS_OUT = ("client", "producer")
"""Kinds of spans whose server is somebody else."""


def request_columns(tags: dict[str, Any], kind: str) -> dict[str, Any]:
    """Columns of a SpanRow that follow from its attributes."""
    told: dict[str, str | None] = {}
    for name, value in tags.items():
        wanted = WANTED.get(name)
        if wanted is not None:
            told.setdefault(wanted, text(value))
    get = told.get
    return {
        "request_method": get("method"),
        "request_path": get("route") or path_of(get("path") or get("url")),
        "status": status(get("status")),
        "peer": get("peer") or (get("server") or host_of(get("url")) if kind in CALLS_OUT else None),
        "db_system": get("db"),
        "statement": get("statement"),
        "user": get("user"),
        "session": get("session"),
    }
