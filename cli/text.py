"""Text for people: aligned tables, colour where it is welcome, nothing that a terminal would obey."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

import click

from ..core import columns
from ..core.numbers import amount as amount
from ..core.numbers import confidence_number as confidence_number
from ..core.numbers import counted as counted
from ..core.numbers import duration_text as duration_text
from ..core.numbers import fine_percent as fine_percent
from ..core.numbers import percent as percent
from ..core.numbers import risk_number as risk_number
from ..core.numbers import shown as shown
from ..core.numbers import time_text as time_text
from ..core.numbers import value_text as value_text
from ..core.printable import clean as clean
from ..core.printable import cleaned as cleaned

MARKS: dict[str, tuple[str, str]] = {
    "APPROVED": ("green", "✅"),
    "APPROVED_WITH_WARNINGS": ("yellow", "⚠️ "),
    "PENDING_APPROVAL": ("yellow", "⏳"),
    "INCONCLUSIVE": ("magenta", "❔"),
    "BLOCKED": ("red", "🛑"),
    "LOW": ("green", "🟢"),
    "MEDIUM": ("yellow", "🟡"),
    "HIGH": ("red", "🟠"),
    "CRITICAL": ("red", "🔴"),
    "PASSED": ("green", "✅"),
    "ATTESTED": ("cyan", "✍️ "),
    "WARNING": ("yellow", "⚠️ "),
    "WAIVED": ("yellow", "🔖"),
    "PENDING": ("yellow", "⏳"),
    "FAILED": ("red", "🚫"),
    "NO_EVIDENCE": ("magenta", "❔"),
    "NOT_APPLICABLE": ("blue", "⚪"),
    "ok": ("green", "✅"),
    "warn": ("yellow", "⚠️ "),
    "fail": ("red", "🚫"),
}
"""Word -> colour and sign; the word itself is always printed."""


@dataclass(frozen=True)
class Look:
    """What the output can show: by default neither colours nor signs."""

    color: bool = False
    emoji: bool = False

    @classmethod
    def of(cls, stream: TextIO, *, color: bool) -> "Look":
        """Of a stream; only terminals get more than plain text.

        Args:
            color: False when the user wants none (NO_COLOR).
        """
        if not stream.isatty():
            return cls()
        return cls(color=color, emoji=stream.encoding.lower().replace("-", "") == "utf8")

    def word(self, word: str, *, width: int = 0) -> str:
        """A word of MARKS with its colour and sign, filled up to `width`."""
        color, sign = MARKS[word]
        text = f"{sign} {word:<{width}}" if self.emoji else f"{word:<{width}}"
        return click.style(text, fg=color, bold=True) if self.color else text

    def blank(self, width: int) -> str:
        """As much room as a word of this width takes."""
        return " " * (width + 3 if self.emoji else width)

    def title(self, text: str) -> list[str]:
        """A line, underlined."""
        line = ("━" if self.emoji else "-") * 60
        return [click.style(text, bold=True) if self.color else text, line]


def window_text(begin: datetime, end: datetime) -> str:
    """`2026-11-01 00:00 to 2026-11-08 00:00 UTC`."""
    return f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def room(stream: TextIO | None = None) -> int | None:
    """Columns of the terminal; None = there is none, and what is printed stays in one line.

    Args:
        stream: what is printed to; None = standard output.
    """
    return shutil.get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, indent: int = 0) -> str:
    """Columns as wide as they need to be; on a terminal no wider than it, with long cells over several lines.

    Args:
        indent: blanks before each line.
    """
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    whole = [list(headers), *cells]
    width = room()
    if width is not None and columns.natural(whole) > width - indent:
        whole = _telling(whole)
    wide = columns.widths(whole, None if width is None else width - indent)
    lines = (line for row in whole for line in columns.lines(row, wide))
    padded = ((cell + columns.gap(cell, width) for cell, width in zip(line, wide, strict=True)) for line in lines)
    return "\n".join((" " * indent + "  ".join(line)).rstrip() for line in padded)


def _telling(whole: list[list[str]]) -> list[list[str]]:
    """Without the columns that have nothing in any row: on a narrow terminal others need their room."""
    kept = [place for place in range(len(whole[0])) if any(row[place] not in ("", "-") for row in whole[1:])]
    return [[row[place] for place in kept] for row in whole] if kept else whole


NAMED = 3
"""Things named of those that have something in common."""
KINDS = 10
"""Different things that are said at most."""


def together(told: Iterable[tuple[str, str]], what: str, *, whole: bool = False) -> list[str]:
    """What is said of several things, once for all of which it is said.

    Args:
        told: a thing, and what is to be said of it.
        what: they are, in the plural.
        whole: a line for each.

    >>> together([("a.log", "cut off"), ("b.log", "cut off"), ("c.log", "no times")], "files")
    ['2 files (a.log, b.log): cut off', 'c.log: no times']
    """
    if whole:
        return [f"{one}: {words}" for one, words in told]
    things: dict[str, list[str]] = {}
    for one, words in told:
        things.setdefault(words, []).append(one)
    lines = [
        f"{of[0]}: {words}" if len(of) == 1 else f"{len(of):,} {what} ({some(of)}): {words}"
        for words, of in things.items()
    ]
    more = len(lines) - KINDS
    return [*lines[:KINDS], f"and {more} more"] if more > 0 else lines


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """`Name:  value` lines, aligned; None is left out. Values are printed as they are: of a `cleaned` record."""
    shown = [(f"{name}:", str(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in shown)
