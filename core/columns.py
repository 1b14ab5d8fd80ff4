"""Columns side by side in the room that there is: what is too long goes on in the next line.

Room is told in columns of a terminal: an ideograph or emoji takes two of them, a mark on the letter before it none.
"""

import re
from collections.abc import Iterator, Sequence
from unicodedata import category, east_asian_width

GAP = 2
"""Blanks between two columns."""
_LONGEST_WORD = 24
"""Of a word that is kept whole as long as there is room elsewhere."""
_LEAST = (16, 12, 8)
"""What a column keeps after that, in turn."""
_WORD = re.compile(r"\s*\S+")
"""With the blanks before it, which stay where they are within a line."""
Row = Sequence[str]


def width(text: str) -> int:
    """What a text takes.

    >>> width("tea"), width("お茶"), width("the\N{COMBINING ACUTE ACCENT}")
    (3, 4, 3)
    """
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def gap(text: str, wide: int) -> str:
    """The blanks that fill a text up to its column."""
    return " " * (wide - width(text))


def widths(rows: Sequence[Row], room: int | None) -> list[int]:
    """Of each column: what it needs, or where that is more than the room, the widest ones less.

    Args:
        rows: of equal length, heads included.
        room: of a line; None = as much as it takes.

    >>> widths([("A", "LONG"), ("1", "x" * 40)], 30), widths([("A", "LONG"), ("1", "x" * 40)], None)
    ([1, 27], [1, 40])
    """
    needed = _needed(rows)
    if room is None:
        return needed
    words = [max(width(word) for cell in column for word in cell.split() or [""]) for column in zip(*rows, strict=True)]
    found = [min(wide, room) for wide in needed]
    for least in ([min(word, _LONGEST_WORD) for word in words], *([size] * len(found) for size in _LEAST)):
        # The widest that may still give way gives one, until there is room; tables have few columns.
        while sum(found) + GAP * (len(found) - 1) > room:
            giving = [place for place, wide in enumerate(found) if wide > least[place]]
            if not giving:
                break
            found[max(giving, key=lambda place: found[place])] -= 1
    return found


def natural(rows: Sequence[Row]) -> int:
    """Of a line that has room for every cell."""
    needed = _needed(rows)
    return sum(needed) + GAP * (len(needed) - 1)


def _needed(rows: Sequence[Row]) -> list[int]:
    return [max(map(width, column)) for column in zip(*rows, strict=True)]


def lines(row: Row, of: Sequence[int]) -> list[list[str]]:
    """A row as one line or more; each cell is at most as wide as its column.

    >>> lines(("1", "/ > /cart > /checkout"), [1, 12])
    [['1', '/ > /cart >'], ['', '/checkout']]
    """
    wrapped = [_wrapped(cell, wide) for cell, wide in zip(row, of, strict=True)]
    return [[cell[n] if n < len(cell) else "" for cell in wrapped] for n in range(max(map(len, wrapped)))]


def _wrapped(cell: str, wide: int) -> list[str]:
    if width(cell) <= wide:
        return [cell]
    fitting = (piece for line in filled(cell, wide) for piece in _pieces(line, wide))
    return list(fitting) or [""]


def _pieces(line: str, wide: int) -> Iterator[str]:
    """A line as it is, but for a word that is too wide for one."""
    start = used = 0
    for place, character in enumerate(line):
        needed = _width(character)
        if used + needed > wide and place > start:
            yield line[start:place]
            start, used = place, 0
        used += needed
    yield line[start:]


def filled(text: str, room: int, first: str = "", later: str = "") -> list[str]:
    """Text as lines of whole words; one that is wider than the room has a line of its own.

    Args:
        first: what stands before the first line.
        later: what stands before the others.
    """
    found: list[str] = []
    line, used = "", room
    for word in _WORD.findall(text):
        needed = width(word)
        if used + needed > room:
            found += [line] if line else []
            line, word = later if found else first, word.lstrip()
            used, needed = width(line), width(word)
        line, used = line + word, used + needed
    return [*found, line] if line else found


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
    if width(line) <= room:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    return "\n".join(filled(line.strip(), room, indent, f"{indent}  "))
