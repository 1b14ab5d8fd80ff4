"""Real users as our own rows, in JSON: for a source that no importer reads, written by a script of one's own.

The columns are those of the dataset of real users; names in snake_case or camelCase, what is not said is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from types import NoneType
from typing import Any, ClassVar, get_args, get_type_hints

from pydantic.alias_generators import to_camel

from ....core.importing import About, Head, Sample
from ....core.records.bulk.rows import RUM
from ....core.records.bulk.rum import RumRow
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, long_text, ms, text, whole

_EVENTS = ("view", "action", "error", "resource", "long-task", "vital")
_READERS: dict[Any, Callable[[Any], Any]] = {str: text, float: ms, int: whole, datetime: clock}
"""By type; what is no whole number here is a duration, a share or a layout shift: 0 or more."""
_COLUMNS: dict[str, Callable[[Any], Any]] = {
    name: _READERS[next(kind for kind in (*get_args(hint), hint) if kind is not NoneType)]
    for name, hint in get_type_hints(RumRow).items()
} | {"message": long_text, "stack_trace": long_text}
_NAMES = {written: name for name in _COLUMNS for written in (name, to_camel(name))}
"""As the file may write it -> the column."""


class RumRows(PagesFormat):
    """Rows of real users in JSON -> rows of real users."""

    name = "rum-rows"
    produces: tuple[str, ...] = (RUM,)
    about = About(
        title="Real users as our own rows, JSON",
        producers="a script of one's own",
        versions="one object a line, or a list",
        recognised_by=f"objects of our columns only, with `at`, `session` and an `event` of {', '.join(_EVENTS)}",
        fields=", ".join(_COLUMNS),
        sample=Sample.CONSTRUCTED,
        how_to_export="write one JSON object a line with these columns; at is a time, those in _ms are milliseconds",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one: ClassVar[str] = "event"

    def recognises(self, head: Head) -> bool:
        """By the first event."""
        return _is_event(first_of(head.json) if isinstance(head.json, list) else head.json)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[RumRow]:
        """One event."""
        if not _is_event(item):
            raise Unusable(f"an event needs at, session, an event of {', '.join(_EVENTS)}, and none but our columns")
        told = {_NAMES[name]: _COLUMNS[_NAMES[name]](value) for name, value in item.items()}
        if told["at"] is None:
            raise Unusable("at is no time")
        if None in told.values():
            self._count_left_out(item, told, reading)
        return (RumRow(**told),)

    def start(self, reading: Reading) -> None:
        """Nothing was left out yet."""
        reading.memory = Counter()

    def end(self, reading: Reading) -> Iterable[RumRow]:
        """What was left out of the rows."""
        left_out: Counter[str] = reading.memory
        if left_out:
            told = ", ".join(f"{name} ({count})" for name, count in left_out.most_common())
            reading.note(f"values of the wrong type or below 0, left out: {told}")
        return ()

    @staticmethod
    def _count_left_out(item: dict[str, Any], told: dict[str, Any], reading: Reading) -> None:
        reading.memory.update(n for n, value in item.items() if value not in (None, "") and told[_NAMES[n]] is None)

    def document(self, document: Any, reading: Reading) -> Iterable[RumRow]:
        """A line is an event; a list is done."""
        if isinstance(document, list):
            return ()
        found = self.item((), document, reading)
        reading.used += 1
        return found


def _is_event(value: Any) -> bool:
    event = dict_at(value)
    return event.get("event") in _EVENTS and {"at", "session"} <= event.keys() <= _NAMES.keys()
