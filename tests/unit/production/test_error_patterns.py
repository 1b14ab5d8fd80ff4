"""From log records to error patterns."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.endpoints import endpoint
from aqe.agents.production_intelligence.errors import groups as error_groups
from aqe.agents.production_intelligence.errors.insights import insights_from
from aqe.agents.production_intelligence.errors.patterns import MAX_LISTED, MAX_RESULT_BYTES, mine
from aqe.core.errors import InputError
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.production.findings import FindingPriority, MiningResult, Trend

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
TRACE = """Traceback (most recent call last):
  File "/srv/shop/shop/api/products.py", line 42, in product_page
    tag = price_tag(product.offer)
  File "/srv/shop/shop/pricing/naive.py", line 8, in price_tag
    return offer["price"]
KeyError: 'price'
"""


def a_row(second: float = 0, level: str = "INFO", message: str = "served", **columns: Any) -> LogRow:
    return LogRow(at=START + timedelta(seconds=second), level=level, message=message, **columns)


def a_key_error(second: float = 0, product: int = 3, **columns: Any) -> LogRow:
    known = {
        "level": "ERROR",
        "message": f"Exception on /api/products/{product} [GET]",
        "error_type": "KeyError",
        "stack_trace": TRACE,
        "request_method": "GET",
        "request_path": f"/api/products/{product}",
    }
    return a_row(second, **(known | columns))


def hour_of(errors: int, **columns: Any) -> list[LogRow]:
    """An hour of records, `errors` of them the KeyError."""
    return [a_row(0), *(a_key_error(60 + n % 3000, **columns) for n in range(errors)), a_row(3600)]


def test_errors_of_one_bug_are_one_pattern_with_all_that_is_known_of_them() -> None:
    """Counts, times, users, requests, contexts, place and a sample trace."""
    rows = [
        a_key_error(0, 3, user="u1", release="1.4.0", user_agent=CHROME, region="eu-west-2"),
        a_key_error(5, 3, user="u2", release="1.4.0", user_agent=CHROME, region="eu-west-2"),
        a_key_error(9, 7, user="u1", release="1.4.0", user_agent="curl/8.1", region="ap-south-1"),
        a_row(10, level="WARNING"),
    ]
    result = mine(rows, min_occurrences=1)
    (pattern,) = result.patterns
    assert (result.total_records, result.total_errors, result.below_threshold) == (4, 3, 0)
    assert (result.window_from, result.window_to) == (START, START + timedelta(seconds=10))
    assert pattern.title == "KeyError: 'price'"
    assert pattern.fingerprint == "KeyError | pricing/naive.py in price_tag | 'price'"
    assert pattern.culprit == "pricing/naive.py in price_tag"
    assert (pattern.occurrences, pattern.affected_users) == (3, 2)
    assert (pattern.first_seen, pattern.last_seen) == (START, START + timedelta(seconds=9))
    assert [(r.method, r.path, r.occurrences) for r in pattern.requests] == [
        ("GET", "/api/products/3", 2),
        ("GET", "/api/products/7", 1),
    ]
    assert [(c.dimension, c.value, c.occurrences) for c in pattern.contexts] == [
        ("endpoint", "GET /api/products/{id}", 3),
        ("release", "1.4.0", 3),
        ("browser", "Chrome", 2),
        ("browser", "curl", 1),
        ("region", "eu-west-2", 2),
        ("region", "ap-south-1", 1),
    ]
    assert pattern.sample_trace == TRACE
    assert pattern.trend is Trend.UNKNOWN


def test_users_are_unknown_when_no_record_names_one() -> None:
    """None is not zero."""
    assert mine([a_key_error()], min_occurrences=1).patterns[0].affected_users is None


@pytest.mark.parametrize(
    ("row", "is_error"),
    [
        (a_row(level="ERROR"), True),
        (a_row(level="CRITICAL"), True),
        (a_row(level="FATAL"), True),
        (a_row(level="WARNING", stack_trace=TRACE), True),
        (a_row(status=503), True),
        (a_row(status=404), False),
        (a_row(level="WARNING"), False),
    ],
)
def test_what_counts_as_an_error(row: LogRow, is_error: bool) -> None:
    """Level, stack trace or an answer with 5xx."""
    assert mine([row], min_occurrences=1).total_errors == is_error


def test_the_answer_logged_after_an_error_of_the_same_request_belongs_to_it() -> None:
    """Most services write two lines for a failed request; that is one error, now with its status."""
    rows = [
        a_key_error(0, request="r1"),
        a_row(
            1,
            message="GET /api/products/3",
            request="r1",
            request_method="GET",
            request_path="/api/products/3",
            status=500,
        ),
    ]
    result = mine(rows, min_occurrences=1)
    (pattern,) = result.patterns
    assert result.total_errors == 1
    assert [(r.path, r.occurrences, r.status) for r in pattern.requests] == [("/api/products/3", 1, 500)]


def test_what_is_an_error_for_its_answer_alone_is_told_by_the_answer() -> None:
    """Of each endpoint; a logger's "request completed" says nothing at three in the morning."""
    answers = [("POST", "/api/checkout", 504), ("POST", "/api/checkout", 500), ("GET", "/product/7", 500)]
    rows = [
        a_row(n, level="INFO", message="request", request_method=method, request_path=path, status=status)
        for n, (method, path, status) in enumerate(answers * 3)
    ]
    result = mine(rows, min_occurrences=3)
    assert {insight.title for insight in insights_from(result, now=START)} == {
        "HTTP 504 Gateway Timeout: request on POST /api/checkout",
        "HTTP 500 Internal Server Error: request on POST /api/checkout",
        "HTTP 500 Internal Server Error: request on GET /product/{id}",
    }


