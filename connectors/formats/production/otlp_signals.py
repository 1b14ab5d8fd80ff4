"""What an OTLP message of protobuf holds, told by its structure alone: TracesData, LogsData and MetricsData (and the
requests of the same content) look alike down to their spans, log records and metrics.
"""

from collections.abc import Iterator
from itertools import islice

from .protobuf_wire import I32, I64, LEN, VARINT, Damaged, Field, fields

ENTRY = 1
"""Field of the message: what is told of one resource."""
RESOURCE, SCOPE = 1, 2
"""Fields of an entry."""
ABOUT, ITEM = 1, 2
"""Fields of a scope: its own name, its spans or records or metrics."""
_ONLY_TEXT_AND_MESSAGES = {1: LEN, 2: LEN, 3: LEN}

_SPAN = {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN, 6: VARINT, 7: I64, 8: I64, 9: LEN, 10: VARINT, 11: LEN, 12: VARINT,
         13: LEN, 14: VARINT, 15: LEN, 16: I32}  # fmt: skip
_LOG_RECORD = {1: I64, 2: VARINT, 3: LEN, 4: LEN, 5: LEN, 6: LEN, 7: VARINT, 8: I32, 9: LEN, 10: LEN, 11: I64, 12: LEN}
_METRIC = {1: LEN, 2: LEN, 3: LEN, 5: LEN, 7: LEN, 9: LEN, 10: LEN, 11: LEN, 12: LEN}
"""Field -> wire type, of opentelemetry/proto/{trace,logs,metrics}/v1. Other numbers are of later versions."""
_POINTS = (5, 7, 9, 10, 11)
"""Fields of a metric: gauge, sum, ...; the points of each are its field 1, their time is field 3."""
_LOOKED_AT = 1000
"""Items of a resource; a real one tells by its first."""
_TRACE_ID_BYTES, _SPAN_ID_BYTES = 16, 8


def signal_of(entry: bytes, at: int = 0, end: int | None = None, *, cut: bool = False) -> str | None:
    """The signal of what is told of one resource, by the first item that shows it.

    Args:
        entry: what the entry lies in; `at`, `end` and `cut` as of `fields`.
        at: where it begins.
        end: where it ends; None = with the data.
        cut: more of it is not seen.

    Returns:
        The name that OTLP/JSON has for it; None when none of its first items is of a known one.

    Raises:
        Damaged: it is no message.
    """
    for item in islice(items(entry, at, len(entry) if end is None else end, cut=cut), _LOOKED_AT):
        if signal := _signal_of_item(entry, *item, cut=cut):
            return signal
    return None


def message_signal(message: bytes, at: int, *, cut: bool) -> str | None:
    """The signal of a whole message, by its first entry that shows one; None when it is no OTLP."""
    end = len(message)
    try:
        for number, wire, start, stop in fields(message, at, end, cut=cut):
            if (number, wire) != (ENTRY, LEN):
                return None
            if signal := signal_of(message, start, stop, cut=cut and stop == end):
                return signal
    except Damaged:
        pass
    return None


def items(entry: bytes, at: int, end: int, *, cut: bool = False) -> Iterator[tuple[int, int]]:
    """Where the spans, records or metrics of an entry begin and end."""
    for number, _, start, stop in _plain(entry, at, end, cut=cut):
        if number == SCOPE:
            for inner, _, first, last in _plain(entry, start, stop, cut=cut and stop == end):
                if inner == ITEM:
                    yield first, last


def _plain(data: bytes, at: int, end: int, *, cut: bool) -> Iterator[Field]:
    """The fields of an entry or a scope, both of which are made of texts and messages alone."""
    for field in fields(data, at, end, cut=cut):
        if _ONLY_TEXT_AND_MESSAGES.get(field[0], field[1]) != field[1]:
            raise Damaged(f"field {field[0]} is no message")
        yield field


def _signal_of_item(data: bytes, at: int, end: int, *, cut: bool) -> str | None:
    cut = cut and end == len(data)
    found: dict[int, Field] = {}
    for field in fields(data, at, end, cut=cut):
        found.setdefault(field[0], field)
    if _is(found, _SPAN) and _length(found, 1) == _TRACE_ID_BYTES and _length(found, 2) == _SPAN_ID_BYTES:
        return "resourceSpans" if 7 in found else None
    if _is(found, _LOG_RECORD) and not {1, 11}.isdisjoint(found):
        return "resourceLogs"
    if _is(found, _METRIC) and 1 in found:
        data_fields = [found[number] for number in _POINTS if number in found]
        if any(_has_points(data, start, stop, cut=cut) for _, _, start, stop in data_fields):
            return "resourceMetrics"
    return None


def _is(found: dict[int, Field], message: dict[int, int]) -> bool:
    return all(message.get(number, field[1]) == field[1] for number, field in found.items())


def _length(found: dict[int, Field], number: int) -> int:
    return found[number][3] - found[number][2] if number in found else 0


def _has_points(data: bytes, at: int, end: int, *, cut: bool) -> bool:
    """Whether one of them has a time; no when it is another thing, such as the name of a span without a start."""
    try:
        return any(
            (inner, kind) == (3, I64)
            for number, wire, start, stop in fields(data, at, end, cut=cut and end == len(data))
            if (number, wire) == (1, LEN)
            for inner, kind, _, _ in fields(data, start, stop, cut=cut and stop == len(data))
        )
    except Damaged:
        return False
