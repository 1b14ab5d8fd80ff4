"""Exchanges as entries of an HTTP archive (HAR 1.2): what went through the proxy, and when."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import h11

from .masking import masked
from .wire import Headers

MAX_BODY = 16_384
"""Bytes of a body that are kept; a longer one is kept as its size."""
_TEXT = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded")
_WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


@dataclass
class Kept:
    """The beginning of a body, and how long it was."""

    data: bytes = b""
    size: int = 0

    def add(self, piece: bytes) -> None:
        """One more piece."""
        self.size += len(piece)
        self.data += piece[: max(0, MAX_BODY + 1 - len(self.data))]

    def text(self, headers: Headers) -> str | None:
        """The whole body as text; None when it is none, or longer than MAX_BODY."""
        kind = _value(headers, b"content-type").decode("latin-1").lower()
        if not self.data or not (kind.startswith(_TEXT) or "+json" in kind or "+xml" in kind):
            return None
        data = _unpacked(self.data, _value(headers, b"content-encoding"))
        if data is None or len(data) > MAX_BODY:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None


@dataclass
class Exchange:
    """One request with what came of it."""

    at: datetime
    method: str
    path: str
    version: str
    headers: Headers
    sent: Kept = field(default_factory=Kept)
    received: Kept = field(default_factory=Kept)
    status: int = 0
    reason: str = ""
    answered: Headers = field(default_factory=list)
    began_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: h11.Request, at: datetime) -> Self:
        """From the request's head."""
        headers = [(bytes(name), bytes(value)) for name, value in request.headers]
        version = request.http_version.decode("ascii")
        return cls(at, request.method.decode("ascii"), request.target.decode("latin-1"), version, headers)

    def began(self, head: h11.Response, at: datetime) -> None:
        """The answer's head is on its way."""
        self.status, self.reason = head.status_code, bytes(head.reason).decode("latin-1")
        self.answered = [(bytes(name), bytes(value)) for name, value in head.headers]
        self.began_at = at

    def ended(self, at: datetime) -> None:
        """The answer is complete."""
        self.ended_at = at

    def entry(self, origin: str, key: bytes) -> dict[str, Any]:
        """For `log.entries`; a time that does not apply is -1, cookies and credentials in headers are masked.

        Args:
            origin: `http://host:port` of the proxy, for clients that name no host.
            key: of the recording's masks.
        """
        host = _value(self.headers, b"host").decode("latin-1")
        url = (f"http://{host}" if host else origin) + self.path
        wait = -1.0 if self.began_at is None else _ms(self.at, self.began_at)
        receive = -1.0 if self.began_at is None or self.ended_at is None else _ms(self.began_at, self.ended_at)
        found = {
            "startedDateTime": self.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "time": max(0.0, wait) + max(0.0, receive),
            "request": self._request(url, key),
            "response": self._response(key),
            "cache": {},
            "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": wait, "receive": receive},
        }
        if self.faults:
            found["comment"] = f"faults: {', '.join(self.faults)}"
        return found

    def _request(self, url: str, key: bytes) -> dict[str, Any]:
        body = self.sent.text(self.headers)
        kind = _value(self.headers, b"content-type").decode("latin-1")
        query = parse_qsl(urlsplit(self.path).query, keep_blank_values=True, encoding="latin-1")
        return {
            "method": self.method,
            "url": url,
            "httpVersion": f"HTTP/{self.version}",
            "cookies": [],
            "headers": _listed(self.headers, key),
            "queryString": [{"name": name, "value": value} for name, value in query],
            "headersSize": -1,
            "bodySize": self.sent.size,
            **({"postData": {"mimeType": kind, "text": body}} if body is not None else {}),
        }

    def _response(self, key: bytes) -> dict[str, Any]:
        body = self.received.text(self.answered)
        content = {
            "size": self.received.size,
            "mimeType": _value(self.answered, b"content-type").decode("latin-1"),
            **({"text": body} if body is not None else {}),
        }
        return {
            "status": self.status,
            "statusText": self.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _listed(self.answered, key),
            "content": content,
            "redirectURL": _value(self.answered, b"location").decode("latin-1"),
            "headersSize": -1,
            "bodySize": self.received.size,
            **({"_error": self.error} if self.error else {}),
        }


def _value(headers: Headers, name: bytes) -> bytes:
    return next((value for found, value in headers if found.lower() == name), b"")


def _listed(headers: Iterable[tuple[bytes, bytes]], key: bytes) -> list[dict[str, str]]:
    told = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return [{"name": name, "value": masked(name, value, key)} for name, value in told]


def _ms(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds() * 1000)


def _unpacked(data: bytes, encoding: bytes) -> bytes | None:
    """Without its compression, no further than is kept; None when it is broken or of another kind."""
    if encoding in (b"", b"identity"):
        return data
    if encoding not in _WINDOW:
        return None
    try:
        return zlib.decompressobj(_WINDOW[encoding]).decompress(data, MAX_BODY + 1)
    except zlib.error:
        return None
