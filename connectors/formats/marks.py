"""Base of the formats whose items are marks on the timeline: runs of a pipeline, deployments, changes.

Their APIs answer alike: a list, a page with a list in it, one item alone, a webhook's body around one. A subclass says
what an item looks like and makes its row. A state stays as the source writes it: "success" of a deployment means that
its steps ran, not that the release is good; what came of it is for `aqe deploy record-outcome`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from ...core.importing import Head
from ...core.records.bulk.incidents import OpsRow
from ...core.records.bulk.rows import OPS
from .json_stream import Way, items_at
from .pages import PagesFormat, Reading, Unusable
from .shapes import dict_at, first_of

_ERROR_KEYS = ("message", "error", "errors", "error_description")


class MarksFormat(PagesFormat):
    """Base of the formats. Subclasses set `about`, `one`, `kinds`, and `arrays` and `bodies` where theirs are others.

    An item of the list may be a page or a list itself, as `gh api --paginate --slurp` writes them.
    """

    produces: tuple[str, ...] = (OPS,)
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    bodies: ClassVar[tuple[str, ...]] = ()
    """Where a webhook's body has its item."""
    kinds: ClassVar[tuple[tuple[frozenset[str], Callable[[dict[str, Any]], OpsRow | None]], ...]] = ()
    """Keys that tell an item -> what makes its row; None = it says nothing yet."""

    def recognises(self, head: Head) -> bool:
        """By the first item, wherever it stands."""
        return any(self.maker(value) for value in self._candidates(head.json))

    def maker(self, value: Any) -> Callable[[dict[str, Any]], OpsRow | None] | None:
        """What makes the row of an item; None for what is none."""
        keys = dict_at(value).keys()
        return next((make for needed, make in self.kinds if needed <= keys), None)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[OpsRow]:
        """The row of an item, or the rows of a page in the list."""
        for one in self._unfolded(item):
            make = self.maker(one)
            if make is None:
                raise Unusable(f"{self.one} without {', '.join(sorted(self.kinds[0][0]))}")
            row = make(one)
            if row is not None:
                # A clock that went backwards says nothing of how long it took.
                yield row._replace(ended_at=None) if row.ended_at is not None and row.ended_at < row.at else row

    def document(self, document: Any, reading: Reading) -> Iterable[OpsRow]:
        """One item alone, a webhook's body, the frame of a page, or an error instead of it."""
        page = dict_at(document)
        alone = next((one for one in (page, *(dict_at(page, body) for body in self.bodies)) if self.maker(one)), None)
        if alone is not None:
            yield from self.item((), alone, reading)
            reading.used += 1
        elif isinstance(document, list):
            if () not in self.arrays:
                raise Unusable(f"no page of {self.one}s")
        elif not any(isinstance(_at(page, way), list) for way in self.arrays if way):
            said = next((page[key] for key in _ERROR_KEYS if page.get(key)), None)
            if said is None:
                raise Unusable(f"no list of {self.one}s")
            reading.fail(said if isinstance(said, str) else dict_at(said).get("message") or dict_at(first_of(said)))

    def _candidates(self, document: Any) -> Iterator[Any]:
        page = dict_at(document)
        yield page
        for body in self.bodies:
            yield page.get(body)
        for way in self.arrays:
            first = first_of(items_at(document, way))
            yield first
            if not way:  # pages in a list
                yield first_of(first)
                yield from (first_of(items_at(first, inner)) for inner in self.arrays if inner)

    def _unfolded(self, item: Any) -> Iterable[Any]:
        if isinstance(item, list):
            return item
        inner = next((_at(item, way) for way in self.arrays if way and isinstance(_at(item, way), list)), None)
        return [item] if inner is None or self.maker(item) else inner


def _at(document: Any, way: Way) -> Any:
    for key in way:
        document = dict_at(document).get(key)
    return document


def needs(value: Any, what: str) -> Any:
    """The value.

    Raises:
        Unusable: it is None; the text says what is needed.
    """
    if value is None:
        raise Unusable(f"no {what}")
    return value
