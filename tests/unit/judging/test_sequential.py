"""Our own judge."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.judging.sequential import Count, State, Verdict, judge_share, judge_values

WEAK = Path(__file__).resolve().parents[3].parent / "shared" / "conformance" / "canary_weak_cases.json"


def weak_cases() -> list[Any]:
    if not WEAK.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not here"))]
    return [pytest.param(case, id=case["source"]) for case in json.loads(WEAK.read_text())["cases"]]


@pytest.mark.parametrize("case", weak_cases())
def test_it_answers_as_users_of_other_judges_expect(case: Any) -> None:
    verdict = judge_values(
        case["experiment"], case["control"], planned=len(case["experiment"]), worse=case["direction"]
    )
    expected = State.WORSE if case["users_expect"] in ("High", "Low") else State.HEALTHY
    assert verdict.state is expected, verdict.reason


def shares(bad: float, of: float, base: float, base_of: float, planned: float = 1000) -> Verdict:
    return judge_share(Count(bad, of), Count(base, base_of), planned=planned)


def test_no_traffic_is_not_healthy() -> None:
    assert shares(0, 0, 5, 1000).state is State.NO_DATA
    assert shares(0, 1000, 0, 0).state is State.NO_DATA
    assert judge_values([], [1.0] * 9, planned=9).state is State.NO_DATA
    assert judge_values([float("nan")] * 9, [1.0] * 9, planned=9).state is State.NO_DATA


def test_a_flood_of_failures_needs_no_waiting() -> None:
    verdict = shares(20, 100, 0, 300)
    assert verdict.state is State.WORSE
    assert "20 % of 100 requests of the canary failed, 0 % of 300 of the baseline" in verdict.reason


def test_it_is_healthy_only_at_the_end_of_the_stage() -> None:
    assert shares(2, 500, 5, 1000).state is State.UNDECIDED
    assert shares(5, 1000, 5, 1000).state is State.HEALTHY


def test_it_says_what_so_little_traffic_cannot_show() -> None:
    few, many = shares(1, 200, 1, 200, planned=200), shares(50, 10_000, 50, 10_000, planned=10_000)
    assert few.detectable is not None and many.detectable is not None
    assert few.detectable > 5 > 2.5 > many.detectable > 1.25
    assert f"{few.detectable:.1f} times" in few.reason


def test_bursty_failures_count_less() -> None:
    one, other = Count(30, 1000), Count(10, 1000)
    assert judge_share(one, other, planned=1000).state is State.WORSE
    assert judge_share(one, other, planned=1000, dispersion=5).state is State.HEALTHY


def test_values_must_differ_by_what_matters() -> None:
    base = [100 + 0.1 * n for n in range(30)]
    assert judge_values([v * 1.05 for v in base], base, planned=30).state is State.HEALTHY
    assert judge_values([v * 1.30 for v in base], base, planned=30).state is State.WORSE
    assert judge_values([v * 0.50 for v in base], base, planned=30).state is State.HEALTHY
    assert judge_values([v * 0.50 for v in base], base, planned=30, worse="lower").state is State.WORSE
    assert judge_values([v * 0.50 for v in base], base, planned=30, worse="either").state is State.WORSE


def test_one_wild_value_is_no_reason() -> None:
    base = [100 + 0.1 * n for n in range(30)]
    assert judge_values([*base[:-1], 1e9], base, planned=30).state is State.HEALTHY


def test_few_points_decide_nothing() -> None:
    assert judge_values([9.0] * 4, [1.0] * 4, planned=4).state is State.UNDECIDED


@given(
    st.integers(0, 50), st.integers(1, 2000), st.integers(0, 50), st.integers(1, 2000), st.integers(1, 3000),
)  # fmt: skip
def test_more_failures_never_look_better(bad: int, of: int, base: int, base_of: int, planned: int) -> None:
    bad, base = min(bad, of), min(base, base_of)
    verdict = shares(bad, of, base, base_of, planned)
    worse = shares(min(bad + 1, of), of, base, base_of, planned)
    assert (worse.p_value or 0) <= (verdict.p_value or 0) + 1e-12
    if verdict.state is State.WORSE:
        assert worse.state is State.WORSE


@given(st.lists(st.floats(0, 1e4) | st.just(float("nan")), max_size=14), st.lists(st.floats(0, 1e4), max_size=14))
def test_any_two_series_have_one_answer(x: list[float], y: list[float]) -> None:
    assert judge_values(x, y, planned=10) == judge_values(x, y, planned=10)


def ever_flagged(looks: int, share: float, canary_share: float, rate: int, *, runs: int) -> float:
    """Share of simulated stages that a look at any check calls worse."""
    rng, flagged = np.random.default_rng(11), 0
    for _ in range(runs):
        requests = rng.poisson(rate, (2, looks))
        bad = np.array([rng.binomial(requests[0], canary_share), rng.binomial(requests[1], share)]).cumsum(1)
        requests = requests.cumsum(1)
        flagged += any(
            shares(bad[0, n], requests[0, n], bad[1, n], requests[1, n], rate * looks).state is State.WORSE
            for n in range(looks)
        )
    return flagged / runs


def test_looking_often_raises_no_more_alarms_and_still_sees_a_rise() -> None:
    """A smoke of `make bench-judge`, which has the figures: 60 looks at 50 requests each."""
    assert ever_flagged(60, 0.005, 0.005, 50, runs=60) <= 0.05
    assert ever_flagged(60, 0.005, 0.020, 50, runs=20) >= 0.9
