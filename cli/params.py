"""Values of the command line that need reading: durations and JSON."""

import re
import sys
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MOST = 1_000_000_000
"""Of a number that nothing else bounds: what is larger is a slip of the finger, and overflows somewhere."""
MAX_JSON_BYTES = 1_000_000
"""What memory takes at one key."""


class Number(click.FloatRange):
    """The type of every option that takes a fraction: bounded, and neither `nan`, which no bound refuses, nor `inf`.

    Args:
        least, most: the range, both ends in it.
        above: `least` itself is not.
        below: `most` itself is not.
    """

    def __init__(
        self, least: float = 0, most: float = MOST, *, above: bool = False, below: bool = False, name: str = "N"
    ) -> None:
        super().__init__(least, most, min_open=above, max_open=below)
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; BadParameter when it is none of these."""
        try:
            number = float(value)
        except ValueError:
            number = nan
        if not isfinite(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        if not _is_in(self, number):
            self.fail(f"{value} is out of range, expected {_expected(self)}.", param, ctx)
        return number


class Count(click.IntRange):
    """The type of every option that takes a whole number; `name` is what help shows for it."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; BadParameter when it is none."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is no whole number.", param, ctx)
        if not _is_in(self, number):
            self.fail(f"{value} is out of range, expected {_expected(self)}.", param, ctx)
        return number


def _is_in(of: Number | Count, number: float) -> bool:
    least, most = of.min or 0, of.max or MOST
    above = number > least if of.min_open else number >= least
    return above and (number < most if of.max_open else number <= most)


def _expected(of: Number | Count) -> str:
    """The range in words: `1 or more`, `above 0`, `1 to 50`."""
    begin = f"above {of.min:g}" if of.min_open else f"{of.min:g}"
    if of.max in (None, MOST):
        return begin if of.min_open else f"{begin} or more"
    end = f"below {of.max:g}" if of.max_open else f"{of.max:g}"
    return f"{begin} and {end}" if of.min_open or of.max_open else f"{begin} to {end}"


MAX_DAYS = 7320
"""Twenty years; the same limit as the agents'."""
DAYS = Number(0, MAX_DAYS, above=True, name="DAYS")
"""The type of a window back from now."""
SEED = Count(0, 2**63 - 1)


def count(least: int = 0, most: int = MOST) -> Count:
    """The type of every option that takes a whole number."""
    return Count(least, most)


def duration(text: str) -> float:
    """`10s`, `30m`, `1h`, `7d` as seconds, as the type of an option.

    A bare number is refused: its unit would be a guess.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])", text)
    if not match or not float(match[1]):
        raise click.BadParameter(f"{text!r} is no duration, expected a number above 0 and a unit: 10s, 30m, 1h, 7d")
    return float(match[1]) * _SECONDS[match[2]]


def percent(text: str) -> float:
    """`2%` or `2` as percent, 0 to 100, as the type of an option."""
    return _between(text.strip().removesuffix("%"), text, 0, 100, "a percentage such as 2%")


def milliseconds(text: str) -> float:
    """`800ms`, `1.5s` or `800` (ms) as milliseconds, as the type of an option."""
    short = text.strip()
    if short.endswith("s") and not short.endswith("ms"):
        return 1000 * _between(short[:-1], text, 0, 86_400, "a time such as 800ms")
    return _between(short.removesuffix("ms"), text, 0, 86_400_000, "a time such as 800ms")


def percents(text: str) -> tuple[float, ...]:
    """`5,25,50,100` or `5%,25%`, as the type of an option."""
    return tuple(percent(part) for part in text.split(","))


def names(text: str) -> tuple[str, ...]:
    """`us-east,eu-west`, as the type of an option."""
    found = tuple(part.strip() for part in text.split(","))
    if not all(found):
        raise click.BadParameter(f"{text!r}: expected names with commas between them")
    return found


def _between(number: str, text: str, least: float, most: float, expected: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", number) or not least <= float(number) <= most:
        raise click.BadParameter(f"{text!r}: expected {expected}, {least:g} to {most:g}")
    return float(number)


def moment(text: str) -> datetime:
    """`2026-01-10T12:00:00Z` as aware UTC, as the type of an option; without an offset it would be a guess."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter(f"{text!r} is no time with its offset from UTC, such as 2026-01-10T12:00:00Z")
    return at.astimezone(UTC)


def read_json(argument: str, *, where: str) -> Any:
    """The JSON value given as an argument, or on standard input for `-`; raises like `parse_json`."""
    if argument == "-":
        return parse_json(sys.stdin.buffer.read(MAX_JSON_BYTES + 1), where="standard input")
    return parse_json(argument.encode(errors="surrogateescape"), where=where)


def read_json_file(file: str) -> tuple[str, Any]:
    """Name for errors and JSON value of a file, or of standard input for `-`; raises like `parse_json`."""
    if file == "-":
        return "standard input", read_json("-", where="")
    with open(file, "rb") as stream:
        return file, parse_json(stream.read(MAX_JSON_BYTES + 1), where=file)


def parse_json(text: bytes, *, where: str) -> Any:
    """The JSON value of a text.

    Raises:
        InputError: no JSON, or over MAX_JSON_BYTES.
    """
    from ..core import jsontext
    from ..core.errors import InputError

    if len(text) > MAX_JSON_BYTES:
        raise InputError(f"{where}: more than {MAX_JSON_BYTES} bytes", hint="bulk data is for `aqe import`")
    return jsontext.loads(text, where=where)
