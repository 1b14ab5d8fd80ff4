"""A fleet in the background: up, work over the bus, down."""

import json
from collections.abc import Iterator

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_OK, EXIT_UNAVAILABLE
from aqe.tests.e2e.cli_project import Project, wait_until

pytestmark = pytest.mark.xdist_group("cli-fleet")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("fleet")) as project:
        done = project.aqe("up")
        assert done.returncode == EXIT_OK, done.stderr
        assert done.stderr.count(": ready") == 3
        assert "aqe down" in done.stdout
        yield project


def test_a_second_up_changes_nothing(project: Project) -> None:
    """The same processes, and it says so."""
    before = {agent["agent"]["pid"] for agent in project.json("status")["agents"]}
    assert "runs already" in project.aqe("up").stderr
    assert {agent["agent"]["pid"] for agent in project.json("status")["agents"]} == before


def test_status_shows_server_agents_and_streams(project: Project) -> None:
    """As text and as one JSON document, for `aqe fleet status` too."""
    view = project.json("fleet", "status")
    assert view["server"]["embedded"] and view["server"]["persistence"] == "append-only file"
    assert {(a["agent"]["type"], a["alive"]) for a in view["agents"]} == {
        ("fleet-commander", True),
        ("production-intelligence", True),
        ("deployment-readiness", True),
    }
    text = project.ok("status")
    assert "redis-cli -s " in text and "aqe:events:agent:started" in text


def test_work_goes_over_the_bus(project: Project) -> None:
    """The same result, the same exit code, and the agent's name on the task."""
    done = project.aqe("deploy", "assess", "--version", "v1", "--json", "--priority", "critical")
    assert done.returncode == EXIT_NO_GO
    assert "handed to the fleet" in done.stderr
    assert project.ok("memory", "get", "aqe/deployment/decision") == done.stdout
    task = project.json("task", "list")[0]
    assert task["agent"].startswith("deployment-readiness-") and task["priority"] == "critical"
    payload = '{"version": "v1", "days": 1}'
    result = project.ok("fleet", "dispatch", "release-check", "--payload", payload, "--wait")
    assert json.loads(result)["decision"] == "INCONCLUSIVE"


def test_groups_show_what_is_left_over(project: Project) -> None:
    """The commander has read every submitted task; another program holds one and has not seen the rest."""
    with project.redis() as client:
        client.xgroup_create("aqe:events:agent:started", "team", "0")
        client.xreadgroup("team", "me", {"aqe:events:agent:started": ">"}, count=1)
    groups = {(g["group"], g["stream"]): g for g in project.json("events", "groups")}
    submitted = groups["commander", "aqe:events:task:submitted"]
    assert (submitted["pending"], submitted["lag"], submitted["oldestPendingS"]) == (0, 0, None)
    theirs = groups["team", "aqe:events:agent:started"]
    assert (theirs["consumers"], theirs["pending"], theirs["lag"]) == (1, 1, 1)
    assert 0 <= theirs["oldestPendingS"] < 600
    assert "aqe:tasks:deployment-readiness:critical" in project.ok("events", "groups")


def test_dead_letters_are_listed_with_their_reason(project: Project) -> None:
    """A submission that nobody can read ends there."""
    with project.redis() as client:
        client.xadd("aqe:events:task:submitted", {"type": "task:submitted", "data": "{"})
        wait_until(lambda: client.exists("aqe:dead:task:submitted"))
    (letter,) = project.json("events", "dead", "list", "--name", "task:submitted")
    assert letter["group"] == "commander"
    assert letter["error"] in project.ok("events", "dead", "list")


def test_doctor_finds_nothing_broken(project: Project) -> None:
    """Warnings are no failure."""
    assert "fail" not in {check["status"] for check in project.json("doctor")}


def test_down_stops_everything_and_status_says_so(project: Project) -> None:
    """Exit 3 without a server; a second down has nothing to do; nothing stored is lost."""
    project.ok("memory", "set", "team/note", "1")
    assert project.ok("down").count("stopped") == 2
    done = project.aqe("status")
    assert done.returncode == EXIT_UNAVAILABLE
    assert "not running" in done.stdout
    assert project.ok("down").count("none was running") == 2
    assert project.ok("memory", "get", "team/note") == "1\n"
