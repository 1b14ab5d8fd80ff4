"""What OTLP/JSON writes in more than one way: attributes, times, ids, names of enumerations."""

import base64
import binascii
from typing import Any

from ..values import text

_BASE64_ID_LENGTHS = {12, 24}
_HEX_ID_LENGTHS = {16, 32}
_NO_ID = {"0" * 16, "0" * 32}


def attributes(told: Any) -> dict[str, Any]:
    """`[{"key": k, "value": {"stringValue": v}}]` as a dict of plain values."""
    found: dict[str, Any] = {}
    for entry in told if isinstance(told, list) else ():
        try:
            found[entry["key"]] = plain(entry["value"])
        except (KeyError, TypeError):
            continue
    return found


def plain(value: Any) -> Any:
    """An AnyValue as text, number (64-bit ones are written as text), yes/no, list or dict."""
    if not isinstance(value, dict):
        return None
    for kind, inner in value.items():
        if kind == "intValue":
            return int(inner) if isinstance(inner, str) and inner.lstrip("-").isdigit() and len(inner) < 21 else inner
        if kind == "arrayValue":
            values = inner.get("values") if isinstance(inner, dict) else None
            return [plain(one) for one in values] if isinstance(values, list) else []
        if kind == "kvlistValue":
            return attributes(inner.get("values") if isinstance(inner, dict) else None)
        return inner
    return None


def nanoseconds(value: Any) -> int:
    """A time; 0 when it is not set or no number."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 21 else 0
    return value if type(value) is int and value > 0 else 0


def hex_id(value: Any) -> str | None:
    """A trace or span id in lower case; None for an empty one.

    OTLP/JSON has hex here, against the general rule of protobuf's JSON. Some exporters follow the rule and write
    base64: such an id has another length.
    """
    if type(value) is str and len(value) in _HEX_ID_LENGTHS:
        return None if value in _NO_ID else value.lower()
    if not isinstance(value, str) or not value.strip("0"):
        return None
    if len(value) in _BASE64_ID_LENGTHS and value.endswith("="):
        try:
            return base64.b64decode(value, validate=True).hex()
        except binascii.Error:
            return None
    return text(value.lower(), 64)
