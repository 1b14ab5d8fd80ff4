"""What a format importer is: bytes in, records out. It opens no file, knows no key and no network.

An importer is one file in connectors/formats/ and one line in a visible tuple. Exactly one importer may claim a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, NamedTuple, Protocol

from .records.signals import Outcome, SignalKind, SignalPart

HEAD_BYTES = 65_536
"""How much of a file an importer sees to recognise it."""


@dataclass(frozen=True)
class Head:
    """The beginning of a file, looked at by every importer; what several of them ask is computed once.

    Args:
        name: the file's name (a hint at most: formats are told by content).
        data: its first bytes, HEAD_BYTES at most.
        whole: True when `data` is the whole file.
    """

    name: str
    data: bytes
    whole: bool = False

    @cached_property
    def text(self) -> str:
        """As text: UTF-8 with or without byte order mark, undecodable bytes replaced; leading blanks dropped."""
        return self.data.decode("utf-8-sig", errors="replace").lstrip()

    @cached_property
    def first_line(self) -> str:
        """The first line that is not blank."""
        return self.text.split("\n", 1)[0].rstrip("\r")

    @property
    def is_json_object(self) -> bool:
        """Starts like a JSON object."""
        return self.text.startswith("{")

    @property
    def is_json_array(self) -> bool:
        """Starts like a JSON array."""
        return self.text.startswith("[")

    @property
    def is_xml(self) -> bool:
        """Starts like XML."""
        return self.text.startswith("<")


class BulkRows(NamedTuple):
    """Rows that belong into a dataset."""

    kind: str
    """A name in core/records/logs.DATASET_ROWS."""
    rows: Iterator[tuple[object, ...]]


@dataclass(frozen=True)
class Parsed:
    """What came out of one file.

    Args:
        outcome: one of five.
        reason: why there is no value, for the last three outcomes.
        signals: parts of quality signals, at most one a kind.
        rows: bulk rows, lazily: reading them may still raise InputError for a broken tail.
        notes: what a reader should know (skipped lines, inconsistent counters).
    """

    outcome: Outcome
    reason: str | None = None
    signals: tuple[tuple[SignalKind, SignalPart], ...] = ()
    rows: BulkRows | None = None
    notes: tuple[str, ...] = field(default=())


class Importer(Protocol):
    """One format.

    `recognises` must be cheap and must not raise. `parse` reads the stream once, in constant memory where the format
    allows it, and raises only InputError (unreadable).
    """

    name: str
    """`junit-xml`; what `--as` takes."""
    title: str
    """For people."""
    produces: tuple[str, ...]
    """Signal kinds or dataset kinds."""
    how_to_export: str
    """One line: how a user gets such a file."""

    def recognises(self, head: Head) -> bool:
        """True when the content is of this format."""
        ...

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read it."""
        ...
