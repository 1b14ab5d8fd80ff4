"""Durations and JSON on the command line."""

import click
import pytest

from aqe.cli.params import MAX_JSON_BYTES, duration, parse_json
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


def test_bad_json_is_one_line_that_names_its_place() -> None:
    """Where it came from stands first."""
    with pytest.raises(InputError, match=r"^--payload: .*line 1 column 2"):
        parse_json(b"{nope", where="--payload")


def test_more_than_memory_takes_is_not_read() -> None:
    """A gigabyte on one line neither."""
    with pytest.raises(InputError, match="more than 1000000 bytes"):
        parse_json(b"x" * (MAX_JSON_BYTES + 1), where="standard input")