def test_errors_without_a_trace_are_grouped_by_the_template_of_their_message() -> None:
    """Also by words that turn out to be variables only later."""
    rows = [a_row(n, "ERROR", f"payment of {name} failed after {n} ms") for n, name in enumerate(("ann", "bob", "cyd"))]
    (pattern,) = mine(rows, min_occurrences=3).patterns
    assert pattern.title == "payment of <*> failed after <duration>"


def test_two_keys_in_one_function_are_two_bugs_but_many_keys_are_data() -> None:
    """`price` and `stock` are fields; a hundred names are users of one bug."""
    two = [a_key_error(0), a_key_error(1, stack_trace=TRACE.replace("'price'", "'stock'"))]
    assert len(mine(two, min_occurrences=1).patterns) == 2
    names = [f"{a}{b}x" for a in "abcdefghij" for b in "abcdefghij"]
    many = [a_key_error(n, stack_trace=TRACE.replace("'price'", f"'{name}'")) for n, name in enumerate(names)]
    (pattern,) = mine(many, min_occurrences=1).patterns
    assert (pattern.title, pattern.occurrences) == ("KeyError: '<*>'", 100)


def test_ids_are_stable_over_runs_and_releases() -> None:
    """The next release moves lines and folders; the pattern keeps its id."""
    moved = TRACE.replace("/srv/shop/", "/opt/v2/").replace("line 8", "line 19")
    (one,) = mine([a_key_error()], min_occurrences=1).patterns
    (two,) = mine([a_key_error(stack_trace=moved)], min_occurrences=1).patterns
    assert one.id == two.id


def test_rare_patterns_are_only_numbered() -> None:
    """`min_occurrences` is the least that is listed."""
    rows = [a_key_error(0), a_key_error(1), a_row(2, "ERROR", "disk full")]
    result = mine(rows, min_occurrences=2)
    assert [p.title for p in result.patterns] == ["KeyError: 'price'"]
    assert result.below_threshold == 1


def test_no_records_give_an_empty_result() -> None:
    """Nothing seen is said as nothing."""
    assert mine([], min_occurrences=1) == MiningResult(
        total_records=0, total_errors=0, window_from=None, window_to=None, patterns=()
    )


