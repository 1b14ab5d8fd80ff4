"""What may stand at a key: JSON text, under a name that can be one."""

from typing import Any

from ..core import jsontext
from ..core.errors import InputError

MAX_KEY_BYTES = 512
"""Longer names are refused: a key is a name, not data."""


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
    try:
        size = len(key.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        size = 0
    if not 0 < size <= MAX_KEY_BYTES or key.startswith("{") or any(c < " " or c == "\x7f" for c in key):
        raise InputError(f"{key[:80]!r} cannot be a key", hint="keys look like aqe/quality-signals/security")
    return key
