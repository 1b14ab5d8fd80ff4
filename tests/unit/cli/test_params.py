"""Durations and JSON on the command line."""

import click
import pytest

from aqe.cli.params import MAX_JSON_BYTES, Count, Number, count, duration, parse_json
from aqe.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("30m", 1800), ("1h", 3600), ("1.5h", 5400), ("7d", 604800)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    """Seconds come out."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["10", "0s", "1w", "-1h", "h", "1h30m", "", "१s"])
def test_anything_else_is_refused(text: str) -> None:
    """A bare number too: its unit would be a guess."""
    with pytest.raises(click.BadParameter, match="expected a number above 0 and a unit"):
        duration(text)


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        (count(1), "0", "0 is out of range, expected 1 or more"),
        (count(1, 50), "51", "51 is out of range, expected 1 to 50"),
        (Number(0, above=True), "0", "0 is out of range, expected above 0"),
        (Number(0, 1, above=True, below=True), "1", "1 is out of range, expected above 0 and below 1"),
        (count(1), "x", "'x' is no whole number"),
    ],
)
def test_a_number_out_of_range_is_told_what_is_expected(option: Count | Number, given: str, told: str) -> None:
    """In words, not as `1<=x<=1000000000`."""
    with pytest.raises(click.BadParameter, match=told):
        option.convert(given, None, None)
    assert count(0).convert("0", None, None) == 0 and Number(0, 1).convert("1", None, None) == 1.0


def test_bad_json_is_one_line_that_names_its_place() -> None:
    """Where it came from stands first."""
    with pytest.raises(InputError, match=r"^--payload: .*line 1 column 2"):
        parse_json(b"{nope", where="--payload")


def test_more_than_memory_takes_is_not_read() -> None:
    """A gigabyte on one line neither."""
    with pytest.raises(InputError, match="more than 1000000 bytes"):
        parse_json(b"x" * (MAX_JSON_BYTES + 1), where="standard input")
