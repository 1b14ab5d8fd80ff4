"""Base of the exports of product analytics: events one a line, some of them more than once."""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.records.bulk.usage import ProductRow
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from .recent import Recent


class ProductPages(PagesFormat):
    """An event that was sent again counts once."""

    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one: ClassVar[str] = "event"

    def is_event(self, event: dict[str, Any]) -> bool:
        """Whether it is one of this format."""
        raise NotImplementedError

    def identity(self, event: dict[str, Any]) -> Any:
        """What tells events apart; None = it has no id, so nothing can be told."""
        raise NotImplementedError

    def row(self, event: dict[str, Any]) -> ProductRow | None:
        """The row; None when the event lacks a time."""
        raise NotImplementedError

    def start(self, reading: Reading) -> None:
        """Nothing was seen."""
        reading.memory = Recent()

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[ProductRow]:
        """One event, unless it was seen."""
        event = dict_at(item)
        row = self.row(event) if self.is_event(event) else None
        if row is None:
            raise Unusable("an event needs a name and a time")
        identity = self.identity(event)
        return (row,) if identity is None or reading.memory.is_new(identity) else ()

    def document(self, document: Any, reading: Reading) -> Iterable[ProductRow]:
        """A line is an event; a list is done."""
        if isinstance(document, list):
            return ()
        if "error" in document and document.keys() <= {"error", "status", "message", "request"}:
            reading.fail(document["error"])
            return ()
        rows = self.item((), document, reading)
        reading.used += 1
        return rows

    def end(self, reading: Reading) -> Iterable[ProductRow]:
        """Say how many were repeated."""
        if reading.memory.repeated:
            reading.note(f"events that were sent more than once, counted once: {reading.memory.repeated}")
        return ()
