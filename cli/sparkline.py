"""A series of numbers as one line of blocks: what rose and when, at a glance."""

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
"""Lowest to highest, for terminals that show UTF-8."""
PLAIN = "_.-=+*#@"
"""The same eight steps in ASCII, for files and old terminals."""
GAP = " "
"""A stretch without any number."""


def sparkline(values: Sequence[float | None], *, width: int = 40, blocks: bool = True) -> str:
    """At most `width` characters, one a stretch of equal length.

    A stretch shows its highest number, so that a short peak is never averaged away.

    Args:
        values: in order of time; None, NaN and infinity = not known.
        width: characters, 1 or more.
        blocks: False = ASCII, for output that cannot show more.

    >>> sparkline([0, 1, 2, 3, None, 7])
    '▁▂▃▄ █'
    >>> sparkline([5, 5, 5]), sparkline([]), sparkline([0, 0, 9, 0], width=2, blocks=False)
    ('▁▁▁', '', '_@')
    """
    steps = BLOCKS if blocks else PLAIN
    shown = [_highest(stretch) for stretch in _stretches(values, width)]
    known = [value for value in shown if value is not None]
    if not known:
        return GAP * len(shown)
    low, high = min(known), max(known)
    # Halves: the distance of two numbers near the largest float would be infinite.
    room = (high / 2 - low / 2) or 1.0
    return "".join(
        GAP if value is None else steps[round((value / 2 - low / 2) / room * (len(steps) - 1))] for value in shown
    )


def _stretches(values: Sequence[float | None], width: int) -> list[Sequence[float | None]]:
    count = min(width, len(values))
    return [values[i * len(values) // count : (i + 1) * len(values) // count] for i in range(count)]


def _highest(stretch: Sequence[float | None]) -> float | None:
    return max((value for value in stretch if value is not None and math.isfinite(value)), default=None)
