"""Feature usage: who used what, how much that matters, and nothing claimed that was not seen."""

import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.endpoints import endpoint
from aqe.agents.production_intelligence.features.counts import MAX_LISTED
from aqe.agents.production_intelligence.features.coverage import COVERAGE_KEY
from aqe.agents.production_intelligence.features.mapping import FeatureMap
from aqe.agents.production_intelligence.features.usage import feature_usage
from aqe.connectors.formats.quality.coverage_py import CoveragePyJson
from aqe.connectors.formats.quality.lcov import Lcov
from aqe.core.errors import InputError, TaskVetoed
from aqe.core.records.bulk.rows import Row
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.features import FeaturePriority, FeatureReport, FeatureRule, FeatureTrend, FeatureUsage
from aqe.core.records.production.findings import Trend
from aqe.core.records.release import Release
from aqe.core.records.signals import Signal, SignalPart
from aqe.tests.unit.production.windows import NOW, click, loaded, product_event, request, view

YESTERDAY = NOW - timedelta(hours=12)


def found(rows: Iterable[Row], **payload: Any) -> FeatureReport:
    answer = feature_usage(loaded(rows, **{"days": 30, **payload})).answer
    assert isinstance(answer, FeatureReport)
    return answer


def of(report: FeatureReport, name: str) -> FeatureUsage:
    return next(usage for usage in report.features if usage.name == name)


def people(users: int = 1000) -> Iterator[Row]:
    """All search, two of three see products, every fifth saves one, one of 2,000 has the old list."""
    for n in range(users):
        who = {"session": f"s{n}", "user": f"u{n}"}
        at = YESTERDAY + timedelta(seconds=n)
        for _ in range(1 + n % 3):
            yield product_event(at, "search", **who)
        if n % 3:
            yield product_event(at, "page_view", page=f"/products/{n}?q=1", **who)
        if n % 5 == 0:
            yield product_event(at, "save", **who)
    yield product_event(YESTERDAY, "wishlist_v1", session="s0", user="u0")


def test_priority_goes_by_the_share_of_active_users() -> None:
    """Users, sessions and interactions are exact."""
    report = found(people(2_001))
    assert (report.total_users, report.total_sessions, report.users_by) == (2001, 2001, "users and sessions")
    assert {u.name: (u.priority, u.active_users) for u in report.features} == {
        "search": (FeaturePriority.CRITICAL, 2001),
        "products": (FeaturePriority.HIGH, 1334),
        "save": (FeaturePriority.MEDIUM, 401),
        "wishlist_v1": (FeaturePriority.LOW, 1),
    }
    assert of(report, "search").interactions_per_session == 2


def test_removal_needs_every_criterion_and_a_day_of_data_is_not_enough() -> None:
    """What is met, what is not, and what was found."""
    checks = of(found(people(2_001)), "wishlist_v1").deprecation
    assert [check.met for check in checks] == [True, False, True, True]
    assert checks[1].found == "1 day"


def test_a_feature_that_nobody_uses_for_a_month_is_a_candidate() -> None:
    days = (view(NOW - timedelta(days=n, hours=1), f"day{n}", "/shop") for n in range(30))
    report = found([*people(2_001), *days])
    assert of(report, "wishlist_v1").priority is FeaturePriority.DEPRECATED
    assert [insight.id for insight in report.insights] == ["insight-feature-wishlist_v1"]


def test_who_pays_counts_more_than_how_many() -> None:
    rows = [view(YESTERDAY, f"s{n}", "/shop") for n in range(100)]
    report = found([*rows, product_event(YESTERDAY, "checkout", "s1", revenue=20.0)])
    assert of(report, "checkout").priority is FeaturePriority.HIGH
    assert of(report, "shop").conversion_share == pytest.approx(0.01)


def test_a_purchase_that_names_its_user_only_converts_the_session_that_the_user_was_in() -> None:
    """A server tells of it and knows no session; the same rule as for journeys. One told long after is nobody's."""
    rows: list[Row] = [view(YESTERDAY, f"s{n}", "/shop", user=f"u{n}") for n in range(10)]
    late = product_event(YESTERDAY + timedelta(hours=2), "purchase", user="u1", revenue=9.0)
    report = found([*rows, product_event(YESTERDAY + timedelta(minutes=3), "purchase", user="u7", revenue=9.0), late])
    assert of(report, "shop").conversion_share == pytest.approx(0.1)
    lost = of(found([*rows, late]), "shop").conversion_share
    assert isinstance(lost, NotMeasured) and lost.reason.endswith("names no session, and nobody who was seen then")


