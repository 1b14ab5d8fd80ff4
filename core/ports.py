"""Protocols of the outside, so that pure code and agents need not know who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .records.bulk.datasets import DatasetRef
    from .records.bulk.levels import Level, LevelSource, MetricPoint, Requested, Stretch, Timing
    from .records.bulk.rows import Row
    from .records.bulk.rum_answers import PageLabel, RumAnswers, RumQuestion
    from .records.bulk.visits import VisitBatch, VisitQuestion, Visits
    from .records.notices import Notice
    from .records.release import Release
    from .records.rollouts.rollout import Measured, Placement


class MemoryReader(Protocol):
    """Reading side of the memory store; keys are logical names (`aqe/...`)."""

    async def retrieve(self, key: str) -> Any:
        """The value, or None; a list key comes as a list."""
        ...

    async def retrieve_pattern(self, glob: str) -> dict[str, Any]:
        """Values of all keys that match."""
        ...

    async def keys(self, glob: str) -> list[str]:
        """Names that match, sorted."""
        ...


class DatasetReader(Protocol):
    """Bulk rows, read one batch at a time."""

    def rows(
        self, kind: str, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[Any]:
        """Rows of a kind in order of time.

        Args:
            kind: a name in core/records/bulk/rows.DATASET_ROWS, which has the type of the rows.
            since, until: window, aware; `since` included, `until` not.
            release: only rows imported for this release.
        """
        ...

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
        """How many rows there are of each combination of values: what millions of rows come down to.

        Args:
            kind: as for `rows`.
            columns: of the kind, or `of_release`, `of_environment`; none = all rows together.
            bucket_s: also by time, in steps of so many seconds since the epoch, 1 or more.
            sums: numeric columns to be added up; NaN, infinity and NULL count as nothing.
            only: column -> the text that it must hold; None = rows that do not say.
            in_visits: a product event that names a user and no session has the session in which real-user monitoring
                saw that user then, or lately: a server tells of purchases and knows no session.
            since, until, release: as for `rows`.

        Returns:
            `(*values, bucket start (with `bucket_s`), rows, first, last, *sums)`, times in seconds since the epoch, in
            order of the values and then of time; None comes last, texts go by code point.
        """
        ...

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
        """How services and their busiest endpoints did, in order of scope and time; buckets without rows are left out.

        Args:
            bucket_s: length of a bucket in seconds since the epoch, 1 or more.
            purchase: of sessions: regular expression (RE2, any case) for the whole name of an event that is a purchase.
            since, until, release: as for `rows`.
        """
        ...

    def timings(
        self,
        source: LevelSource,
        percents: Sequence[float],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        release: str | None = None,
    ) -> Iterator[Timing]:
        """How long requests took: all together first, then the busiest endpoints; nothing where none has a duration.

        Args:
            percents: which percentiles, each 0 to 100.
            since, until, release: as for `rows`.
        """
        ...

    def metric_points(
        self, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[MetricPoint]:
        """Every point of a metric that is a number, in order of series and time; a histogram's buckets are none."""
        ...

    def people(self, stretch: Stretch, *, release: str | None = None) -> tuple[int, int]:
        """How many different people were hit, and how many hits name nobody."""
        ...

    def requested(self, stretch: Stretch, *, most: int, release: str | None = None) -> Requested:
        """The requests of a stretch, and the paths that were bad most often.

        Args:
            stretch: of access logs, spans or requests in logs; of `slower_than_ms`, failures are bad as well.
            most: paths, 1 or more.
            release: as for `rows`.
        """
        ...

    def rum_pages(self, *, since: datetime, until: datetime, release: str | None = None) -> tuple[PageLabel, ...]:
        """Pages of real-user monitoring, the most viewed first; of more than 1,500 the others are one.

        Args:
            since, until, release: as for `rows`; ten years at most.
        """
        ...

    def rum_answers(self, question: RumQuestion) -> RumAnswers:
        """What visits did, met and waited for: what millions of rows of real-user monitoring come down to."""
        ...

    def visits(self, question: VisitQuestion) -> AbstractContextManager[tuple[Visits, Iterator[VisitBatch]]]:
        """What people did, as columns, a part of the people at a time; the batches are read inside of the `with`."""
        ...

    def files(self, kind: str, *, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        """The Parquet files whose days lie in the window, for SQL over whole columns; a day's other rows are in them.

        Besides the kind's columns they have `of_release` and `of_environment`: what the import was about.
        """
        ...


class DatasetWriter(Protocol):
    """Writes the rows of one import, all or nothing."""

    def write(
        self,
        rows: Iterable[Row],
        *,
        source: str,
        digest: str | Callable[[], str],
        release: Release | None,
        now: datetime,
    ) -> tuple[DatasetRef, ...]:
        """Write and describe, one reference a kind and day.

        Args:
            rows: consumed once; of any kinds, mixed.
            source: name of the imported file.
            digest: sha256 of the imported file, or what gives it once the rows are consumed; the same file imported
                again replaces its rows.
            release: what the rows belong to.
            now: time of the import, aware UTC.
        """
        ...


class Notifier(Protocol):
    """Tells people something: on the console, by mail, in a chat."""

    async def notify(self, notice: Notice) -> None:
        """Hand it on.

        Raises:
            ServiceUnavailable: it was not accepted; what it speaks of has happened all the same.
        """
        ...


class Executor(Protocol):
    """What moves traffic between two versions that both run; every call may be repeated."""

    async def set_percent(self, percent: float) -> None:
        """Give the canary this share of the traffic, 0 to 100.

        Raises:
            ServiceUnavailable: it cannot be told, or does not do it.
        """
        ...

    async def look(self) -> Placement:
        """Where traffic goes now; raises like `set_percent`."""
        ...


class MetricSource(Protocol):
    """What measures both arms of a rollout."""

    async def read(self) -> Measured:
        """The counters as they are now.

        Raises:
            ServiceUnavailable: it does not answer.
        """
        ...


class CommandClient(Protocol):
    """What bus and memory need of an asyncio Redis client: it returns bytes, speaks RESP2, parses known answers.

    A narrow view on purpose: redis-py's own types leave every answer a union.
    """

    def execute_command(self, *args: Any, **options: Any) -> Awaitable[Any]:
        """Send one command."""
        ...

    def pipeline(self, transaction: bool = ...) -> Any:
        """Several commands in one write."""
        ...

    def pubsub(self) -> Any:
        """A connection for channels."""
        ...


class Functions(Protocol):
    """The server-side function library: every write of ours goes through it."""

    async def call(self, name: str, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """FCALL, loading the library first where the server does not have it.

        Raises:
            ConflictError, FencedOutError, ValueTooLargeError, StreamFullError, InputError: as the function answers.
            ServiceUnavailable: the server does not answer.
        """
        ...
