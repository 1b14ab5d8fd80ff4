"""An error that a log and an error tracker both tell is one error."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.errors import told_twice
from aqe.agents.production_intelligence.errors.patterns import mine
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.production.findings import FindingPriority

START = datetime(2026, 1, 1, 10, tzinfo=UTC)


def told(second: float, order: int = 7, **columns: Any) -> LogRow:
    return LogRow(START + timedelta(seconds=second), "ERROR", f"payment for order {order} declined", **columns)


def test_the_row_of_the_tracker_completes_the_row_of_the_log() -> None:
    """Only the log knows the status, only the tracker who it was and with what."""
    log = told(0, status=502)
    tracker = told(0.1, tracker="sentry", user="u1", release="1.4.0", request_method="POST", request_path="/pay")
    for rows in ([log, tracker], [tracker, log]):
        result = mine(rows, min_occurrences=1)
        (pattern,) = result.patterns
        assert (result.total_records, result.total_errors, result.told_twice) == (2, 1, 1)
        assert (pattern.occurrences, pattern.affected_users) == (1, 1)
        assert [(context.dimension, context.occurrences) for context in pattern.contexts] == [
            ("endpoint", 1),
            ("release", 1),
        ]
        assert [(request.path, request.occurrences) for request in pattern.requests] == [("/pay", 1)]


def test_what_both_rows_tell_counts_once() -> None:
    """Five people with both rows are five, and HIGH; one with ten rows is not."""
    both: dict[str, Any] = {"user": "u", "status": 500, "request_method": "GET", "request_path": "/", "release": "1"}
    rows = [
        told(n * 10 + late, **both | {"tracker": name}) for n in range(4) for late, name in ((0, None), (1, "sentry"))
    ]
    (pattern,) = mine(rows, min_occurrences=1).patterns
    assert pattern.occurrences == 4
    assert {context.occurrences for context in pattern.contexts} == {4}
    assert pattern.priority is FindingPriority.MEDIUM


def test_what_only_the_tracker_tells_of_each_request_is_counted_for_each() -> None:
    """The log's rows name no request."""
    asked = {"request_method": "GET", "request_path": "/pay", "tracker": "sentry"}
    rows = [row for n in range(3) for row in (told(n, n), told(n, n, **asked))]
    (pattern,) = mine(rows, min_occurrences=1).patterns
    assert [(request.path, request.occurrences) for request in pattern.requests] == [("/pay", 3)]


def test_other_errors_and_other_moments_are_errors_of_their_own() -> None:
    """The same kind of error, but another order; the same order, but three seconds later."""
    rows = [told(0, 1), told(0, 2, tracker="sentry"), told(3, 1, tracker="sentry")]
    result = mine(rows, min_occurrences=1)
    assert (result.total_errors, result.told_twice) == (3, 0)


def test_one_teller_never_tells_twice() -> None:
    """Two equal lines of a log within a second are two errors."""
    assert mine([told(0), told(0), told(0.5)], min_occurrences=1).total_errors == 3


@pytest.mark.parametrize("orders", [1, 2_000])
@pytest.mark.parametrize("names", [{}, {"user": "u"}])
def test_an_outage_that_logs_thousands_of_errors_a_second_is_told_twice_too(orders: int, names: dict[str, str]) -> None:
    """All of one order or each of another; the tracker, which samples, tells every fourth."""
    log = [told(0, n % orders, **names) for n in range(2_000)]
    tracker = [told(0.5, n % orders, tracker="sentry") for n in range(0, 2_000, 4)]
    for rows in (log + tracker, tracker + log):
        result = mine(rows, min_occurrences=1)
        assert (result.total_errors, result.told_twice) == (2_000, 500)


def test_few_are_waited_for_however_many_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the last two seconds, and no more than there is room for."""
    monkeypatch.setattr(told_twice, "_MAX_WAITING", 10)
    waiting: told_twice.ToldTwice[int] = told_twice.ToldTwice()
    for n in range(100):
        for kind in (n, "always"):
            assert waiting.first_told(told(n / 100), kind) is None
            waiting.tell(told(n / 100), kind, n)
    found = [waiting.first_told(told(1, tracker="sentry"), n) for n in range(100)]
    assert found == [None] * 95 + [95, 96, 97, 98, 99]
    assert waiting.first_told(told(9), "later") is None
    assert not waiting._all
    assert not waiting._of_kind


@given(st.dictionaries(st.integers(0, 100), st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=9), st.booleans())
def test_of_equal_errors_the_more_telling_side_counts(errors: dict[int, tuple[int, int]], whole_seconds: bool) -> None:
    """Also where a log cuts fractions off, which puts its rows before all of the tracker's."""
    rows = []
    for second, (of_log, of_tracker) in errors.items():
        rows += [told(second + (0 if whole_seconds else n / 10), second) for n in range(of_log)]
        rows += [told(second + n / 10, second, tracker="sentry") for n in range(of_tracker)]
    rows.sort(key=lambda row: row.at)
    result = mine(rows, min_occurrences=1)
    assert result.total_errors == sum(map(max, errors.values()))
    assert result.told_twice == sum(map(min, errors.values()))
