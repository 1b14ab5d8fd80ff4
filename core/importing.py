"""What a format importer is: bytes in, records out. It opens no file, knows no key and no network.

An importer is one file in connectors/formats/ and one line in a visible tuple. Exactly one importer may claim a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import IO, Any, Protocol

from pydantic_core import from_json

from .records.base import Record
from .records.bulk.rows import Row
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

    @cached_property
    def json(self) -> Any:
        """The JSON value that begins here, as far as it is seen: what is cut off is left out.

        Of JSON lines it is the first. None when the file does not begin with an object or array, or nests too deeply.
        """
        if not (self.is_json_object or self.is_json_array):
            return None
        try:
            return from_json(self.text, allow_partial=True)
        except ValueError:
            return None

    @property
    def json_keys(self) -> frozenset[str]:
        """Keys of the JSON object that begins here, as far as they are seen."""
        return frozenset(self.json) if isinstance(self.json, dict) else frozenset()

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
        # A number behind it is the priority of syslog.
        return self.text.startswith("<") and not self.text[1:2].isdigit()


@dataclass(frozen=True)
class Parsed:
    """What came out of one file.

    Args:
        outcome: one of five.
        reason: why there is no value, for the last three outcomes.
        signals: parts of quality signals, at most one a kind.
        rows: bulk rows, lazily: reading them may still raise InputError for a broken tail. Their types tell their
            kinds (core/records/bulk/rows.KIND_OF); an attribute `notes` of the iterator is whole once it is exhausted.
        records: what is stored one by one, such as incidents.
        notes: what a reader should know (skipped lines, inconsistent counters).
    """

    outcome: Outcome
    reason: str | None = None
    signals: tuple[tuple[SignalKind, SignalPart], ...] = ()
    rows: Iterator[Row] | None = None
    records: tuple[Record, ...] = ()
    notes: tuple[str, ...] = field(default=())


class Sample(StrEnum):
    """What the tests of a format read, the best there is."""

    REAL = "a real tool's output"
    RECORDED = "a recorded answer of the real service"
    CONSTRUCTED = "constructed after the documentation"


@dataclass(frozen=True, kw_only=True)
class About:
    """A format in words, each a line of text: the tables in docs/formats and `aqe import formats` are made of them.

    Args:
        title: its name for people: "lcov trace file".
        producers: tools that write it.
        versions: of the format or of its producers, as far as they differ for a reader.
        recognised_by: what in the content tells it.
        fields: what is read of it, in the format's own words.
        metrics: names of our metrics that it can give (core/records/signals.py); () for what gives only rows.
        sample: what it is tested with.
        how_to_export: how a user gets such a file.
    """

    title: str
    producers: str
    versions: str
    recognised_by: str
    fields: str
    metrics: tuple[str, ...] = ()
    sample: Sample
    how_to_export: str


class Importer(Protocol):
    """One format.

    `recognises` must be cheap and must not raise. `parse` reads the stream once, in constant memory where the format
    allows it, and raises only InputError (unreadable).
    """

    name: str
    """`junit-xml`; what `--as` takes."""
    produces: tuple[str, ...]
    """Signal kinds, dataset kinds, kinds of imported records."""
    about: About

    def recognises(self, head: Head) -> bool:
        """True when the content is of this format."""
        ...

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read it."""
        ...
