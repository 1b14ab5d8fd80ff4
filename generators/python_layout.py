"""Python source laid out as ruff and black do it by default (88 columns), so that formatting changes nothing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..core.records.production.scenarios import PLACEHOLDER
from .literals import python

Encode = Callable[[object], str]
WIDTH = 88
TAB = " " * 4


def laid_out(value: object, indent: str, taken: int, encode: Encode = python) -> str:
    """A literal on one line when it fits beside `taken` other characters, else one item a line.

    Args:
        encode: for what stands on one line.
    """
    flat = encode(value)
    if not isinstance(value, dict | list | tuple) or not value or len(indent) + len(flat) + taken <= WIDTH:
        return indent + flat
    inner = indent + TAB
    if isinstance(value, dict):
        items = [
            f"{inner}{python(k)}: {laid_out(v, inner, len(python(k)) + 3, encode).lstrip()}," for k, v in value.items()
        ]
    else:
        items = [f"{laid_out(item, inner, 1, encode)}," for item in value]
    return "\n".join([indent + flat[0], *items, indent + flat[-1]])


def call(head: str, arguments: Sequence[object], tail: str = "", encode: Encode = python) -> list[str]:
    """`head(arguments)tail` as the lines of a statement inside a function, without their indent.

    Args:
        head: what is called, with all before it.
        arguments: values.
        tail: what follows.
        encode: for the values.
    """
    flat = [encode(argument) for argument in arguments]
    one_line = f"{head}({', '.join(flat)}){tail}"
    if len(TAB) + len(one_line) <= WIDTH:
        return [one_line]
    if len(arguments) > 1 and 2 * len(TAB) + len(", ".join(flat)) <= WIDTH:
        return [f"{head}(", TAB + ", ".join(flat), f"){tail}"]
    comma = "," if len(arguments) > 1 else ""
    inner = [laid_out(argument, TAB * 2, len(comma), encode) + comma for argument in arguments]
    return [f"{head}(", *(line.removeprefix(TAB) for line in "\n".join(inner).split("\n")), f"){tail}"]


def skip_mark(reason: str | None) -> str:
    r"""The mark that skips a whole module of pytest, with its line's end; empty when it is not skipped.

    >>> print(skip_mark("hardly used"))
    pytestmark = pytest.mark.skip(reason="hardly used")
    <BLANKLINE>
    """
    if reason is None:
        return ""
    told = f"reason={python(' '.join(reason.split()))}"
    flat = f"pytestmark = pytest.mark.skip({told})\n"
    return flat if len(flat) <= WIDTH + 1 else f"pytestmark = pytest.mark.skip(\n{TAB}{told}\n)\n"


def with_names(value: object, names: Mapping[str, str]) -> str:
    r"""A literal in which captured values stand by their variable: `{{id}}` alone is the value, within text its text.

    >>> print(with_names({"id": "{{order}}", "note": "{{x}}"}, {"order": "it"}))
    {"id": it, "note": "{{x}}"}
    >>> print(with_names("/orders/{{order}}", {"order": "it"}))
    f"/orders/{it}"
    """
    if isinstance(value, str):
        whole = re.fullmatch(PLACEHOLDER, value)
        if whole and whole[1] in names:
            return names[whole[1]]
        parts = [(text, None) if at % 2 == 0 else (f"{{{{{text}}}}}", names.get(text)) for at, text in _split(value)]
        if not any(variable for _, variable in parts):
            return python(value)
        doubled = [f"{{{v}}}" if v else text.replace("{", "{{").replace("}", "}}") for text, v in parts]
        return f"f{python(''.join(doubled))}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{python(key)}: {with_names(item, names)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(with_names(item, names) for item in value) + "]"
    return python(value)


def _split(text: str) -> Iterable[tuple[int, str]]:
    """Text and names of placeholders in turn."""
    return enumerate(re.split(PLACEHOLDER, text))
