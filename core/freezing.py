"""When a freeze is on: once, or every day, week or year, in the wall time of one time zone.

>>> from datetime import UTC
>>> friday_evening = datetime(2026, 1, 9, 20, tzinfo=UTC)
>>> frozen_until("week", "Fri 16:00", "Mon 06:00", "Europe/Vienna", friday_evening).isoformat()
'2026-01-12T05:00:00+00:00'
>>> frozen_until("week", "Fri 16:00", "Mon 06:00", "Europe/Vienna", datetime(2026, 1, 12, 5, tzinfo=UTC)) is None
True
"""

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Every = Literal["once", "day", "week", "year"]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EXPECTED = {
    "once": "2026-12-20 18:00",
    "day": "18:00",
    "week": "Fri 16:00",
    "year": "12-20 18:00",
}
_FORMS = {
    "once": r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[ T](?P<time>\d\d:\d\d)(?::00)?)?",
    "day": r"(?P<time>\d\d:\d\d)",
    "week": rf"(?P<weekday>{'|'.join(DAYS)})[a-z]* (?P<time>\d\d:\d\d)",
    "year": r"(?P<month>\d\d)-(?P<day>\d\d)(?: (?P<time>\d\d:\d\d))?",
}
Place = Callable[[int], datetime]
"""Of a period (day, Monday's ordinal, year) -> the moment in it, wall time."""


def zone_of(name: str) -> ZoneInfo:
    """The time zone.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone, expected a name such as Europe/Vienna or UTC") from error


def frozen_until(every: Every, starts: str, ends: str, time_zone: str, now: datetime) -> datetime | None:
    """When the freeze that is on at `now` ends, in UTC; None = none is on.

    Args:
        every: how often it comes back.
        starts, ends: as `_EXPECTED` shows, wall time; it is on from the first moment, and at the last no more.
        time_zone: IANA name.
        now: aware.

    Raises:
        ValueError: something that cannot be read, or a single freeze that ends before it starts.
    """
    zone = zone_of(time_zone)
    for start, end in _occurrences(every, starts, ends, now.astimezone(zone).date()):
        if start.replace(tzinfo=zone) <= now < end.replace(tzinfo=zone):
            return end.replace(tzinfo=zone).astimezone(UTC)
    return None


def _occurrences(every: Every, starts: str, ends: str, today: date) -> Iterator[tuple[datetime, datetime]]:
    """Those that may be on: of this period and the one before."""
    start, end = _place(every, starts), _place(every, ends)
    step = {"week": 7}.get(every, 1)
    this = {"once": 0, "day": today.toordinal(), "week": today.toordinal() - today.weekday(), "year": today.year}[every]
    if every == "once":
        if end(0) <= start(0):
            raise ValueError(f"it ends {ends}, not after it starts, {starts}")
        yield start(0), end(0)
        return
    for period in (this, this - step):
        last = end(period) if end(period) > start(period) else end(period + step)
        yield start(period), last


def _place(every: Every, text: str) -> Place:
    match = re.fullmatch(_FORMS[every], text.strip(), re.IGNORECASE | re.ASCII)
    wrong = f"{text!r} is no moment of a freeze every {every}" if every != "once" else f"{text!r} is no moment"
    if not match:
        raise ValueError(f"{wrong}, expected such as {_EXPECTED[every]!r}")
    found = match.groupdict()
    try:
        at = time.fromisoformat(found.get("time") or "00:00")
        if every == "once":
            only = datetime.combine(date(int(found["year"]), int(found["month"]), int(found["day"])), at)
            return lambda period: only
        if every == "year":
            month, day = int(found["month"]), int(found["day"])
            date(2024, month, day)  # a leap year: the 29th of February may be meant
            return lambda year: datetime.combine(_in_year(year, month, day), at)
    except ValueError as error:
        raise ValueError(f"{wrong}: {error}") from error
    later = timedelta(days=DAYS.index(found["weekday"].lower()) if every == "week" else 0)
    return lambda period: datetime.combine(date.fromordinal(period), at) + later


def _in_year(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
