"""Columns side by side in the room that there is: what is too long goes on in the next line."""

import textwrap
from collections.abc import Sequence

GAP = 2
"""Blanks between two columns."""
_LONGEST_WORD = 24
"""Characters of a word that is kept whole as long as there is room elsewhere."""
_LEAST = (16, 12, 8)
"""Characters that a column keeps after that, in turn."""
Row = Sequence[str]


def widths(rows: Sequence[Row], room: int | None) -> list[int]:
    """Characters of each column: what it needs, or where that is more than the room, the widest ones less.

    Args:
        rows: of equal length, heads included.
        room: characters of a line; None = as many as it takes.

    >>> widths([("A", "LONG"), ("1", "x" * 40)], 30), widths([("A", "LONG"), ("1", "x" * 40)], None)
    ([1, 27], [1, 40])
    """
    needed = _needed(rows)
    if room is None:
        return needed
    words = [max(len(word) for cell in column for word in cell.split() or [""]) for column in zip(*rows, strict=True)]
    found = [min(width, room) for width in needed]
    for least in ([min(word, _LONGEST_WORD) for word in words], *([size] * len(found) for size in _LEAST)):
        # The widest that may still give way gives one, until there is room; tables have few columns.
        while sum(found) + GAP * (len(found) - 1) > room:
            giving = [place for place, width in enumerate(found) if width > least[place]]
            if not giving:
                break
            found[max(giving, key=lambda place: found[place])] -= 1
    return found


def natural(rows: Sequence[Row]) -> int:
    """Characters of a line that has room for every cell."""
    needed = _needed(rows)
    return sum(needed) + GAP * (len(needed) - 1)


def _needed(rows: Sequence[Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


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
