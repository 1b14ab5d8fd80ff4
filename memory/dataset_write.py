"""Rows into Parquet files, one a kind and day, in little memory whatever the number of rows and days.

Rows go to JSON-lines files by kind and day first, because their number and days are known only at the end; DuckDB makes
a Parquet file of each, row group by row group. Files keep the order of the rows; readers sort.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from ..core.records.bulk.rows import KIND_OF, Row
from ..core.records.release import Release
from .dataset_sql import column_types, quoted, using

MAX_OPEN_FILES = 64
"""Days that are written to at the same time; a file that is needed again is opened again."""
MAX_TEXT = 32_000
"""Characters of one text that are stored. DuckDB handles 2,048 rows at a time: longer ones, one after the other, would
fill its memory."""
MAX_ROW_TEXT = 2 * MAX_TEXT
"""Characters of all texts of one row."""
MAX_ROW_BYTES = 8 * 1024 * 1024
"""Of a row as JSON: a handful of the longest texts, each character of which takes six bytes at most."""
ROW_GROUP_BYTES = 8 * 1024 * 1024
"""Held in memory while a Parquet file is written."""
_OBJECTS = ("properties", "labels", "tags")
_OPTIONS = orjson.OPT_APPEND_NEWLINE


class DayFile(NamedTuple):
    """The rows of one kind and day."""

    kind: str
    day: date
    path: Path


def write_days(database: Any, work: Path, rows: Iterable[Row], release: Release | None) -> list[DayFile]:
    """Parquet files below `work`, in order of kind and day.

    Args:
        database: a DuckDB, which is left as it was.
        work: an empty folder.
        rows: consumed once; times are UTC.
        release: stands in the columns OF_RELEASE of each row.
    """
    lines = _split(work, rows, release)
    return [_to_parquet(database, one) for one in sorted(lines)]


def _split(work: Path, rows: Iterable[Row], release: Release | None) -> list[DayFile]:
    about = {"of_release": release.version, "of_environment": release.environment} if release else {}
    files: dict[tuple[type[Row], date], DayFile] = {}
    with contextlib.ExitStack() as stack:
        sinks: OrderedDict[tuple[type[Row], date], IO[bytes]] = OrderedDict()
        for row in rows:
            key = (type(row), row.at.date())
            sink = sinks.get(key)
            if sink is None:
                if len(sinks) >= MAX_OPEN_FILES:
                    sinks.popitem(last=False)[1].close()
                file = files.setdefault(key, _lines_file(work, *key))
                sink = sinks[key] = stack.enter_context(file.path.open("ab"))
            line = orjson.dumps(row._asdict() | about, option=_OPTIONS)
            sink.write(line if len(line) <= MAX_TEXT else orjson.dumps(_clipped(row) | about, option=_OPTIONS))
    return list(files.values())


def _clipped(row: Row) -> dict[str, Any]:
    """Its longest texts cut; a cut object of attributes would be no JSON any more, so that one is left out whole."""
    values = row._asdict()
    texts = sorted(
        (name for name, value in values.items() if isinstance(value, str)), key=lambda name: len(values[name])
    )
    left = MAX_ROW_TEXT
    for at, name in enumerate(texts):
        text, limit = values[name], min(MAX_TEXT, left // (len(texts) - at))
        if len(text) > limit:
            values[name] = "{}" if text.startswith("{") and name in _OBJECTS else f"{text[: limit - 1]}…"
        left -= len(values[name])
    return values


def _lines_file(work: Path, row: type[Row], day: date) -> DayFile:
    kind = KIND_OF[row]
    return DayFile(kind, day, work / f"{kind}-{day}.jsonl")


def _to_parquet(database: Any, lines: DayFile) -> DayFile:
    target = lines.path.with_suffix(".parquet")
    with using(database.cursor()) as connection:
        # `columns` and the paths are ours; no text of a user gets into the statement.
        connection.execute(
            f"""COPY (SELECT * FROM read_json('{quoted(lines.path)}', format='newline_delimited',
                      columns={column_types(lines.kind)}, maximum_object_size={MAX_ROW_BYTES}))
                TO '{quoted(target)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES {ROW_GROUP_BYTES})"""
        )
    lines.path.unlink()
    return lines._replace(path=target)
