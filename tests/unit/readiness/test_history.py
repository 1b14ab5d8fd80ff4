"""The four metrics of past deployments."""

from datetime import timedelta

from aqe.agents.deployment_readiness.history import stability
from aqe.core.criteria import HISTORY_METRICS
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.tests.builders import NOW, a_deployment


def metrics(*history: DeploymentOutcome, window_days: float = 180) -> dict[str, float | None]:
    return stability(history, environment="production", window_s=window_days * 86_400, now=NOW)


def failure(days_ago: float = 10, *, minutes: float | None = 30, **changes: object) -> DeploymentOutcome:
    restored = NOW - timedelta(days=days_ago) + timedelta(minutes=minutes) if minutes is not None else None
    return a_deployment(days_ago, **{"outcome": "failed", "restored_at": restored, **changes})


def test_no_deployment_is_no_metric() -> None:
    assert metrics() == {}


def test_the_metrics_are_those_of_the_table() -> None:
    assert set(metrics(a_deployment())) == set(HISTORY_METRICS)


def test_shares_means_and_counts() -> None:
    history = (
        a_deployment(),
        a_deployment(incidents=1),
        failure(minutes=30, incidents=2),
        failure(minutes=90, outcome="rolled_back"),
    )
    assert metrics(*history) == {
        "failure_rate_percent": 50,
        "mttr_minutes": 60,
        "rollback_percent": 25,
        "incidents_per_deployment": 0.75,
    }


def test_a_clean_record_needs_no_repair_and_a_failure_never_improves_on_it() -> None:
    assert metrics(a_deployment())["mttr_minutes"] == 0
    assert metrics(a_deployment(), failure(minutes=1))["mttr_minutes"] == 1


def test_a_failure_without_a_recorded_end_leaves_the_repair_time_unknown() -> None:
    assert metrics(failure(minutes=30), failure(minutes=None))["mttr_minutes"] is None


def test_only_this_environment_and_this_window_count() -> None:
    others = (failure(environment="staging"), failure(181), failure(-1))
    assert metrics(*others) == {}
    assert metrics(a_deployment(180), *others)["failure_rate_percent"] == 0
