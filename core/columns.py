"""Columns side by side in the room that there is: what is too long goes on in the next line."""

import textwrap
from collections.abc import Sequence

GAP = 2
"""Blanks between two columns."""
_LEAST = (16, 12, 8)
"""Characters that a column keeps, in turn: a time stays whole as long as it can."""
Row = Sequence[str]


def widths(rows: Sequence[Row], room: int | None) -> list[int]:
    """Characters of each column: what it needs, or where that is more than the room, the widest ones less.

    Args:
        rows: of equal length, heads included.
        room: characters of a line; None = as many as it takes.

    >>> widths([("A", "LONG"), ("1", "x" * 40)], 30), widths([("A", "LONG"), ("1", "x" * 40)], None)
    ([1, 27], [1, 40])
    """
    needed = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if room is None:
        return needed
    found = list(needed)
    for least in _LEAST:
        while (over := sum(found) + GAP * (len(found) - 1) - room) > 0:
            widest = max(found)
            if widest <= least:
                break
            next_widest = max((w for w in found if w < widest), default=0)
            place = found.index(widest)
            found[place] = max(widest - over, next_widest if found.count(widest) == 1 else widest - 1, least)
    return found


def lines(row: Row, of: Sequence[int]) -> list[list[str]]:
    """A row as one line or more; each cell is at most as wide as its column.

    >>> lines(("1", "/ > /cart > /checkout"), [1, 12])
    [['1', '/ > /cart >'], ['', '/checkout']]
    """
    wrapped = [_wrapped(cell, width) for cell, width in zip(row, of, strict=True)]
    return [[cell[n] if n < len(cell) else "" for cell in wrapped] for n in range(max(map(len, wrapped)))]


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_on_hyphens=False) or [""]


def folded(text: str, room: int | None) -> str:
    """Text whose long lines go on below, a little further to the right; what is short stays as it is.

    >>> print(folded("  a line of words", 12))
      a line of
        words
    """
    if room is None:
        return text
    return "\n".join(_folded(line, room) for line in text.split("\n"))


def _folded(line: str, room: int) -> str:
    if len(line) <= room:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.strip(), room, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
