"""User journeys: known visitors are found again, and nothing of few people is told. On files: SQL reads the rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.production_intelligence.journeys.analysis import journeys
from aqe.cli.production.journey_graph import dot, mermaid
from aqe.cli.production.journeys import journeys_text
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.journeys import JOURNEYS_KEY, Conformance, Journeys, Outcome
from aqe.tests.unit.production.windows import NOW, product_event, request, stored, view

BEGIN = NOW - timedelta(days=3)


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def visit(
    session: str, pages: Sequence[str], *, user: str | None = None, begin: float = 0, gap: float = 10
) -> list[RumRow]:
    """Views of these pages, one every `gap` seconds."""
    return [view(after(begin + gap * n), session, page, user=user) for n, page in enumerate(pages)]


def crowd(pages: Sequence[str], people: int, *, name: str = "s", **how: Any) -> list[RumRow]:
    return [row for n in range(people) for row in visit(f"{name}{n}", pages, **how)]


def found(
    folder: Path, rows: Sequence[Row], *, now: datetime = NOW, model: Journeys | None = None, **payload: Any
) -> Journeys:
    window = stored(folder, rows, now=now, **payload)
    records = {} if model is None else {JOURNEYS_KEY: model.to_dict()}
    outcome = journeys(replace(window, records=records))
    answer = outcome.stores[JOURNEYS_KEY]
    assert isinstance(answer, Journeys) and answer == outcome.answer
    return answer


def ways(of: Journeys) -> dict[str, int]:
    """Journey as text -> its sessions."""
    titles = {step.id: step.title for step in of.steps}
    return {" > ".join(titles[step] for step in one.steps): one.sessions for one in of.journeys}


def edges(of: Journeys) -> dict[tuple[str, str], int]:
    titles = {step.id: step.title for step in of.steps}
    return {(titles[edge.source], titles[edge.target]): edge.times for edge in of.edges}


VISITORS = {
    ("/", "/search", "/product/{id}", "/cart", "/checkout"): 0.30,
    ("/", "/category", "/product/{id}"): 0.25,
    ("/blog",): 0.25,
    ("/", "/account", "/orders", "/account"): 0.15,
    ("/help", "/contact"): 0.05,
}
"""What a visitor does -> how likely."""


def visitors(random: Random, count: int) -> tuple[list[Row], Counter[tuple[str, ...]]]:
    """Visits of these kinds, with ids and pauses of their own, all at once; and how many of each there are."""
    rows: list[Row] = []
    drawn: Counter[tuple[str, ...]] = Counter()
    for n in range(count):
        (way,) = random.choices(list(VISITORS), list(VISITORS.values()))
        drawn[way] += 1
        at = random.uniform(0, 86_400)
        for page in way:
            rows.append(
                view(after(at), f"s{n}", page.replace("{id}", str(random.randint(1, 10**6))), user=f"u{n % 700}")
            )
            at += random.expovariate(1 / 30)
    return rows, drawn


def test_the_ways_of_known_visitors_are_found_with_how_likely_they_are(tmp_path: Path) -> None:
    """Nothing but the planted ways is found, and each as often as it was drawn; its likelihood lies in the interval."""
    rows, drawn = visitors(Random(1), 2_000)
    of = found(tmp_path, rows)
    titles = {step.id: step.title for step in of.steps}
    told = {tuple(titles[step] for step in one.steps): one for one in of.journeys}
    assert {way: one.sessions for way, one in told.items()} == drawn
    for way, likely in VISITORS.items():
        assert told[way].share.low <= likely <= told[way].share.high, way
    assert (of.sessions, of.users, of.users_by, of.journeys_withheld) == (2_000, 700, "users", 0)


def test_think_times_are_the_planted_ones(tmp_path: Path) -> None:
    """Within the 1 % of the buckets: pauses of 1 to 100 seconds after a page."""
    rows = [r for n in range(1, 101) for r in visit(f"s{n}", ("/a", "/b"), gap=n)]
    (edge,) = found(tmp_path, rows).edges
    assert edge.pause.p50_s == pytest.approx(50, rel=0.011)
    assert edge.pause.p75_s == pytest.approx(75, rel=0.011)
    assert edge.pause.p95_s == pytest.approx(95, rel=0.011)
    assert edge.pause.idle_p50_s is None


def test_time_spent_on_a_page_is_told_from_idling(tmp_path: Path) -> None:
    rows: list[Row] = []
    for n in range(5):
        rows += [view(after(0), f"s{n}", "/a", duration_ms=4_000.0), view(after(10), f"s{n}", "/b")]
    (edge,) = found(tmp_path, rows).edges
    assert edge.pause.p50_s == pytest.approx(10, rel=0.011)
    assert edge.pause.idle_p50_s == pytest.approx(6, rel=0.011)


def test_a_step_repeated_in_a_row_is_one_and_told_twice_is_once(tmp_path: Path) -> None:
    """Whatever order the rows come in; later visits of the same page are steps again."""
    rows = crowd(("/a", "/a", "/b", "/b", "/a"), 5)
    of = found(tmp_path, [*rows, *rows][::-1])
    assert ways(of) == {"/a > /b > /a": 5}
    assert edges(of) == {("/a", "/b"): 5, ("/b", "/a"): 5}
    assert of.events == 25


def test_half_an_hour_without_a_sign_ends_a_session(tmp_path: Path) -> None:
    """One second less does not."""
    rows = [*crowd(("/a", "/b"), 5, gap=1_800), *crowd(("/c", "/d"), 5, name="t", gap=1_801)]
    assert ways(found(tmp_path, rows)) == {"/a > /b": 5, "/c": 5, "/d": 5}


def test_without_sessions_users_are_put_together(tmp_path: Path) -> None:
    rows = [row._replace(session=None, user=row.session) for row in crowd(("/a", "/b"), 5)]
    of = found(tmp_path, rows)
    assert (ways(of), of.users_by) == ({"/a > /b": 5}, "users")
    assert any("name no session" in limit for limit in of.limits)


def test_who_logs_in_halfway_is_one_person(tmp_path: Path) -> None:
    """Five visits of one user are no crowd, whether all rows name them or not."""
    rows: list[Row] = []
    for n in range(5):
        rows += [*visit(f"s{n}", ("/a",)), *visit(f"s{n}", ("/b",), user="u", begin=20)]
    of = found(tmp_path, rows)
    assert (of.sessions, of.users, of.journeys, of.journeys_withheld, of.sessions_withheld) == (5, 1, (), 1, 5)


def test_how_sessions_ended_and_what_they_paid(tmp_path: Path) -> None:
    """A purchase comes before an error, that before a single step; a payment told twice is one."""
    rows: list[Row] = []
    for n in range(5):
        rows += visit(f"buys{n}", ("/cart", "/pay"))
        rows += [product_event(after(15), "purchase", f"buys{n}", revenue=20.0, currency="EUR")] * 2
        rows += [RumRow(after(16), "error", session=f"buys{n}", page="/pay")]
        rows += [*visit(f"fails{n}", ("/cart", "/pay")), RumRow(after(11), "error", session=f"fails{n}", page="/pay")]
        rows += [*visit(f"bounces{n}", ("/",)), *visit(f"leaves{n}", ("/", "/cart"))]
    of = found(tmp_path, rows)
    ends = of.outcomes
    assert (ends.converted, ends.errors, ends.bounced, ends.abandoned) == (5, 5, 5, 5)
    assert (ends.revenue, ends.currency) == (100.0, "EUR")
    paying = next(one for one in of.journeys if one.sessions == 10)
    assert (paying.converted, paying.errors, paying.revenue) == (5, 5, 100.0)
    assert {one.outcome for one in of.journeys} == {Outcome.CONVERTED, Outcome.BOUNCED, Outcome.ABANDONED}


def test_what_nothing_tells_is_not_measured(tmp_path: Path) -> None:
    ends = found(tmp_path, crowd(("/a", "/b"), 5)).outcomes
    for unknown in (ends.converted, ends.errors, ends.abandoned, ends.revenue):
        assert isinstance(unknown, NotMeasured) and unknown.reason
    assert ends.bounced == 0


@pytest.mark.parametrize("goal", ["/order/done", "signed up"])
def test_a_goal_is_a_page_or_an_event(tmp_path: Path, goal: str) -> None:
    rows = [*crowd(("/a", "/order/done"), 6), *crowd(("/a", "/b"), 4, name="t")]
    rows += [RumRow(after(5), "action", session=f"s{n}", page="/a", name="signed up") for n in range(6)]
    assert found(tmp_path, rows, goal=goal).outcomes.converted == 6


def test_what_few_people_paid_is_not_told(tmp_path: Path) -> None:
    paid = [product_event(after(5), "purchase", f"s{n}", revenue=10.0) for n in range(4)]
    of = found(tmp_path, [*crowd(("/a", "/b"), 9), *paid])
    assert isinstance(of.outcomes.revenue, NotMeasured) and of.journeys[0].revenue is None


def test_actions_are_steps_at_their_page_or_none(tmp_path: Path) -> None:
    rows: list[Row] = []
    for n in range(5):
        rows += visit(f"s{n}", ("/product/17", "/cart"))
        rows += [RumRow(after(5), "action", session=f"s{n}", page="/product/17?color=red", name="Add to cart")]
    of = found(tmp_path, rows)
    assert ways(of) == {"/product/{id} > Add to cart @ /product/{id} > /cart": 5}
    walked = [
        (step.action, step.path, step.example_path, edge and edge.users) for step, edge in of.walk(of.journeys[0])
    ]
    product = ("/product/{id}", "/product/1")
    assert walked == [(None, *product, 5), ("Add to cart", *product, 5), (None, "/cart", "/cart", None)]
    assert ways(found(tmp_path, rows, actions=False)) == {"/product/{id} > /cart": 5}


def test_a_group_has_the_path_that_enough_people_saw(tmp_path: Path) -> None:
    """And none where every one saw another."""
    rows = [view(after(0), f"s{n}", "/shop/cart", page_group="Cart") for n in range(5)]
    rows += [view(after(9), f"s{n}", f"/of/{'abcdefgh'[n]}", page_group="Profile") for n in range(5)]
    paths = {step.page: (step.path, step.example_path) for step in found(tmp_path, rows).steps}
    assert paths == {"Cart": ("/shop/cart", "/shop/cart"), "Profile": (None, None)}


def test_product_events_alone_are_journeys_and_beside_real_users_only_payments(tmp_path: Path) -> None:
    events: list[Row] = []
    for n in range(5):
        events += [
            product_event(after(0), "page_view", f"s{n}", page="/a"),
            product_event(after(9), "add_to_cart", f"s{n}"),
        ]
    assert ways(found(tmp_path / "alone", events)) == {"/a > add_to_cart": 5}
    assert ways(found(tmp_path / "beside", [*events, *crowd(("/a", "/cart"), 5)])) == {"/a > /cart": 5}


def test_a_time_on_a_page_that_no_page_takes_is_none(tmp_path: Path) -> None:
    """Rows of an older import may hold anything; nothing breaks on it."""
    rows: list[Row] = [row._replace(duration_ms=1e308) for row in crowd(("/a", "/cart"), 5)]
    assert ways(found(tmp_path, rows)) == {"/a > /cart": 5}


def test_logged_requests_that_name_sessions_are_the_last_resort(tmp_path: Path) -> None:
    """Their failures end sessions; access logs alone name nobody, and that is said."""
    rows: list[Row] = [
        LogRow(after(9 * at), "INFO", "", request_method="GET", request_path=path, status=status, session=f"s{n}")
        for n in range(5)
        for at, (path, status) in enumerate((("/orders/7", 200), ("/pay", 503)))
    ]
    of = found(tmp_path / "logs", rows)
    assert ways(of) == {"GET /orders/{id} > GET /pay": 5}
    assert (of.outcomes.errors, of.journeys[0].outcome, of.steps[0].example_path) == (5, "error", "/orders/1")


def test_access_logs_are_journeys_of_addresses_with_a_browser_and_said_to_be_an_approximation(tmp_path: Path) -> None:
    """What a page brings with it and robots are left out; rows without an address are counted as ignored."""
    ways_of = {"<ip:0000000{}>": ("/shop/7", "/logo.PNG?v=1", "/app.js", "/cart"), "": ("/shop/1",)}
    rows: list[Row] = [
        request(after(9 * at), path)._replace(client=client.format(n) or None, user_agent=agent)
        for n in range(5)
        for agent in ("Firefox", "Safari")
        for client, paths in ways_of.items()
        for at, path in enumerate(paths)
    ]
    rows += [request(after(n), "/admin")._replace(client=f"c{n}", user_agent="Googlebot/2.1") for n in range(9)]
    of = found(tmp_path, rows)
    assert ways(of) == {"GET /shop/{id} > GET /cart": 10}
    assert (of.sources, of.users, of.users_by) == (("access",), 10, "address and browser, an approximation")
    assert "10 rows of access name no client and are left out" in of.limits
    assert any("one person is an approximation" in limit for limit in of.limits)


def test_nothing_that_says_who_did_it_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(TaskVetoed, match="name a session, user or address"):
        found(tmp_path, [request(after(0), "/a")])


def test_people_leave_where_errors_are_and_that_is_said_as_an_inference(tmp_path: Path) -> None:
    rows = [*crowd(("/cart", "/done"), 60, name="good"), *crowd(("/cart",), 30, name="bad")]
    rows += [RumRow(after(3), "error", session=f"bad{n}", page="/cart") for n in range(25)]
    of = found(tmp_path, rows)
    drop = next(one for one in of.drop_offs if one.sessions == 90)
    assert (drop.left, drop.error_share_left, drop.error_share_stayed) == (30, 25 / 30, 0.0)
    assert drop.reason is not None and drop.reason.startswith("inference")
    assert [insight.title for insight in of.insights] == ["People leave at /cart after errors"]


def test_new_sessions_are_held_against_the_known_model(tmp_path: Path) -> None:
    """Half of them take a way that it does not have; the interval of the share holds the planted one."""
    known = found(tmp_path / "known", crowd(("/a", "/b", "/c"), 200))
    assert isinstance(known.conformance, NotMeasured) and known.replay.value == 1.0
    later = NOW + timedelta(days=1)
    day = (later - BEGIN).total_seconds() - 40_000
    rows = [*crowd(("/a", "/b"), 50, begin=day, name="t"), *crowd(("/a", "/new", "/c"), 50, begin=day, name="u")]
    rows += [*crowd(("/a", "/c"), 4, begin=day, name="few")]
    of = found(tmp_path / "new", rows, now=later, model=known)
    told = of.conformance
    assert isinstance(told, Conformance)
    assert (told.sessions, told.expected.value, told.new_edges_withheld) == (104, 1.0, 1)
    assert told.replay.low < 0.5 < told.replay.high and told.difference_high < -0.3
    assert {(e.source_title, e.target_title, e.sessions) for e in told.new_edges} == {
        ("/a", "/new", 50),
        ("/new", "/c", 50),
    }
    assert [insight.id for insight in of.insights] == ["insight-journeys-conformance"]
    again = found(tmp_path / "none", rows, now=later, model=of).conformance
    assert isinstance(again, NotMeasured) and "no session began after" in again.reason


def test_a_known_model_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    """Of another version, or somebody else's: no run fails because of it."""
    window = stored(tmp_path, crowd(("/a",), 5))
    answer = journeys(replace(window, records={JOURNEYS_KEY: {"what": 1}})).answer
    assert isinstance(answer, Journeys) and isinstance(answer.conformance, NotMeasured)


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4)), max_size=30),
    st.integers(2, 4),
)
def test_nothing_that_few_people_did_is_ever_told(sessions: list[tuple[int, list[str]]], least: int) -> None:
    """Pages, ways, beginnings and people: in nothing that is stored or shown, whoever did it how often."""
    rows = crowd(("/common", "/crowd"), 5, name="crowd")
    seen: dict[Any, set[str]] = {}
    for n, (person, letters) in enumerate(sessions):
        pages = [f"/rare-{letter}-page" for letter in letters]
        rows += visit(f"session-{n}", pages, user=f"person-{person}")
        collapsed = tuple(page for at, page in enumerate(pages) if at == 0 or pages[at - 1] != page)
        for thing in (collapsed, ("begin", collapsed[0]), ("end", collapsed[-1]), *collapsed, *_pairs(collapsed)):
            seen.setdefault(thing, set()).add(f"person-{person}")
    with TemporaryDirectory() as folder:
        of = found(Path(folder), rows, minUsers=least)
    text = "\n".join((of.to_json(), journeys_text(of), dot(of), mermaid(of)))
    assert "person-" not in text and "session-" not in text
    for letter in "abcdef":
        page = f"/rare-{letter}-page"
        assert (page in text) == (len(seen.get(page, ())) >= least)
    titles = {step.id: step.title for step in of.steps}
    for one in of.journeys:
        assert one.users >= least and _told(tuple(titles[step] for step in one.steps), seen, least)
    for edge in of.edges:
        assert edge.users >= least and _told(("way", titles[edge.source], titles[edge.target]), seen, least)
    for step in of.steps:
        assert not step.entries or _told(("begin", step.title), seen, least)
        assert not step.exits or _told(("end", step.title), seen, least)


