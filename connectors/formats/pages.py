"""Base of the formats that come in pages or lines of JSON: answers of an API, exports, bodies of webhooks.

A subclass says where the items are and makes rows or records of each; this module reads any number of pages out of one
file in constant memory, counts what cannot be used, and decides on one of the five outcomes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any, ClassVar

from ...core.errors import InputError
from ...core.importing import About, Parsed
from ...core.numbers import counted
from ...core.records.base import Record
from ...core.records.signals import Outcome
from .documents import EMPTY_FILE, clean
from .json_stream import JsonStream, Way
from .lines import LineRows

MAX_REASONS = 3
"""Why items cannot be used, told apart."""
MAX_RECORDS = 100_000
"""Incidents and the like of one file; they are held in memory."""


class Unusable(Exception):
    """One item cannot be used; the others can. The text says why: "no time"."""


class Reading:
    """What is known of one file besides its rows.

    Args:
        what: the format, for the error line.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.used = 0
        """Items that were of use, also those that give no row."""
        self.unusable = 0
        self.first_unusable = ""
        self.reasons: Counter[str] = Counter()
        """Why, the first MAX_REASONS of them."""
        self.no_numbers = 0
        """Items with NaN or an infinite number, which are taken for no value."""
        self.failures: list[str] = []
        """What pages say that are the service's errors."""
        self.zoneless = 0
        """Times without a zone, taken for UTC."""
        self.facts: dict[str, None] = {}
        """Other notes, in order, each once."""
        self.memory: Any = None
        """Of a format that must know earlier items: made by `PagesFormat.start`."""

    def refuse(self, why: str) -> None:
        """Count an item that cannot be used."""
        self.unusable += 1
        self.first_unusable = self.first_unusable or why
        if why in self.reasons or len(self.reasons) < MAX_REASONS:
            self.reasons[why] += 1

    def fail(self, said: object) -> None:
        """A page that is an error of the service."""
        self.failures.append(clean(said) or "an error without words")

    def note(self, fact: str) -> None:
        """Something a reader should know."""
        self.facts[fact] = None

    def finish(self) -> None:
        """After the last item.

        Raises:
            InputError: fewer than half of the items could be used: this is another format.
        """
        if self.used < self.unusable:
            raise InputError(f"{self.what}: {'; '.join(self._counts())}", hint="is the file of this format?")

    def notes(self) -> tuple[str, ...]:
        """Whole only after the last item."""
        failed = [f"{len(self.failures)} pages are errors, the first: {self.failures[0]}"] if self.failures else []
        return (*self._counts(), *failed, *self.facts)

    def _counts(self) -> list[str]:
        counts = []
        if self.unusable:
            total = self.used + self.unusable
            counts.append(f"{self.unusable} of {total} records could not be used, the first: {self.first_unusable}")
            others = [f"{why} ({n})" for why, n in self.reasons.items() if why != self.first_unusable]
            if others:
                counts[-1] += f" ({self.reasons[self.first_unusable]}); others: {', '.join(others)}"
        if self.no_numbers:
            counts.append(f"NaN and infinite numbers, taken for no value, in {counted(self.no_numbers, 'record')}")
        if self.zoneless:
            counts.append(f"times without a zone, taken for UTC: {self.zoneless}")
        return counts


class PagesFormat:
    """Base of the formats. Subclasses set `about`, `arrays` and implement `recognises`, `item`, often `document`."""

    about: About
    arrays: ClassVar[tuple[Way, ...]] = ()
    """Ways to the arrays whose items are read one at a time."""
    one: ClassVar[str] = "record"
    """What an item is, for the reason of an empty file."""
    empty: ClassVar[Outcome] = Outcome.NOT_MEASURED
    """What a page without items is: CLEAN where it says that there was nothing (alerts), else NOT_MEASURED."""

    counts_items: ClassVar[bool] = True
    """False where an item holds many spans or points, which `item` counts in `reading.used` itself."""

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[Any]:
        """Rows or records of one item.

        Raises:
            Unusable: it has not what a row needs.
        """
        raise NotImplementedError

    def document(self, document: Any, reading: Reading) -> Iterable[Any]:
        """Called after the items of each document, for what else it says; may call `reading.fail` and `note`.

        Raises:
            Unusable: it is no page of this format.
        """
        raise NotImplementedError

    def start(self, reading: Reading) -> None:
        """Before the first item."""

    def end(self, reading: Reading) -> Iterable[Any]:
        """After the last item: what could not be given before."""
        return ()

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read as far as the first row; the others are read while they are taken.

        Raises:
            InputError: not JSON, or not of this format.
        """
        reading = Reading(self.about.title)
        source = JsonStream(stream, self.about.title, *self.arrays)
        found = self._found(source, reading)
        first = next(found, None)
        if first is None:
            return self._nothing(source, reading)
        found = chain((first,), found)
        if isinstance(first, Record):
            return self._records(found, reading)
        return Parsed(Outcome.VALUE, rows=LineRows(found, reading))

    def _found(self, source: JsonStream, reading: Reading) -> Iterator[Any]:
        self.start(reading)
        for way, piece in source.pieces():
            try:
                if way is None:
                    if type(piece) is not dict and type(piece) is not list:
                        raise Unusable("it is no object")
                    yield from self.document(piece, reading)
                else:
                    yield from self.item(way, piece, reading)
                    reading.used += self.counts_items
            except Unusable as error:
                reading.refuse(str(error))
        for _ in range(source.broken):
            reading.refuse("it is no JSON")
        reading.no_numbers = source.no_numbers
        yield from self.end(reading)
        reading.finish()

    def _records(self, found: Iterator[Any], reading: Reading) -> Parsed:
        records = []
        for record in found:
            records.append(record)
            if len(records) > MAX_RECORDS:
                raise InputError(f"{reading.what}: more than {MAX_RECORDS} records", hint="export less at a time")
        return Parsed(Outcome.VALUE, records=tuple(records), notes=reading.notes())

    def _nothing(self, source: JsonStream, reading: Reading) -> Parsed:
        if not source.documents:
            return EMPTY_FILE
        if reading.unusable:
            raise InputError(f"{reading.what}: {'; '.join(reading.notes())}", hint="is the file of this format?")
        if reading.failures:
            return Parsed(Outcome.TOOL_FAILED, reason=f"the answer is an error: {reading.failures[0]}")
        if not reading.facts and self.empty is Outcome.CLEAN:
            return Parsed(Outcome.CLEAN)
        return Parsed(Outcome.NOT_MEASURED, reason="; ".join(reading.facts) or f"there is no {self.one} in it")