def test_an_act_that_two_sources_saw_counts_once() -> None:
    """Sessions without a user are users of their own."""
    rows: list[Row] = [view(YESTERDAY, "s1", "/shop/1", user="u1"), view(YESTERDAY, "s1", "/shop/2", user="u1")]
    rows += [product_event(YESTERDAY, "page_view", "s1", page="/shop/1"), view(YESTERDAY, "s2", "/shop")]
    rows += [click(YESTERDAY, "s2"), product_event(YESTERDAY, "page_view", page="/shop")]
    report = found(rows)
    shop = of(report, "shop")
    assert (shop.interactions, shop.active_users, shop.sessions) == (2 + 1 + 1, 2, 2)


def test_aqe_yaml_says_what_belongs_together() -> None:
    """The rest is named after itself; what nobody used is listed as unused."""
    features = {
        "discovery": {"paths": ["/products*"], "events": ["search"]},
        "compare": {"paths": ["/compare*"]},
    }
    report = found(people(300), features=features)
    assert of(report, "discovery").configured and of(report, "discovery").active_users == 300
    assert {u.name for u in report.features} == {"discovery", "save", "wishlist_v1"}
    assert [(u.name, u.last_used, u.observed_days) for u in report.unused] == [("compare", None, 1)]


def test_access_logs_know_addresses_but_no_sessions() -> None:
    rows = [request(YESTERDAY, f"/api/v1/orders/{n}")._replace(client=f"c{n % 4}") for n in range(12)]
    report = found([*rows, request(YESTERDAY, "/static/app.js"), request(YESTERDAY, "/en-GB/")])
    orders = of(report, "orders")
    assert (orders.active_users, orders.interactions, report.users_by) == (4, 12, "client addresses")
    assert isinstance(orders.sessions, NotMeasured) and isinstance(report.total_sessions, NotMeasured)
    assert {u.name for u in report.features} == {"orders", "home"}


def daily_uses(name: str, a_day: int, days: Iterable[int]) -> Iterator[Row]:
    for day in days:
        for n in range(a_day + day % 3):
            yield product_event(NOW - timedelta(days=day + 1) + timedelta(seconds=n), name, f"{name}{day}-{n}")


def test_a_trend_needs_two_windows_and_significance() -> None:
    """What halves is decreasing; what scatters is stable; a season needs months."""
    rows = [*daily_uses("halved", 10, range(14)), *daily_uses("halved", 20, range(14, 28))]
    report = found([*rows, *daily_uses("stable", 10, range(28))], days=14)
    halved, stable = of(report, "halved").trend, of(report, "stable").trend
    assert isinstance(halved, FeatureTrend) and isinstance(stable, FeatureTrend)
    assert (halved.trend, stable.trend) == (Trend.DECREASING, Trend.STABLE)
    assert halved.change_percent == pytest.approx(-47.6, abs=2)
    assert isinstance(of(report, "stable").seasonal_peak, NotMeasured)


def test_the_first_window_has_no_trend() -> None:
    trend = of(found(daily_uses("new", 5, range(14)), days=14), "new").trend
    assert isinstance(trend, NotMeasured) and trend.reason.startswith("insufficient data")


def test_a_season_is_found_once_there_are_months() -> None:
    days = range(0, 200, 4)
    december = [day for day in days if (NOW - timedelta(days=day + 1)).month == 12]
    rows = [*daily_uses("gift", 1, days), *daily_uses("gift", 9, december)]
    peak = of(found(rows), "gift").seasonal_peak
    assert not isinstance(peak, NotMeasured)
    assert peak.month == "2025-12" and peak.factor > 2


def test_coverage_is_not_measured_and_says_why() -> None:
    usage = found(people(50)).features[0]
    assert isinstance(usage.test_coverage, NotMeasured) and "no test-coverage signal" in usage.test_coverage.reason


def covered(*reports: tuple[Any, str]) -> dict[str, Any]:
    """The coverage signal that these reports leave in memory, each read by its own importer."""
    parts: dict[str, SignalPart] = {}
    for importer, text in reports:
        ((kind, part),) = importer.parse(BytesIO(text.encode())).signals
        parts[f"{part.tool} {len(parts)}"] = part
    release = Release(version="1", commit="c", environment="production")
    signal = Signal(kind=kind, release=release, measured_at=NOW, tool="all", parts=parts)
    return {COVERAGE_KEY: signal.to_dict()}


LCOV = """SF:src/search/index.ts\nDA:1,1\nDA:2,0\nend_of_record
SF:src/products.ts\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nend_of_record
SF:src/researches.ts\nDA:1,0\nend_of_record
"""
PYTHON = json.dumps(
    {
        "meta": {"version": "7"},
        "totals": {"covered_lines": 1, "num_statements": 8},
        "files": {
            "shop/save.py": {"summary": {"covered_lines": 1, "num_statements": 4}},
            "src/products.ts": {"summary": {"covered_lines": 0, "num_statements": 4}},
            "shop/broken.py": {"summary": "?"},
        },
    }
)


