"""Scores of forecasts."""

import numpy as np
import pytest

from aqe.analysis.inference.forecast_scores import (
    auc,
    binomial_interval,
    bootstrap_interval,
    brier,
    brier_skill,
    expected_calibration_error,
    reliability,
)

RNG = np.random.default_rng(2)
PROBABILITY = RNG.random(4000)
HAPPENED = (RNG.random(4000) < PROBABILITY).astype(float)


def test_the_base_rate_has_no_skill() -> None:
    rate = np.full(4000, HAPPENED.mean())
    assert brier_skill(rate, HAPPENED, rate) == 0
    assert auc(rate, HAPPENED) == 0.5


def test_right_probabilities_are_calibrated_and_their_bins_as_expected() -> None:
    assert expected_calibration_error(PROBABILITY, HAPPENED) < 0.03
    bins = reliability(PROBABILITY, HAPPENED)
    assert sum(found.size for found in bins) == 4000
    assert sum(found.expected[0] <= found.happened <= found.expected[1] for found in bins) >= 8


def test_probabilities_that_are_too_sure_are_found() -> None:
    sure = np.round(PROBABILITY)
    assert expected_calibration_error(sure, HAPPENED) > 0.2
    assert brier(sure, HAPPENED) > brier(PROBABILITY, HAPPENED)


def test_auc_is_the_share_of_pairs_in_order() -> None:
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0])) == 0.75


@pytest.mark.parametrize(("trials", "probability"), [(20, 0.1), (500, 0.03), (3000, 0.7)])
def test_a_binomial_interval_holds_about_95_percent(trials: int, probability: float) -> None:
    low, high = binomial_interval(trials, probability)
    drawn = np.random.default_rng(4).binomial(trials, probability, 20_000)
    assert 0.945 <= ((drawn >= low) & (drawn <= high)).mean() <= 0.99


def test_a_bootstrap_interval_holds_the_score_and_needs_resamples() -> None:
    interval = bootstrap_interval(brier, PROBABILITY, HAPPENED, resamples=100)
    assert interval is not None and interval[0] < brier(PROBABILITY, HAPPENED) < interval[1]
    assert bootstrap_interval(brier, PROBABILITY, HAPPENED, resamples=0) is None
    assert bootstrap_interval(auc, PROBABILITY, np.zeros(4000), resamples=20) is None
