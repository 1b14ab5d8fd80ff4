"""Bulk data: Parquet files by kind and day, written all or nothing, read in batches.

`<folder>/<kind>/<yyyy-mm-dd>/<digest of the source>.parquet`. DuckDB writes and reads; it spills to disk, so neither
direction holds the rows in memory. A file imported again replaces its own rows.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..core.errors import ServiceUnavailable
from ..core.records.bulk.datasets import DatasetRef
from ..core.records.bulk.levels import Level, LevelSource, MetricPoint, Requested, Scope, Stretch, Timing
from ..core.records.bulk.rows import ACCESS, DATASET_ROWS, LOGS, METRICS, PRODUCT, RUM, Row
from ..core.records.bulk.rum import RumData
from ..core.records.bulk.rum_answers import PageLabel, RumAnswers, RumQuestion
from ..core.records.bulk.visits import VisitBatch, VisitQuestion, Visits
from ..core.records.release import Release
from .dataset_sql import FIGURES, RUM_DAY, column_types, connect, database, tally_sql, using
from .dataset_write import DayFile, write_days
from .journey_sql import THREADS as JOURNEY_THREADS
from .journey_sql import batches, prepare
from .level_sql import levels_sql, metric_points_sql, people_sql, requested_sql, timings_sql
from .rum_reader import RumReader
from .rum_sql import MEMORY_LIMIT as RUM_MEMORY
from .rum_sql import THREADS as RUM_THREADS
from .session_sql import product_events
from .slices import in_slices

BATCH_ROWS = 2048
READ_MEMORY = "384MB"
"""To put a slice of the rows in order: DuckDB sorts 2,048 at a time in several copies; of the longest texts a copy is
64 MB."""


class DatasetStore:
    """Reader and writer over a local folder.

    Args:
        folder: where the datasets lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _writer(self) -> Any:
        """One for all files that are imported: opening it costs more than writing most of them."""
        return database(self._folder)

    def write(
        self,
        rows: Iterable[Row],
        *,
        source: str,
        digest: str | Callable[[], str],
        release: Release | None,
        now: datetime,
    ) -> tuple[DatasetRef, ...]:
        """See core/ports.DatasetWriter; an exception from `rows` leaves no trace."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".import-") as work:
                files = write_days(self._writer, Path(work), rows, release)
                name = digest if isinstance(digest, str) else digest()
                return tuple(self._publish(file, source, name, release, now) for file in files)
        except OSError as error:
            raise ServiceUnavailable(f"dataset folder {self._folder}: {error.strerror or error}") from error

    def rows(
        self, kind: str, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[Any]:
        """See core/ports.DatasetReader."""
        query, values = self._window(kind, since, until, release)
        if not query:
            return
        types = column_types(kind)
        times = [at for at, name in enumerate(DATASET_ROWS[kind]._fields) if types[name] == "TIMESTAMP"]
        columns = ", ".join(
            f'epoch_us("{name}")' if types[name] == "TIMESTAMP" else f'"{name}"' for name in DATASET_ROWS[kind]._fields
        )
        with connect(self._folder, memory_limit=READ_MEMORY) as connection:
            for part, about in in_slices(connection, columns, query, values, types):
                for found in _fetched(connection.execute(part, about)):
                    yield _row(kind, found, times)

    def tally(
        self,
        kind: str,
        columns: Sequence[str] = (),
        *,
        bucket_s: int | None = None,
        sums: Sequence[str] = (),
        only: Mapping[str, str | None] = MappingProxyType({}),
        in_visits: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        release: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """See core/ports.DatasetReader."""
        rows, values = self._window(kind, since, until, release)
        if not rows:
            return
        if in_visits and kind == PRODUCT:
            seen, of_seen = self._window(RUM, since, until, release)
            rows, values = (product_events(rows, seen), [*values, *of_seen]) if seen else (rows, values)
        query = tally_sql(kind, columns, bucket_s=bucket_s, sums=sums, only=only, rows=rows)
        yield from self._fetch(query, [*values, *only.values()])

    def levels(
        self,
        source: LevelSource,
        *,
        bucket_s: int,
        purchase: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        release: str | None = None,
    ) -> Iterator[Level]:
        """See core/ports.DatasetReader."""
        rows, values = self._window(source.kind, since, until, release)
        if rows:
            query = levels_sql(source, rows, bucket_s=bucket_s, purchase=purchase)
            for service, endpoint, start, total, hits, timed, percentiles, gave_up in self._fetch(query, values):
                p50, p95, p99 = percentiles or (None, None, None)
                yield Level(Scope(service, endpoint), start, total, hits, timed, p50, p95, p99, gave_up)

    def timings(
        self,
        source: LevelSource,
        percents: Sequence[float],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        release: str | None = None,
    ) -> Iterator[Timing]:
        """See core/ports.DatasetReader."""
        rows, values = self._window(source.kind, since, until, release)
        if rows:
            for endpoint, timed, ms in self._fetch(timings_sql(source, rows, percents), values):
                yield Timing(endpoint, timed, tuple(ms))

    def metric_points(
        self, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[MetricPoint]:
        """See core/ports.DatasetReader."""
        rows, values = self._window(METRICS, since, until, release)
        if rows:
            yield from (MetricPoint(*found) for found in self._fetch(metric_points_sql(rows), values))

    def people(self, stretch: Stretch, *, release: str | None = None) -> tuple[int, int]:
        """See core/ports.DatasetReader."""
        rows, values = self._window(stretch.source.kind, stretch.since, stretch.until, release)
        if not rows:
            return 0, 0
        slower, (service, endpoint) = stretch.slower_than_ms, stretch.scope
        asked = [*([] if slower is None else [slower]), service, endpoint, endpoint]
        ((named, nameless),) = self._fetch(people_sql(stretch.source, rows, slow=slower is not None), [*values, *asked])
        return named, nameless

    def requested(self, stretch: Stretch, *, most: int, release: str | None = None) -> Requested:
        """See core/ports.DatasetReader."""
        rows, values = self._window(stretch.source.kind, stretch.since, stretch.until, release)
        if not rows:
            return Requested(0, 0, ())
        slower, (service, endpoint) = stretch.slower_than_ms, stretch.scope
        query = requested_sql(stretch.source, rows, slower_than_ms=slower, most=most)
        found = list(self._fetch(query, [*values, service, endpoint, endpoint]))
        total, bad = found[0][3:] if found else (0, 0)
        return Requested(int(total), int(bad), tuple((method, path, hits) for method, path, hits, *_ in found if hits))

    def rum_pages(self, *, since: datetime, until: datetime, release: str | None = None) -> tuple[PageLabel, ...]:
        """See core/ports.DatasetReader."""
        with self._rum(since, until, release) as reader:
            return reader.labels()

    def rum_answers(self, question: RumQuestion) -> RumAnswers:
        """See core/ports.DatasetReader."""
        with self._rum(question.since, question.until, question.release) as reader:
            return reader.answers(question)

    @contextlib.contextmanager
    def _rum(self, since: datetime, until: datetime, release: str | None) -> Iterator[RumReader]:
        files = {kind: self.files(kind, since=since, until=until) for kind in (RUM, PRODUCT)}
        with connect(self._folder, memory_limit=RUM_MEMORY, threads=RUM_THREADS) as connection:
            yield RumReader(connection, files, since=since, until=until, release=release)

    @contextlib.contextmanager
    def visits(self, question: VisitQuestion) -> Iterator[tuple[Visits, Iterator[VisitBatch]]]:
        """See core/ports.DatasetReader."""
        asked = {kind: self._window(kind, *question[:3]) for kind in (RUM, PRODUCT, LOGS, ACCESS)}
        rows = {kind: query for kind, query in asked.items() if query[0]}
        if not rows:
            yield Visits(()), iter(())
            return
        with connect(self._folder, threads=JOURNEY_THREADS) as connection:
            found = prepare(connection, question, rows)
            yield found, batches(connection, question) if found.sources else iter(())

    def _window(
        self, kind: str, since: datetime | None, until: datetime | None, release: str | None
    ) -> tuple[str, list[Any]]:
        """A query for all columns of the rows and its values; "" when there is no file."""
        files = self.files(kind, since=since, until=until)
        if not files:
            return "", []
        where, values = _where(since, until, release)
        return f"SELECT * FROM ({_stored(column_types(kind))}) {where}", [files, *values]

    def _fetch(self, query: str, values: list[Any]) -> Iterator[tuple[Any, ...]]:
        with connect(self._folder, memory_limit=READ_MEMORY) as connection:
            yield from _fetched(connection.execute(query, values))

    def files(self, kind: str, *, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        """See core/ports.DatasetReader."""
        first = since.astimezone(UTC).date() if since else date.min
        last = until.astimezone(UTC).date() if until else date.max
        return [
            str(file)
            for day, path in self._days(kind)
            if first <= day <= last
            for file in sorted(path.glob("*.parquet"))
        ]

    def rum_day(self, day: date, references: Iterable[DatasetRef]) -> RumData | None:
        """What all imports together tell about one day; None when there is no row.

        Args:
            day: UTC.
            references: those of the day that are known; the ones whose file is gone are dropped.
        """
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        files = self.files(RUM, since=start, until=start)
        if not files:
            return None
        with using(self._writer.cursor()) as connection:
            found = connection.execute(RUM_DAY, [files]).fetchone()
        uris = {Path(file).resolve().as_uri() for file in files}
        kept = {reference.uri: reference for reference in references if reference.uri in uris}
        names = (name for name in RumData.model_fields if name not in ("day", "datasets"))
        return RumData(day=day, datasets=tuple(kept.values()), **dict(zip(names, found, strict=True)))

    def prune(self, kind: str, keep_days: int, now: datetime) -> int:
        """Delete what was imported more than `keep_days` ago, whatever days it is about; returns how many files."""
        limit = (now - timedelta(days=keep_days)).timestamp()
        old = [file for _, path in self._days(kind) for file in path.glob("*.parquet") if file.stat().st_mtime < limit]
        for file in old:
            file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # other files of that day
                file.parent.rmdir()
        return len(old)

    def _publish(self, file: DayFile, source: str, digest: str, release: Release | None, now: datetime) -> DatasetRef:
        target = self._folder / file.kind / file.day.isoformat() / f"{digest[:32]}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        count, first, last, figures = _extent(self._writer, file)
        file.path.replace(target)
        return DatasetRef(
            kind=file.kind,
            uri=target.resolve().as_uri(),
            rows=count,
            from_at=first,
            to_at=last,
            sha256=checksum,
            source=source,
            release=release.version if release else None,
            environment=release.environment if release else None,
            imported_at=now,
            figures=figures,
        )

    def _days(self, kind: str) -> list[tuple[date, Path]]:
        found = []
        for path in sorted((self._folder / kind).glob("????-??-??")):
            with contextlib.suppress(ValueError):  # not ours
                found.append((date.fromisoformat(path.name), path))
        return found


def _where(
    since: datetime | None,
    until: datetime | None,
    release: str | None,
) -> tuple[str, list[Any]]:
    """A WHERE clause and the values of its question marks."""
    limits: list[tuple[str, Any]] = [
        ('"at" >= make_timestamp(?::BIGINT)', since and _micros(since)),
        ('"at" < make_timestamp(?::BIGINT)', until and _micros(until)),
        ("of_release = ?", release),
    ]
    given = [(condition, value) for condition, value in limits if value is not None]
    return f"WHERE {' AND '.join(['true', *(condition for condition, _ in given)])}", [value for _, value in given]


def _fetched(result: Any) -> Iterator[tuple[Any, ...]]:
    while batch := result.fetchmany(BATCH_ROWS):
        yield from batch


def _row(kind: str, values: tuple[Any, ...], times: list[int]) -> Row:
    columns = list(values)
    for at in times:
        columns[at] = _time(columns[at])
    return DATASET_ROWS[kind]._make(columns)


def _stored(types: dict[str, str]) -> str:
    """All columns, also of files that were written before a column existed."""
    empty = ", ".join(f'NULL::{type_} AS "{name}"' for name, type_ in types.items())
    return f"SELECT * FROM read_parquet(?, union_by_name=true) UNION ALL BY NAME SELECT {empty} WHERE false"


def _extent(writer: Any, file: DayFile) -> tuple[int, datetime | None, datetime | None, dict[str, float]]:
    figures = FIGURES[file.kind]
    with using(writer.cursor()) as connection:
        found = connection.execute(
            f"""SELECT count(*), epoch_us(min("at")), epoch_us(max("at")), {", ".join(figures.values())}
                FROM read_parquet(?)""",
            [[str(file.path)]],
        ).fetchone()
    count, first, last, *values = found
    return count, _time(first), _time(last), dict(zip(figures, values, strict=True))


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)
