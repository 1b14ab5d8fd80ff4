"""Whose visit a row belongs to: RUM analysis and journeys put the same visits together."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.production_intelligence.journeys.analysis import journeys
from aqe.agents.production_intelligence.rum.analysis import rum_analysis
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.production.journeys import Journeys
from aqe.core.records.production.rum_analysis import Conversion, RumAnalysis

from .windows import NOW, product_event, stored, view

BEGIN = NOW - timedelta(days=1)


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def both(folder: Path, rows: list[Row]) -> tuple[RumAnalysis, Journeys]:
    window = stored(folder, rows)
    visits, ways = rum_analysis(window).answer, journeys(window).answer
    assert isinstance(visits, RumAnalysis) and isinstance(ways, Journeys)
    return visits, ways


def bought(visits: RumAnalysis) -> int:
    return visits.conversion.visits if isinstance(visits.conversion, Conversion) else 0


Told = tuple[str | None, str | None, int]
"""Session, user, minute."""
Named = tuple[Told, str]
views = st.tuples(
    st.sampled_from([None, "s1", "s2", "ann"]), st.sampled_from([None, "ann", "bob"]), st.integers(0, 200)
)
purchases = st.tuples(
    st.sampled_from([None, "s1", "elsewhere"]), st.sampled_from([None, "ann", "bob"]), st.integers(0, 250)
)


names = st.sampled_from(["purchase", "click", "page_view"])


@given(st.lists(views, min_size=1, max_size=20), st.lists(st.tuples(views, names), max_size=4),
       st.lists(st.tuples(purchases, names), max_size=4))  # fmt: skip
@settings(max_examples=15)
def test_both_come_to_the_same_visits_and_buyers(seen: list[Told], done: list[Named], told: list[Named]) -> None:
    """Sessions with and without users, users without sessions, one called like a session, pauses, clicks that a visit
    goes on with, payments that a server tells.

    Journeys also tell of sessions without any page, RUM analysis of visits without one only as a number.
    """
    seen = [*seen, ("always", None, 0)]
    rows: list[Row] = [view(at(minute), session, "/a", user=user) for session, user, minute in seen]
    rows += [RumRow(at(m), "action", session=session, user=user, name=name) for (session, user, m), name in done]
    rows += [product_event(at(m), name, session, user=user) for (session, user, m), name in told]
    with TemporaryDirectory() as folder:
        visits, ways = both(Path(folder), rows)
    pageless = ways.sessions - visits.counts.visits
    assert 0 <= pageless <= len(done) + len(told)
    converted = ways.outcomes.converted
    assert 0 <= (converted if isinstance(converted, int) else 0) - bought(visits) <= pageless


def test_a_purchase_that_names_its_user_only_belongs_to_the_session_that_the_user_was_in(tmp_path: Path) -> None:
    """A server tells it, which knows no session: during the visit and half an hour after, not later, not of others."""
    rows: list[Row] = [view(at(minute), f"s{user}", page, user=user) for user in ("ann", "bob", "cyd", "dan", "eve")
                       for minute, page in ((0, "/cart"), (10, "/pay"))]  # fmt: skip
    rows += [
        product_event(at(minute), "purchase", user=user, revenue=5.0)
        for user, minute in (("ann", 5), ("bob", 40), ("cyd", 41), ("zoe", 5))
    ]
    visits, ways = both(tmp_path, rows)
    assert (visits.counts.visits, bought(visits)) == (5, 2)
    assert (ways.sessions, ways.outcomes.converted) == (5, 2)
    assert "2 rows of product-events name no session and are left out" in ways.limits


def test_a_product_view_goes_on_with_the_visit_that_real_user_monitoring_began(tmp_path: Path) -> None:
    """It is no second visit and no second step, but a sign that the visit goes on."""
    rows: list[Row] = [view(at(0), "s1", "/a", user="ann"), view(at(50), "s1", "/b", user="ann")]
    rows += [product_event(at(25), "page_view", user="ann", page="/a")]
    _, ways = both(tmp_path, rows)
    assert ways.sessions == 1
