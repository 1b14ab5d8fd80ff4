"""Application logs with one JSON object a line.

Speed is what shapes this module: a log of 1 GB has millions of lines, of very few shapes. A shape is the keys of a
record; what to do with it is found once (`_Plan`) and then looked up. The usual record, flat and made of strings, is
moved to its row by two C-level getters; everything else (nested objects, numbers, traces) goes through functions.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import IO, Any, NamedTuple

import orjson

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import LOGS
from ....core.records.signals import Outcome
from ..lines import LineRows, Tally, lines_of, sample_lines
from ..times import moment, to_utc
from . import log_fields as fields
from .stack_traces import error_type, split_message, trace_text

# Distinct shapes and levels kept; a hostile file with ever new ones starts the tables anew.
_MAX_PLANS = 2_000
_MAX_LEVELS = 1_000
_JUST_TEXT = frozenset((str, type(None)))


class JsonLines:
    """JSON-lines application log -> rows of the dataset `logs`."""

    name = "json-lines"
    produces: tuple[str, ...] = (LOGS,)
    about = About(
        title="Application log, one JSON object a line",
        producers="structlog, python-json-logger, pino, bunyan, logback's LogstashEncoder, zap, slog, ...",
        versions="any names for time, level and message that those loggers use",
        recognised_by="at least half of the first lines are objects with a time and a level or a message",
        fields="time, level, message, logger, service, request, trace ids, error type, stack trace",
        sample=Sample.REAL,
        how_to_export="structlog JSONRenderer, python-json-logger, pino, LogstashEncoder, zap, ...; then the file",
    )

    def recognises(self, head: Head) -> bool:
        """At least half of the first lines are objects with a time and a level or a message."""
        if not head.is_json_object:
            return False
        lines = sample_lines(head)
        return 0 < len(lines) <= 2 * sum(map(_is_record, lines))

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Rows as they are read; their notes stand in `LineRows.notes`."""
        tally = Tally("JSON lines")
        lines = lines_of(stream, tally)
        if lines is None:
            return Parsed(Outcome.NOT_MEASURED, reason="the file is empty: no log record in it")
        return Parsed(Outcome.VALUE, rows=LineRows(_rows(lines, tally), tally))


def _is_record(line: str) -> bool:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    # Sentry events have a level and a time too.
    if not isinstance(record, dict) or {"event_id", "platform"} <= record.keys():
        return False
    record = fields.flattened(record)
    said = any(record.get(name) is not None for name in fields.LEVEL) or any(
        isinstance(record.get(name), str) for name in fields.TELLING_MESSAGE
    )
    return said and _first_moment(fields.TIME, record) is not None


def _rows(lines: Iterator[bytes], tally: Tally) -> Iterator[LogRow]:
    levels: dict[object, str] = {}
    # Locals and few calls: this loop is the speed of the import.
    from_iso, utc, join, new, row_type = datetime.fromisoformat, UTC, "".join, tuple.__new__, LogRow
    for line, record, plan in _planned(lines, tally):
        _, time_key, iso, level_key, statuses, durations, get_texts, arrange, extras, bare = plan
        if extras:
            for slot, value_of in extras:
                record[slot] = value_of(record)

        raw = record[time_key]
        try:
            at = from_iso(raw) if iso else moment(raw)
        except (TypeError, ValueError):
            at = moment(raw)
        if at is not None and at.tzinfo is not utc:
            tally.zoneless += at.tzinfo is None
            at = to_utc(at)
        if at is None:
            tally.add_unread(line)
            continue

        raw = record[level_key]
        try:
            level = levels[raw]
        except (KeyError, TypeError):
            level = _level_of(raw, levels)

        texts = get_texts(record)
        try:
            join(texts)  # the cheapest proof that all are text
        except TypeError:
            if texts[0] is None or not _JUST_TEXT.issuperset(map(type, texts)):
                texts = _as_texts(texts)
        status = fields.status_of(statuses, record) if statuses else None
        duration = fields.duration_of(durations, record) if durations else None
        row = new(row_type, arrange((at, level, status, duration, *texts, None)))
        tally.rows += 1
        yield _with_trace(row) if bare and "\n" in texts[0] else row
    tally.finish()


def _planned(lines: Iterator[bytes], tally: Tally) -> Iterator[tuple[bytes, dict[str, Any], "_Plan"]]:
    """The records with what to do with them; what is no record is counted."""
    plans: dict[tuple[str, ...], _Plan] = {}
    plan: _Plan | None = None
    loads, last_shape = orjson.loads, None
    for line in lines:
        try:
            record = loads(line)
        except ValueError:
            record = None
        if type(record) is not dict:
            tally.add_unread(line)
            continue
        shape = tuple(record)
        if plan is None or plan.heads or shape != last_shape:
            last_shape = shape
            plan = plans.get(shape) or _plan_of(record, plans)
            if any(type(record[head]) is dict for head in plan.heads):
                record = fields.flattened(record)
                # Not of this shape's next record, which may hold no nested value.
                yield line, record, plans.get(tuple(record)) or _plan_of(record, plans)
                continue
        yield line, record, plan


def _level_of(raw: Any, levels: dict[object, str]) -> str:
    """The level that a word or number means; remembered, unless too many are."""
    level = fields.level_of(raw)
    if type(raw) in (str, int) and len(levels) < _MAX_LEVELS:
        levels[raw] = level
    return level


