"""Reading a log line by line: bounded lines, bad lines counted, one verdict at the end."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import IO, Any, Protocol

import orjson

from ...core.errors import InputError
from ...core.importing import Head
from ...core.records.bulk.rows import Row

MAX_LINE_BYTES = 1 << 20
"""A longer line is skipped: it is a dump, not a record."""
SAMPLE_LINES = 20
"""How many lines of the head are looked at to recognise a format."""


class Tally:
    """What happened to the lines of one file; turned into notes at the end.

    Args:
        what: the format, for the error line.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.rows = 0
        self.blank = 0
        self.too_long = 0
        self.broken = 0
        self.first_broken = 0
        """Number of the first broken line, from 1."""
        self.zoneless = 0

    def add_unread(self, line: bytes) -> None:
        """A line gave no row; `rows` must be up to date."""
        if not line.strip():
            self.blank += 1
            return
        self.first_broken = self.first_broken or self.rows + self.blank + self.too_long + self.broken + 1
        self.broken += 1

    def finish(self) -> None:
        """After the last line.

        Raises:
            InputError: fewer than half of the lines could be read: this is another format, or a damaged file.
        """
        if self.rows < self.broken + self.too_long:
            raise InputError(f"{self.what}: {'; '.join(self.notes())}", hint="is the file of this format?")

    def notes(self) -> tuple[str, ...]:
        """Whole only after the last row."""
        notes = []
        if self.broken:
            lines = self.rows + self.broken
            notes.append(f"{self.broken} of {lines} lines could not be read, the first is line {self.first_broken}")
        if self.too_long:
            notes.append(f"lines longer than {MAX_LINE_BYTES >> 20} MiB, skipped: {self.too_long}")
        if self.zoneless:
            notes.append(f"times without a zone, taken for UTC: {self.zoneless}")
        return tuple(notes)


class Noted(Protocol):
    """What counts while rows are read."""

    def notes(self) -> tuple[str, ...]:
        """Whole only after the last row."""
        ...


class LineRows(Iterator[Row]):
    """Rows as they are read, and the notes about them.

    `notes` is whole once the rows are exhausted: before that nobody knows the number of bad lines.
    """

    def __init__(self, rows: Iterator[Row], tally: Noted) -> None:
        self._rows = rows
        self._tally = tally

    def __iter__(self) -> Iterator[Row]:
        """The generator itself: one call less a row than through __next__."""
        return self._rows

    def __next__(self) -> Row:
        """One row."""
        return next(self._rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """Skipped lines, assumed zones."""
        return self._tally.notes()


def bounded_lines(stream: IO[bytes], tally: Tally) -> Iterator[bytes]:
    """The lines, with their ends; those longer than MAX_LINE_BYTES are passed over and counted. Constant memory."""
    for line in iter(partial(stream.readline, MAX_LINE_BYTES), b""):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            tally.too_long += 1
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            continue
        yield line


def lines_of(stream: IO[bytes], tally: Tally) -> Iterator[bytes] | None:
    """The lines of a file, without a byte order mark; None when it holds only blanks."""
    lines = bounded_lines(stream, tally)
    for line in lines:
        line = line.removeprefix(BOM_UTF8)
        if line.strip():
            return chain((line,), lines)
        tally.blank += 1
    return iter(()) if tally.too_long else None


def sample_lines(head: Head) -> list[str]:
    """The first lines that are not blank, whole ones only: what a line format is recognised by."""
    lines = head.text.split("\n")
    if not head.whole and len(lines) > 1:
        lines.pop()
    return [line for line in lines[:SAMPLE_LINES] if line.strip()]


class JsonRecords(Iterable[Any]):
    """One JSON value a line, where every line counts: a broken one makes the file unreadable.

    Only the last line may be cut off: then whoever wrote the file was killed, and `cut_short` says so after the last
    record.

    Args:
        stream: read to its end, in constant memory.
        what: the format, for the error line.

    Raises:
        InputError: a line that is no JSON, or longer than MAX_LINE_BYTES.
    """

    def __init__(self, stream: IO[bytes], what: str) -> None:
        self.cut_short: str | None = None
        self._stream = stream
        self._what = what

    def __iter__(self) -> Iterator[Any]:
        """The values, once."""
        tally = Tally(self._what)
        for number, line in enumerate(lines_of(self._stream, tally) or (), start=1):
            if tally.too_long:
                break
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if not line.strip():
                    continue
                if not line.endswith(b"\n") and number > 1:
                    self.cut_short = "the last line is cut off: the tool was killed or the file cut"
                    return
                raise InputError(f"{self._what}: line {number} is no JSON: {error}") from error
        if tally.too_long:
            raise InputError(f"{self._what}: a line is longer than {MAX_LINE_BYTES >> 20} MiB")
