"""Thresholds and counters answer as Argo's own tests say."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.judging.counters import (
    OFF,
    Limits,
    Phase,
    Tally,
    measurement_phase,
    metric_phase,
    run_phase,
)

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "conformance"
UNKNOWN = "<reference to an unknown name>"


def cases(kind: str) -> list[Any]:
    path = SHARED / "argo_cases.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not here"))]
    return [pytest.param(c, id=c["id"]) for c in json.loads(path.read_text())["cases"] if c["kind"] == kind]


@pytest.mark.parametrize("case", cases("assess_metric"))
def test_a_metric_stands_where_argo_says(case: Any) -> None:
    metric = dict(case["metric"])
    limits = Limits(repeated=metric.pop("interval", None) is not None, **metric)
    assert metric_phase(limits, Tally(**case["result"]), terminating=case["terminating"]) == case["expected"]["phase"]


@pytest.mark.parametrize("case", cases("measurement_phase"))
def test_a_check_is_what_argo_says(case: Any) -> None:
    """The adapter evaluates the words of the cases; ours are data."""

    def holds(condition: str | None) -> bool | None:
        if not condition:
            return None
        if condition in ("true", "false"):
            return condition == "true"
        raise LookupError(condition)

    try:
        phase = measurement_phase(holds(case["success_condition"]), holds(case["failure_condition"]))
    except LookupError:
        phase = measurement_phase(None, None, error=True)
    assert phase == case["expected"]["phase"]


@pytest.mark.parametrize(
    ("success", "failure", "phase"),
    [
        (True, True, Phase.FAILED),
        (False, False, Phase.INCONCLUSIVE),
        (False, None, Phase.FAILED),
        (None, False, Phase.SUCCESSFUL),
        (None, None, Phase.SUCCESSFUL),
    ],
)
def test_failure_wins_and_neither_is_inconclusive(success: bool | None, failure: bool | None, phase: Phase) -> None:
    assert measurement_phase(success, failure) is phase


def test_a_tally_counts_rows() -> None:
    tally = Tally()
    for phase in (Phase.SUCCESSFUL, Phase.SUCCESSFUL, Phase.ERROR, Phase.ERROR, Phase.INCONCLUSIVE, Phase.FAILED):
        tally = tally.after(phase)
    assert tally == Tally(count=4, successful=2, failed=1, inconclusive=1, error=2)


def after(limits: Limits, checks: str, *, terminating: bool = False) -> Phase:
    """Where a metric stands after checks: Successful, Failed, Inconclusive or Error, by their first letters."""
    words = {phase.value[0].lower(): phase for phase in Phase if phase.is_final}
    tally = Tally()
    for letter in checks:
        tally = tally.after(words[letter])
    return metric_phase(limits, tally, terminating=terminating)


@pytest.mark.parametrize(
    ("limits", "checks", "phase"),
    [
        (Limits(count=3), "sss", Phase.SUCCESSFUL),
        (Limits(count=3), "ses", Phase.RUNNING),  # an error is asked again
        (Limits(count=3), "sess", Phase.SUCCESSFUL),
        (Limits(count=2), "eeee", Phase.RUNNING),
        (Limits(count=2), "eeeee", Phase.ERROR),
        (Limits(count=9), "eeeeseeee", Phase.RUNNING),
        (Limits(consecutive_error_limit=0), "e", Phase.ERROR),
        (Limits(repeated=False), "e", Phase.RUNNING),
        (Limits(repeated=False), "es", Phase.SUCCESSFUL),
        (Limits(failure_limit=2, count=6), "sfsfss", Phase.SUCCESSFUL),
        (Limits(failure_limit=2, count=6), "fff", Phase.FAILED),
        (Limits(inconclusive_limit=1), "isi", Phase.INCONCLUSIVE),
        (Limits(inconclusive_limit=1, failure_limit=1), "iiff", Phase.INCONCLUSIVE),
        (Limits(failure_limit=OFF, consecutive_success_limit=3), "ssfss", Phase.RUNNING),
        (Limits(failure_limit=OFF, consecutive_success_limit=3), "ssesss", Phase.SUCCESSFUL),
        (Limits(failure_limit=OFF, consecutive_success_limit=3), "ssess", Phase.RUNNING),
        (Limits(failure_limit=OFF, consecutive_success_limit=3, count=5), "ssfss", Phase.FAILED),
        (Limits(failure_limit=2, consecutive_success_limit=3, count=5), "ssfss", Phase.INCONCLUSIVE),
    ],
)
def test_checks_one_after_the_other_come_to_what_argo_says(limits: Limits, checks: str, phase: Phase) -> None:
    assert after(limits, checks) is phase


def test_one_that_is_ended_early_and_broke_no_limit_succeeds() -> None:
    assert after(Limits(count=10, failure_limit=1), "sfs", terminating=True) is Phase.SUCCESSFUL
    assert after(Limits(count=10), "sfs", terminating=True) is Phase.FAILED
    assert after(Limits(count=10), "ee", terminating=True) is Phase.SUCCESSFUL


def test_without_an_interval_one_check_is_all() -> None:
    assert metric_phase(Limits(repeated=False), Tally(count=1, successful=1)) is Phase.SUCCESSFUL
    assert metric_phase(Limits(), Tally(count=1, successful=1)) is Phase.RUNNING


def test_the_worst_metric_decides_a_run_at_once() -> None:
    assert run_phase([Phase.RUNNING, Phase.FAILED]) is Phase.FAILED
    assert run_phase([Phase.RUNNING, Phase.SUCCESSFUL]) is Phase.RUNNING
    assert run_phase([Phase.INCONCLUSIVE, Phase.ERROR]) is Phase.ERROR
    assert run_phase([]) is Phase.SUCCESSFUL


@given(
    st.lists(st.sampled_from([Phase.SUCCESSFUL, Phase.FAILED, Phase.INCONCLUSIVE, Phase.ERROR])), st.integers(OFF, 4)
)
def test_more_failures_never_help(checks: list[Phase], limit: int) -> None:
    """Turning a success into a failure never turns a failed metric into one that did not."""
    limits, tally, worse = Limits(failure_limit=limit, inconclusive_limit=OFF), Tally(), Tally()
    for check in checks:
        tally, worse = tally.after(check), worse.after(Phase.FAILED if check is Phase.SUCCESSFUL else check)
    if metric_phase(limits, tally) is Phase.FAILED:
        assert metric_phase(limits, worse) is Phase.FAILED
