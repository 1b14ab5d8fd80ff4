"""Bulk rows in Parquet: all or nothing, by day, redone by the same file."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.core.records.bulk.apm import MetricRow, SpanRow
from aqe.core.records.bulk.datasets import DatasetRef
from aqe.core.records.bulk.incidents import OpsRow
from aqe.core.records.bulk.levels import LevelSource
from aqe.core.records.bulk.logs import AccessRow, LogRow
from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.core.records.bulk.rows import ACCESS, LOGS, Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.bulk.usage import ProductRow
from aqe.core.records.release import Release
from aqe.memory import dataset_sql, dataset_write, datasets, slices
from aqe.memory.datasets import DatasetStore
from aqe.tests.unit.production.windows import RowsInMemory

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def requests(count: int, every: timedelta = timedelta(hours=6)) -> Iterator[AccessRow]:
    for n in range(count):
        yield AccessRow(NOON + n * every, "GET", f"/p/{n}?q='\u2028", 200, None, 1.5 * n, "c", None, None)


def write(store: DatasetStore, rows: Iterator[AccessRow], digest: str = "a" * 64) -> int:
    references = store.write(rows, source="a.log", digest=digest, release=Release(version="v1"), now=NOON)
    return sum(reference.rows for reference in references)


def test_rows_come_back_in_order_of_time_with_their_types(tmp_path: Path) -> None:
    """Text with quotes and line separators included; a folder with a quote in its name, too."""
    store = DatasetStore(tmp_path / "it's here")
    rows = list(requests(8))
    assert write(store, iter(rows[::-1])) == 8
    assert list(store.rows(ACCESS)) == rows


def test_each_day_is_a_file_of_its_own_and_a_window_reads_only_its_days(tmp_path: Path) -> None:
    """`since` is included, `until` is not; a release selects its own."""
    store = DatasetStore(tmp_path)
    write(store, requests(8))
    assert len(list(tmp_path.glob("access/*/*.parquet"))) == 3
    assert [
        row[2] for row in store.rows(ACCESS, since=NOON + timedelta(hours=6), until=NOON + timedelta(hours=18))
    ] == [
        "/p/1?q='\u2028",
        "/p/2?q='\u2028",
    ]
    assert list(store.rows(ACCESS, release="v2")) == []
    assert list(store.rows(LOGS)) == []


def test_the_same_file_again_replaces_its_rows(tmp_path: Path) -> None:
    """Its digest is its name."""
    store = DatasetStore(tmp_path)
    write(store, requests(3))
    write(store, requests(3))
    assert len(list(store.rows(ACCESS))) == 3
    write(store, requests(3), digest="b" * 64)
    assert len(list(store.rows(ACCESS))) == 6


def test_a_reader_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    """Half a log is no log."""

    def broken() -> Iterator[AccessRow]:
        yield from requests(2)
        raise ValueError("cut")

    with pytest.raises(ValueError, match="cut"):
        write(DatasetStore(tmp_path), broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_was_imported_long_ago_goes_whatever_it_is_about(tmp_path: Path) -> None:
    """An old log that is imported today is kept like a new one."""
    store = DatasetStore(tmp_path)
    write(store, requests(2, every=timedelta(days=-400)))
    write(store, requests(1), digest="b" * 64)
    (fresh,) = tmp_path.glob(f"access/*/{'b' * 32}.parquet")
    os.utime(fresh, ((NOON - timedelta(days=31)).timestamp(),) * 2)
    assert store.prune(ACCESS, 30, NOON) == 1
    assert len(list(store.rows(ACCESS))) == 2


def test_a_log_row_keeps_its_trace(tmp_path: Path) -> None:
    """Newlines and control characters included."""
    store = DatasetStore(tmp_path)
    row = LogRow(NOON, "ERROR", "bad \x00 thing", stack_trace="a\n\tb\r\n")
    store.write([row], source="l", digest="c" * 64, release=None, now=NOON)
    assert list(store.rows(LOGS)) == [row]


def test_rows_of_several_kinds_out_of_one_file_are_told_apart(tmp_path: Path) -> None:
    """Every column of every kind comes back as it was; each reference has its kind and its figures."""
    store = DatasetStore(tmp_path)
    rows: list[Row] = [
        LogRow(NOON, "ERROR", "m", duration_ms=0.25, trace_id="ab"),
        SpanRow(NOON, 12.5, "t", "s", None, "shop", "GET /", "server", is_error=True),
        MetricRow(NOON, "cpu", 0.5, labels='{"pod":"a"}'),
        RumRow(NOON, "view", session="s1", lcp_ms=2400.0),
        ProductRow(NOON, "buy", revenue=9.99, currency="EUR"),
        OpsRow(NOON, "deployment", "v2", ended_at=NOON + timedelta(minutes=3)),
        ExchangeRow(NOON, "GET", "https://a", "/", None, None, error="net::ERR"),
    ]
    references = store.write(rows, source="x", digest="d" * 64, release=None, now=NOON)
    assert {row for reference in references for row in store.rows(reference.kind)} == set(rows)
    figures = {reference.kind: reference.figures for reference in references}
    assert figures["spans"] == {"errors": 1, "traces": 1, "services": 1}
    assert figures["rum-events"]["pageViews"] == 1


def test_a_file_written_before_a_column_existed_is_still_read(tmp_path: Path) -> None:
    """The column is not said there."""
    import duckdb

    store = DatasetStore(tmp_path)
    folder = tmp_path / LOGS / "2026-11-20"
    folder.mkdir(parents=True)
    old = """COPY (SELECT TIMESTAMP '2026-11-20 12:00:00' AS "at", 'INFO' AS "level", 'm' AS "message") TO '{}'"""
    with duckdb.connect() as connection:  # the module's own may be in use by another test
        connection.execute(old.format(folder / "old.parquet"))
    assert list(store.rows(LOGS)) == [LogRow(NOON, "INFO", "m")]
    assert list(store.rows(LOGS, release="v1")) == []


def test_the_real_users_of_a_day_are_those_of_all_its_imports(tmp_path: Path) -> None:
    """Distinct over the files, and no figure where nothing was measured."""
    store = DatasetStore(tmp_path)
    references: list[DatasetRef] = []
    for digest in "ab":
        rows = [RumRow(NOON, "view", session="s1", lcp_ms=1000.0), RumRow(NOON, "vital", session=digest, lcp_ms=2000.0)]
        references += store.write(rows, source=digest, digest=digest * 64, release=None, now=NOON)
    found = store.rum_day(NOON.date(), references)
    assert found is not None
    assert (found.total_sessions, found.total_page_views, found.total_users, found.lcp_p75_ms) == (3, 2, 0, 2000.0)
    assert found.inp_p75_ms is None
    assert found.datasets == tuple(references)
    assert store.rum_day(NOON.date() + timedelta(days=1), references) is None


def test_more_days_than_files_may_be_open_are_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order the rows come."""
    monkeypatch.setattr(dataset_write, "MAX_OPEN_FILES", 3)
    store = DatasetStore(tmp_path)
    rows = [LogRow(NOON + timedelta(days=n % 10, minutes=n), "INFO", str(n)) for n in range(100)]
    references = store.write(rows, source="l", digest="e" * 64, release=None, now=NOON)
    assert len(references) == 10
    assert list(store.rows(LOGS)) == sorted(rows)


