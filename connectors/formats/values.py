"""JSON values nobody vouches for, as the columns of a row: None instead of a wrong type, never 0.

Numbers come as numbers or as text ("0.25", "3421"); what is no finite number, or would not fit a column, is None.
"""

import math
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from .times import epoch, utc_moment

MAX_TEXT = 4_000
"""Characters of a text column other than a message."""
MAX_LONG_TEXT = 64_000
"""Characters of a message or trace."""
_MAX_INT = 2**63 - 1
# Of a time in any unit: what is greater overflows when the unit is changed, and measures nothing.
_GREATEST = 1e300
MAX_MS = 1e12
"""Of a duration, thirty years: what is longer measures nothing, and overflows in whoever adds it up."""
_STATUSES: dict[Any, int] = {key: code for code in range(100, 600) for key in (code, str(code))}
# Scheme, user, host and port of a URL; urlsplit would take six times as long.
_ORIGIN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}:)?//[^/?#]*")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._]+")


def text(value: Any, limit: int = MAX_TEXT) -> str | None:
    """A text that is not empty, or a number as text; None for everything else."""
    kind = type(value)  # not isinstance: this is called for every column of every row
    if kind is str:
        return value[:limit] or None
    return str(value) if kind is int or kind is float else None


def long_text(value: Any) -> str | None:
    """A message or trace."""
    return text(value, MAX_LONG_TEXT)


def listed(value: Any) -> list[Any]:
    """A list; anything else as an empty one."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A finite number, also one written as text."""
    kind = type(value)
    if kind is not float:
        if kind is not int and kind is not str:
            return None
        try:
            value = float(value)
        except (ValueError, OverflowError):
            return None
    return value if math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """A whole number of at most 63 bits, also one written as text."""
    if isinstance(value, str):
        if not (value.isascii() and value.lstrip("-").isdigit() and len(value) <= 20):
            return None
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_MAX_INT <= value <= _MAX_INT else None


def ns_to_ms(value: Any) -> float | None:
    """Nanoseconds as milliseconds; None below 0, which many tools write for "does not apply"."""
    return _not_negative(value, 1e6)


def us_to_ms(value: Any) -> float | None:
    """Microseconds as milliseconds; None below 0."""
    return _not_negative(value, 1e3)


def ms(value: Any) -> float | None:
    """Milliseconds; None below 0."""
    return _not_negative(value, 1)


def s_to_ms(value: Any) -> float | None:
    """Seconds as milliseconds; None below 0."""
    return _not_negative(value, 1e-3)


def _not_negative(value: Any, divisor: float) -> float | None:
    found = number(value)
    return found / divisor if found is not None and 0 <= found <= MAX_MS * divisor else None


def status(value: Any) -> int | None:
    """An HTTP status, 100 to 599, also one written as text."""
    try:
        return _STATUSES.get(value)
    except TypeError:  # a list or an object
        return None


def at_us(microseconds: int) -> datetime | None:
    """Microseconds since 1970 as aware UTC, exact; None outside of the calendar and for 0, which means "not set"."""
    if not 0 < microseconds < 253_402_300_800_000_000:
        return None
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def at_ms(value: Any) -> datetime | None:
    """Milliseconds since 1970, see `at_us`."""
    return _at(value, 1e3)


def at_s(value: Any) -> datetime | None:
    """Seconds since 1970, see `at_us`."""
    return _at(value, 1e6)


def _at(value: Any, microseconds: float) -> datetime | None:
    found = number(value)
    return at_us(round(found * microseconds)) if found is not None and 0 < found <= _GREATEST else None


def at_ns(value: Any) -> datetime | None:
    """Nanoseconds since 1970, see `at_us`; what lies below a microsecond is cut off."""
    found = whole(value)
    return None if found is None else at_us(found // 1000)


def clock(value: Any) -> datetime | None:
    """A moment in any of the ways of `times.moment` as aware UTC; zoneless is UTC, year 1 means "not set"."""
    found = None
    if type(value) is str and value[4:5] == "-":  # most are written like this
        with suppress(ValueError):
            found = datetime.fromisoformat(value)
    elif type(value) is int:
        return epoch(value)
    if found is None or found.tzinfo is not UTC:
        found = utc_moment(value)
    return found if found is not None and found.year > 1 else None


def record_id(source: str, *parts: Any) -> str | None:
    """`pagerduty-Q1`: unique over sources, and fit for a key. None when a part is missing."""
    words = [_NOT_IN_ID.sub("-", text(part, 120) or "").strip("-") for part in parts]
    return "-".join((source, *words)) if all(words) else None


def path_of(url: Any) -> str | None:
    """Path and query of a URL or path; None for what is neither."""
    found = text(url)
    if found is None:
        return None
    if origin := _ORIGIN.match(found):
        found = found[origin.end() :]
        if not found.startswith("/"):
            found = f"/{found}"
    return found.partition("#")[0] or "/"


def host_of(url: Any) -> str | None:
    """The host of a URL, as the name of who is called; None without one.

    An address keeps its port: on one machine, and behind one address, it alone says who that is.
    """
    found = text(url)
    try:
        parts = urlsplit(found or "")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return f"{host}:{port}" if host and port and (host == "localhost" or not host[-1].isalpha()) else host


def origin_of(url: Any) -> str | None:
    """Scheme, host and port of a URL; None without a host. A user and password in it are left out."""
    found = text(url)
    try:
        parts = urlsplit(found or "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else None


def device_of(value: Any) -> str | None:
    """`mobile`, `desktop`, `tablet`, else as written in lower case."""
    found = text(value, 100)
    return None if found is None else _DEVICES.get(found.lower(), found.lower())


_DEVICES = {"phone": "mobile", "smartphone": "mobile", "mobile phone": "mobile", "computer": "desktop", "pc": "desktop",
            "laptop": "desktop", "desktop_web": "desktop", "mobile_web": "mobile"}  # fmt: skip


def labels(values: dict[str, Any]) -> str:
    """A JSON object with sorted keys and text values, for a metric's labels; nested values are left out."""
    plain = {str(key)[:200]: found for key, value in values.items() if (found := _label(value)) is not None}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode() if plain else "{}"


def properties(values: dict[str, Any]) -> str:
    """A JSON object of the plain values (text, number, yes/no) of an object; nested ones are left out."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        kind = type(value)
        if kind is str:
            value = value[:MAX_TEXT]
        elif kind is int:
            value = value if -_MAX_INT <= value <= _MAX_INT else str(value)
        elif kind is not float and kind is not bool:
            continue
        plain[key[:200]] = value
    return orjson.dumps(plain).decode() if plain else "{}"


def tags_to_dict(tags: Any) -> dict[str, str]:
    """`["env:prod", "team"]` as names and values, as Datadog and others write them; of a repeated name the first."""
    found: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str):
            name, _, value = tag.partition(":")
            found.setdefault(name[:200], value[:MAX_TEXT])
    return found


def _label(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value[:MAX_TEXT] if isinstance(value, str) else text(value)
