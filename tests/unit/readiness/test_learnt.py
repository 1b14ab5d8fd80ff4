"""What is kept of the models saves time and changes nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.capabilities import Loaded, assess
from aqe.agents.deployment_readiness.foresight.statements import foresee, learnt_key
from aqe.config.policy import default_policy
from aqe.core.errors import InputError
from aqe.core.records.decisions.learnt import Learnt
from aqe.tests.unit.readiness.test_foresight import history_of, with_history

POLICY = default_policy()
HISTORY = history_of(300, matters=1.5, failing=0.2)
KEY = learnt_key("production")


@pytest.fixture(scope="module")
def kept() -> Learnt:
    """As it comes back from memory."""
    learnt = foresee(with_history(*HISTORY), POLICY).learnt
    return Learnt.from_json(learnt.to_json(), where=KEY)


def test_what_was_kept_answers_to_the_last_digit_like_what_is_learnt(
    kept: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = with_history(*HISTORY)
    expected = foresee(inputs, POLICY)
    for name in ("confidence.sampled", "rollback_prediction.taught"):
        monkeypatch.setattr(f"aqe.agents.deployment_readiness.foresight.learnt.{name.split('.')[1]}", _nobody_learns)
    found = foresee(inputs, POLICY, kept)
    assert (found.confidence, found.prediction) == (expected.confidence, expected.prediction)
    assert found.prediction.method == "calibrated"
    assert found.learnt == kept


@settings(max_examples=25)
@given(data=st.data())
def test_whatever_happened_to_the_history_the_answer_is_that_of_learning_from_scratch(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 60), label="first")
    history = list(history_of(60, matters=1.0, failing=0.3))
    kept = foresee(with_history(*history[:size]), POLICY).learnt
    change = data.draw(st.sampled_from(["append", "rewrite", "truncate", "reorder"]))
    after = history[:size]
    if change == "append":
        after += history[size : size + data.draw(st.integers(1, 20))]
    elif change == "rewrite" and after:
        place = data.draw(st.integers(0, size - 1))
        other = "success" if after[place].failed else "failed"
        after[place] = after[place].model_copy(update={"outcome": other})
    elif change == "truncate":
        after = after[data.draw(st.integers(0, size)) :]
    else:
        after = after[::-1]
    scratch, found = foresee(with_history(*after), POLICY), foresee(with_history(*after), POLICY, kept)
    assert (found.confidence, found.prediction) == (scratch.confidence, scratch.prediction)


def test_it_is_written_when_something_was_learnt_and_only_then(kept: Learnt) -> None:
    loaded = Loaded(with_history(*HISTORY), POLICY)
    assert assess(loaded).stores[KEY] == kept
    assert KEY not in assess(replace(loaded, learnt=kept)).stores


@pytest.mark.parametrize("damage", [{"arrays": {}}, {"arrays": {"draws": "AAA"}}, {"judged": None}])
def test_what_somebody_else_wrote_there_is_learnt_again(kept: Learnt, damage: dict[str, Any]) -> None:
    assert kept.prediction is not None and kept.confidence is not None
    damaged = Learnt(
        prediction=kept.prediction.model_copy(update=damage), confidence=kept.confidence.model_copy(update=damage)
    )
    found = foresee(with_history(*HISTORY), POLICY, damaged)
    assert found.learnt.prediction == kept.prediction
    assert found.prediction == foresee(with_history(*HISTORY), POLICY).prediction


def test_what_another_version_learnt_is_not_read(kept: Learnt) -> None:
    with pytest.raises(InputError):
        Learnt.from_value({**kept.to_dict(), "format": 2}, where=KEY)


def test_it_fits_a_memory_value_however_long_the_history() -> None:
    learnt = foresee(with_history(*history_of(6000, matters=1.0)), POLICY).learnt
    assert len(learnt.to_json()) < 500_000


def _nobody_learns(*columns: bytes) -> Any:
    raise AssertionError("it was learnt again")
