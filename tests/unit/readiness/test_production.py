"""What production-intelligence found, as evidence for a release."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.decide import decide
from aqe.agents.deployment_readiness.gates import evaluate
from aqe.agents.deployment_readiness.inputs import ReadinessInputs
from aqe.agents.deployment_readiness.production import PRODUCTION_KEYS, Written, watch
from aqe.agents.deployment_readiness.risk import score
from aqe.config.policy import default_policy, parse_policy
from aqe.core.records.decisions.policy import Policy
from aqe.core.records.decisions.readiness import Decision, DecisionStatus
from aqe.core.records.signals import SIGNAL_METRICS, SignalKind
from aqe.tests.builders import NOW, good_inputs

DAY = timedelta(days=1)
QUIET: dict[str, Any] = {
    "aqe/production/alerts": [],
    "aqe/production/anomalies": [],
    "aqe/production/insights": [],
    "aqe/production/patterns": {"patterns": []},
    "aqe/production/status": {"status": "healthy"},
}


def written(values: dict[str, Any], at: datetime | None = NOW - timedelta(hours=1)) -> dict[str, Written]:
    return {key: Written(value, at) for key, value in values.items()}


def seen(key: str, value: Any, metric: str) -> Any:
    return watch(written({key: value}), NOW, DAY)[metric]


def watched_inputs(production: dict[str, Written]) -> ReadinessInputs:
    return replace(good_inputs(without=(SignalKind.PRODUCTION,)), production=production)


def asking(enforcement: str, **criteria: Any) -> Policy:
    lines = "".join(f"      {name}: {limit}\n" for name, limit in criteria.items())
    text = f"deployment_gates:\n  mandatory_gates:\n    production:\n{lines}      enforcement: {enforcement}\n"
    return parse_policy(text.encode(), name="mine", where="p.yaml")


def assess(inputs: ReadinessInputs, policy: Policy) -> Decision:
    return decide(inputs, score(inputs, policy), evaluate(inputs, policy), policy)


def test_every_metric_of_the_signal_is_read_from_some_key() -> None:
    assert set(watch({}, NOW, DAY)) == set(SIGNAL_METRICS[SignalKind.PRODUCTION].model_fields)


def test_a_quiet_production_is_measured_as_quiet() -> None:
    found = watch(written(QUIET), NOW, DAY)
    assert {name: one.value for name, one in found.items()} == {
        "open_alerts": 0,
        "severe_alerts": 0,
        "open_anomalies": 0,
        "severe_anomalies": 0,
        "high_priority_insights": 0,
        "rising_error_patterns": 0,
        "healthy": True,
    }


@pytest.mark.parametrize(
    ("item", "is_open", "is_severe"),
    [
        ({"severity": "critical"}, 1, 1),
        ({"severity": "P1", "status": "acknowledged", "service": "shop"}, 1, 1),
        ({"severity": "warning"}, 1, 0),
        ({"severity": "sev3"}, 1, 0),
        ({}, 1, 1),
        ({"severity": "purple"}, 1, 1),
        ({"severity": "critical", "status": "Resolved"}, 0, 0),
        ({"severity": "critical", "resolvedAt": "2026-01-10T10:00:00Z"}, 0, 0),
    ],
)
def test_what_is_not_known_to_be_mild_or_over_counts(item: dict[str, Any], is_open: int, is_severe: int) -> None:
    for shape in ([item], {"alerts": [item]}):
        assert seen("aqe/production/alerts", shape, "open_alerts").value == is_open
        assert seen("aqe/production/alerts", shape, "severe_alerts").value == is_severe


def test_insights_and_patterns_count_by_priority_and_trend() -> None:
    high, low = {"priority": "HIGH", "trend": "INCREASING"}, {"priority": "LOW", "trend": "INCREASING"}
    assert seen("aqe/production/insights", [high, low, high], "high_priority_insights").value == 2
    patterns = {"patterns": [high, low, {"priority": "HIGH", "trend": "STABLE"}]}
    assert seen("aqe/production/patterns", patterns, "rising_error_patterns").value == 1


@pytest.mark.parametrize(
    ("key", "value", "metric", "reason"),
    [
        ("aqe/production/alerts", "none", "open_alerts", "aqe/production/alerts holds no list of alerts"),
        ("aqe/production/alerts", [{}, 3], "severe_alerts", "aqe/production/alerts[1]: document is 3"),
        ("aqe/production/insights", [{}], "high_priority_insights", "aqe/production/insights[0]: priority is"),
        ("aqe/production/status", {"status": "so-so"}, "healthy", "aqe/production/status: status is 'so-so'"),
    ],
)
def test_what_cannot_be_read_is_not_measured(key: str, value: Any, metric: str, reason: str) -> None:
    found = seen(key, value, metric)
    assert found.value is None
    assert found.reason.startswith(reason)


def test_where_nobody_could_judge_nothing_is_quiet() -> None:
    """What is known to be open still counts."""
    unknown = {"id": "anm-not-judged", "title": "nobody can say: insufficient data", "status": "NOT_MEASURED"}
    only = seen("aqe/production/alerts", [unknown], "open_alerts")
    assert (only.value, only.reason) == (None, "aqe/production/alerts: nobody can say: insufficient data")
    mild = [unknown, {"severity": "low"}]
    assert seen("aqe/production/alerts", mild, "open_alerts").value == 1
    assert seen("aqe/production/alerts", mild, "severe_alerts").value is None
    blind = seen("aqe/production/status", {"status": "NOT_MEASURED", "reason": "insufficient data"}, "healthy")
    assert (blind.value, blind.reason) == (None, "aqe/production/status: insufficient data")


def test_a_state_of_today_that_is_made_of_old_data_is_stale() -> None:
    """Somebody looked an hour ago, at what was imported last two days ago."""
    told = {"status": "healthy", "dataUntil": (NOW - timedelta(days=2)).isoformat()}
    found = seen("aqe/production/status", told, "healthy")
    assert found.value is None and found.reason.startswith("stale: aqe/production/status knows nothing of what came")


def test_what_is_stale_or_of_unknown_age_is_not_measured() -> None:
    old = watch(written(QUIET, NOW - timedelta(days=2)), NOW, DAY)["open_alerts"]
    assert (old.value, old.reason) == (None, "stale: aqe/production/alerts was written 2026-01-08T12:00:00+00:00")
    bare = watch(written(QUIET, None), NOW, DAY)["open_alerts"]
    assert bare.reason == "aqe/production/alerts was written by a bare SET: nobody knows when"


@pytest.mark.parametrize(
    ("enforcement", "decision"),
    [
        ("BLOCKING", DecisionStatus.BLOCKED),
        ("WARNING", DecisionStatus.APPROVED_WITH_WARNINGS),
        ("ADVISORY", DecisionStatus.APPROVED),
    ],
)
def test_an_open_alert_does_what_the_policy_says(enforcement: str, decision: DecisionStatus) -> None:
    alerts = {**QUIET, "aqe/production/alerts": [{"severity": "critical"}]}
    made = assess(watched_inputs(written(alerts)), asking(enforcement, max_severe_alerts=0))
    assert made.decision is decision
    assert "aqe/production/alerts" in made.evidence


def test_a_put_signal_stands_before_what_was_watched() -> None:
    inputs = replace(good_inputs(), production=written({"aqe/production/alerts": [{}]}))
    assert assess(inputs, asking("BLOCKING", max_open_alerts=0)).approved


def test_severe_alerts_raise_the_historical_risk() -> None:
    alerts = {**QUIET, "aqe/production/alerts": [{"severity": "critical"}] * 5}
    quiet, loud = (score(watched_inputs(written(v)), default_policy()) for v in (QUIET, alerts))
    assert loud.risk == pytest.approx(quiet.risk + 100 * 0.1 / 5)


def test_an_alert_and_the_anomaly_behind_it_are_one_fire() -> None:
    """production-intelligence raises an alert for each severe anomaly."""
    fire = {"id": "anomaly-1", "severity": "critical"}
    told = {**QUIET, "aqe/production/alerts": [fire]}
    both = {**told, "aqe/production/anomalies": [fire]}
    once, twice = (score(watched_inputs(written(v)), default_policy()).risk for v in (told, both))
    assert once == twice > score(watched_inputs(written(QUIET)), default_policy()).risk


@pytest.mark.parametrize("key", PRODUCTION_KEYS)
@pytest.mark.parametrize("trouble", [True, False])
def test_deleting_a_key_or_letting_it_go_stale_never_improves(key: str, trouble: bool) -> None:
    bad = [{"severity": "critical", "priority": "HIGH", "trend": "INCREASING"}]
    loud = {"aqe/production/patterns": {"patterns": bad}, "aqe/production/status": {"status": "down"}}
    values = {name: loud.get(name, bad) for name in QUIET} if trouble else QUIET
    before = written(values)
    policy = asking(
        "BLOCKING",
        max_open_alerts=0,
        max_severe_anomalies=0,
        max_high_priority_insights=0,
        max_rising_error_patterns=0,
        production_healthy="true",
    )
    for after in (
        {name: value for name, value in before.items() if name != key},
        before | written({key: values[key]}, NOW - timedelta(days=9)),
    ):
        was, now = (assess(watched_inputs(found), policy) for found in (before, after))
        assert now.risk >= was.risk
        assert was.approved or not now.approved
