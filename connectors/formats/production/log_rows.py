"""A log row from whatever attributes a platform keeps beside the message: under the names of `log_fields`."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from ....core.records.bulk.logs import LogRow
from ..values import long_text, text
from . import log_fields as fields
from .stack_traces import error_type, split_message, trace_text

_JSON_BRACE = "{"
# In the beginning of a line; lower case only in brackets or after `level=`, where it is no word of a sentence.
_LEVEL = re.compile(
    r"\b(FATAL|CRITICAL|ERROR|SEVERE|WARN(?:ING)?|INFO|NOTICE|DEBUG|TRACE)\b"
    r"|(?:\[|level=\"?)(fatal|critical|crit|emerg|alert|error|warn(?:ing)?|notice|info|debug|trace)\b"
)
_LEVEL_WITHIN = 200


def log_row(at: datetime, level: Any, message: Any, attributes: dict[str, Any], **known: str | None) -> LogRow:
    """One row.

    Args:
        at: aware UTC.
        level: as the platform has it; empty = that of the attributes.
        message: text; another value becomes JSON text.
        attributes: names of `log_fields`, nested or with dots.
        known: columns that the platform says itself; they win where they are not None.
    """
    flat = fields.flattened(attributes) if attributes else attributes
    found = _columns(flat)
    trace, kind = found.pop("stack_trace", None), found.pop("error_type", None)
    body = long_text(message) or _as_json(message) or found.pop("message", None) or ""
    found.pop("message", None)
    if trace is None and "\n" in body and (parts := split_message(body)):
        body, trace = parts
    told = found.pop("level", None)
    return LogRow(
        at=at,
        level=fields.level_of(told if level in (None, "") else level),
        message=body,
        stack_trace=trace,
        error_type=kind or (error_type(trace) if trace else None),
        **found | {column: value for column, value in known.items() if value is not None},
    )


def _columns(flat: dict[str, Any]) -> dict[str, Any]:
    """Column -> value, of the most telling name that has one."""
    found: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    for name in flat.keys() & _COLUMNS_OF.keys():
        for column, rank, read in _COLUMNS_OF[name]:
            if rank < ranks.get(column, 1_000) and (value := read(flat, name)) is not None:
                found[column], ranks[column] = value, rank
    return found


def _as_text(flat: dict[str, Any], name: str) -> str | None:
    return fields.as_text(flat[name])


_Read = Callable[[dict[str, Any], str], Any]
_READERS: dict[str, _Read] = {
    "stack_trace": lambda flat, name: trace_text(flat[name]),
    "request_path": lambda flat, name: fields.first_path((name,), flat),
    "status": lambda flat, name: fields.status_of((name,), flat),
    "level": lambda flat, name: flat[name] if isinstance(flat[name], str | int) else None,
    "duration_ms": lambda flat, name: fields.duration_of((name,), flat),
}
_COLUMNS_OF: dict[str, list[tuple[str, int, _Read]]] = {}
"""Name -> the columns it may be for, how telling it is for each (0 = most), how its value is read."""
for _column, _names in (
    *fields.TEXT.items(),
    ("level", fields.LEVEL),
    ("message", fields.MESSAGE),
    ("status", fields.STATUS),
    ("stack_trace", fields.TRACE),
    ("error_type", fields.ERROR_TYPE),
    ("duration_ms", fields.DURATION),
):
    for _rank, _name in enumerate(_names):
        _COLUMNS_OF.setdefault(_name, []).append((_column, _rank, _READERS.get(_column, _as_text)))


def message_and_attributes(message: Any) -> tuple[Any, dict[str, Any]]:
    """A message that is itself a JSON record (containers log that way) as its parts; else itself and nothing."""
    if isinstance(message, str) and message.startswith(_JSON_BRACE):
        try:
            record = orjson.loads(message)
        except orjson.JSONDecodeError:
            return message, {}
        if isinstance(record, dict):
            flat = fields.flattened(record)
            body = fields.first_text(fields.MESSAGE, flat)
            if body is not None:
                return body, record
    return message, {}


def level_in(line: Any) -> str:
    """The level that a line of text says in its beginning; empty when it says none."""
    match = _LEVEL.search(line, 0, _LEVEL_WITHIN) if isinstance(line, str) else None
    return (match[1] or match[2]).upper() if match else ""


def _as_json(message: Any) -> str | None:
    if not isinstance(message, dict | list) or not message:
        return None
    try:
        return text(orjson.dumps(message).decode(), 64_000)
    except orjson.JSONEncodeError:  # deeper than orjson writes (254)
        return None
