"""A window of rows for tests of capabilities, and a twin of the dataset store that needs no files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from aqe.agents.production_intelligence.endpoints import endpoint
from aqe.agents.production_intelligence.loaded import Loaded
from aqe.core.records.bulk.levels import Level, LevelSource, MetricPoint, Requested, Stretch, Timing
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.bulk.rows import KIND_OF, RUM, Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.bulk.rum_answers import PageLabel, RumAnswers, RumQuestion
from aqe.core.records.bulk.usage import ProductRow
from aqe.core.records.bulk.visits import VISIT_PAUSE_S, VisitBatch, VisitQuestion, Visits
from aqe.memory.datasets import DatasetStore

NOW = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""


class RowsInMemory:
    """core/ports.DatasetReader over rows; tests/integration/test_datasets.py holds it against the store."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = sorted(rows, key=lambda row: row.at)

    def rows(
        self, kind: str, *, since: datetime | None = None, until: datetime | None = None, release: str | None = None
    ) -> Iterator[Any]:
        for row in self._rows:
            if KIND_OF[type(row)] == kind and (since is None or since <= row.at) and (until is None or row.at < until):
                yield row

    def tally(
        self, kind: str, columns: Sequence[str] = (), *, bucket_s: int | None = None, sums: Sequence[str] = (),
        only: Mapping[str, str | None] = {}, in_visits: bool = False, **window: Any,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        def key(row: Any) -> tuple[Any, ...]:
            bucket = () if bucket_s is None else (int(row.at.timestamp() // bucket_s) * bucket_s,)
            return (*(getattr(row, column) for column in columns), *bucket)

        told = map(self._visited(**window), self.rows(kind, **window)) if in_visits else self.rows(kind, **window)
        kept = [row for row in told if all(getattr(row, c) == v for c, v in only.items())]
        for values, group in groupby(sorted(kept, key=lambda row: [(v is None, v or 0) for v in key(row)]), key=key):
            found = list(group)
            times = [row.at.timestamp() for row in found]
            totals = ([getattr(row, name) for row in found] for name in sums)
            added = (sum((v for v in total if v is not None and isfinite(v)), 0.0) for total in totals)
            yield (*values, len(found), min(times), max(times), *added)

    def _visited(self, **window: Any) -> Callable[[Any], Any]:
        spans: dict[tuple[str, str], list[datetime]] = {}
        for row in self.rows(RUM, **window):
            if row.user is not None and row.session is not None:
                spans.setdefault((row.user, row.session), []).append(row.at)

        def visited(row: Any) -> Any:
            if not isinstance(row, ProductRow) or row.session is not None:
                return row
            begun = [(times[0], times[-1], who) for who, times in spans.items() if who[0] == row.user]
            begun = [one for one in begun if one[0] <= row.at]
            _, ended, who = max(begun, default=(row.at, datetime(1, 1, 1, tzinfo=UTC), ("", "")))
            return row._replace(session=who[1]) if row.at <= ended + timedelta(seconds=VISIT_PAUSE_S) else row

        return visited

    def levels(self, source: LevelSource, **how: Any) -> Iterator[Level]:
        raise NotImplementedError

    def timings(self, source: LevelSource, percents: Sequence[float], **window: Any) -> Iterator[Timing]:
        # The release is not asked for: no test of this twin has two.
        window.pop("release", None)
        by_endpoint: dict[str, list[float]] = {}
        for row in self.rows(source.kind, **window) if source is LevelSource.ACCESS else ():
            if row.duration_ms is not None:
                for name in ("", f"{row.method} {endpoint(row.path)}"):
                    by_endpoint.setdefault(name, []).append(row.duration_ms)
        for name, ms in sorted(by_endpoint.items(), key=lambda item: (item[0] != "", -len(item[1]), item[0])):
            yield Timing(name, len(ms), tuple(np.percentile(ms, percents).tolist()))

    def metric_points(self, **window: Any) -> Iterator[MetricPoint]:
        raise NotImplementedError

    def people(self, stretch: Stretch, *, release: str | None = None) -> tuple[int, int]:
        raise NotImplementedError

    def requested(self, stretch: Stretch, *, most: int, release: str | None = None) -> Requested:
        found = list(self.rows(stretch.source.kind, since=stretch.since, until=stretch.until))
        slow = stretch.slower_than_ms
        bad = Counter(
            (row.method, row.path) for row in found if row.status >= 500 or (slow and (row.duration_ms or 0) > slow)
        )
        worst = sorted(bad.items(), key=lambda item: (-item[1], item[0]))
        return Requested(len(found), bad.total(), tuple((*asked, count) for asked, count in worst[:most]))

    def rum_pages(self, **window: Any) -> tuple[PageLabel, ...]:
        raise NotImplementedError

    def rum_answers(self, question: RumQuestion) -> RumAnswers:
        raise NotImplementedError

    def visits(self, question: VisitQuestion) -> AbstractContextManager[tuple[Visits, Iterator[VisitBatch]]]:
        raise NotImplementedError

    def files(self, kind: str, *, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        raise NotImplementedError


def loaded(rows: Iterable[Row], *, now: datetime = NOW, **payload: Any) -> Loaded:
    return Loaded(now, payload, RowsInMemory(rows))


def stored(folder: Path, rows: Iterable[Row], *, now: datetime = NOW, **payload: Any) -> Loaded:
    """The same over real files, for what only SQL answers."""
    store = DatasetStore(folder)
    store.write(rows, source="rows", digest="d" * 64, release=None, now=now)
    return Loaded(now, payload, store)


def request(at: datetime, path: str = "/", method: str = "GET", status: int = 200) -> AccessRow:
    return AccessRow(at, method, path, status, None, None, None, None, None)


def view(at: datetime, session: str | None, page: str = "/", **more: Any) -> RumRow:
    return RumRow(at, "view", session=session, page=page, **more)


def click(at: datetime, session: str, name: str = "click") -> RumRow:
    return RumRow(at, "action", session=session, name=name)


def product_event(at: datetime, name: str, session: str | None = None, **more: Any) -> ProductRow:
    return ProductRow(at, name, session=session, **more)
