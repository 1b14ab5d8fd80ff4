"""A recorded day as a load test: its shape, its mix, what is left out, and limits that mean something."""

import re

import numpy as np
import pytest

from aqe.agents.production_intelligence.load.plan import FALSE_ALARM, plan_load_test
from aqe.analysis.inference.run_limits import level_for, most_failures
from aqe.core.errors import InputError
from aqe.core.records.production.load import EndpointShare
from aqe.core.records.production.load_test import LoadLimit, LoadTest
from aqe.tests.unit.production.load_models import DAY, SHOP, a_mix, a_model


def limit(test: LoadTest, figure: str, endpoint: str | None = None) -> LoadLimit | None:
    return next((found for found in test.limits if (found.figure, found.endpoint) == (figure, endpoint)), None)


def test_the_day_is_pressed_into_the_asked_time_with_the_asked_peak() -> None:
    """As many stages as ramps; the rates keep their proportions; a night without traffic stays one."""
    test = plan_load_test(a_model(), duration_s=600, peak_rps=120)
    assert [stage.end_rps for stage in test.stages] == [4, 20, 120, 20, 0]
    assert sum(stage.duration_s for stage in test.stages) == pytest.approx(600)
    assert (test.start_rps, test.peak_rps) == (4, 120)
    ends = [test.start_rps, *(stage.end_rps for stage in test.stages)]
    area = sum((a + b) / 2 * s.duration_s for a, b, s in zip(ends, ends[1:], test.stages, strict=False))
    assert test.planned == int(area)


def test_a_peak_of_minutes_is_held_long_enough_to_hurt() -> None:
    """Pressed into ten minutes it would be over in half a second; in real time nothing is stretched."""
    test = plan_load_test(a_model(), duration_s=600)
    assert 20 < test.stages[2].duration_s <= 25
    assert any("would be over in 0.67 s" in note for note in test.notes)
    whole = sum(seconds for _, _, seconds in DAY)
    real = plan_load_test(a_model(), duration_s=whole)
    assert [stage.duration_s for stage in real.stages] == [seconds for _, _, seconds in DAY]


def test_only_what_changes_nothing_is_asked_for_unless_told_otherwise() -> None:
    """The shares of the rest make up the whole, and the share left out is said."""
    safe = plan_load_test(a_model(), duration_s=60)
    assert [(r.method, r.path) for r in safe.requests] == [
        ("GET", "/api/products/{products}"),
        ("GET", "/"),
        ("GET", "/cart"),
    ]
    assert sum(r.share for r in safe.requests) == pytest.approx(1)
    assert any("97 %" in note and "3 % may change data (--include-unsafe)" in note for note in safe.notes)
    every = plan_load_test(a_model(), duration_s=60, include_unsafe=True)
    assert [r.name for r in every.requests] == ["get_api_products_id", "get", "get_cart", "post_api_orders"]
    assert [r.share for r in every.requests] == [0.6, 0.3, 0.07, 0.03]


def test_ten_thousand_endpoints_say_how_little_of_them_is_sent() -> None:
    """The mix lists thirty; the rate goes to them."""
    listed = [("GET", f"/page-{word}", 2) for word in "abcdefghijklmnopqrstuvwxyz"]
    test = plan_load_test(a_model(mix=a_mix(listed, other=9_974)), duration_s=60)
    assert "26 of 10,000 endpoints, 0.52 % of the requests" in test.notes[1]
    assert sum(r.share for r in test.requests) == pytest.approx(1)


@pytest.mark.parametrize(
    "odd", [("GET", "*"), ("GET", "http://evil.example/"), ("CONNECT", "evil.example:443"), ("\x16\x03\x01", "/")]
)
def test_what_is_no_path_of_this_service_is_left_out(odd: tuple[str, str]) -> None:
    """A scanner's request line is in every log."""
    test = plan_load_test(a_model(mix=a_mix([*SHOP, (*odd, 50)])), duration_s=60, include_unsafe=True)
    assert {r.path for r in test.requests} == {"/api/products/{products}", "/", "/cart", "/api/orders"}
    with pytest.raises(InputError, match="none of the recorded endpoints"):
        plan_load_test(a_model(mix=a_mix([(*odd, 50)])), duration_s=60)


def test_a_service_of_posts_alone_is_told_how_to_go_on() -> None:
    with pytest.raises(InputError) as raised:
        plan_load_test(a_model(mix=a_mix([("POST", "/rpc", 9)])), duration_s=60)
    assert raised.value.hint and "--include-unsafe" in raised.value.hint


