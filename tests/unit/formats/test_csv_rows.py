"""Rows of CSV: those of the standard library's reader, sooner."""

import csv
import io
from itertools import dropwhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.connectors.formats import csv_rows as module
from aqe.connectors.formats.csv_rows import csv_rows
from aqe.core.errors import InputError


def by_the_standard_library(text: str) -> list[list[str]] | None:
    """None where it finds no CSV."""
    lines = dropwhile(lambda line: not line.strip(), io.StringIO(text, newline="\n"))
    try:
        return [row for row in csv.reader(lines, delimiter=",") if row]
    except csv.Error:
        return None


@given(st.text('aé,"\r\n \t', max_size=60), st.integers(1, 20))
def test_rows_are_those_of_the_csv_module_wherever_quotes_and_blocks_begin(text: str, block: int) -> None:
    """Until the first quote a row is the line split at its delimiters; what follows may hold them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_BYTES", block)
        try:
            rows = list(csv_rows(io.BytesIO(text.encode()), "CSV", delimiters=","))
        except InputError:
            rows = None
    assert rows == by_the_standard_library(text)


def test_an_error_tells_its_line_in_the_file() -> None:
    """Also behind lines that needed no reader of CSV."""
    with pytest.raises(InputError, match="line 1202 is no CSV"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_BYTES", 64)
        list(csv_rows(io.BytesIO(b"a,b\n" * 1201 + b"a\rb\n"), "CSV"))
