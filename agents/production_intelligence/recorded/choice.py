"""Which of the recorded flows and requests become tests: few that together show all that the recording shows.

What a test shows are the endpoints and statuses, their order, the errors in words, and the classes of input that were
sent: a number that is none, one or many, a text that is empty, long, in capitals, beyond ASCII or without a letter. Two
inputs of one class are taken to be treated alike (equivalence partitioning; Myers 1979, "The Art of Software Testing").
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from ....analysis.texts.json_shape import dotted, leaves
from .exchanges import Exchange
from .flows import Flow, FlowStep

_LONG = 60
"""Characters of a text; of an error's words more are not looked at."""
_WORDS_OF_ERRORS = ("code", "type", "error", "title", "message", "detail")
_VALUES = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")


def covering(shows: Sequence[set[Any]], rank: Sequence[Any], most: int) -> Iterator[int]:
    """Greedy set cover: places of the sets that add most, of equals the highest rank, until nothing is added.

    >>> list(covering([{1}, {1, 2, 3}, {3, 4}], [0, 0, 0], 5))
    [1, 2]
    """
    missing = set().union(*shows)
    left = set(range(len(shows)))
    for _ in range(most):
        best = max(left, key=lambda n: (len(shows[n] & missing), rank[n], -n), default=None)
        if best is None or not shows[best] & missing:
            return
        missing -= shows[best]
        left.discard(best)
        yield best


def shown_by(flow: Flow) -> set[Hashable]:
    """What a test of this flow would show."""
    kinds = [step.exchange.kind for step in flow.steps]
    return set(pairwise(kinds)).union(*map(shown_by_step, flow.steps))


def shown_by_step(step: FlowStep) -> set[Hashable]:
    """What a test of this request would show."""
    exchange = step.exchange
    query = parse_qsl(step.path.partition("?")[2], keep_blank_values=True)
    found: set[Hashable] = {(exchange.kind, tuple(sorted(name for name, _ in query)), _error(exchange))}
    found |= {(exchange.kind, name, input_class(value)) for name, value in query}
    found |= {(exchange.kind, name, size) for name, size in _classes(step.body)}
    return found | {(exchange.kind, "answer", name, n) for name, n in _classes(exchange.answer) if name.endswith("#")}


def input_class(value: Any) -> str:
    """How a value is likely to be treated.

    >>> [input_class(value) for value in (0, 7, "", "?", "12", "lamp", "LAMP", "caf\u00e9")]
    ['none', 'many', 'empty', 'symbols', 'digits', 'words', 'capitals', 'beyond ASCII']
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "negative" if value < 0 else "none" if value == 0 else "one" if value == 1 else "many"
    if not isinstance(value, str):
        return type(value).__name__
    if not value or len(value) > _LONG:
        return "long" if value else "empty"
    if not value.isascii():
        return "beyond ASCII"
    if not any(map(str.isalnum, value)):
        return "symbols"
    return "digits" if value.isdigit() else "capitals" if value != value.lower() else "words"


def _classes(document: Any) -> Iterable[tuple[str, str]]:
    inside = leaves(document) if isinstance(document, dict | list) else ()
    return ((dotted(path, any_item=True), input_class(value)) for path, value in inside)


def _error(exchange: Exchange) -> str:
    """The words of an error, without the values in them: `conflict`."""
    if exchange.status < 400 or not isinstance(exchange.answer, dict):
        return ""
    words = [value for path, value in leaves(exchange.answer) if path[-1] in _WORDS_OF_ERRORS]
    return " ".join(_VALUES.sub("*", word[: 2 * _LONG]) for word in words if isinstance(word, str))
