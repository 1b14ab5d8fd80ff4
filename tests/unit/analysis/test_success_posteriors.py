"""Beta and logistic posteriors: intervals that cover, and nothing gets better by getting worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.analysis.inference.bayesian_logistic import HARM_MEDIAN, HARM_SD, sample
from aqe.analysis.inference.beta_binomial import Beta
from aqe.analysis.inference.logistic import Floats, sigmoid

PRIOR = (9.0, 1.0)
counts = st.floats(0, 1000)


def a_history(rng: np.random.Generator, size: int, features: int) -> tuple[Floats, Floats, Floats, float]:
    """Drawn from the prior: harm, successes, a new release's harm, and its true success probability."""
    success = rng.beta(*PRIOR)
    intercept = np.log(success) - np.log1p(-success)
    effects = HARM_MEDIAN * np.exp(HARM_SD * rng.standard_normal(features))
    harm, own = rng.standard_normal((size, features)), rng.standard_normal(features)
    succeeded = rng.random(size) < sigmoid(intercept - harm @ effects)
    return harm, succeeded.astype(float), own, float(sigmoid(np.array([intercept - own @ effects]))[0])


@pytest.mark.parametrize("size", [0, 20, 156])
def test_intervals_cover_in_a_hundred_histories(size: int) -> None:
    """A smoke test; `make bench-confidence` takes 2,000 of each. 87 or fewer of 100 has a chance of 1 in 500."""
    rng = np.random.default_rng(size)
    covered = 0
    for _ in range(100):
        harm, succeeded, own, truth = a_history(rng, size, 3)
        found = sample(harm, succeeded, prior=PRIOR).probabilities(own[None])[0]
        low, high = np.quantile(found, [0.025, 0.975])
        covered += low <= truth <= high
    assert covered >= 88


def test_without_features_the_posterior_is_the_beta_one() -> None:
    succeeded = np.array([1.0] * 47 + [0.0] * 3)
    found = sample(np.empty((50, 0)), succeeded, prior=PRIOR).probabilities(np.empty((1, 0)))[0]
    exact = Beta(*PRIOR).updated(successes=47, failures=3)
    assert found.mean() == pytest.approx(exact.mean, abs=0.003)
    assert np.quantile(found, [0.025, 0.975]) == pytest.approx(exact.interval(), abs=0.01)


def test_without_history_the_interval_is_that_of_the_prior() -> None:
    assert [round(100 * end, 1) for end in Beta(*PRIOR).interval()] == [66.4, 99.7]


@given(successes=counts, failures=counts, more=st.floats(0, 50))
def test_a_success_never_lowers_the_mean_and_a_failure_never_raises_it(
    successes: float, failures: float, more: float
) -> None:
    before = Beta(*PRIOR).updated(successes=successes, failures=failures)
    assert before.updated(successes=more, failures=0).mean >= before.mean - 1e-12
    assert before.updated(successes=0, failures=more).mean <= before.mean + 1e-12


@settings(max_examples=50)
@given(successes=counts, failures=counts)
def test_the_interval_lies_in_0_to_1_and_its_ends_are_quantiles(successes: float, failures: float) -> None:
    posterior = Beta(*PRIOR).updated(successes=successes, failures=failures)
    low, high = posterior.interval()
    assert 0 <= low <= high <= 1
    assert (posterior.below(low), posterior.below(high)) == pytest.approx((0.025, 0.975), abs=1e-9)


@pytest.mark.parametrize("size", [50, 156, 1000])
def test_four_times_the_history_halves_the_interval(size: int) -> None:
    def width(total: int) -> float:
        low, high = Beta(*PRIOR).updated(successes=0.9 * total, failures=0.1 * total).interval()
        return high - low

    assert 0.45 <= width(4 * size) / width(size) <= 0.56


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), worse=st.lists(st.floats(0, 5), min_size=3, max_size=3))
def test_a_worse_release_is_never_more_likely_to_succeed(seed: int, worse: list[float]) -> None:
    harm, succeeded, own, _ = a_history(np.random.default_rng(seed), 40, 3)
    better, other = sample(harm, succeeded, prior=PRIOR).probabilities(np.vstack([own, own + worse]))
    assert (other <= better).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_success_of_a_release_like_this_one_never_lowers_its_probability(seed: int) -> None:
    """Up to the error of the draws; a failure never raises it."""
    harm, succeeded, own, _ = a_history(np.random.default_rng(seed), 40, 3)

    def mean(*more: float) -> float:
        rows, labels = np.vstack([harm, *[own] * len(more)]), np.append(succeeded, more)
        return float(sample(rows, labels, prior=PRIOR).probabilities(own[None]).mean())

    assert mean(1.0) >= mean() - 0.01
    assert mean(0.0) <= mean() + 0.01


def test_a_feature_of_unknown_direction_may_do_good() -> None:
    rng = np.random.default_rng(1)
    flag = (np.arange(400) % 2).astype(float)[:, None]
    succeeded = (rng.random(400) < np.where(flag[:, 0] > 0, 0.98, 0.7)).astype(float)
    posterior = sample(flag, succeeded, prior=PRIOR, harmful=np.array([False]))
    without, with_it = posterior.probabilities(np.array([[0.0], [1.0]])).mean(axis=1)
    assert with_it > without + 0.15


def test_the_same_history_gives_the_same_draws() -> None:
    harm, succeeded, _, _ = a_history(np.random.default_rng(5), 60, 2)
    one, other = (sample(harm, succeeded, prior=PRIOR) for _ in range(2))
    assert np.array_equal(one.draws, other.draws)
