"""What a redaction rule is."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Span = tuple[int, int]
"""Begin and end in the text."""

_SHAPES = bytes(ord("0") if chr(b).isdecimal() else ord("A") if 65 <= b <= 90 else b for b in range(256))


def shape_of(text: str) -> bytes:
    """Digits as 0 and capital letters as A, so that a number of any value is found by a substring search.

    >>> shape_of("Card 4111-1111")
    b'Aard 0000-0000'
    """
    return text.encode("utf-8", "surrogatepass").translate(_SHAPES)


@dataclass(frozen=True)
class Rule:
    """How one kind is found.

    Args:
        kind: what it is called in the pseudonym.
        hint: could it be here? Told from the text, the text in lower case, and its `shape_of`. May say yes wrongly,
            never no.
        pattern: what it looks like.
        check: the part of the match to replace, or None when it is something else.
    """

    kind: str
    hint: Callable[[str, str, bytes], object]
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], Span | None]


def whole(match: re.Match[str]) -> Span:
    """Check of a rule whose every match is a find."""
    return match.span()


def first_group(match: re.Match[str]) -> Span:
    """Check of a rule whose pattern has words around the find."""
    return match.span(1)
