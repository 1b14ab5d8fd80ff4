"""Anomalies as tests: red on a service that is as bad as then, green on one that is as good as usual."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aqe.agents.production_intelligence.anomalies.detection import detect_anomalies
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.production.anomalies import AnomalyReport
from aqe.core.records.production.scenarios import TestScenario
from aqe.generators.pytest_target import PytestTarget
from aqe.tests.unit.generators.test_pytest_target import a_service
from aqe.tests.unit.production.windows import NOW, stored

STEP = timedelta(minutes=5)
STEPS = 5 * 288


def requests(method: str = "GET", *, fails: bool = False, slow: bool = False, few: bool = False) -> list[Row]:
    """Five days; one in two hundred fails, and in the last three hours every second one fails or is slow."""
    rows: list[Row] = []
    for n in range(STEPS):
        worse = n >= STEPS - 36
        for k in range(30):
            at = NOW - (STEPS - n) * STEP + timedelta(seconds=9 * k)
            often = worse and (k % 2 == 0 if not few else k % 10 == 0)
            status = 503 if (fails and often) or (n * 30 + k) % 200 == 0 else 200
            took_ms = 900.0 if slow and often else 80.0 + (n * 7 + k) % 40
            rows.append(
                AccessRow(at, method, f"/api/orders/{n % 7}", status, None, took_ms, f"192.0.2.{k}", None, None)
            )
    return rows


def report_of(folder: Path, rows: list[Row]) -> AnomalyReport:
    answer = detect_anomalies(stored(folder, rows)).answer
    assert isinstance(answer, AnomalyReport)
    return answer


def service(worse: Callable[[int], bool], status: int = 503) -> AbstractContextManager[str]:
    """Answers; its n-th answer has the status when `worse`."""
    numbers = count()
    return a_service(lambda request, body: (status if worse(next(numbers)) else 200, ""))


def is_green(scenario: TestScenario, url: str) -> bool:
    module: dict[str, Any] = {"__name__": "generated"}
    exec(compile(PytestTarget().render(scenario), "generated", "exec"), module)
    (test,) = (value for name, value in module.items() if name.startswith("test_"))
    try:
        test(urlsplit(url))
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> AnomalyReport:
    return report_of(tmp_path_factory.mktemp("failing"), requests(fails=True))


def test_failing_requests_are_sent_as_often_as_it_takes(failing: AnomalyReport) -> None:
    """The shares are those of the day before and of the anomaly, and the requests are its own."""
    (scenario,) = failing.scenarios
    (anomaly,) = (one for one in failing.anomalies if one.endpoint)
    sample = scenario.sample
    assert sample is not None and scenario.provenance.finding_id == anomaly.id
    assert (round(sample.usual_share, 3), round(sample.seen_share, 1)) == (0.005, 0.5)
    assert sample.slower_than_ms is None and 1 < sample.requests < 40 and sample.allowed >= 1
    assert {step.path for step in scenario.requests} <= {f"/api/orders/{n}" for n in range(7)}


def test_what_an_endpoint_shows_is_not_shown_again_for_its_service(failing: AnomalyReport) -> None:
    (untested,) = failing.untested
    assert untested.series == "all: error share (access)" and "GET /api/orders/{id} shows it" in untested.reason


def test_the_test_is_red_as_then_and_green_as_usual(failing: AnomalyReport) -> None:
    """A service that never fails is green, and one that fails now and then as it always did is, too."""
    (scenario,) = failing.scenarios
    with service(lambda n: n % 2 == 0) as url:
        assert not is_green(scenario, url)
    for now_and_then in (lambda n: False, lambda n: n == 0):
        with service(now_and_then) as url:
            assert is_green(scenario, url)
    # Nothing listens there any more: no answer is a bad one.
    assert not is_green(scenario, url)


def test_a_refusal_is_no_failure(failing: AnomalyReport) -> None:
    """Ids of production are unknown to a service under test."""
    (scenario,) = failing.scenarios
    with service(lambda n: True, status=404) as url:
        assert is_green(scenario, url)


def test_slow_requests_have_a_limit_between_usual_and_seen(tmp_path: Path) -> None:
    (scenario,) = report_of(tmp_path, requests(slow=True)).scenarios
    assert scenario.sample is not None and scenario.sample.slower_than_ms is not None
    assert 120 < scenario.sample.slower_than_ms < 900
    with service(lambda n: False) as url:
        assert is_green(scenario, url)


def test_what_requests_cannot_show_has_a_reason(tmp_path: Path) -> None:
    """Requests that change something are not sent again."""
    report = report_of(tmp_path, requests("POST", fails=True))
    assert report.scenarios == ()
    assert {one.anomaly for one in report.untested} == {one.id for one in report.anomalies}
    assert all("`recording-to-tests`" in one.reason for one in report.untested)


def test_the_tests_are_offered_to_others(tmp_path: Path) -> None:
    """Where a test-generator agent looks."""
    stores = detect_anomalies(stored(tmp_path, requests(fails=True))).stores
    (scenario,) = stores["aqe/test-requirements"]
    assert scenario.id.startswith("scenario-anm-") and stores["aqe/production/test-scenarios"] == (scenario,)
