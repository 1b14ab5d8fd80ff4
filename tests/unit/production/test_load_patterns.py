"""Load patterns: what the rows show, and "not measured" where they show too little."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.load.patterns import load_patterns
from aqe.agents.production_intelligence.load.traffic import LISTED_ENDPOINTS
from aqe.cli.production.load import load_text
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.apm import SpanRow
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.load import (
    Arrivals,
    ClassName,
    DailyPattern,
    Growth,
    LoadModel,
    LoadPatterns,
    UserClasses,
)
from aqe.tests.unit.production.windows import NOW, click, loaded, product_event, request, view


def days(count: int, *, growth: float = 0.0, every: int = 1) -> Iterator[AccessRow]:
    """Whole days before NOW: one request a minute, ten at noon; Sundays without the ten; growth a week."""
    for minute in (*range(0, count * 1440, every), count * 1440 - 1):
        at = NOW - timedelta(days=count) + timedelta(minutes=minute)
        noon = at.hour == 12 and at.weekday() != 6
        for n in range(round((10 if noon else 1) * (1 + growth) ** (minute // 10_080))):
            yield request(at + timedelta(seconds=n), "/noon" if noon else f"/item/{minute}?x=1")


def found(rows: Iterator[Row], **payload: Any) -> LoadPatterns:
    answer = load_patterns(loaded(rows, days=3000, **payload)).answer
    assert isinstance(answer, LoadPatterns)
    return answer


def test_hours_weekdays_peak_and_mix_of_two_weeks() -> None:
    """Each with the number of days behind it; ids are taken out of the paths."""
    patterns = found(days(14))
    assert (patterns.whole_days, patterns.observed_days, patterns.source) == (14, 14, "access")
    assert isinstance(patterns.daily, DailyPattern)
    assert patterns.daily.peak_hours == (12,)
    assert [(h.rps, h.days) for h in patterns.daily.hourly if h.hour in (0, 12)] == [(1 / 60, 14), (1 / 6, 14)]
    assert isinstance(patterns.weekly, tuple)
    assert [(d.weekday, d.weeks) for d in patterns.weekly][5:] == [("saturday", 2), ("sunday", 2)]
    assert patterns.weekly[6].rps == pytest.approx(1 / 60, rel=1e-3)
    assert (patterns.peak.rps, patterns.peak.second_rps) == (10 / 60, 1)
    assert [(e.method, e.path) for e in patterns.mix.endpoints] == [("GET", "/item/{id}"), ("GET", "/noon")]
    assert sum(e.share for e in patterns.mix.endpoints) == pytest.approx(1)


def test_the_model_is_a_day_in_at_most_twelve_ramps_with_its_peak() -> None:
    model = found(days(3)).model
    assert isinstance(model, LoadModel)
    assert len(model.ramps) <= 12
    assert sum(ramp.duration_s for ramp in model.ramps) == 1439 * 60
    assert model.peak_rps == 10 / 60 and model.peak_error == 0
    assert all(a.end_rps == b.start_rps for a, b in zip(model.ramps, model.ramps[1:], strict=False))


def test_three_days_have_no_weekly_profile_no_growth_and_no_season() -> None:
    """And say why."""
    patterns = found(days(3))
    for part in (patterns.weekly, patterns.growth, patterns.seasonal):
        assert isinstance(part, NotMeasured)
        assert part.reason.startswith("insufficient data")
    assert patterns.to_dict()["weekly"]["value"] is None


def test_growth_is_found_with_an_interval_around_it() -> None:
    """Counts are whole numbers, so that it is not exact."""
    growth = found(days(42, growth=0.2, every=30)).growth
    assert isinstance(growth, Growth)
    assert growth.weeks == 6
    assert growth.low_percent < growth.weekly_percent < growth.high_percent
    assert 10 < growth.weekly_percent < 30


def test_a_day_without_an_import_is_no_day_without_traffic() -> None:
    """Neither is the time before the first and after the last row."""
    hole = NOW - timedelta(days=1)
    patterns = found(row for row in days(3) if row.at >= hole or row.at < hole - timedelta(hours=40))
    assert isinstance(patterns.daily, DailyPattern)
    assert patterns.observed_days == 2 and patterns.whole_days == 1
    assert all(hour.rps > 0 for hour in patterns.daily.hourly)


def test_the_silence_of_every_night_does_not_make_a_day_half_seen() -> None:
    """Of a shop that nobody visits from 23 to 7; the morning before the log began is not known all the same."""
    begin = NOW - timedelta(days=4)
    rows = [row for row in days(4) if 7 <= row.at.hour < 23 and row.at >= begin + timedelta(hours=16)]
    patterns = found(iter(rows))
    assert (patterns.observed_days, patterns.whole_days) == (4, 3)


@pytest.mark.parametrize(("every_s", "process"), [(1, "regular"), (0, "bursty")])
def test_clockwork_and_bursts_are_no_poisson_process(every_s: int, process: str) -> None:
    """Twenty requests each minute, or forty each second minute, seconds apart or at once."""
    start = NOW - timedelta(hours=3)
    rows = (
        request(start + timedelta(minutes=minute, seconds=n * every_s))
        for minute in range(180)
        for n in range(20 if every_s else 40 * (minute % 2))
    )
    arrivals = found(rows).arrivals
    assert isinstance(arrivals, Arrivals)
    assert arrivals.process == process


def shop() -> Iterator[RumRow]:
    """Of ten visitors four leave after a moment, six look around; every third of these buys."""
    for n in range(200):
        at = NOW - timedelta(days=1) + timedelta(minutes=n)
        for step in range(1 if n % 10 < 4 else 4 + n % 5):
            yield view(at + timedelta(seconds=30 * step), f"s{n}", f"/p/{step}", duration_ms=4_000.0 + 500 * (n % 4))
        if n % 10 >= 4:
            yield click(at + timedelta(seconds=40), f"s{n}")
            if n % 3 == 0:
                yield click(at + timedelta(seconds=90), f"s{n}", "Order Completed")


def test_visitors_are_told_apart_by_what_they_did() -> None:
    users = found(shop()).users
    assert isinstance(users, UserClasses)
    shares = {c.name: c.share for c in users.classes}
    assert shares[ClassName.BOUNCER] == pytest.approx(0.4, abs=0.02)
    assert shares[ClassName.BUYER] == pytest.approx(0.2, abs=0.01)
    assert sum(shares.values()) == pytest.approx(1)
    assert users.method == "mixture" and users.buyers_by == "purchase events"
    assert users.agreement == pytest.approx(1) and users.accuracy.reason
    browser = next(c for c in users.classes if c.name is ClassName.BROWSER)
    assert browser.think_s == pytest.approx(30, abs=0.1) and browser.actions == pytest.approx(1, abs=0.1)


def test_each_weekday_has_its_own_share_of_sessions_that_bought() -> None:
    monday = NOW - timedelta(days=NOW.weekday() + 7)
    rows = [
        row
        for day, buyers in ((0, 3), (1, 1))
        for n in range(10)
        for row in (
            view(monday + timedelta(days=day, minutes=n), f"s{day}-{n}", "/"),
            *([click(monday + timedelta(days=day, minutes=n), f"s{day}-{n}", "Order Completed")] if n < buyers else []),
        )
    ]
    users = found(iter(rows)).users
    assert isinstance(users, UserClasses)
    assert [(one.weekday, one.sessions, one.share) for one in users.weekly] == [
        ("monday", 10, 0.3),
        ("tuesday", 10, 0.1),
    ]
    assert all(one.low < one.share < one.high for one in users.weekly)


def test_without_a_recorded_purchase_there_are_no_buyers_and_the_result_says_so() -> None:
    users = found(row for row in shop() if row.name != "Order Completed").users
    assert isinstance(users, UserClasses)
    assert users.buyers_by == "nothing" and ClassName.BUYER not in {c.name for c in users.classes}
    assert users.weekly == ()


def test_what_monitoring_and_product_analytics_both_saw_counts_once() -> None:
    """The purchase comes from either; NaN is no revenue."""
    at = NOW - timedelta(hours=1)
    rows: list[Row] = [view(at, "s1"), view(at + timedelta(seconds=9), "s1", "/b")]
    rows += [product_event(at, "page_view", "s1"), product_event(at, "purchase", "s1", revenue=30.0)]
    rows += [product_event(at, "Thing", "s1", revenue=float("nan")), product_event(at, "page_view", "s2")]
    users = found(iter(rows)).users
    assert isinstance(users, UserClasses)
    buyer = next(c for c in users.classes if c.name is ClassName.BUYER)
    assert (buyer.views, buyer.revenue, buyer.sessions) == (2, 30, 1)
    assert users.sessions == 2


def test_a_purchase_that_names_a_user_only_is_of_the_session_in_which_that_user_was_seen() -> None:
    """Once, and of nobody who was not there."""
    at = NOW - timedelta(hours=5)
    rows: list[Row] = [
        view(at, "s1", user="u1"),
        view(at + timedelta(hours=2), "s2", user="u1"),
        view(at, "s3", user="u2"),
    ]
    rows += [product_event(at + timedelta(minutes=9), "purchase", user="u1", revenue=30.0)]
    rows += [product_event(at + timedelta(hours=1), "purchase", user="u1", revenue=5.0), product_event(at, "purchase")]
    users = found(iter(rows)).users
    assert isinstance(users, UserClasses)
    buyer = next(c for c in users.classes if c.name is ClassName.BUYER)
    assert (buyer.sessions, buyer.revenue, users.sessions) == (1, 30, 3)


def test_traces_count_by_their_first_span() -> None:
    def spans() -> Iterator[SpanRow]:
        for n in range(60):
            at = NOW - timedelta(hours=1) + timedelta(minutes=n)
            yield SpanRow(
                at,
                5.0,
                f"t{n}",
                "a",
                None,
                "shop",
                "GET /",
                "server",
                False,
                request_method="GET",
                request_path="/x",
                status=500 if n < 6 else 200,
            )
            yield SpanRow(at, 4.0, f"t{n}", "b", "a", "db", "select", "client", False)

    patterns = found(spans())
    assert (patterns.source, patterns.total) == ("spans", 60)
    assert patterns.mix.endpoints[0].error_share == pytest.approx(0.1)


def test_clients_that_gave_up_have_a_column_of_their_own() -> None:
    """499 is neither a refusal nor an error; where nobody writes it, there is no column."""
    rows = [request(NOW - timedelta(minutes=n), status=499 if n < 5 else 404 if n < 7 else 200) for n in range(20)]
    patterns = found(iter(rows))
    (one,) = patterns.mix.endpoints
    assert (one.error_share, one.refused_share, one.gave_up_share) == (0, 0.1, 0.25)
    assert "GAVE UP (499)" in load_text(patterns) and "25 %" in load_text(patterns)
    assert "GAVE UP" not in load_text(found(row for row in rows if row.status != 499))


def test_an_empty_window_is_one_clear_sentence() -> None:
    with pytest.raises(TaskVetoed, match="no requests, spans or page views"):
        load_patterns(loaded([]))


def test_an_old_log_is_told_with_the_window_that_reaches_it() -> None:
    """Bulk data keeps its own times: who imports last year's log has rows, and none in the last days."""
    old = [request(NOW - timedelta(days=400, hours=n)) for n in range(100)]
    with pytest.raises(TaskVetoed, match=r"those there are from .*: --days 405 reaches them"):
        load_patterns(loaded(old, days=30))
    assert load_patterns(loaded(old, days=405)).answer is not None


@pytest.mark.parametrize(
    ("payload", "words"), [({"source": "acces"}, "did you mean 'access'"), ({"days": 1e12}, "at most")]
)
def test_nonsense_in_a_task_is_told(payload: dict[str, Any], words: str) -> None:
    with pytest.raises(TaskVetoed, match=words):
        load_patterns(loaded([], **payload))


def test_hostile_paths_and_clocks_are_survived() -> None:
    """Many paths that differ, kilobytes long ones, times that go backwards and one far in the past."""
    rows = [request(NOW - timedelta(seconds=n % 977), f"/{n:x}z{'a' * (n % 3000)}/\x1b[2J") for n in range(9_000)]
    rows.append(request(NOW - timedelta(days=2000)))
    patterns = found(iter(rows))
    assert patterns.total == 9_001
    assert len(patterns.mix.endpoints) == LISTED_ENDPOINTS
    assert len(patterns.to_json()) < 100_000
