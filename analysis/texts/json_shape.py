"""What JSON documents have in common: their shape, and their leaves by path.

A shape is a type name, several joined by `|`, `[shape]` for a list of such, or an object of key -> shape in which a key
that ends in `?` may be missing. Paths are tuples of keys and places in lists.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

Shape = str | list[Any] | dict[str, Any]
Path = tuple[str | int, ...]
MAX_DEPTH = 20
"""Deeper parts are `any`: nobody reads a test of them, and hostile documents are deep."""


def shape_of(value: Any, depth: int = MAX_DEPTH) -> Shape:
    """The shape of one JSON value.

    >>> shape_of({"id": 1, "tags": ["a"], "note": None})
    {'id': 'integer', 'tags': ['string'], 'note': 'null'}
    """
    if depth == 0:
        return "any"
    if isinstance(value, dict):
        return {key: shape_of(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [reduce(joined, (shape_of(item, depth - 1) for item in value))] if value else []
    return _type(value)


def joined(one: Shape, other: Shape) -> Shape:
    """The narrowest shape that both fit.

    >>> joined({"id": "integer", "at": "string"}, {"id": "null"})
    {'id': 'integer|null', 'at?': 'string'}
    """
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return _joined_objects(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return [joined(one[0], other[0])] if one and other else one or other
    names = {*_names(one), *_names(other)}
    if "any" in names:
        return "any"
    return "|".join(sorted(names - {"integer"} if "number" in names else names))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every text, number, bool and null with its path; of each list also its length, at the path `(..., '#')`.

    >>> list(leaves({"a": [True, {"b": 2}]}))
    [(('a', '#'), 2), (('a', 0), True), (('a', 1, 'b'), 2)]
    """
    if len(path) > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        yield (*path, "#"), len(value)
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    else:
        yield path, value


def dotted(path: Iterable[str | int], *, any_item: bool = False) -> str:
    """The path as text; `any_item` puts `*` for places in lists.

    >>> dotted(("lines", 0, "price")), dotted(("lines", 0, "price"), any_item=True)
    ('lines.0.price', 'lines.*.price')
    """
    return ".".join("*" if any_item and isinstance(part, int) else str(part) for part in path)


def _joined_objects(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in dict.fromkeys(name.removesuffix("?") for name in (*one, *other)):
        shapes = [shape[name] for shape in (one, other) for name in (key, f"{key}?") if name in shape]
        always = key in one and key in other
        found[key if always else f"{key}?"] = reduce(joined, shapes)
    return found


def _names(shape: Shape) -> list[str]:
    return ["object"] if isinstance(shape, dict) else ["array"] if isinstance(shape, list) else shape.split("|")


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number", str: "string"}.get(type(value), "any")