def _pairs(pages: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for source, target in pairwise(pages):
        yield "way", source, target


def _told(thing: tuple[str, ...], seen: dict[Any, set[str]], least: int) -> bool:
    """Of rare pages only: "(other)" stands for several."""
    rare = all(part.startswith("/rare") for part in thing if part not in ("way", "begin", "end"))
    return not rare or len(seen.get(thing, ())) >= least


def test_thousands_of_pages_of_one_visitor_each_are_one_step(tmp_path: Path) -> None:
    names = ("".join(letters) for letters in product("abcdefghijklmno", repeat=3))
    rows = [r for n, name in zip(range(3_000), names, strict=False) for r in visit(f"s{n}", ("/", f"/x{name}", "/end"))]
    of = found(tmp_path, rows)
    assert ways(of) == {"/ > (other) > /end": 3_000}


def test_a_session_of_thousands_of_events_is_cut_and_said_to_be(tmp_path: Path) -> None:
    rows = crowd([f"/{'abc'[n % 3]}" for n in range(1_000)], 5, gap=1)
    of = found(tmp_path, rows)
    (one,) = of.journeys
    assert (one.cut, len(one.steps), one.sessions, edges(of)["/a", "/b"]) == (True, 30, 5, 5 * 333)


def test_hostile_names_stay_text_in_every_picture(tmp_path: Path) -> None:
    name = '"]; evil --> x["\n<script>`\\'
    rows = [RumRow(after(n), "action", session=f"s{n}", page="/a", name=name) for n in range(5)]
    of = found(tmp_path, [*rows, *crowd(("/a", "/b"), 5)])
    step = next(s for s in of.steps if s.action)
    assert step.action == name
    drawn = mermaid(of)
    assert '"]; evil' not in drawn and "<script>" not in drawn
    assert '\\"]; evil --> x[\\"' in dot(of)


@pytest.mark.parametrize("payload", [{"minUsers": 1}, {"minUsers": True}, {"goal": ""}, {"actions": "no"}])
def test_what_the_payload_must_not_be_is_named(tmp_path: Path, payload: dict[str, Any]) -> None:
    with pytest.raises(TaskVetoed, match=next(iter(payload))):
        found(tmp_path, crowd(("/a",), 5), **payload)