def test_rows_of_long_texts_pass_through_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come one after the other: each is cut, none refused, and all are read in order."""
    # Where one sort of them all takes more than this, as with five times the rows and the usual limit.
    monkeypatch.setattr(datasets, "READ_MEMORY", "256MB")
    store = DatasetStore(tmp_path)
    text = "".join(chr(33 + n % 90) for n in range(dataset_write.MAX_TEXT))
    rows = (LogRow(NOON - timedelta(seconds=n), "INFO", f"{n} {text[n % 90 :]}{text}") for n in range(4_000))
    store.write(rows, source="l", digest="f" * 64, release=None, now=NOON)
    found = [(row.message.partition(" ")[0], len(row.message)) for row in store.rows(LOGS)]
    assert found == [(str(n), dataset_write.MAX_TEXT) for n in reversed(range(4_000))]


def test_the_longest_texts_of_a_row_share_what_the_short_ones_leave(tmp_path: Path) -> None:
    """A row of many long texts would be as hard to write as one without a limit."""
    store = DatasetStore(tmp_path)
    long = "x" * dataset_write.MAX_TEXT
    row = LogRow(NOON, "INFO", long, logger=long, service="shop", error_type="E" * 1_000, stack_trace=long)
    store.write([row], source="l", digest="a" * 64, release=None, now=NOON)
    (found,) = store.rows(LOGS)
    assert (found.level, found.service, found.error_type) == ("INFO", "shop", row.error_type)
    shares = {len(text) for text in (found.message, found.logger, found.stack_trace)}
    assert max(shares) - min(shares) <= 1
    kept = sum(len(value) for value in found if isinstance(value, str))
    assert 0 <= dataset_write.MAX_ROW_TEXT - kept <= 3


def test_what_happened_at_one_instant_is_a_slice_of_its_own_when_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows have no order, so that nothing needs to be sorted."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 10)
    instants = [(1, 4), (2, 6), (3, 1), (5, 500), (7, 3), (8, 11), (9, 1)]
    assert list(slices._stretches(instants)) == [(1, 2), (3, 3), (5, 5), (7, 7), (8, 8), (9, 9)]


def some_views() -> Iterator[RumRow]:
    for n, (session, page, duration_ms) in enumerate(
        [("s1", "/", 100.0), ("s1", "/p", float("nan")), ("s2", "/", None), (None, "/", 5.0), ("s1", "/", 1.0)]
    ):
        yield RumRow(NOON + timedelta(seconds=40 * n), "view", session=session, page=page, duration_ms=duration_ms)


def test_rows_are_counted_by_values_and_by_time(tmp_path: Path) -> None:
    """In order of the values, None last; NaN and NULL add nothing; times are seconds since the epoch."""
    store = DatasetStore(tmp_path)
    store.write(some_views(), source="r", digest="b" * 64, release=Release(version="v1"), now=NOON)
    at = NOON.timestamp()
    assert list(store.tally("rum-events", ("session",), sums=("duration_ms",))) == [
        ("s1", 3, at, at + 160, 101.0),
        ("s2", 1, at + 80, at + 80, 0.0),
        (None, 1, at + 120, at + 120, 5.0),
    ]
    assert [(row[0], row[1]) for row in store.tally("rum-events", bucket_s=60)] == [
        (at, 2),
        (at + 60, 1),
        (at + 120, 2),
    ]
    assert [row[:2] for row in store.tally("rum-events", ("page",), only={"session": None})] == [("/", 1)]
    assert list(store.tally("rum-events", since=NOON, until=NOON + timedelta(seconds=41))) == [(2, at, at + 40)]


def test_nothing_to_count_is_no_row(tmp_path: Path) -> None:
    store = DatasetStore(tmp_path)
    assert list(store.tally("rum-events", bucket_s=60)) == []
    store.write(some_views(), source="r", digest="b" * 64, release=Release(version="v1"), now=NOON)
    assert list(store.tally("rum-events", release="v2")) == []


@pytest.mark.parametrize("asked", [{"columns": ("no",)}, {"sums": ('"; --',)}, {"only": {"no": "x"}}, {"bucket_s": 0}])
def test_columns_that_are_not_there_and_empty_buckets_are_errors(tmp_path: Path, asked: dict[str, Any]) -> None:
    """So no name from outside becomes SQL."""
    store = DatasetStore(tmp_path)
    store.write(some_views(), source="r", digest="b" * 64, release=Release(version="v1"), now=NOON)
    with pytest.raises(ValueError, match=r"columns|bucket_s"):
        list(store.tally("rum-events", **asked))


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"columns": ("session",), "sums": ("duration_ms",)}, {"columns": ("page", "session"), "bucket_s": 60},
        {"bucket_s": 100}, {"columns": ("page",), "only": {"session": None}}, {"only": {"event": "action"}},
        {"columns": ("session",), "since": NOON + timedelta(seconds=40), "until": NOON + timedelta(seconds=160)},
    ],
)  # fmt: skip
def test_the_twin_of_the_unit_tests_counts_as_the_store_does(tmp_path: Path, asked: dict[str, Any]) -> None:
    store = DatasetStore(tmp_path)
    store.write(some_views(), source="r", digest="b" * 64, release=None, now=NOON)
    assert list(RowsInMemory(some_views()).tally("rum-events", **asked)) == list(store.tally("rum-events", **asked))


def test_a_user_whose_session_a_server_does_not_know_is_put_where_monitoring_saw_it(tmp_path: Path) -> None:
    """The session begun last before, until half an hour after its end; the twin of the unit tests does the same."""
    seen = [
        RumRow(NOON + timedelta(minutes=minute), "view", session=session, page="/", user=user)
        for minute, session, user in ((0, "s2", "ann"), (9, "s2", "ann"), (20, "s1", "ann"), (5, "s3", None))
    ]
    told = [
        ProductRow(NOON + timedelta(minutes=minute), "paid", session=session, user=user, revenue=1.0)
        for minute, session, user in (
            (-1, None, "ann"), (9, None, "ann"), (21, None, "ann"), (50, None, "ann"), (51, None, "ann"),
            (6, None, None), (6, None, "bob"), (6, "own", "ann"),
        )
    ]  # fmt: skip
    store = DatasetStore(tmp_path)
    store.write([*seen, *told], source="r", digest="b" * 64, release=None, now=NOON)
    asked: dict[str, Any] = {"columns": ("session",), "sums": ("revenue",), "only": {"name": "paid"}, "in_visits": True}
    found = list(store.tally("product-events", **asked))
    assert [(row[0], row[1]) for row in found] == [("own", 1), ("s1", 2), ("s2", 1), (None, 4)]
    assert list(RowsInMemory([*seen, *told]).tally("product-events", **asked)) == found


def test_response_times_of_all_and_of_the_busiest_endpoints(tmp_path: Path) -> None:
    """The twin answers the same; what has no duration does not count, and a window without any has none."""
    some = list(requests(8))
    rows = [*some, some[0]._replace(method="POST"), some[1]._replace(duration_ms=None)]
    store = DatasetStore(tmp_path)
    write(store, iter(rows))
    found = list(store.timings(LevelSource.ACCESS, (50, 95)))
    assert [(timing.endpoint, timing.timed) for timing in found] == [("", 9), ("GET /p/{id}", 8), ("POST /p/{id}", 1)]
    for timing, twin in zip(found, RowsInMemory(rows).timings(LevelSource.ACCESS, (50, 95)), strict=True):
        assert timing[:2] == twin[:2] and timing.ms == pytest.approx(twin.ms)
    assert list(store.timings(LevelSource.ACCESS, (50,), until=NOON)) == []
    assert list(store.timings(LevelSource.SPANS, (50,))) == []


def test_a_folder_full_of_small_files_opens_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To open one costs more than to write a small file, and exporters leave thousands of those."""
    opened: list[Path] = []

    def counted(folder: Path) -> Any:
        opened.append(folder)
        return dataset_sql.database(folder)

    monkeypatch.setattr(datasets, "database", counted)
    store = DatasetStore(tmp_path)
    for n in range(5):
        assert write(store, requests(8), digest=f"{n:032}") == 8
        assert store.rum_day(NOON.date(), []) is None
    assert len(list(store.rows(ACCESS))) == 40
    assert opened == [tmp_path]
