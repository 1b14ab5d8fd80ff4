"""Recorded HTTP exchanges as tests need them: one service, bodies read, values that name things found.

A *name* is what one exchange gives and another uses: the id of an order, a token. A text that looks like an id is a
name on its own; a number is one only together with its noun, because order 7 is not product 7.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from ....analysis.texts.json_shape import Path, leaves
from ....core.records.bulk.recordings import ExchangeRow
from ..endpoints import endpoint

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
"""No JSON document: null is one."""
REDACTED = re.compile(r"<([a-z_-]+):([0-9a-f]{8})>")
"""What redaction puts in the place of a secret or of personal data."""
_CREDENTIALS = frozenset({"secret", "bearer", "jwt", "basic"})
_BEHIND = frozenset({502, 503, 504})
SAFE_METHODS = frozenset({"GET", "HEAD"})
_METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_ASSETS = frozenset({"script", "stylesheet", "image", "font", "media", "manifest"})
_ASSET_PATH = re.compile(r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|woff2?|ttf|mp4)$")
_BARE_PSEUDONYM = re.compile(r"(:\s*)(<[a-z_-]+:[0-9a-f]{8}>)")
_ID_TEXT = re.compile(
    r"<[a-z_-]+:[0-9a-f]{8}>|(?=\D*\d)[0-9a-fA-F-]{8,}|(?=\D*\d)[\w-]{16,}|[A-Za-z]{1,12}[_-]\d{2,}", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")

Name = tuple[str, str | int]
"""Noun (empty for texts) and value."""


class Exchange(NamedTuple):
    """One request with its answer."""

    at: datetime
    method: str
    path: str
    endpoint: str
    status: int
    body: Any
    """Parsed JSON, else the text; MISSING without a body."""
    answer: Any
    """Parsed JSON, else MISSING."""
    request_type: str
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    duration_ms: float | None
    session: str | None
    session_given: str | None

    @property
    def safe(self) -> bool:
        """It only reads."""
        return self.method in SAFE_METHODS

    @property
    def changes(self) -> bool:
        """It may have changed something, and said that it worked."""
        return not self.safe and self.status < 300

    @property
    def in_words(self) -> bool:
        """The service says as JSON that something behind it failed; a 500 is never meant."""
        return self.status in _BEHIND and isinstance(self.answer, dict)

    @property
    def authorization(self) -> str | None:
        """The header of that name, with a pseudonym for what opens doors."""
        return self.request_headers.get("authorization")

    @property
    def kind(self) -> tuple[str, str, int]:
        """What its answer is compared with: method, endpoint, status."""
        return self.method, self.endpoint, self.status


def exchanges(rows: Iterable[ExchangeRow], host: str | None = None) -> tuple[Exchange, ...]:
    """The exchanges with one service, in order of time; pictures, scripts and style sheets are left out.

    Args:
        host: as recorded (`https://shop.example`); None = the one that was asked most.
    """
    kept = [row for row in rows if row.status is not None and row.method in _METHODS and not _asset(row)]
    hosts = Counter(row.host for row in kept)
    chosen = host or (max(hosts, key=lambda h: (hosts[h], h or "")) if hosts else None)
    return tuple(sorted((_exchange(row) for row in kept if row.host == chosen), key=lambda e: e.at))


def given(exchange: Exchange) -> Iterator[tuple[Name, Path]]:
    """Names in the answer, with the place of each."""
    if exchange.answer is not MISSING:
        yield from _names(exchange.answer, _noun(exchange.endpoint), numbers=not exchange.safe)


def used(exchange: Exchange) -> Iterator[Name]:
    """Names in the request: segments of the path, values of the query and of the body."""
    path, _, query = exchange.path.partition("?")
    segments = path.split("/")
    for before, segment in zip(["", *segments], segments, strict=False):
        if found := name_of(before, segment):
            yield found
    for key, value in parse_qsl(query):
        if found := name_of(key, value):
            yield found
    if exchange.authorization and (found := name_of("", exchange.authorization.split()[-1])):
        yield found
    if exchange.body is not MISSING and not isinstance(exchange.body, str):
        yield from (name for name, _ in _names(exchange.body, _noun(exchange.endpoint), numbers=True))


def name_of(noun: str, value: Any) -> Name | None:
    """The name that a value is under a key or behind a segment; None when it is none.

    A credential that redaction took out is a name by its digest: `secret` in an answer is `bearer` in a header.
    """
    if isinstance(value, str) and (redacted := REDACTED.fullmatch(value)):
        return "", redacted[2] if redacted[1] in _CREDENTIALS else value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, str):
        return ("", value) if _ID_TEXT.fullmatch(value) and not _DATE.fullmatch(value) else None
    return (_singular(noun), value) if type(value) is int and noun else None


def _names(document: Any, noun: str, *, numbers: bool) -> Iterator[tuple[Name, Path]]:
    for path, value in leaves(document):
        key = str(path[-1]) if path else ""
        if key == "#":
            continue
        if key == "id" and len(path) > 1:
            owner = next((str(part) for part in reversed(path[:-1]) if isinstance(part, str)), noun)
        else:
            owner = noun if key == "id" else re.sub(r"(?:_id|Id|ID)$", "", key)
        is_id = key == "id" or owner != key
        found = name_of(owner, value)
        if found and (isinstance(found[1], str) or (numbers and is_id)):
            yield found, path


def _exchange(row: ExchangeRow) -> Exchange:
    kind = row.request_type or ""
    return Exchange(
        at=row.at,
        method=row.method,
        path=row.path,
        endpoint=endpoint(row.path),
        status=row.status or 0,
        body=_body(row.request_body, kind),
        answer=_parsed(row.response_body),
        request_type=kind,
        request_headers=_headers(row.request_headers),
        response_headers=_headers(row.response_headers),
        duration_ms=row.duration_ms,
        session=row.session,
        session_given=row.session_given,
    )


def _body(text: str | None, kind: str) -> Any:
    if not text:
        return MISSING
    parsed = MISSING if "form" in kind else _parsed(text)
    return text if parsed is MISSING else parsed


def _parsed(text: str | None) -> Any:
    """Redaction may have put a pseudonym in the place of a number, which is no JSON any more."""
    for attempt in (text, _BARE_PSEUDONYM.sub(r'\1"\2"', text)) if text else ():
        try:
            return orjson.loads(attempt)
        except orjson.JSONDecodeError:
            continue
    return MISSING


def _headers(text: str | None) -> dict[str, str]:
    found = _parsed(text)
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _asset(row: ExchangeRow) -> bool:
    return row.resource_type in _ASSETS or bool(_ASSET_PATH.search(row.path.partition("?")[0]))


def _noun(where: str) -> str:
    words = [part for part in where.split("/") if part and part != "{id}"]
    return words[-1] if words else ""


def _singular(noun: str) -> str:
    noun = noun.lower()
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