def test_a_threshold_below_one_is_refused() -> None:
    """A pattern that never occurred cannot be asked for."""
    with pytest.raises(InputError, match="min_occurrences is 0"):
        mine([], min_occurrences=0)


@pytest.mark.parametrize(
    ("before", "now", "trend"),
    [
        (100, 160, Trend.INCREASING),
        (0, 30, Trend.INCREASING),
        (100, 40, Trend.DECREASING),
        (100, 104, Trend.STABLE),
        (2, 4, Trend.STABLE),
        (20_000, 21_000, Trend.STABLE),
    ],
)
def test_a_trend_is_told_only_when_it_is_significant_and_large(before: int, now: int, trend: Trend) -> None:
    """From 2 to 4 is chance, from 20,000 to 21,000 is not chance but nobody would act on it."""
    (pattern,) = mine(hour_of(now), min_occurrences=1, previous=hour_of(before)).patterns
    assert pattern.trend is trend


@pytest.mark.parametrize("previous", [None, [], [a_key_error()]])
def test_without_a_window_before_there_is_no_trend(previous: list[LogRow] | None) -> None:
    """A single record has no duration either."""
    assert mine(hour_of(9), min_occurrences=1, previous=previous).patterns[0].trend is Trend.UNKNOWN


def test_what_was_seen_before_is_not_counted_as_now() -> None:
    """The window before serves the trend alone."""
    result = mine(hour_of(2), min_occurrences=1, previous=[*hour_of(5), a_row(9, "ERROR", "disk full")])
    assert (result.total_errors, len(result.patterns), result.patterns[0].occurrences) == (2, 1, 2)


def test_the_specifications_three_examples_get_its_priorities() -> None:
    """A frequent type error is HIGH, failing fetches are MEDIUM, one wrong card number a user is LOW.

    The specification's figures divided by ten; what fills up the total is spread over other messages.
    """
    rows = [a_row(n, "ERROR", f"other {chr(97 + n % 26)}{n % 26} thing") for n in range(2827)]
    for type_, message, errors, users in (
        ("TypeError", "Cannot read property 'price' of undefined", 342, 289),
        ("NetworkError", "Failed to fetch", 189, 168),
        ("ValidationError", "Invalid credit card number", 123, 123),
    ):
        rows += [a_row(n, "ERROR", message, error_type=type_, user=f"{type_}{n % users}") for n in range(errors)]
    found = {p.error_type: p.priority for p in mine(rows, min_occurrences=100).patterns if p.error_type}
    assert found == {
        "TypeError": FindingPriority.HIGH,
        "NetworkError": FindingPriority.MEDIUM,
        "ValidationError": FindingPriority.LOW,
    }


@pytest.mark.parametrize(
    ("errors", "columns", "priority"),
    [
        (5, {"status": 500}, FindingPriority.HIGH),
        (5, {}, FindingPriority.HIGH),
        (4, {"status": 500}, FindingPriority.MEDIUM),
        (50, {"status": 500, "user": "u1"}, FindingPriority.MEDIUM),
        (50, {"status": 422}, FindingPriority.LOW),
    ],
)
def test_priority_follows_who_was_hit_and_how_it_was_answered(
    errors: int, columns: dict[str, Any], priority: FindingPriority
) -> None:
    """Failed requests of five users are HIGH; one user's client is not; refusals are LOW."""
    (pattern,) = mine(hour_of(errors, **columns), min_occurrences=1).patterns
    assert pattern.priority is priority


def test_an_error_that_names_no_user_counts_as_one_user_hit() -> None:
    """Most requests of a shop come from people who are not logged in."""
    rows = [*hour_of(2, user="u1"), *hour_of(2, user="u2"), *hour_of(3)]
    (pattern,) = mine(rows, min_occurrences=1).patterns
    assert (pattern.affected_users, pattern.priority) == (2, FindingPriority.HIGH)


