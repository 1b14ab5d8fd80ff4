"""Go's cover profile.

    mode: atomic
    example.org/shop/cart.go:12.34,15.2 3 1

A line is one block: where it begins and ends, its statements, how often it ran. With -coverpkg a block stands there
once a test package, and profiles are joined by concatenation: a block was covered when any of its entries was.
Statements are what `go tool cover` counts; a line is covered when a block that touches it was.
"""

import re
from collections.abc import Iterable
from typing import IO, NamedTuple

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import LINE, NOTHING, STATEMENT, Share, coverage
from ..documents import EMPTY_FILE, clean
from ..lines import Tally, lines_of

_MODE = re.compile(r"mode: (?:set|count|atomic)\s*")
_BLOCK = re.compile(r"((.+):(\d{1,9})\.\d+,(\d{1,9})\.\d+ (\d{1,9})) (\d+)\s*")

_Span = tuple[int, int]
"""First and last line of a block."""


class _Block(NamedTuple):
    path: str
    span: _Span
    statements: int


class GoCover:
    """Go cover profile -> test-coverage."""

    name = "go-cover"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="Go cover profile",
        producers="go test, go tool covdata",
        versions="modes set, count and atomic",
        recognised_by="first line `mode: set`, `mode: count` or `mode: atomic`",
        fields="file, first and last line, statements and count of each block",
        metrics=(LINE, STATEMENT),
        sample=Sample.REAL,
        how_to_export="go test -coverprofile=cover.out ./...",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line."""
        return _MODE.fullmatch(head.first_line) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Merge the blocks and count."""
        tally = Tally("Go cover")
        lines = lines_of(stream, tally)
        if lines is None:
            return EMPTY_FILE
        blocks: dict[str, tuple[_Block, bool]] = {}
        expected = "mode: set, count or atomic"
        for number, raw in enumerate(lines, start=1):
            line = raw.decode("utf-8", "replace")
            found = _BLOCK.fullmatch(line)
            if _MODE.fullmatch(line):
                expected = "a block file.go:1.2,3.4 5 6"
            elif found is None or expected.startswith("mode"):
                if line.strip():
                    raise InputError(f"Go cover: line {number} is {clean(line, 80)!r}, expected {expected}")
            else:
                key, path, first, last, size, count = found.groups()
                _, hit = blocks.get(key, (None, False))
                blocks[key] = _Block(path, (int(first), int(last)), int(size)), hit or count.strip("0") != ""
        if tally.too_long:
            raise InputError("Go cover: a line is longer than 1 MiB, expected a block")
        return _parsed(list(blocks.values()))


def _parsed(blocks: list[tuple[_Block, bool]]) -> Parsed:
    spans: dict[str, list[tuple[_Span, bool]]] = {}
    for block, hit in blocks:
        if block.statements:
            spans.setdefault(block.path, []).append((block.span, hit))
    lines = (
        Share(_length(span for span, hit in of_file if hit), _length(span for span, _ in of_file))
        for of_file in spans.values()
    )
    statements = (Share(hit * block.statements, block.statements) for block, hit in blocks)
    return coverage("go-cover", {LINE: sum(lines, NOTHING), STATEMENT: sum(statements, NOTHING)})


def _length(spans: Iterable[_Span]) -> int:
    """How many lines the spans have together; a line of two counts once."""
    total, reached = 0, 0
    for first, last in sorted(spans):
        total += max(0, last - max(first - 1, reached))
        reached = max(reached, last)
    return total
