"""What holds inside JSON documents of one kind, in every one of them: counts, sums, products, equal parts, order.

As Daikon does (Ernst et al. 2007, "The Daikon system for dynamic detection of likely invariants"): every candidate of a
small grammar is tried on all documents, one counterexample drops it, and what is left is kept only when chance alone
would hardly have made it hold. With d distinct values seen, a value hits by chance with 1/d, in n documents with d**-n.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any, NamedTuple

MIN_SUPPORT = 5
"""Documents that a relation was tried on."""
MIN_CONFIDENCE = 0.99
MAX_DOCUMENTS = 500
MAX_NUMBERS = 12
"""Numbers of a document, or of an item, that are combined: the work grows with their square."""
_KEY = re.compile(r"[\w-]{1,64}")
"""Others would be no part of a dotted path."""
_STRICT_STEPS = 10
"""Neighbours in order that are not equal: by chance they would be in order once in 2**10 times."""


class Relation(NamedTuple):
    """One thing that always held."""

    kind: str
    """`json-count`, `json-sum`, `json-product`, `json-same` or `json-sorted`."""
    path: str
    """Dotted; `*` for every item of a list."""
    value: Any
    """Of the expectation of this kind."""
    support: int
    """Documents, or items, in which it held."""
    confidence: float
    """Chance that it is no accident, if values were independent."""


def relations(documents: Sequence[Any]) -> tuple[Relation, ...]:
    """All relations of the documents, by kind and path.

    Args:
        documents: parsed JSON of answers of one kind; the first 500 are looked at, and only objects.

    >>> orders = [{"n": 2, "items": [{"p": a, "q": 2}, {"p": 7, "q": b}], "sum": 2 * a + 7 * b}
    ...           for a, b in ((5, 1), (3, 4), (9, 2), (5, 3), (6, 6))]
    >>> [(r.kind, r.path, r.value) for r in relations(orders)]
    [('json-sum', 'sum', ['items', 'p', 'q'])]
    """
    found = [d for d in documents[:MAX_DOCUMENTS] if isinstance(d, dict)]
    if len(found) < MIN_SUPPORT:
        return ()
    scalars = [dict(_scalars(d)) for d in found]
    lists = [dict(_lists(d)) for d in found]
    numbers = _in_all(scalars, _is_number)[:MAX_NUMBERS]
    paths = [p for p in dict.fromkeys(p for d in lists for p in d) if all(p in d for d in lists)]
    made = [*_sames(scalars)]
    for path in paths:
        items = [d[path] for d in lists]
        fields = _in_all([item for many in items for item in many], _is_number)[:MAX_NUMBERS]
        values = {number: [float(d[number]) for d in scalars] for number in numbers}
        made += _counts(path, items, values)
        made += _sums(path, items, fields, values)
        made += _products(path, items, fields)
        made += _orders(path, items)
    return tuple(sorted(made))


def confidence(values: Iterable[Any]) -> float:
    """That a relation which hit all these values is no accident.

    >>> confidence([1, 2, 3]), confidence([4, 4, 4, 4])
    (0.962..., 0.0)
    """
    seen = list(values)
    distinct = len(set(seen))
    return 1 - distinct ** -len(seen) if distinct > 1 else 0.0


def _counts(path: str, items: list[Any], numbers: dict[str, list[float]]) -> Iterator[Relation]:
    lengths = [float(len(many)) for many in items]
    for number, values in numbers.items():
        if values == lengths and (sure := confidence(lengths)) >= MIN_CONFIDENCE:
            yield Relation("json-count", number, path, len(items), sure)


def _sums(path: str, items: list[Any], fields: list[str], numbers: dict[str, list[float]]) -> Iterator[Relation]:
    """Of one field, or of the product of two where neither alone gives it."""
    for number, values in numbers.items():
        if confidence(values) < MIN_CONFIDENCE:
            continue
        alone = [f for f in fields if _equal(values, [sum(float(i[f]) for i in many) for many in items])]
        pairs = [
            pair
            for pair in combinations(fields, 2)
            if not set(pair) & set(alone)
            and _equal(values, [sum(float(i[pair[0]]) * float(i[pair[1]]) for i in many) for many in items])
        ]
        for names in ([field] for field in alone):
            yield Relation("json-sum", number, [path, *names], len(items), confidence(values))
        for pair in pairs:
            yield Relation("json-sum", number, [path, *pair], len(items), confidence(values))


def _products(path: str, items: list[Any], fields: list[str]) -> Iterator[Relation]:
    flat = [item for many in items for item in many]
    for result, (one, other) in ((r, pair) for r in fields for pair in combinations(fields, 2) if r not in pair):
        values = [float(i[result]) for i in flat]
        factors = [(float(i[one]), float(i[other])) for i in flat]
        telling = sum(1 not in pair and 0 not in pair for pair in factors)
        sure = confidence(values)
        if telling >= MIN_SUPPORT and sure >= MIN_CONFIDENCE and _equal(values, [a * b for a, b in factors]):
            ways = [f"{path}.*.{one}", f"{path}.*.{other}"]
            yield Relation("json-product", f"{path}.*.{result}", ways, len(flat), sure)


def _sames(scalars: list[dict[str, Any]]) -> Iterator[Relation]:
    paths = _in_all(scalars, lambda v: isinstance(v, str | int | float) and not isinstance(v, bool))
    for one, other in combinations(paths, 2):
        values = [d[one] for d in scalars]
        if values == [d[other] for d in scalars] and (sure := confidence(values)) >= MIN_CONFIDENCE:
            yield Relation("json-same", one, other, len(values), sure)


def _orders(path: str, items: list[Any]) -> Iterator[Relation]:
    flat = [item for many in items for item in many]
    for field in _in_all(flat, lambda v: isinstance(v, str) or _is_number(v)):
        columns = [[item[field] for item in many] for many in items]
        if len({isinstance(v, str) for column in columns for v in column}) != 1:
            continue
        steps = [pair for column in columns for pair in pairwise(column)]
        strict = sum(a != b for a, b in steps)
        rises, falls = all(a <= b for a, b in steps), all(a >= b for a, b in steps)
        for sign, holds in (("", rises), ("-", falls)):
            if holds and strict >= _STRICT_STEPS:
                yield Relation("json-sorted", path, sign + field, len(items), 1 - 2.0**-strict)


def _scalars(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves outside lists."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _scalars(item, f"{prefix}{key}.")
        elif not isinstance(item, list) and _KEY.fullmatch(key):
            yield f"{prefix}{key}", item


def _lists(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Lists of objects, outside other lists."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _lists(item, f"{prefix}{key}.")
        elif isinstance(item, list) and _KEY.fullmatch(key) and all(isinstance(one, dict) for one in item):
            yield f"{prefix}{key}", item


def _in_all(documents: Sequence[dict[str, Any]], fits: Callable[[Any], bool]) -> list[str]:
    """Keys that every document has, with a value that fits."""
    keys = [key for key in (documents[0] if documents else ()) if _KEY.fullmatch(key.rpartition(".")[2])]
    return [key for key in keys if all(key in d and fits(d[key]) for d in documents)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _equal(values: list[float], others: list[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=0.005) for a, b in zip(values, others, strict=True))
