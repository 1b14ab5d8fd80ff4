"""JSON out of files of any size: pages of an API, one document a line, one document with a long array.

A document of up to MAX_WHOLE_BYTES is parsed as a whole. Of a larger one only the items of the named arrays are, one at
a time: numpy finds the brackets outside of strings, and only the few that open and close items are looked at. What is
left of the document, its arrays empty, comes at its end.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from enum import Enum, auto
from typing import IO, TYPE_CHECKING, Any

import orjson
from pydantic_core import from_json

from ...core.errors import InputError
from .source import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_WHOLE_BYTES = 8 * 1024 * 1024
"""A document is parsed whole up to this; it takes five to ten times as much memory meanwhile."""
MAX_ITEM_BYTES = 64 * 1024 * 1024
"""One item of an array, or what is left of a document without them."""
# Many small documents may follow each other: little is looked at before it is known that the document is long.
_FIRST_BLOCK_BYTES = 4096
_BLOCK_BYTES = 1024 * 1024
_BLANKS = b" \t\r\n"
# The key before a value, in the bytes that lead to it; longer keys lead to no array of ours.
_KEY = re.compile(rb'"((?:[^"\\]|\\.){0,100})"\s*:\s*$')
_KEY_BYTES = 256
_NO_NUMBER = re.compile(rb"NaN|Infinity|[0-9][eE]\+?[0-9]{3}")
"""What makes the difference between JSON and what programs write as JSON."""
_QUOTE, _BACKSLASH = 0x22, 0x5C
# With bit 5 set, "[" is "{" and "]" is "}".
_FOLD, _OPEN, _CLOSE = 0x20, 0x7B, 0x7D

Way = tuple[str, ...]
"""Keys from the document to an array: `("hits", "hits")`; `()` = the document is the array."""


class JsonStream:
    """The documents of one file; read once, with `pieces`.

    Args:
        stream: read to its end.
        what: the format, for the error line.
        arrays: ways to the arrays whose items come one by one.
    """

    def __init__(self, stream: IO[bytes], what: str, *arrays: Way) -> None:
        self._source = Source(stream)
        self._what = what
        self._arrays = arrays
        self._only_lists = not any(arrays)
        self._by_line = False
        self.documents = 0
        self.broken = 0
        """Lines and items that are no JSON (half a line) among ones that are."""
        self.no_numbers = 0
        """Lines, items and documents with NaN, Infinity or 1e999, each of which is null here: many programs write them,
        JSON has none."""

    def pieces(self) -> Iterator[tuple[Way | None, Any]]:
        """Items with the way to their array, and after those of a document the document itself, with None.

        Raises:
            InputError: not JSON, cut short, nested too deeply, an item too large.
        """
        while line := self._source.line(MAX_WHOLE_BYTES):
            if not self.documents:
                line = line.removeprefix(BOM_UTF8)
            if not (line := line.lstrip(_BLANKS)):
                continue
            try:
                document = self._loads(line)
            except orjson.JSONDecodeError:
                if self._by_line and len(line) < MAX_WHOLE_BYTES:
                    self.broken += 1
                    continue
                yield from self._over_many_lines(line)
            else:
                self._by_line = True
                if type(document) is dict and self._only_lists:  # a line of millions: it has no items
                    self.documents += 1
                    yield None, document
                else:
                    yield from self._whole(document)

    def _whole(self, document: Any) -> Iterator[tuple[Way | None, Any]]:
        self.documents += 1
        for way in self._arrays:
            for item in items_at(document, way):
                yield way, item
        yield None, document

    def _over_many_lines(self, start: bytes) -> Iterator[tuple[Way | None, Any]]:
        if start[:1] not in (b"{", b"["):
            raise self._not_json(f"it begins with {start[:20]!r}")
        self._source.unread(start)
        if not self.documents:
            data = self._source.read(MAX_WHOLE_BYTES)
            if len(data) < MAX_WHOLE_BYTES:
                try:
                    document = self._loads(data)
                except orjson.JSONDecodeError:
                    pass  # several documents, or a broken one: the scan tells
                else:
                    yield from self._whole(document)
                    return
            self._source.unread(data)
        self._by_line = False
        yield from self._scanned()

    def _scanned(self) -> Iterator[tuple[Way | None, Any]]:
        scan = _Scan(self._arrays, self._what)
        size = _FIRST_BLOCK_BYTES
        while data := self._source.read(size):
            for way, text in scan.feed(data):
                try:
                    item = self._loads(text)
                except orjson.JSONDecodeError:
                    self.broken += 1
                else:
                    yield way, item
            if scan.document is not None:
                self._source.unread(scan.rest)
                self.documents += 1
                yield None, self._parsed(scan.document)
                return
            size = min(2 * size, _BLOCK_BYTES)
        raise self._not_json("it is cut short")

    def _parsed(self, text: bytes) -> Any:
        try:
            return self._loads(text)
        except orjson.JSONDecodeError as error:
            raise self._not_json(str(error)) from error

    def _loads(self, text: bytes) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if _NO_NUMBER.search(text) is None:
                raise
            try:
                # Writing it once more makes null of them, and refuses what orjson would not have read.
                found = orjson.loads(orjson.dumps(from_json(text)))
            except (ValueError, TypeError):
                found = None
            if found is None:
                raise
        self.no_numbers += 1
        return found

    def _not_json(self, why: str) -> InputError:
        return InputError(f"{self._what}: not JSON: {why}", hint="expected JSON in UTF-8")


def items_at(document: Any, way: Way) -> list[Any]:
    """The items of the array at the end of the way; none when there is no array."""
    for key in way:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, list) else []


class _Place(Enum):
    """Where in the document the scan is."""

    OUTSIDE = auto()
    ARRAY = auto()
    """Between the items of one of the arrays."""
    ITEM = auto()


class _Scan:
    """Takes one document apart as it passes."""

    def __init__(self, arrays: tuple[Way, ...], what: str) -> None:
        self._arrays = {tuple(key.encode() for key in way): way for way in arrays}
        self._what = what
        self._array_depth = 1 + max(map(len, arrays), default=0)
        """Depth of the innermost array; deeper brackets are inside of items."""
        self._depth = 0
        self._in_string = 0
        self._held = b""
        """What is being collected: the item that is open, or the document since its last array."""
        self._seen = 0
        """How many of the held bytes were looked at."""
        self._place = _Place.OUTSIDE
        self._ways: list[tuple[bytes, ...] | None] = []
        """Way to each open bracket outside of items; None for one inside an array."""
        self._item_ends_at = 0
        """Depth after the item that is open."""
        self._left: list[bytes] = []
        self.document: bytes | None = None
        """The document without its items, once it has ended."""
        self.rest = b""
        """What follows it."""

    def feed(self, data: bytes) -> Iterator[tuple[Way, bytes]]:
        """The items that end in the data, as text."""
        held = self._held + data
        end = len(held)
        while end > self._seen and held[end - 1] == _BACKSLASH:  # never part it from what it escapes
            end -= 1
        begin = 0
        for at, opens, depth in self._brackets(held, end):
            if self._place is _Place.ITEM:
                if depth == self._item_ends_at and not opens:
                    yield self._arrays[self._ways[-1] or ()], held[begin : at + 1]
                    self._place = _Place.ARRAY
            elif opens and self._place is _Place.ARRAY:
                self._place, self._item_ends_at, begin = _Place.ITEM, depth - 1, at
            elif opens:
                way = self._way_to(held, at)
                self._ways.append(way)
                if way in self._arrays and held[at] == ord("["):
                    self._left.append(held[begin : at + 1])
                    self._place = _Place.ARRAY
            else:
                self._ways.pop()
                if self._place is _Place.ARRAY:
                    self._place, begin = _Place.OUTSIDE, at
                if not depth:
                    self.document = b"".join((*self._left, held[begin : at + 1]))
                    self.rest = held[at + 1 :]
                    return
        if self._place is _Place.ARRAY:
            begin = end
        self._held, self._seen = held[begin:], end - begin
        if len(self._held) > MAX_ITEM_BYTES:
            raise InputError(
                f"{self._what}: one item is larger than {MAX_ITEM_BYTES >> 20} MiB", hint="export less at a time"
            )

    def _way_to(self, held: bytes, at: int) -> tuple[bytes, ...] | None:
        if not self._ways:
            return ()
        key = _KEY.search(held, max(0, at - _KEY_BYTES), at)
        parent = self._ways[-1]
        return None if key is None or parent is None else (*parent, key[1])

    def _brackets(self, held: bytes, end: int) -> Iterator[tuple[int, bool, int]]:
        """Place, whether it opens, depth after it: of the new brackets that are not inside of items."""
        import numpy as np  # here: few imports hold a document that large

        block = np.frombuffer(held, np.uint8)[self._seen : end]
        quotes = block == _QUOTE
        if held.find(b"\\", self._seen, end) >= 0:
            quotes &= ~_escaped(block)
        # Parity of the quotes so far; the sum may wrap, 256 is even.
        outside = (np.cumsum(quotes, dtype=np.uint8) + np.uint8(self._in_string)) & 1 == 0
        folded = block | _FOLD
        opening = folded == _OPEN
        places = np.flatnonzero((opening | (folded == _CLOSE)) & outside)
        steps = np.where(opening[places], 1, -1)
        depths = np.cumsum(steps) + self._depth
        self._in_string ^= int(np.count_nonzero(quotes)) & 1
        self._depth = int(depths[-1]) if len(depths) else self._depth
        near = depths <= self._array_depth + (steps > 0)
        offset = self._seen
        for at, step, depth in zip(places[near].tolist(), steps[near].tolist(), depths[near].tolist(), strict=True):
            yield at + offset, step > 0, depth


def _escaped(block: "npt.NDArray[np.uint8]") -> "npt.NDArray[np.bool_]":
    """Which bytes follow an odd number of backslashes; the block begins after none."""
    import numpy as np

    index = np.arange(len(block), dtype=np.int32)
    other = np.maximum.accumulate(np.where(block == _BACKSLASH, np.int32(-1), index))
    escaped = np.zeros(len(block), np.bool_)
    escaped[1:] = ((index - other)[:-1] & 1).astype(np.bool_)
    return escaped
