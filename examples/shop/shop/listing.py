"""Which products a request asks to see: the same query parameters for the API and for the pages."""

from flask import request

from . import catalogue
from .errors import InvalidRequest
from .runtime import connection

# Longest search text, in characters: longer ones are not typed by people and cost a full scan each.
MAX_TEXT = 100


# Last page that can be asked for, so that the number of skipped products stays one that a database takes.
MAX_PAGE = 10_000


def number(name: str, *, default: int, high: int) -> int:
    """The whole number from 1 to `high` in the query parameter `name`; empty is the same as missing.

    Raises:
        InvalidRequest: it is something else.
    """
    raw = request.args.get(name) or str(default)
    if not (raw.isascii() and raw.isdigit()) or len(raw) > len(str(high)) or not 1 <= int(raw) <= high:
        raise InvalidRequest(f"{name} is {raw!r}, expected a whole number from 1 to {high}")
    return int(raw)


def asked_page(limit: int) -> catalogue.Page:
    """The page of products that the query parameters `category`, `q`, `sort` and `page` ask for.

    An empty parameter is the same as none, which is what an HTML form sends.

    Raises:
        InvalidRequest: one of them makes no sense.
    """
    text = request.args.get("q") or None
    if text is not None and len(text) > MAX_TEXT:
        raise InvalidRequest(f"q has {len(text)} characters, expected {MAX_TEXT} at most")
    sort = request.args.get("sort") or catalogue.SORTS[0]
    if sort not in catalogue.SORTS:
        raise InvalidRequest(f"sort is {sort!r}, expected one of {', '.join(catalogue.SORTS)}")
    category = request.args.get("category") or None
    page = number("page", default=1, high=MAX_PAGE)
    return catalogue.search(connection(), category, text, limit, sort=sort, page=page)
