"""A value and its JSON text; nothing else is stored at a key."""

from typing import Any

from ..core import jsontext
from ..core.errors import InputError
from ..core.records.base import Record

MAX_KEY_BYTES = 512
"""Longer names are refused: a key is a name, not data."""


def encode(value: object) -> str:
    """JSON text of a record or of a plain JSON value; lists and dicts may hold records."""
    if isinstance(value, Record):
        return value.to_json()
    return jsontext.dumps(_plain(value))


def decode(raw: bytes | list[bytes] | None, key: str) -> Any:
    """The value of what the server holds: a string is one document, a list is a history."""
    if raw is None:
        return None
    if isinstance(raw, list):
        return [jsontext.loads(item, where=key) for item in raw]
    return jsontext.loads(raw, where=key)


def check_key(key: str) -> str:
    """The key, when it can be one.

    Raises:
        InputError: empty, too long, with control characters, or starting with "{" (reserved for fleet prefixes).
    """
    if not key or key.startswith("{") or len(key.encode()) > MAX_KEY_BYTES or any(c < " " or c == "\x7f" for c in key):
        raise InputError(f"{key[:80]!r} cannot be a key", hint="keys look like aqe/quality-signals/security")
    return key


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