@pytest.mark.parametrize(
    "path", ["/a b/ü", "/q'\"`", "/${x}/*/", "/\u2028", "/\0", "/{slot}", "/\ud800", "/%zz", "/..//x", "/#f?q"]
)
def test_a_path_goes_over_the_wire_as_ascii_without_a_brace_that_is_not_ours(path: str) -> None:
    """Hostile paths are percent-encoded, and their names are words."""
    test = plan_load_test(a_model(mix=a_mix([("GET", path, 9), ("GET", f"{path}/{{id}}", 3)])), duration_s=60)
    assert all(re.fullmatch(r"/[!-~]*", r.path) and not set(r.path) & set('"`\\<>?#$\0') - {"$"} for r in test.requests)
    assert [len(re.findall(r"[{}]", r.path)) for r in test.requests] == [0, 2]
    assert len({r.name for r in test.requests}) == 2
    assert all(re.fullmatch(r"[a-z0-9_]+", r.name) for r in test.requests)


@pytest.mark.parametrize(("peak_rps", "duration_s", "planned"), [(0.01, 600, 6), (5000, 60, 300_000)])
def test_very_low_and_very_high_rates(peak_rps: float, duration_s: float, planned: int) -> None:
    test = plan_load_test(a_model([(3, 3, 3600)]), duration_s=duration_s, peak_rps=peak_rps)
    assert test.planned == planned
    assert test.in_flight == max(1, round(peak_rps * 0.95))
    assert "recorded at the 95th percentile" in test.in_flight_because


@pytest.mark.parametrize(("peak_rps", "duration_s"), [(0.01, 10), (1_000_000, 86_400), (float("nan"), 60)])
def test_a_test_of_no_request_and_one_of_a_mistaken_unit_are_refused(peak_rps: float, duration_s: float) -> None:
    with pytest.raises(InputError, match="the test would send"):
        plan_load_test(a_model(), duration_s=duration_s, peak_rps=peak_rps)


def test_without_recorded_times_there_is_no_limit_of_them_and_the_senders_are_an_assumption() -> None:
    test = plan_load_test(a_model(mix=a_mix(timed=None)), duration_s=600)
    assert {found.figure for found in test.limits} == {"errors", "refused"}
    assert any("NOT_MEASURED" in note for note in test.notes)
    assert "assumed" in test.in_flight_because


def test_a_source_without_status_gives_no_limit_of_errors() -> None:
    endpoint = EndpointShare(method="GET", path="/", requests=9, share=1)
    mix = a_mix(SHOP).model_copy(update={"endpoints": (endpoint,), "times": None})
    assert plan_load_test(a_model(mix=mix), duration_s=600).limits == ()


def test_limits_are_those_of_the_record_and_wider_for_the_short_run() -> None:
    """A share of 0.1 % must not fail a run of 600 requests that has one more than its due."""
    short = plan_load_test(a_model(), duration_s=60, peak_rps=60)
    long = plan_load_test(a_model(), duration_s=6000, peak_rps=600)
    for figure in ("errors", "refused", "p95"):
        few, many = limit(short, figure), limit(long, figure)
        assert few and many and few.most > many.most, figure
    errors, p95 = limit(long, "errors"), limit(long, "p95")
    assert errors and 0.001 < errors.most < 0.003
    assert p95 and p95.most == 960 and "10,000" in p95.because


def test_an_endpoint_has_limits_of_its_own_once_enough_of_it_is_asked_for() -> None:
    test = plan_load_test(a_model(), duration_s=60, peak_rps=60)
    counts = {r.name: test.planned * r.share for r in test.requests}
    assert {found.endpoint for found in test.limits if found.endpoint} == {n for n, c in counts.items() if c >= 100}


def test_a_record_too_small_to_bound_a_percentile_bounds_none() -> None:
    assert limit(plan_load_test(a_model(mix=a_mix(timed=50)), duration_s=600), "p95") is None


def test_a_run_as_good_as_the_record_breaks_its_limits_as_rarely_as_promised() -> None:
    """Simulated: records and runs out of one and the same service."""
    drawn = np.random.default_rng(7)
    recorded, planned, chance, rounds = 2_000, 600, 0.05, 2_000
    failures = slow = 0
    for _ in range(rounds):
        share = most_failures(int(drawn.binomial(recorded, 0.01)), recorded, planned, false_alarm=chance)
        failures += drawn.binomial(planned, 0.01) / planned > share
        level = level_for(95, recorded=recorded, planned=planned, false_alarm=chance)
        assert level is not None
        record = np.sort(drawn.exponential(100, recorded))
        bound = record[round(level / 100 * recorded) - 1]
        slow += np.percentile(drawn.exponential(100, planned), 95) > bound
    assert failures / rounds <= chance and slow / rounds <= chance
    assert chance > FALSE_ALARM
