"""What DuckDB makes of rows: levels by service, endpoint and bucket."""

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.endpoints import endpoint
from aqe.agents.production_intelligence.load.visitors import PURCHASE
from aqe.core.records.bulk.apm import SpanRow
from aqe.core.records.bulk.levels import LevelSource, Scope, Stretch
from aqe.core.records.bulk.logs import AccessRow, LogRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.memory.level_sql import route
from aqe.tests.unit.production.windows import NOW, RowsInMemory, stored, view

paths = st.text("/abc019-_%~.:<>AF?#é\n", max_size=40) | st.sampled_from(
    [
        "/api/v2/items/17?x=1",
        "/u/<email:3f2a9c1b>/x",
        "/o/550e8400-e29b-41d4-a716-446655440000",
        "/p/prod_123",
        "/top10",
    ]
)


@given(paths)
def test_a_path_is_the_same_endpoint_in_sql_as_anywhere_else(path: str) -> None:
    """Two rules for one thing would tell two stories about one endpoint."""
    import duckdb

    (found,) = duckdb.execute(f"SELECT {route('?')}", [path]).fetchone() or ("",)
    assert found == endpoint(path)


def test_levels_count_fail_and_time_what_is_a_request(tmp_path: Path) -> None:
    """Of a trace, what a service answered; a call that it made is another's."""
    span = SpanRow(
        NOW, 100.0, "t", "1", None, "pay", "POST", "server", is_error=False, request_path="/pay/7", user="u1"
    )
    rows = [
        span._replace(request_method="POST"),
        span._replace(request_method="POST", duration_ms=300.0, is_error=True, request_path="/pay/8", user="u2"),
        span._replace(kind="client", parent_id="1", is_error=True),
        span._replace(at=NOW + timedelta(seconds=300), request_method="POST", duration_ms=None, status=503),
    ]
    datasets = stored(tmp_path, rows).datasets
    found = list(datasets.levels(LevelSource.SPANS, bucket_s=300))
    start = int(NOW.timestamp())
    assert [(level.scope, level.start_s - start, level.total, level.hits, level.timed) for level in found] == [
        (Scope("pay", ""), 0, 2, 1, 2),
        (Scope("pay", ""), 300, 1, 1, 0),
        (Scope("pay", "POST /pay/{id}"), 0, 2, 1, 2),
        (Scope("pay", "POST /pay/{id}"), 300, 1, 1, 0),
    ]
    assert (found[0].p50_ms, found[1].p50_ms) == (200.0, None)
    stretch = Stretch(LevelSource.SPANS, Scope("pay", ""), NOW, NOW + timedelta(hours=1))
    assert datasets.people(stretch) == (2, 0)
    assert datasets.people(stretch._replace(slower_than_ms=150.0)) == (1, 0)


def test_a_client_that_gave_up_is_counted_apart(tmp_path: Path) -> None:
    """nginx's 499 is no failure of the service, and it is not lost."""
    rows: list[Row] = [
        AccessRow(NOW, "GET", "/", status, None, 3e3, None, None, None) for status in (200, 499, 499, 503)
    ]
    rows += [LogRow(NOW, "INFO", "GET /", request_path="/", request_method="GET", status=499, service="shop")]
    datasets = stored(tmp_path, rows).datasets
    (access, *_), (log, *_) = (
        list(datasets.levels(source, bucket_s=300)) for source in (LevelSource.ACCESS, LevelSource.LOG_REQUESTS)
    )
    assert (access.total, access.hits, access.gave_up) == (4, 1, 2)
    assert (log.total, log.hits, log.gave_up) == (1, 0, 1)


def test_each_source_has_its_own_failures(tmp_path: Path) -> None:
    """5xx, a level, an error event, a purchase."""
    rows: list[Row] = [
        AccessRow(NOW, "GET", "/", 503, None, None, None, None, None),
        AccessRow(NOW, "GET", "/", 404, None, None, None, None, None),
        LogRow(NOW, "ERROR", "bad", service="pay"),
        LogRow(NOW, "INFO", "GET /", service="pay", status=500, request_method="GET", request_path="/"),
        LogRow(NOW, "ERROR", "bad", service="pay", tracker="sentry"),
        view(NOW, "s1"),
        RumRow(NOW, "error", session="s1"),
        RumRow(NOW, "action", session="s1", name="place_order"),
        view(NOW, "s2"),
    ]
    datasets = stored(tmp_path, rows).datasets
    totals = {}
    for source in LevelSource:
        levels = list(datasets.levels(source, bucket_s=300, purchase=PURCHASE.pattern))
        totals[source] = [(level.total, level.hits) for level in levels if not level.scope.endpoint]
    assert totals == {
        LevelSource.ACCESS: [(2, 1)],
        LevelSource.SPANS: [],
        LevelSource.LOG_REQUESTS: [(1, 1)],
        LevelSource.LOG_RECORDS: [(2, 1)],
        LevelSource.PAGE_VIEWS: [(3, 1)],
        LevelSource.SESSIONS: [(2, 1)],
    }


def test_requests_that_went_wrong_are_named_the_most_frequent_first(tmp_path: Path) -> None:
    """Slow ones and failures are bad; all requests of the endpoint are counted; an empty stretch has none."""
    rows: list[Row] = [
        AccessRow(NOW + timedelta(seconds=n), "GET", path, status, None, took_ms, None, None, None)
        for n, (path, status, took_ms) in enumerate(
            [("/a/1", 500, 1.0), ("/a/2", 200, 90.0), ("/a/2", 503, 90.0), ("/a/3", 200, None), ("/b/1", 500, 1.0)]
        )
    ]
    stretch = Stretch(LevelSource.ACCESS, Scope("", "GET /a/{id}"), NOW, NOW + timedelta(hours=1))
    datasets = stored(tmp_path, rows).datasets
    assert datasets.requested(stretch, most=9) == (4, 2, (("GET", "/a/1", 1), ("GET", "/a/2", 1)))
    slow = stretch._replace(slower_than_ms=50.0)
    assert datasets.requested(slow, most=1) == (4, 3, (("GET", "/a/2", 2),))
    everywhere = slow._replace(scope=Scope("", ""))
    assert datasets.requested(everywhere, most=9) == RowsInMemory(rows).requested(everywhere, most=9)
    assert datasets.requested(stretch._replace(since=stretch.until), most=9) == (0, 0, ())
