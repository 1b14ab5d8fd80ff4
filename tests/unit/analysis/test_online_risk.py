"""Online risk: nothing from after the decision is used, and what is learnt is worth something."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aqe.analysis.inference.forecast_scores import brier_skill, expected_calibration_error
from aqe.analysis.inference.logistic import Floats, sigmoid
from aqe.analysis.inference.online_risk import Outcomes, walk

CUT = 300


def some_outcomes(size: int = 400, *, delay: float = 0.0, drift: float = 0.0, seed: int = 3) -> Outcomes:
    """One feature that matters, one that does not; labels known `delay` outcomes later."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(size, 2))
    at = np.arange(size, dtype=float)
    failed = rng.random(size) < sigmoid(1.5 * features[:, 0] - 1.5 + drift * at / size)
    return Outcomes(at, at + delay, failed.astype(float), features)


def with_a_future(outcomes: Outcomes, **changes: Floats) -> Outcomes:
    """Everything after the cut is something else."""
    spliced: dict[str, Any] = {
        name: np.concatenate([getattr(outcomes, name)[:CUT], new[CUT:]]) for name, new in changes.items()
    }
    return replace(outcomes, **spliced)


def leaks(outcomes: Outcomes, other: Outcomes, until: int = CUT) -> bool:
    """Whether a prediction made before the cut depends on what differs after it."""
    return not np.array_equal(walk(outcomes).probability[:until], walk(other).probability[:until])


def test_a_planted_future_changes_no_earlier_prediction() -> None:
    outcomes = some_outcomes()
    assert not leaks(outcomes, with_a_future(outcomes, failed=1 - outcomes.failed))
    assert not leaks(outcomes, with_a_future(outcomes, features=outcomes.features * 100))


def test_the_leak_test_finds_a_leak() -> None:
    """A feature that is the later outcome is caught by comparing: it changes with the future."""
    outcomes = some_outcomes()

    def leaky(what: Outcomes) -> Outcomes:
        next_outcome = np.append(what.failed[1:], 0.0)
        return replace(what, features=np.column_stack([what.features, next_outcome]))

    assert leaks(leaky(outcomes), leaky(with_a_future(outcomes, failed=1 - outcomes.failed)))


def test_an_outcome_is_not_used_before_it_is_known() -> None:
    """With labels known 50 outcomes later, those of the last 50 before the cut matter to no prediction before it."""
    outcomes = some_outcomes(delay=50.0)
    unknown = np.where(np.arange(400) >= CUT - 50, 1 - outcomes.failed, outcomes.failed)
    assert not leaks(outcomes, replace(outcomes, failed=unknown))
    assert leaks(replace(outcomes, learnt_at=outcomes.at), replace(outcomes, learnt_at=outcomes.at, failed=unknown))


def test_where_only_failures_are_reported_what_is_unreported_counts_as_success() -> None:
    late = some_outcomes(delay=1000.0)
    assert (walk(replace(late, presumed=0.0)).base_rate[100:] < 0.05).all()
    assert (walk(late).base_rate == walk(late).base_rate[0]).all(), "without labels nothing is learnt"


@pytest.mark.parametrize("size", [0, 1, 10, 29])
def test_few_outcomes_give_the_base_rate(size: int) -> None:
    outcomes = some_outcomes(size)
    walked = walk(outcomes)
    assert walked.probability == pytest.approx(walked.base_rate)
    assert walked.model.basis is None


def test_no_failures_give_a_small_probability_and_no_model() -> None:
    walked = walk(replace(some_outcomes(200), failed=np.zeros(200)))
    assert walked.model.basis is None
    assert 0 < walked.probability[-1] < 0.01


def test_what_matters_is_learnt() -> None:
    outcomes = some_outcomes(1000)
    walked = walk(outcomes)
    late = slice(300, None)
    skill = brier_skill(walked.probability[late], outcomes.failed[late], walked.base_rate[late])
    assert skill is not None and skill > 0.1
    assert expected_calibration_error(walked.probability[late], outcomes.failed[late], bins=5) < 0.06


def test_noise_does_not_pretend_to_skill() -> None:
    noise = replace(some_outcomes(600), features=np.random.default_rng(9).normal(size=(600, 3)))
    walked = walk(noise)
    skill = brier_skill(walked.probability[100:], noise.failed[100:], walked.base_rate[100:])
    assert skill is not None and -0.05 < skill < 0.03


def test_a_drifting_base_rate_is_followed() -> None:
    """Failures get rarer and rarer: predictions follow more closely than counting does."""
    outcomes = some_outcomes(1500, drift=-3.0)
    walked = walk(outcomes)
    last = slice(1300, None)
    truth = outcomes.failed[last].mean()
    assert abs(walked.probability[last].mean() - truth) < 0.75 * abs(walked.base_rate[last].mean() - truth)


def test_predictions_can_be_asked_for_from_a_row_on() -> None:
    walked = walk(some_outcomes(), first=200)
    assert np.isnan(walked.probability[:200]).all() and not np.isnan(walked.probability[200:]).any()


def test_contributions_add_up_to_the_difference_from_a_typical_row() -> None:
    outcomes = some_outcomes()
    model = walk(outcomes).model
    row, typical = outcomes.features[7], np.median(outcomes.features, axis=0)
    logits = model.logits(np.vstack([row, typical]))
    assert model.contributions(row, typical).sum() == pytest.approx(logits[0] - logits[1])


def test_an_absurd_value_stays_within_bounds() -> None:
    model = walk(some_outcomes()).model
    assert 0 <= model.predict(np.array([[1e300, -1e300]]))[0] <= 1