_ValueOf = Callable[[dict[str, Any]], Any]
_Reader = Callable[[tuple[str, ...], dict[str, Any]], Any]


class _Plan(NamedTuple):
    """What to do with the records of one shape."""

    heads: tuple[str, ...]
    """Keys that may hold nested values; then the record is flattened first and has another plan."""
    time: str
    iso: bool
    """The time is ISO text: no other reader needs to look at it."""
    level: str
    status: tuple[str, ...]
    duration: tuple[str, ...]
    texts: Callable[[dict[str, Any]], tuple[Any, ...]]
    """Record -> its values that should be text; the message first."""
    arrange: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    """(time, level, status, duration, *texts, None) -> the columns of LogRow."""
    extras: tuple[tuple[str, _ValueOf], ...]
    """Keys to add to the record first: what stands under one of several names, or has to be made."""
    bare: bool
    """No field for a trace: it may stand in the message."""


class _Shape:
    """A record's keys: under which of them each column stands, and what has to be added to a record for the rest."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        # In GELF it is the version of GELF.
        self._other = "version" if "short_message" in record else None
        self.extras: list[tuple[str, _ValueOf]] = []

    def found(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the names that are there."""
        return tuple(name for name in names if name in self._record and name != self._other)

    def made(self, column: str, names: tuple[str, ...], reader: _Reader) -> str:
        """A key that is added, with what the reader finds under the names."""
        slot = f"\0{column}"
        self.extras.append((slot, partial(reader, names)))
        return slot

    def one(self, column: str, all_names: tuple[str, ...], reader: _Reader) -> str:
        """The only key that is there, else one that is made."""
        names = self.found(all_names)
        return names[0] if len(names) == 1 else self.made(column, names, reader)

    def texts(self) -> dict[str, str]:
        """Column of text -> key; the message first."""
        texts = {"message": self.one("message", fields.MESSAGE, fields.first_text)}
        texts |= {
            column: self._text(column, names) for column, all_ in fields.TEXT.items() if (names := self.found(all_))
        }
        traces, types = self.found(fields.TRACE), self.found(fields.ERROR_TYPE)
        if traces:
            texts["stack_trace"] = self.made("stack_trace", traces, _first_trace)
        if traces or types:
            texts["error_type"] = self.made("error_type", types, _error_type)
        if len(texts) == 1:  # with a single key itemgetter would return no tuple
            texts["logger"] = self.made("logger", (), fields.first_text)
        return texts

    def _text(self, column: str, names: tuple[str, ...]) -> str:
        if column == "request_path" and not fields.URLS.isdisjoint(names):
            return self.made(column, names, fields.first_path)
        # A number is better converted each time than found out each time.
        is_plain = len(names) == 1 and type(self._record[names[0]]) in _JUST_TEXT
        return names[0] if is_plain else self.made(column, names, fields.first_text)


def _plan_of(record: dict[str, Any], plans: dict[tuple[str, ...], _Plan]) -> _Plan:
    """Make the plan for records of this shape and remember it."""
    shape = _Shape(record)
    time = shape.one("at", fields.TIME, _first_moment)
    level = shape.one("level", fields.LEVEL, _first)
    texts = shape.texts()
    places = {column: at for at, column in enumerate(("at", "level", "status", "duration_ms", *texts))}
    plan = _Plan(
        tuple(head for head in record if head in fields.HEADS),
        time,
        _is_iso(record.get(time)),
        level,
        shape.found(fields.STATUS),
        shape.found(fields.DURATION),
        itemgetter(*texts.values()),
        itemgetter(*(places.get(column, -1) for column in LogRow._fields)),
        tuple(shape.extras),
        bare="stack_trace" not in texts,
    )
    if len(plans) >= _MAX_PLANS:
        plans.clear()
    plans[tuple(record)] = plan
    return plan


def _is_iso(value: object) -> bool:
    # Numbers as text are told apart here: fromisoformat would read 13 digits as a date of the 18th century.
    return isinstance(value, str) and "-" in value


def _first_moment(names: tuple[str, ...], record: dict[str, Any]) -> Any:
    return next((value for name in names if moment(value := record.get(name)) is not None), None)


def _first(names: tuple[str, ...], record: dict[str, Any]) -> Any:
    return next((value for name in names if type(value := record.get(name)) in (str, int)), None)


def _first_trace(names: tuple[str, ...], record: dict[str, Any]) -> str | None:
    return next((trace for name in names if (trace := trace_text(record.get(name)))), None)


def _error_type(names: tuple[str, ...], record: dict[str, Any]) -> str | None:
    trace = record.get("\0stack_trace")
    return fields.first_text(names, record) or (error_type(trace) if trace else None)


def _as_texts(values: tuple[Any, ...]) -> tuple[str | None, ...]:
    """Every value as text or None; the message, which is the first, as text in any case."""
    message = values[0]
    if isinstance(message, dict | list):
        with suppress(orjson.JSONEncodeError):  # deeper than orjson writes (254)
            message = orjson.dumps(message).decode()
    return (fields.as_text(message) or "", *map(fields.as_text, values[1:]))


def _with_trace(row: LogRow) -> LogRow:
    parts = split_message(row.message)
    if parts is None:
        return row
    return row._replace(message=parts[0], stack_trace=parts[1], error_type=row.error_type or error_type(parts[1]))
