"""From what was imported to anomalies, and to the keys that others read."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqe.agents.outcome import NothingToJudge
from aqe.agents.production_intelligence.anomalies.detection import detect_anomalies
from aqe.agents.production_intelligence.loaded import Loaded
from aqe.agents.production_intelligence.prioritize import of_anomalies
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.apm import MetricRow
from aqe.core.records.bulk.incidents import OpsRow
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.decisions.production import Health, OpenFinding
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.anomalies import (
    ALERTS_KEY,
    ANOMALIES_KEY,
    Anomaly,
    AnomalyReport,
    AnomalyType,
    Severity,
)
from aqe.core.records.release import Release
from aqe.memory.datasets import DatasetStore
from aqe.tests.unit.production.windows import NOW, stored

DAY = timedelta(days=1)
STEP = timedelta(minutes=5)


def noise(count: int, size: float = 1.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(7).normal(0.0, size, count)


def metric(
    name: str = "http_errors", *, days: float = 5.0, usual: float = 1.0, size: float = 0.1, unit: str = "percent",
    fault: tuple[float, float, float] | None = None, **more: Any,
) -> list[Row]:  # fmt: skip
    """A metric up to NOW, every five minutes.

    Args:
        fault: hours before NOW at which it begins and ends, and the value in between.
    """
    count = round(days * 288)
    rows: list[Row] = []
    for n, wobble in enumerate(noise(count, size).tolist()):
        at = NOW - (count - n) * STEP
        hours = (NOW - at) / timedelta(hours=1)
        value = fault[2] + wobble if fault and fault[1] < hours <= fault[0] else usual + wobble
        rows.append(MetricRow(at, name, value, unit=unit, **more))
    return rows


def requests(*, failing: tuple[float, float] | None = None, slow: tuple[float, float] | None = None) -> list[Row]:
    """Five days of thirty requests each five minutes, of which the given hours before NOW fail or are slow."""
    rows: list[Row] = []
    for n in range(5 * 288):
        for k in range(30):
            at = NOW - (5 * 288 - n) * STEP + timedelta(seconds=9 * k)
            hours = (NOW - at) / timedelta(hours=1)
            failed = failing is not None and failing[1] < hours <= failing[0] and k % 2 == 0
            waited = 900.0 if slow and slow[1] < hours <= slow[0] else 80.0 + (n * 7 + k) % 40
            client = f"192.0.2.{k}"
            rows.append(AccessRow(at, "POST", f"/pay/{n}", 503 if failed else 200, None, waited, client, None, None))
    return rows


def report_of(folder: Path, rows: Iterable[Row], **payload: Any) -> AnomalyReport:
    answer = detect_anomalies(stored(folder, rows, **payload)).answer
    assert isinstance(answer, AnomalyReport)
    return answer


def test_a_fault_is_one_anomaly_with_its_begin_end_and_what_was_expected(tmp_path: Path) -> None:
    """Not one a point, and not one a percentile."""
    report = report_of(tmp_path, metric(fault=(6, 5, 30.0)))
    (anomaly,) = report.anomalies
    assert (anomaly.type, anomaly.severity) == (AnomalyType.ERROR_RATE_SPIKE, Severity.CRITICAL)
    assert (anomaly.began_at, anomaly.ended_at) == (NOW - timedelta(hours=6), NOW - timedelta(hours=5))
    assert anomaly.status == "resolved" and anomaly.resolved_at == anomaly.ended_at
    assert 29 < anomaly.observed < 31 and anomaly.expected_low < 1.0 < anomaly.expected_high < 3
    assert "outside of the expected" in anomaly.explanation and "was over after 1 h" in anomaly.explanation
    assert report.new == (anomaly.id,)


def test_a_quiet_series_raises_nothing(tmp_path: Path) -> None:
    report = report_of(tmp_path, metric())
    assert (report.series, report.anomalies, report.held_back) == (1, (), 0)


def test_what_lasts_is_open_and_makes_production_unwell_until_it_ends(tmp_path: Path) -> None:
    """The next look keeps the id and resolves it; readiness reads the same keys."""
    first = detect_anomalies(stored(tmp_path / "1", metric(fault=(2, 0, 30.0))))
    (open_item,) = first.stores[ANOMALIES_KEY]
    assert OpenFinding.from_value(open_item, where="anomalies").is_open
    assert [OpenFinding.from_value(item, where="alerts").is_severe for item in first.stores[ALERTS_KEY]] == [True]
    assert Health.from_value(first.stores["aqe/production/status"].to_dict(), where="status").well is False

    later = stored(tmp_path / "2", metric(fault=(2, 1, 30.0)))
    second = detect_anomalies(
        replace(later, records={ANOMALIES_KEY: [open_item], ALERTS_KEY: first.stores[ALERTS_KEY]})
    )
    (item,) = second.stores[ANOMALIES_KEY]
    assert second.stores[ALERTS_KEY] == []
    assert (item["status"], second.stores["aqe/production/status"].status) == ("resolved", "healthy")


def test_an_open_anomaly_without_newer_data_stays_open(tmp_path: Path) -> None:
    """Nobody looked, so nobody can say that it is over."""
    (item,) = detect_anomalies(stored(tmp_path / "1", metric(fault=(2, 0, 30.0)))).stores[ANOMALIES_KEY]
    other = stored(tmp_path / "2", metric("queue_length"))
    assert detect_anomalies(replace(other, records={ANOMALIES_KEY: [item]})).stores[ANOMALIES_KEY] == [item]


def test_too_little_data_says_so_and_gives_no_all_clear(tmp_path: Path) -> None:
    """Nor does it leave the state of an earlier look: status and alerts say when nobody could judge, and why."""
    outcome = detect_anomalies(stored(tmp_path, metric(days=1)))
    assert isinstance(outcome.answer, AnomalyReport)
    (unjudged,) = outcome.answer.unjudged
    assert unjudged.reason.startswith("insufficient data: 288 points")
    assert [item["status"] for item in outcome.stores[ANOMALIES_KEY]] == ["NOT_MEASURED"]
    state, (alert,) = outcome.stores["aqe/production/status"], outcome.stores[ALERTS_KEY]
    assert (state.status, state.looked_at, state.data_until) == ("NOT_MEASURED", NOW, None)
    assert state.reason.startswith("insufficient data: none of 1 series can be judged; http_errors: 288 points")
    assert (alert["status"], alert["startedAt"]) == ("NOT_MEASURED", "2026-03-02T00:00:00Z")


def test_what_was_open_stays_an_alert_until_somebody_can_judge_again(tmp_path: Path) -> None:
    """And the word that nobody could goes with the next look that can."""
    first = detect_anomalies(stored(tmp_path / "1", metric(fault=(2, 0, 30.0))))
    known = {ANOMALIES_KEY: first.stores[ANOMALIES_KEY], ALERTS_KEY: first.stores[ALERTS_KEY]}
    blind = detect_anomalies(replace(stored(tmp_path / "2", metric(days=1)), records=known)).stores
    assert [item["status"] for item in blind[ALERTS_KEY]] == ["NOT_MEASURED", "open"]
    assert [item["status"] for item in blind[ANOMALIES_KEY]] == ["NOT_MEASURED", "open"]
    again = detect_anomalies(replace(stored(tmp_path / "3", metric(fault=(2, 1, 30.0))), records={**known, **blind}))
    assert again.stores[ALERTS_KEY] == []
    assert [item["status"] for item in again.stores[ANOMALIES_KEY]] == ["resolved"]


def test_a_look_at_one_release_says_nothing_of_production(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge) as caught:
        detect_anomalies(stored(tmp_path, [], release="v9"))
    assert caught.value.stores == {}


def test_a_look_at_one_release_is_answered_and_leaves_the_state_of_all_alone(tmp_path: Path) -> None:
    """Its series have the names of those of all releases, and are a part of them."""
    store = DatasetStore(tmp_path)
    release = Release(version="v1")
    store.write(metric(fault=(2, 0, 30.0)), source="rows", digest="d" * 64, release=release, now=NOW)
    outcome = detect_anomalies(Loaded(NOW, {"release": "v1"}, store))
    assert isinstance(outcome.answer, AnomalyReport)
    assert (len(outcome.answer.anomalies), outcome.stores) == (1, {})


def test_fewer_errors_are_an_improvement_and_no_alarm(tmp_path: Path) -> None:
    report = report_of(tmp_path, metric(usual=10.0, size=0.3, fault=(6, 4, 2.0)))
    assert report.anomalies == ()
    (better,) = report.improvements
    assert better.observed < better.expected_low


def test_failing_requests_are_told_with_their_users_endpoint_and_chance(tmp_path: Path) -> None:
    """Fifteen of thirty clients were answered with 503."""
    report = report_of(tmp_path, requests(failing=(5, 4)))
    errors = [a for a in report.anomalies if a.type is AnomalyType.ERROR_RATE_SPIKE]
    assert {a.endpoint for a in errors} == {None, "POST /pay/{id}"}
    for anomaly in errors:
        assert (anomaly.affected_users, anomaly.severity, anomaly.unit) == (15, Severity.CRITICAL, "share")
        assert isinstance(anomaly.p_value, float) and anomaly.p_value < 1e-9


def test_percentiles_that_rise_together_are_one_anomaly(tmp_path: Path) -> None:
    report = report_of(tmp_path, requests(slow=(5, 4)))
    assert {a.type for a in report.anomalies} == {AnomalyType.LATENCY_DEGRADATION}
    assert sorted(a.endpoint or "" for a in report.anomalies) == ["", "POST /pay/{id}"]
    assert all(a.also and a.affected_users == 30 for a in report.anomalies)


def test_the_last_deployment_before_it_is_named(tmp_path: Path) -> None:
    """Not one after it, and not one of another service."""
    marks: list[Row] = [
        OpsRow(NOW - timedelta(hours=8), "deployment", "v1", service="pay", release="1.0"),
        OpsRow(NOW - timedelta(hours=7), "deployment", "v9", service="mail", release="9.0"),
        OpsRow(NOW - timedelta(hours=1), "deployment", "v2", service="pay", release="2.0"),
    ]
    (anomaly,) = report_of(tmp_path, [*metric(fault=(6, 5, 30.0), service="pay"), *marks]).anomalies
    assert anomaly.deployment is not None
    assert (anomaly.deployment.version, anomaly.deployment.minutes_before) == ("1.0", 120.0)
    assert "1.0 was deployed 120 min before" in anomaly.explanation


def test_a_metric_names_nobody(tmp_path: Path) -> None:
    (anomaly,) = report_of(tmp_path, metric(fault=(6, 5, 30.0))).anomalies
    assert isinstance(anomaly.affected_users, NotMeasured)


def test_the_budget_keeps_the_worst_and_says_how_many_it_cut(tmp_path: Path) -> None:
    rows = [row for n in range(4) for row in metric(f"errors_{n}", fault=(6, 5, 3.0 + 10 * n))]
    report = report_of(tmp_path, rows, maxAnomalies=2)
    assert [a.series for a in report.anomalies] == ["errors_3", "errors_2"]
    assert report.held_back == 2


def test_the_fixed_rule_can_be_asked_for(tmp_path: Path) -> None:
    report = report_of(tmp_path, metric(fault=(6, 5, 30.0)), threshold="3-sigma")
    assert (report.method, report.threshold) == ("3sigma", 3.0)
    assert any(a.observed > 29 for a in report.anomalies)


@pytest.mark.parametrize(
    "payload",
    [{"threshold": 0}, {"threshold": "much"}, {"threshold": True}, {"method": "guess"},
     {"method": "score", "threshold": "3-sigma"}, {"threshold": float("nan")}],
)  # fmt: skip
def test_a_threshold_that_is_none_is_refused(tmp_path: Path, payload: dict[str, Any]) -> None:
    with pytest.raises(TaskVetoed, match="expected"):
        detect_anomalies(stored(tmp_path, metric(days=1), **payload))


def test_nothing_imported_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="aqe import") as caught:
        detect_anomalies(stored(tmp_path, []))
    assert caught.value.stores["aqe/production/status"].status == "NOT_MEASURED"


def test_counters_are_watched_as_their_growth(tmp_path: Path) -> None:
    """A restart is no drop, the climb is no anomaly."""
    total = 0.0
    rows: list[Row] = []
    for n in range(5 * 288):
        total = 0.0 if n == 700 else total + (9000.0 if 1380 <= n < 1392 else 300.0 + n % 7)
        rows.append(MetricRow(NOW - (5 * 288 - n) * STEP, "errors_total", total, kind="counter"))
    (anomaly,) = report_of(tmp_path, rows).anomalies
    assert (anomaly.unit, anomaly.observed) == ("/s", 30.0)


def test_hostile_points_do_no_harm(tmp_path: Path) -> None:
    """Infinite, enormous and doubled values, a clock that goes backwards, names full of controls and a million series
    in between."""
    rows = metric(fault=(6, 5, 30.0))
    rows += [MetricRow(NOW - n * STEP, "wild", (-1) ** n * 1e308) for n in range(2000)]
    rows += [MetricRow(NOW - 3 * STEP, "http_errors", 1.0, unit="percent")] * 3
    rows += [MetricRow(NOW - n * STEP, f"\x1b[2J{n}", 1.0, labels='{"a":"\u202e"}') for n in range(1500)]
    rows += [MetricRow(NOW - n * STEP, "nan", float("nan")) for n in range(300)]
    rows += [MetricRow(NOW + timedelta(hours=n), "ahead", 1.0) for n in range(3)]
    rows.reverse()
    report = report_of(tmp_path, rows)
    assert "http_errors" in {a.series for a in report.anomalies}
    assert report.unjudged_series > 1500 and len(report.unjudged) == 50
    assert len(report.to_json()) < 1_000_000


def test_a_gap_in_the_import_is_no_outage_but_a_silent_endpoint_is(tmp_path: Path) -> None:
    """In the gap nobody says anything; in the outage the other endpoint goes on."""

    def row(n: int, k: int, path: str) -> AccessRow:
        at = NOW - (5 * 288 - n) * STEP + timedelta(seconds=9 * k)
        return AccessRow(at, "GET", path, 200, None, None, None, None, None)

    rows = [
        row(n, k, path)
        for n in range(5 * 288)
        if not 900 <= n < 950
        for k in range(30)
        for path in ("/a", "/b")
        if path == "/a" or not 1350 <= n < 1370
    ]
    report = report_of(tmp_path, rows)
    (drop,) = [a for a in report.anomalies if a.type is AnomalyType.THROUGHPUT_DROP and a.endpoint]
    assert (drop.endpoint, drop.observed, drop.severity) == ("GET /b", 0.0, Severity.CRITICAL)
    assert drop.began_at == NOW - (5 * 288 - 1350) * STEP
    assert all(a.began_at > NOW - DAY for a in report.anomalies), [a.explanation for a in report.anomalies]


def test_what_began_together_and_overlaps_is_one_event(tmp_path: Path) -> None:
    """An outage shows in errors, times and a queue; a fault of another day is another event."""
    rows = [
        *metric(fault=(6, 5, 30.0)),
        *metric("queue_length", fault=(6, 5, 300.0)),
        *metric("lag", fault=(50, 49, 9.0)),
    ]
    found = {anomaly.series: anomaly for anomaly in report_of(tmp_path, rows).anomalies}
    errors, queue, lag = (found[name] for name in ("http_errors", "queue_length", "lag"))
    assert errors.event == queue.event and errors.event in (errors.id, queue.id)
    assert lag.event == lag.id


def test_a_burst_of_clients_that_give_up_is_told_apart_from_errors(tmp_path: Path) -> None:
    """nginx's 499: no failure of the service, and no silence about it either."""
    rows = [row._replace(status=499) if row.status == 503 else row for row in requests(failing=(4, 2))]  # type: ignore[union-attr, call-arg]
    report = report_of(tmp_path, rows)
    (anomaly,) = report.anomalies
    assert "how long clients wait" in report.untested[0].reason
    assert anomaly.series == "all: share of clients that gave up (499) (access)"
    assert (anomaly.type, anomaly.severity) == (AnomalyType.USER_BEHAVIOR_ANOMALY, Severity.HIGH)
    assert anomaly.observed > 0.4 and "time-outs of clients" in anomaly.recommendation


def test_an_outage_that_lasts_is_one_alert_and_one_thing_to_do(tmp_path: Path) -> None:
    """Its tests are those of all its anomalies; gates go on counting each of them."""
    rows = [*metric(fault=(2, 0, 30.0)), *metric("timeouts", fault=(2, 0, 40.0))]
    outcome = detect_anomalies(stored(tmp_path, rows))
    first, second = outcome.stores[ANOMALIES_KEY]
    (alert,) = outcome.stores[ALERTS_KEY]
    assert alert["id"] == first["event"] == second["event"] and "1 more of the same event" in alert["title"]
    (finding,) = of_anomalies(Anomaly.from_value(item, where="anomalies") for item in (first, second))
    assert {first["id"], second["id"]} <= set(finding.evidence) and "1 more of the same event" in finding.title
