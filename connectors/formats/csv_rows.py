"""Reading CSV out of a file nobody vouches for, row by row: bounded lines, quoted line breaks, one clear error."""

import csv
from collections.abc import Iterator
from typing import IO

from ...core.errors import InputError
from .lines import Tally, lines_of

DELIMITERS = ",;\t|"


def csv_rows(stream: IO[bytes], what: str, *, delimiters: str = DELIMITERS) -> Iterator[list[str]]:
    """The rows that are not blank; the delimiter is the one that the first line has most of.

    Args:
        stream: read to its end, in constant memory.
        what: the format, for the error line.

    Raises:
        InputError: a line over MAX_LINE_BYTES, or no CSV (a quote that never closes).
    """
    tally = Tally(what)
    lines = lines_of(stream, tally)
    if lines is None:
        return
    texts = (line.decode("utf-8", "replace").replace("\0", "") for line in lines)
    first = next(texts, "")
    reader = csv.reader(_chained(first, texts), delimiter=max(delimiters, key=first.count))
    try:
        for row in reader:
            if row:
                yield row
    except csv.Error as error:
        raise InputError(f"{what}: line {reader.line_num} is no CSV: {error}") from error
    if tally.too_long:
        raise InputError(f"{what}: a line is longer than 1 MiB")


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
