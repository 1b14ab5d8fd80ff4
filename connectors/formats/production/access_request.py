"""What access logs of all servers write alike: the request line, the time in brackets, escaped characters."""

import re
from datetime import UTC, datetime, timedelta

# HTTP/0.9 has no protocol; a path may hold blanks.
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,19}) (?:(\S.*?) HTTP/\d(?:\.\d)?|(/.*))")
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?: ([+-])(\d\d)(\d\d))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPED = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)|\\(.)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


def stamped(text: str) -> datetime | None:
    """`22/Nov/2026:01:55:21 +0100` in UTC, naive without a zone; None for an impossible date."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second, millis, sign, zone_hours, zone_minutes = match.groups()
    try:
        at = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), int(millis or 0) * 1000
        )
        if sign is None:
            return at
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        return (at + offset if sign == "-" else at - offset).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def requested(line: str) -> tuple[str, str]:
    """Method and path; an unreadable request line has no method and stands in the path as it is."""
    match = _REQUEST.fullmatch(line)
    if match is None:
        return "", said(line) or ""
    return match[1], _unescaped(match[2] or match[3])


def said(field: str | None) -> str | None:
    """A field without its escapes; None where it is empty or a dash."""
    return None if field is None or field in ("-", "") else _unescaped(field)


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(_character, field) if "\\" in field else field


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", "replace")
    return _LETTERS.get(match[2], match[2])
