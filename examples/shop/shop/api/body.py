"""Reads and checks what callers send; each message names the field, the value and what was expected."""

import re
from typing import Any

from flask import request

from ..errors import InvalidRequest

# What SQLite takes as an id without complaint, with room to spare; above 2**63 it raises OverflowError.
MAX_ID = 2**31 - 1

# Cart ids are uuid4().hex.
_ID = re.compile(r"[0-9a-f]{32}")


def json_object() -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        InvalidRequest: the body is something else.
        werkzeug.exceptions.HTTPException: it is not JSON (400), not declared as JSON (415) or too large (413).
    """
    try:
        body = request.get_json()
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
    if not isinstance(body, dict):
        raise InvalidRequest(f"the body is a JSON {type(body).__name__}, expected an object")
    return body


def integer(body: dict[str, Any], field: str, *, low: int, high: int, default: int | None = None) -> int:
    """The whole number in `field`, from `low` to `high`; `default` None means that the field is required.

    Raises:
        InvalidRequest: missing, out of range, or not a whole number (2.0, "2" and true are not).
    """
    value = body.get(field, default)
    if type(value) is not int or not low <= value <= high:
        raise InvalidRequest(f"{field} is {value!r}, expected a whole number from {low} to {high}")
    return value


def cart_id(body: dict[str, Any]) -> str:
    """The required cart id.

    Raises:
        InvalidRequest: missing or not of a cart id's form.
    """
    value = body.get("cart_id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidRequest(f"cart_id is {value!r}, expected the id of a cart: 32 hexadecimal digits")
    return value


def text(body: dict[str, Any], field: str) -> str:
    """The required text in `field`.

    Raises:
        InvalidRequest: missing, empty, or not a text.
    """
    value = body.get(field)
    # Half a surrogate pair is JSON, but no text that a database or a hash takes.
    if not isinstance(value, str) or not value or any("\ud800" <= char <= "\udfff" for char in value):
        # The value is not repeated: it may be a password that stands in the wrong place.
        raise InvalidRequest(f"{field} is missing or no text")
    return value


def texts(body: dict[str, Any], field: str) -> dict[str, str]:
    """The object in `field`, all of whose values are texts.

    Raises:
        InvalidRequest: it is missing or something else.
    """
    value = body.get(field)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise InvalidRequest(f"{field} is missing or no object of texts")
    return value