def test_the_most_important_pattern_comes_first() -> None:
    """Priority, then how many were hit."""
    rows = [
        *hour_of(6),
        *(a_row(n, "ERROR", "cache miss") for n in range(3)),
        *(a_key_error(n, stack_trace=TRACE.replace("price", "stock"), user=f"u{n}") for n in range(9)),
    ]
    assert [p.title for p in mine(rows, min_occurrences=1).patterns] == [
        "KeyError: 'stock'",
        "KeyError: 'price'",
        "cache miss",
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/products/17?x=1", "/api/products/{id}"),
        ("/api/carts/3f2a9c1b4d5e6f708192a3b4c5d6e7f8/lines", "/api/carts/{id}/lines"),
        ("/orders/prod_123", "/orders/{id}"),
        ("/u/6f1f0cb2-7a39-4c3b-9d8e-0123456789ab", "/u/{id}"),
        ("/reset/<token:3f2a9c1b>", "/reset/{id}"),
        ("/api/v2/top10", "/api/v2/top10"),
        ("/api/products", "/api/products"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_an_endpoint_is_a_path_without_its_ids(path: str, expected: str) -> None:
    """Versions and words with a number are not ids."""
    assert endpoint(path) == expected


def test_a_million_rare_patterns_do_not_displace_the_frequent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by a thousandth of that here; what was displaced is numbered."""
    monkeypatch.setattr(error_groups, "MAX_TRACKED", 50)

    def rows() -> Iterator[LogRow]:
        for n in range(3000):
            word = "".join(chr(97 + n // 26**i % 26) for i in range(4))
            yield a_key_error(n, stack_trace=TRACE.replace("price_tag", f"f_{word}").replace("'price'", word))
            if n % 20 == 0:
                yield a_row(n, "ERROR", "disk full")

    result = mine(rows(), min_occurrences=20)
    (pattern,) = result.patterns
    assert pattern.title == "disk full"
    assert 100 <= pattern.occurrences <= 150
    assert result.below_threshold > 2900


def test_a_result_fits_into_memory_however_many_patterns_there_are() -> None:
    """A value over 1 MB would be refused and everything found be lost."""
    big = "\n".join(f'  File "/srv/{"é" * 100}.py", line 1, in f{n}' for n in range(100))
    last = '  File "/srv/{}.py", line 1, in g'
    rows = [
        a_key_error(
            n % 60,
            n,
            stack_trace=f"Traceback\n{big}\n{last.format(chr(97 + n % 26) + chr(97 + n // 26))}\nE{n}Error: x",
        )
        for n in range(150)
    ]
    result = mine(rows, min_occurrences=1)
    assert len(result.patterns) <= MAX_LISTED
    assert len(result.to_json().encode()) < MAX_RESULT_BYTES + 1000
    assert len(result.patterns) + result.below_threshold == 150


texts = st.text() | st.sampled_from(["", "\0", "\ud800", "‮x", "a" * 5000, TRACE, "/a b", "GET"])


@given(
    st.lists(
        st.builds(
            LogRow,
            at=st.integers(0, 100).map(lambda s: START + timedelta(seconds=s)),
            level=st.sampled_from(["ERROR", "INFO"]) | st.text(),
            message=texts,
            error_type=st.none() | texts,
            stack_trace=st.none() | texts,
            request_method=st.none() | texts,
            request_path=st.none() | texts,
            status=st.none() | st.integers(),
            user=st.none() | texts,
            request=st.none() | texts,
            release=st.none() | texts,
            region=st.none() | texts,
            user_agent=st.none() | texts,
        ),
        max_size=12,
    )
)
def test_any_records_give_a_result_that_can_be_stored(rows: list[LogRow]) -> None:
    """Hostile text ends in JSON that reads back equal; titles are one printable line."""
    result = mine(rows, min_occurrences=1, previous=rows)
    assert MiningResult.from_json(json.dumps(json.loads(result.to_json())), where="test") == result
    assert all(pattern.title.isprintable() for pattern in result.patterns)
    assert sum(pattern.occurrences for pattern in result.patterns) == result.total_errors
