"""A fault in imported metrics, as a user sees it: found, in the way of a release, over."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_USAGE
from aqe.tests.e2e.cli_project import Project

pytestmark = pytest.mark.xdist_group("cli-anomalies")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("anomalies")) as project:
        yield project


NOW = datetime.now(UTC).replace(second=0, microsecond=0)
"""One for all imports: each goes on where the one before it stopped."""


def prometheus(*, hours: tuple[float, float], fault_s: float = 0) -> str:
    """An error rate every five minutes, answered by `query_range`.

    Args:
        hours: before now, from which to which.
        fault_s: of the end, in which it is high.
    """
    count, end = round((hours[0] - hours[1]) * 12), NOW - timedelta(hours=hours[1])
    points = []
    for n in range(count):
        left_s = 300 * (count - n)
        value = 31.0 if left_s <= fault_s else 1.0 + (n * 37 % 11) / 50
        points.append([end.timestamp() - left_s, str(value)])
    series = {"metric": {"__name__": "http_errors_percent", "service": "pay"}, "values": points}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}})


def looked(project: Project, name: str, **data: Any) -> dict[str, Any]:
    """Import and detect."""
    file = project.write(name, prometheus(**data))
    project.ok("import", file, "--release", "v1", "--commit", "abc1234")
    found: dict[str, Any] = project.json("production", "detect-anomalies")
    return found


def production(project: Project) -> dict[str, Any]:
    """What the risk of v1 says of production."""
    project.aqe("deploy", "assess", "--version", "v1", "--commit", "abc1234", "--json")
    risk = json.loads(project.ok("memory", "get", "aqe/deployment/risk-score"))
    (metric,) = [m for d in risk["dimensions"] for m in d["metrics"] if m["metric"] == "production_alerts"]
    return dict(metric)


def test_nothing_imported_is_told(project: Project) -> None:
    """Also to whoever reads the keys."""
    done = project.aqe("production", "detect-anomalies")
    assert (done.returncode, "aqe import" in done.stderr) == (EXIT_NO_GO, True)
    state = json.loads(project.ok("memory", "get", "aqe/production/status"))
    assert (state["status"], state["dataUntil"]) == ("NOT_MEASURED", None)
    assert [a["status"] for a in json.loads(project.ok("memory", "get", "aqe/production/alerts"))] == ["NOT_MEASURED"]
    assert project.aqe("production", "detect-anomalies", "--threshold=3-sigmoid").returncode == EXIT_USAGE


def test_a_fault_is_found_stands_in_the_way_of_a_release_and_is_over(project: Project) -> None:
    """The same anomaly throughout; the event is sent once."""
    (anomaly,) = looked(project, "1.json", hours=(96, 2), fault_s=3600)["anomalies"]
    assert (anomaly["severity"], anomaly["status"], anomaly["service"]) == ("CRITICAL", "open", "pay")
    assert json.loads(project.ok("memory", "get", "aqe/production/status"))["status"] == "critical"
    day = anomaly["beganAt"][:10]
    assert json.loads(project.ok("memory", "get", f"aqe/anomalies/{day}/{anomaly['id']}"))["id"] == anomaly["id"]
    before = production(project)

    (again,) = looked(project, "2.json", hours=(2, 0))["anomalies"]
    assert (again["id"], again["status"]) == (anomaly["id"], "resolved")
    assert json.loads(project.ok("memory", "get", "aqe/production/alerts")) == []
    assert json.loads(project.ok("memory", "get", "aqe/production/status"))["status"] == "healthy"
    after = production(project)
    assert (before["reading"]["status"], before["risk"] > after["risk"] == 0) == ("MEASURED", True)
    events = project.ok("events", "tail", "anomaly:*", "--from", "0", "--no-follow", "--json").splitlines()
    assert [json.loads(line)["data"]["anomaly"] for line in events] == [anomaly["id"]]

    text = project.ok("production", "detect-anomalies")
    assert "CRITICAL  resolved" in text and "outside of the expected" in text
    found = project.json("production", "detect-anomalies", "--threshold", "3-sigma", "--days", "2")
    assert (found["method"], found["threshold"]) == ("3sigma", 3.0)


def test_an_anomaly_of_requests_becomes_a_test(project: Project) -> None:
    """That tells it from what was usual; it is a scenario of the priorities, too."""
    lines = []
    for n in range(4 * 288 * 6):
        at = NOW - timedelta(seconds=50 * (4 * 288 * 6 - n))
        worse = n >= 4 * 288 * 6 - 150
        status = 503 if (worse and n % 3 == 0) or n % 250 == 0 else 200
        lines.append(f'192.0.2.{n % 9} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET /orders/{n % 9} HTTP/1.1" {status} 5\n')
    project.ok("import", project.write("access.log", "".join(lines)), "--release", "v2", "--commit", "abc1234")
    asked = ("production", "detect-anomalies", "--generate", "--output")
    assert project.aqe(*asked[:-1]).returncode == EXIT_USAGE
    done = project.aqe(*asked, "made")
    assert done.returncode == 0 and "the test of GET /orders/{id} shows it" in done.stderr
    (made,) = (project.folder / "made").iterdir()
    text = made.read_text()
    assert "SENT = " in text and '("GET", "/orders/' in text
    ranked = project.json("production", "generate-by-priority")
    assert any(name.startswith("scenario-anm-") for finding in ranked["findings"] for name in finding["scenarios"])
