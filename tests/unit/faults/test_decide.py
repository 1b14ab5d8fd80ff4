"""Which request a fault hits: the same ones for the same seed and order, whatever else goes on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.connectors.faults.decide import Decider, Decision, draw
from aqe.connectors.faults.numbered import number_of, traceparent
from aqe.core.errors import InputError
from aqe.core.records.faults import FaultPlan, FaultRule

HALF = FaultRule(kind="error", share=0.45)
SEEDS = st.integers(min_value=-(2**40), max_value=2**40)
RULES = st.lists(
    st.builds(
        FaultRule,
        kind=st.sampled_from(("error", "reset", "timeout")),
        share=st.floats(0, 1),
        path=st.sampled_from((None, "/a", "/b")),
        method=st.sampled_from((None, "GET", "post")),
    ),
    max_size=4,
)
REQUESTS = st.lists(st.tuples(st.sampled_from(("GET", "POST")), st.sampled_from(("/a/1", "/b", "/c"))), max_size=40)


def outcomes(rules: list[FaultRule], requests: list[tuple[str, str]], seed: int = 1) -> list[Decision]:
    decider = Decider(seed, "bank", rules)
    return [decider.decide(0.0, method, path) for method, path in requests]


@given(SEEDS, RULES, REQUESTS)
def test_the_same_seed_and_order_meet_the_same_faults(
    seed: int, rules: list[FaultRule], requests: list[tuple[str, str]]
) -> None:
    assert outcomes(rules, requests, seed) == outcomes(rules, requests, seed)


@given(SEEDS, st.randoms(use_true_random=False), REQUESTS)
def test_what_a_route_meets_does_not_depend_on_other_routes(
    seed: int, mixing: Any, others: list[tuple[str, str]]
) -> None:
    """Its own requests keep their order; those of other routes come between them anywhere."""
    rules = [FaultRule(kind="error", share=0.5, path="/a"), FaultRule(kind="reset", share=0.5, path="/b")]
    own = [("GET", "/a/1")] * 10
    mixed = own + [request for request in others if not request[1].startswith("/a")]
    mixing.shuffle(mixed)
    alone = outcomes(rules[:1], own, seed)
    between = [d for d, r in zip(outcomes(rules, mixed, seed), mixed, strict=True) if r in own]
    assert [d.kinds for d in between] == [d.kinds for d in alone]


@given(SEEDS, st.floats(0, 1))
def test_a_larger_share_hits_all_that_a_smaller_one_hits(seed: int, share: float) -> None:
    """So turning a fault up never turns it off for somebody."""
    requests = [("GET", "/")] * 30
    some = outcomes([FaultRule(kind="reset", share=share / 2)], requests, seed)
    more = outcomes([FaultRule(kind="reset", share=share)], requests, seed)
    assert all(m.ending for s, m in zip(some, more, strict=True) if s.ending)


@given(SEEDS, st.floats(0, 1000), st.floats(0, 2000))
def test_jitter_stays_within_its_bounds_and_never_makes_time_run_backwards(
    seed: int, latency: float, jitter: float
) -> None:
    for decision in outcomes([FaultRule(kind="latency", value=latency, jitter_ms=jitter)], [("GET", "/")] * 20, seed):
        assert max(0.0, latency - jitter) <= decision.delay_s * 1000 + 1e-9
        assert decision.delay_s * 1000 <= latency + jitter + 1e-6


def test_the_share_is_kept_over_many_requests() -> None:
    """342 draws of 45 %: the number that the incident's replay gets, and near what was asked."""
    hit = sum(d.ending == "error" for d in outcomes([HALF], [("GET", "/")] * 10_000))
    assert abs(hit / 10_000 - 0.45) < 0.02


def test_draws_are_spread_evenly() -> None:
    """The largest distance of 10,000 draws to the even distribution, Kolmogorov-Smirnov at 1 %."""
    drawn = sorted(draw(7, "bank", 0, n) for n in range(10_000))
    assert max(abs((n + 1) / 10_000 - x) for n, x in enumerate(drawn)) < 1.63 / 100


def test_a_schedule_decides_when_and_not_whom() -> None:
    """The requests before it begins are counted all the same."""
    always = Decider(3, "bank", [HALF])
    later = Decider(3, "bank", [HALF.model_copy(update={"from_s": 10.0, "to_s": 20.0})])
    for elapsed in (0.0, 5.0, 10.0, 15.0, 19.9, 20.0, 30.0) * 5:
        expected = always.decide(elapsed, "GET", "/").ending
        assert later.decide(elapsed, "GET", "/").ending == (expected if 10 <= elapsed < 20 else None)


def test_a_replays_request_meets_the_same_faults_in_any_order() -> None:
    """Its calls carry its number; its second call is another draw than its first."""
    numbers = [*range(50), *range(50)]
    there, back = Decider(3, "bank", [HALF]), Decider(3, "bank", [HALF])
    met: dict[int, list[str | None]] = {n: [] for n in numbers}
    for n in numbers:
        met[n].append(there.decide(0, "GET", "/", made_for=n).ending)
    again = {n: [back.decide(0, "GET", "/", made_for=n).ending for _ in range(2)] for n in reversed(numbers[:50])}
    assert met == again and any(first != second for first, second in met.values())


def test_a_request_names_its_number_as_a_trace_context() -> None:
    """Contexts from elsewhere say nothing."""
    assert number_of([(b"traceparent", traceparent(341).encode())]) == 341
    assert number_of([(b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]) is None
    assert number_of([]) is None


def test_delays_add_up_and_the_first_ending_wins() -> None:
    """Latency before a 5xx, the slower of two bandwidths."""
    rules = [
        FaultRule(kind="latency", value=100), FaultRule(kind="latency", value=50),
        FaultRule(kind="error", value=502), FaultRule(kind="reset"),
        FaultRule(kind="bandwidth", value=900), FaultRule(kind="bandwidth", value=300),
    ]  # fmt: skip
    found = outcomes(rules, [("GET", "/")])[0]
    assert (found.delay_s, found.ending, found.status, found.bandwidth) == (0.15, "error", 502, 300)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"kind": "latency"}, "latency needs value, in milliseconds"),
        ({"kind": "bandwidth", "value": 0}, "above 0"),
        ({"kind": "error", "value": 99}, "from 200 to 599"),
        ({"kind": "refuse", "share": 0.5}, "neither share nor route"),
        ({"kind": "reset", "jitterMs": 5}, "only latency"),
        ({"kind": "reset", "fromS": 5, "toS": 5}, "after from_s"),
        ({"kind": "reset", "share": 1.1}, "less than or equal to 1"),
        ({"kind": "restart"}, "'latency'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fault: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        FaultRule.from_value(fault, where="faults.yaml")


@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        ({"target": "127.0.0.1:5432", "faults": [{"kind": "error"}]}, "is for HTTP"),
        ({"target": "https://bank.example"}, "no HOST:PORT"),
        ({"listen": "8474"}, "no HOST:PORT"),
        ({"name": "../x"}, "pattern"),
    ],
)
def test_a_proxy_that_cannot_work_is_refused(proxy: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        FaultPlan.from_value({"proxies": [{"name": "bank", **proxy}]}, where="faults.yaml")
