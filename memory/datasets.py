"""Bulk data: Parquet files by kind and day, written all or nothing, read in batches.

`<folder>/<kind>/<yyyy-mm-dd>/<digest of the source>.parquet`. DuckDB writes and reads; it spills to disk, so neither
direction holds the rows in memory. A file imported again replaces its own rows.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ..core.errors import ServiceUnavailable
from ..core.records.logs import DATASET_ROWS, DatasetRef

COLUMN_TYPES = {"at": "TIMESTAMP", "status": "INTEGER", "bytes_sent": "BIGINT", "duration_ms": "DOUBLE"}
"""Column -> type; every other column is text. `at` is UTC."""
MEMORY_LIMIT = "256MB"
BATCH_ROWS = 8192


class DatasetStore:
    """Reader and writer over a local folder.

    Args:
        folder: where the datasets lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(
        self,
        kind: str,
        rows: Iterable[tuple[Any, ...]],
        *,
        source: str,
        digest: str,
        release: str | None,
        now: datetime,
    ) -> tuple[DatasetRef, ...]:
        """See core/ports.DatasetWriter; an exception from `rows` leaves no trace."""
        base = self._folder / kind
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=base, prefix=".import-") as work:
                lines = Path(work, "rows.jsonl")
                if not _write_lines(lines, kind, rows, release):
                    return ()
                days = _to_parquet(lines, Path(work), kind)
                return tuple(self._publish(file, base, kind, day, source, digest, release, now) for day, file in days)
        except OSError as error:
            raise ServiceUnavailable(f"dataset folder {base}: {error.strerror or error}") from error

    def rows(
        self, kind: str, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """See core/ports.DatasetReader."""
        files = self._files(kind, since, until)
        if not files:
            return
        row_type = DATASET_ROWS[kind]
        columns = ", ".join('epoch_us("at")' if name == "at" else f'"{name}"' for name in row_type._fields)
        conditions = ["true"]
        values: list[Any] = [files]
        for column, operator, value in (('"at"', ">=", since), ('"at"', "<", until)):
            if value is not None:
                conditions.append(f"{column} {operator} make_timestamp(?::BIGINT)")
                values.append(_micros(value))
        if release is not None:
            conditions.append("of_release = ?")
            values.append(release)
        with _duckdb() as connection:
            result = connection.execute(
                f'SELECT {columns} FROM read_parquet(?) WHERE {" AND ".join(conditions)} ORDER BY "at"', values
            )
            while batch := result.fetchmany(BATCH_ROWS):
                for at, *rest in batch:
                    yield row_type(datetime.fromtimestamp(at / 1e6, UTC), *rest)

    def prune(self, kind: str, keep_days: int, now: datetime) -> int:
        """Delete what was imported more than `keep_days` ago, whatever days it is about; returns how many files."""
        limit = (now - timedelta(days=keep_days)).timestamp()
        old = [file for _, path in self._days(kind) for file in path.glob("*.parquet") if file.stat().st_mtime < limit]
        for file in old:
            file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # other files of that day
                file.parent.rmdir()
        return len(old)

    def _publish(
        self, file: Path, base: Path, kind: str, day: str, source: str, digest: str, release: str | None, now: datetime
    ) -> DatasetRef:
        target = base / day / f"{digest[:32]}.parquet"
        target.parent.mkdir(exist_ok=True, mode=0o700)
        with file.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        count, first, last = _extent(file)
        file.replace(target)
        return DatasetRef(
            kind=kind,
            uri=target.resolve().as_uri(),
            rows=count,
            from_at=first,
            to_at=last,
            sha256=checksum,
            source=source,
            release=release,
            imported_at=now,
        )

    def _days(self, kind: str) -> list[tuple[date, Path]]:
        found = []
        for path in sorted((self._folder / kind).glob("????-??-??")):
            with contextlib.suppress(ValueError):  # not ours
                found.append((date.fromisoformat(path.name), path))
        return found

    def _files(self, kind: str, since: datetime | None, until: datetime | None) -> list[str]:
        first = since.astimezone(UTC).date() if since else date.min
        last = until.astimezone(UTC).date() if until else date.max
        return [
            str(file)
            for day, path in self._days(kind)
            if first <= day <= last
            for file in sorted(path.glob("*.parquet"))
        ]


def _write_lines(target: Path, kind: str, rows: Iterable[tuple[Any, ...]], release: str | None) -> int:
    names = DATASET_ROWS[kind]._fields
    count = 0
    with target.open("wb") as out:
        for at, *rest in rows:
            record = dict(zip(names[1:], rest, strict=True))
            record["at"] = at.astimezone(UTC).replace(tzinfo=None)
            record["of_release"] = release
            out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE, default=str))
            count += 1
    return count


def _to_parquet(lines: Path, work: Path, kind: str) -> list[tuple[str, Path]]:
    names = [*DATASET_ROWS[kind]._fields, "of_release"]
    columns = {name: COLUMN_TYPES.get(name, "VARCHAR") for name in names}
    out = work / "parquet"
    with _duckdb() as connection:
        # `columns` and the path are ours; no text of a user gets into the statement.
        connection.execute(
            f"""COPY (SELECT *, strftime("at", '%Y-%m-%d') AS day
                      FROM read_json('{_quoted(lines)}', format='newline_delimited', columns={columns},
                                     maximum_object_size=16777216)
                      ORDER BY "at")
                TO '{_quoted(out)}'
                (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), FILENAME_PATTERN 'rows_{{i}}')"""
        )
    days = []
    for folder in sorted(out.glob("day=*")):
        files = sorted(folder.glob("*.parquet"))
        if len(files) > 1:  # a day written by several threads
            files = [_merge(files, folder)]
        days.append((folder.name.removeprefix("day="), files[0]))
    return days


def _merge(files: list[Path], folder: Path) -> Path:
    target = folder / "merged.parquet"
    with _duckdb() as connection:
        connection.execute(
            f"""COPY (SELECT * FROM read_parquet(?, hive_partitioning=false) ORDER BY "at")
                TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)""",
            [[str(file) for file in files]],
        )
    return target


def _extent(file: Path) -> tuple[int, datetime | None, datetime | None]:
    with _duckdb() as connection:
        found = connection.execute(
            'SELECT count(*), epoch_us(min("at")), epoch_us(max("at")) FROM read_parquet(?)', [[str(file)]]
        ).fetchone()
    count, first, last = found or (0, None, None)
    return count, _time(first), _time(last)


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _duckdb() -> contextlib.closing[Any]:
    import duckdb  # 170 ms: only when bulk data is touched

    connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
    connection.execute("SET preserve_insertion_order = true")
    return contextlib.closing(connection)