def test_coverage_of_a_feature_is_that_of_the_files_called_like_it_or_named_in_aqe_yaml() -> None:
    """A folder or a file, not a part of a word; a file of two reports counts with the one that covers less."""
    features = {"save": {"events": ["save"], "code": ["shop/*"]}, "home": {"paths": ["/"]}}
    given = replace(
        loaded(people(50), days=30, features=features), records=covered((Lcov(), LCOV), (CoveragePyJson(), PYTHON))
    )
    report = feature_usage(given).answer
    assert isinstance(report, FeatureReport)
    assert {u.name: u.test_coverage for u in report.features if isinstance(u.test_coverage, float)} == {
        "search": 50.0, "products": 0.0, "save": 25.0,
    }  # fmt: skip
    wishlist = of(report, "wishlist_v1").test_coverage
    assert isinstance(wishlist, NotMeasured) and "`code` under `features`" in wishlist.reason


@pytest.mark.parametrize("signal", [{"kind": "nonsense"}, 7, [], {}])
def test_a_coverage_signal_that_cannot_be_read_is_not_measured(signal: Any) -> None:
    report = feature_usage(replace(loaded(people(50), days=30), records={COVERAGE_KEY: signal})).answer
    assert isinstance(report, FeatureReport)
    assert all(isinstance(usage.test_coverage, NotMeasured) for usage in report.features)


def test_very_many_names_are_bounded() -> None:
    """A scanner's paths push out neither the real ones nor the memory."""
    rows: list[Row] = [request(YESTERDAY, f"/x{n:x}q") for n in range(8_000)]
    report = found([*rows, *(request(YESTERDAY, "/shop") for _ in range(50))])
    assert report.features[0].name == "shop" or of(report, "shop").interactions == 50
    assert len(report.features) <= MAX_LISTED and report.unlisted > 5_000


def test_features_that_are_displaced_take_no_memory() -> None:
    """8,000 of them, each with its days, would take 26 MB; 2,000 are kept at a time."""
    given = loaded([request(YESTERDAY, f"/x{n:x}q") for n in range(8_000)], days=30)
    tracemalloc.start()
    try:
        feature_usage(given)
        assert tracemalloc.get_traced_memory()[1] < 22e6
    finally:
        tracemalloc.stop()


def test_nothing_at_all_is_one_sentence() -> None:
    with pytest.raises(TaskVetoed, match="no product events, page views or requests"):
        found([])


@pytest.mark.parametrize("features", [["a"], {"a": {"path": ["/x"]}}])
def test_rules_that_are_none_are_told(features: object) -> None:
    with pytest.raises(InputError, match="feature"):
        found(people(1), features=features)


@pytest.mark.parametrize(
    ("event", "path", "name"),
    [
        (None, "/", "home"), (None, "/api/v2/carts/17/items", "carts"), (None, "/logo.PNG?x", None),
        ("add_to_cart", "/p/1", "add_to_cart"), ("$pageview", "/p/1", "p"), ("a\x1b[2J\nb", None, "a [2J b"),
        (None, None, None), ("Screen View", None, None), (None, "/x" * 4_000, "x"),
    ],
)  # fmt: skip
def test_what_is_not_configured_is_named_after_its_event_or_path(
    event: str | None, path: str | None, name: str | None
) -> None:
    assert FeatureMap({}).of(event, path) == name


WORDS = st.sampled_from(
    ["", "api", "v2", "v2000", "en-US", "items", "17", "prod_9", "3f2a9c1b7d", "<token:3f2a9c1b>", "a.css", "b.Mjs",
     ".x", "{id}", "\u0661", "\x1b", "home", "a b"]
)  # fmt: skip


@given(st.lists(WORDS | st.text("aZ19-_%<>:?#é\n", max_size=9), max_size=6).map("/".join))
def test_a_path_is_named_after_the_first_word_of_its_endpoint(path: str) -> None:
    """What is remembered of words, and where it is cut off, change nothing."""
    bare = re.split("[?#]", path)[0]
    static = re.search(r"\.(css|mjs)\Z", bare, re.IGNORECASE)
    said_by = r"(?!(?:api|v\d{1,3}|\{id\}|[a-z]{2}[-_][A-Za-z]{2})\Z)(?=.)"
    words = [word for word in endpoint(path).split("/") if re.match(said_by, word, re.ASCII | re.DOTALL)]
    name = "".join(c if c.isprintable() else " " for c in [*words, "home"][0])
    expected = None if static or not bare else " ".join(name.split()) or None
    assert FeatureMap({}).of(None, path) == expected


def test_a_rule_is_about_paths_without_their_query() -> None:
    features = FeatureMap({"pay": FeatureRule(paths=("/pay*",), events=("pay_*",))})
    assert features.of(None, "/shop?next=/pay") == "shop"
    assert features.of("pay_now", None) == features.of(None, "/pay/1?x") == "pay"


def test_a_window_is_dated() -> None:
    report = found(people(5))
    assert report.window_to == NOW and report.features[0].last_used == YESTERDAY.date()
    assert isinstance(report.window_from, datetime)
