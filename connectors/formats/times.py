"""Moments as files write them: ISO text, RFC 2822 text, or a number since 1970 in s, ms, us or ns."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Numbers below this (3 March 1973 in seconds) are durations or counters, not moments.
_FIRST_EPOCH_S = 1e8
# Below this a number is seconds (until the year 5138), below a thousand times this ms, then us, then ns.
_END_S = 1e11
# Longer text is no time; it also bounds what the slow parsers below see.
_MAX_TEXT = 64
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ZONE_WORD = re.compile(r" ?(?:UTC|GMT)$")


def moment(value: object) -> datetime | None:
    """The moment a value names; naive when it names no zone, None when it is no moment.

    `"2026-11-22T01:55:21.137Z"`, `"Sun, 22 Nov 2026 01:55:21 GMT"`, `1795312521137` and `"1795312521.137"` are moments.
    """
    if isinstance(value, str):
        return _from_text(value.strip())
    return epoch(value) if type(value) is float or type(value) is int else None


def utc_moment(value: object) -> datetime | None:
    """`moment`, then `to_utc`."""
    at = moment(value)
    return None if at is None else to_utc(at)


def to_utc(at: datetime) -> datetime | None:
    """The same moment in UTC; a clock without zone is taken for UTC. None at the ends of the calendar."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 at an offset
        return None


def epoch(value: float) -> datetime | None:
    """A number since 1970 as aware UTC; its unit follows from its size. None for what is no moment."""
    if not _FIRST_EPOCH_S <= value < _END_S * 1e9:  # NaN too
        return None
    if value >= _END_S:
        value /= 1e3 if value < _END_S * 1e3 else 1e6 if value < _END_S * 1e6 else 1e9
    return datetime.fromtimestamp(value, UTC)


def _from_text(text: str) -> datetime | None:
    if len(text) > _MAX_TEXT:
        return None
    # First: fromisoformat reads 13 digits as a date of the 18th century.
    if _NUMBER.fullmatch(text):
        return epoch(float(text))
    zoned = _ZONE_WORD.sub("+00:00", text)
    try:
        return datetime.fromisoformat(zoned)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
