"""Visits out of rows, by SQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.bulk.rum_answers import NO_PAGE, OTHER_PAGES, RumAnswers, RumQuestion
from aqe.core.records.bulk.usage import ProductRow
from aqe.memory import rum_sql
from aqe.memory.rum_sql import TIME_SHIFT, visits_sql
from aqe.memory.session_sql import PAUSE_MS

from .windows import NOW, stored, view

START = NOW - timedelta(days=1)
MINUTE_MS = 60_000
THRESHOLDS = dict.fromkeys(("LCP", "INP", "CLS", "FCP", "TTFB", "FID"), (100.0, 200.0))


def answers(folder: Path, rows: list[Row], *steps: str) -> RumAnswers:
    asked = RumQuestion(
        NOW - timedelta(days=7), NOW, None, "purchase", tuple(frozenset([step]) for step in steps), THRESHOLDS
    )
    return stored(folder, rows).datasets.rum_answers(asked)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def paths(found: RumAnswers) -> dict[tuple[str, ...], int]:
    return {path.pages: path.visits for path in found.paths}


events = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.booleans(),
        st.integers(0, 200) | st.integers(0, 8).map(lambda n: n * PAUSE_MS // MINUTE_MS),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(events)
@settings(max_examples=60)
def test_visits_are_those_that_plain_python_finds(rows: list[tuple[str, bool, int, int]]) -> None:
    """Also at exactly half an hour, at the same time, in any order, and where a session is called like a user."""
    packed = [(who, by_user, (minute * MINUTE_MS << TIME_SHIFT) | code << 13) for who, by_user, minute, code in rows]
    values = (
        ", ".join(f"('{who}', {by_user}, {e}::BIGINT)" for who, by_user, e in packed) or "(NULL, NULL, NULL::BIGINT)"
    )
    query = visits_sql(f"SELECT * FROM (VALUES {values}) AS of(who, by_user, e) WHERE who IS NOT NULL")
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchall()
    assert sorted(found) == sorted(plain_visits(packed))


def plain_visits(packed: list[tuple[str, bool, int]]) -> Iterator[tuple[bool, list[int]]]:
    for (_, by_user), group in groupby(sorted(packed), key=lambda row: row[:2]):
        visit: list[int] = []
        for _, _, e in group:
            if visit and (e >> TIME_SHIFT) - (visit[-1] >> TIME_SHIFT) > PAUSE_MS:
                yield by_user, visit
                visit = []
            visit.append(e)
        yield by_user, visit


def test_half_an_hour_without_an_event_ends_the_visit_of_a_session_and_of_a_user(tmp_path: Path) -> None:
    rows: list[Row] = [
        view(at(0), "s1", "/a"), view(at(90), "s1", "/b"),
        view(at(0), None, "/a", user="ann"), view(at(30), None, "/b", user="ann"), view(at(61), None, "/c", user="ann"),
        view(at(0), None, "/a"),
    ]  # fmt: skip
    found = answers(tmp_path, rows)
    assert paths(found) == {("/a",): 1, ("/b",): 1, ("/a", "/b"): 1, ("/c",): 1}
    assert (found.totals.visits, found.totals.by_inactivity, found.totals.nameless_views) == (4, 2, 1)


def test_views_of_one_millisecond_are_in_the_same_order_whatever_order_they_were_written_in(tmp_path: Path) -> None:
    rows: list[Row] = [view(at(0), "s1", page) for page in ("/b", "/a", "/c")]
    forth, back = answers(tmp_path / "forth", rows), answers(tmp_path / "back", rows[::-1])
    assert forth.paths == back.paths


def test_pages_are_told_apart_by_their_group_or_by_their_path_without_ids(tmp_path: Path) -> None:
    rows: list[Row] = [
        view(at(0), "s1", "/items/17?x=1"), view(at(1), "s1", "/items/18"),
        view(at(2), "s1", "/p/1", page_group="/p/?"),
        RumRow(at(3), "view", session="s1"),
    ]  # fmt: skip
    assert paths(answers(tmp_path, rows)) == {("/items/{id}", "/items/{id}", "/p/?", NO_PAGE): 1}


def test_a_funnel_counts_steps_in_their_order_only(tmp_path: Path) -> None:
    """Five visits by hand: one all the way with a detour, one that turns back, one in the wrong order."""
    visits = {
        "s1": ["/", "/product", "/about", "/cart", "/checkout"],
        "s2": ["/product", "/cart", "/product"],
        "s3": ["/checkout", "/cart", "/product"],
        "s4": ["/cart", "/checkout"],
        "s5": ["/about"],
    }
    rows: list[Row] = [view(at(n), name, page) for name, pages in visits.items() for n, page in enumerate(pages)]
    (client,) = answers(tmp_path, rows, "/product", "/cart", "/checkout").clients
    assert client.reached == (3, 2, 1)
    (client,) = answers(tmp_path, rows, "/product", "/nowhere", "/checkout").clients
    assert client.reached == (3, 0, 0)


def test_an_error_counts_for_the_step_in_which_it_was_met_and_once_a_visit(tmp_path: Path) -> None:
    def error(minute: float, session: str, message: str) -> RumRow:
        return RumRow(at(minute), "error", session=session, error_type="TypeError", message=message)

    rows: list[Row] = [
        view(at(0), "stays", "/cart"), error(1, "stays", "x is 17"), error(2, "stays", "x is 18"),
        error(0, "goes", "x is 1"), view(at(1), "goes", "/cart"), view(at(2), "goes", "/pay"),
        error(3, "goes", "x is 1"),
        view(at(0), "both", "/cart"), error(1, "both", "x is 1"), view(at(2), "both", "/pay"),
    ]  # fmt: skip
    found = answers(tmp_path, rows, "/cart", "/pay")
    assert [tuple(one) for one in found.step_errors] == [(0, "TypeError: x is #", 1, 1)]
    assert [tuple(one) for one in found.errors] == [("TypeError: x is #", 5, 0)]
    met = {(one.dimension, one.value): one.visits for one in found.error_visits}
    assert met == {
        (None, None): 3, ("page", "/cart"): 2, ("page", "/pay"): 1, ("page", NO_PAGE): 1,
        ("browser", ""): 3, ("device", ""): 3, ("region", ""): 3,
    }  # fmt: skip


def test_a_visit_bought_when_an_action_or_a_product_event_says_so(tmp_path: Path) -> None:
    rows: list[Row] = [
        view(at(0), "s1", "/"), RumRow(at(1), "action", session="s1", name="Purchase"),
        view(at(0), "s2", "/"), ProductRow(at(1), "pay", session="s2", revenue=3.0),
        view(at(0), "s3", "/"), ProductRow(at(1), "pay", session="s3"),
        ProductRow(at(1), "purchase", session="elsewhere"),
    ]  # fmt: skip
    found = answers(tmp_path, rows)
    assert [(client.visits, client.bought) for client in found.clients] == [(3, 2)]
    assert [tuple(path) for path in found.paths] == [(("/",), 3, 60_000, 2)]
    assert found.totals.without_views == 1


def test_percentiles_leave_out_what_is_no_number_and_are_those_of_the_rows(tmp_path: Path) -> None:
    times = [float("nan"), float("inf"), -1.0, None, *(float(n) for n in range(0, 301))]
    rows: list[Row] = [view(at(0), f"s{n}", "/", lcp_ms=time, device="mobile") for n, time in enumerate(times)]
    everything = next(one for one in answers(tmp_path, rows).vitals if one.page is None and one.device is None)
    assert everything == ("LCP", None, None, None, 301, 101, 100, 150.0, 225.0, 285.0, 297.0)


def test_actions_are_counted_by_page(tmp_path: Path) -> None:
    rows: list[Row] = [RumRow(at(n), "action", session=f"s{n % 2}", page="/items/1", name="zoom") for n in range(3)]
    assert [tuple(one) for one in answers(tmp_path, rows).actions] == [("/items/{id}", "zoom", 3, 2)]


def test_an_empty_window_has_no_visits(tmp_path: Path) -> None:
    found = answers(tmp_path, [view(NOW + timedelta(days=30), "s1", "/")])
    assert (found.totals.rows, found.totals.visits, found.totals.first) == (0, 0, None)
    assert not (found.clients or found.pages or found.paths or found.vitals or found.errors)


def test_more_pages_than_are_told_apart_share_a_name(tmp_path: Path) -> None:
    rows: list[Row] = [view(at(0), f"s{n}", f"/p{n % 1510}") for n in range(3_000)]
    found = answers(tmp_path, rows)
    assert found.totals.visits == 3_000
    assert OTHER_PAGES in {page.label for page in found.pages}


def test_many_people_are_put_together_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [view(at(n % 7), f"s{n % 5}", f"/{n % 3}") for n in range(40)]
    at_once = answers(tmp_path, rows)
    monkeypatch.setattr(rum_sql, "EVENTS_A_TURN", 10)
    assert answers(tmp_path, rows) == at_once
