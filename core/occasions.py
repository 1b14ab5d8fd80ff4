"""Named days on which traffic is not what it usually is, and when they are.

The days of trade that matter here (Black Friday, Singles' Day) stand in no library of public holidays, and the few
public ones among them follow one-line rules.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

MONDAY, THURSDAY, SUNDAY = 0, 3, 6
DAY = timedelta(days=1)


class Occasion(NamedTuple):
    """One time that a named day, or a row of days, came or comes."""

    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each of them."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + number * DAY


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth such weekday of a month, counted from 1.

    >>> nth_weekday(2025, 11, THURSDAY, 4)
    datetime.date(2025, 11, 27)
    """
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (nth - 1)) * DAY


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, "Astronomical Algorithms", chapter 8).

    >>> easter(2026), easter(2024)
    (datetime.date(2026, 4, 5), datetime.date(2024, 3, 31))
    """
    century, of_century = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _thanksgiving(year: int) -> date:
    return nth_weekday(year, 11, THURSDAY, 4)


class Rule(NamedTuple):
    """When a named day is.

    Args:
        first: of a year, its first day.
        days: how many it has.
    """

    first: Callable[[int], date]
    days: int = 1


OCCASIONS: dict[str, Rule] = {
    "new-year": Rule(lambda year: date(year - 1, 12, 31), 2),
    "valentines-day": Rule(lambda year: date(year, 2, 14)),
    "easter": Rule(lambda year: easter(year) - 2 * DAY, 4),
    "mothers-day": Rule(lambda year: nth_weekday(year, 5, SUNDAY, 2)),
    "halloween": Rule(lambda year: date(year, 10, 31)),
    "singles-day": Rule(lambda year: date(year, 11, 11)),
    "thanksgiving": Rule(_thanksgiving),
    "black-friday": Rule(lambda year: _thanksgiving(year) + DAY),
    "cyber-monday": Rule(lambda year: _thanksgiving(year) + 4 * DAY),
    "christmas-shopping": Rule(lambda year: date(year, 12, 1), 23),
    "christmas": Rule(lambda year: date(year, 12, 24), 3),
}
"""Name -> rule; `easter` is Good Friday to Easter Monday, `new-year` both its days."""
ASKED_BY_DEFAULT = ("black-friday", "cyber-monday", "christmas", "new-year")
"""Where nobody says which."""


def occasions(name: str, first: date, last: date) -> Iterator[Occasion]:
    """Every time that a named day lies wholly between two days, in order.

    >>> [occasion.first.isoformat() for occasion in occasions("cyber-monday", date(2024, 1, 1), date(2025, 12, 31))]
    ['2024-12-02', '2025-12-01']
    """
    rule = OCCASIONS[name]
    for year in range(first.year, last.year + 2):
        begin = rule.first(year)
        end = begin + (rule.days - 1) * DAY
        if first <= begin and end <= last:
            yield Occasion(name, begin, end)
