"""What operators do to streams and memory, with real `aqe` processes on the embedded server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.errors import EXIT_USAGE
from aqe.fleet.servers.connect import connect_sync
from aqe.fleet.servers.server import find_server
from aqe.tests.e2e.cli_project import Project

pytestmark = pytest.mark.xdist_group("cli-streams")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("streams")) as one:
        one.aqe("deploy", "assess", "--version", "v1", "--json")  # some events and keys
        yield one


def test_a_window_is_replayed_and_leaves_no_group(project: Project) -> None:
    """Each event once, as JSON lines; nobody else's position changes."""
    lines = project.ok("events", "replay", "deployment-readiness:*", "--since", "1h").splitlines()
    assert [json.loads(line)["data"]["decision"] for line in lines] == ["INCONCLUSIVE"]
    assert project.ok("events", "replay", "*", "--since", "2h", "--until", "1h") == ""
    assert project.json("events", "groups") == []


def test_a_durable_group_is_declared_and_removed(project: Project) -> None:
    """It stands in the list with what it has still to read."""
    project.ok("events", "group", "add", "billing", "deployment-readiness:assessed", "--durable")
    (group,) = project.json("events", "groups")
    assert (group["group"], group["lag"]) == ("billing", 1)
    project.ok("events", "group", "remove", "billing")
    gone = project.aqe("events", "group", "remove", "billing")
    assert (gone.returncode, gone.stderr.count("\n")) == (EXIT_USAGE, 2)


def test_a_dead_letter_is_shown_given_back_and_dropped(project: Project) -> None:
    """A task whose record had gone; once the record is back, it is queued again."""
    settings = load_settings({}, env={}, cwd=project.folder)
    server = find_server(settings)
    assert server is not None
    client = connect_sync(server.url, settings=settings)
    letter = {
        "aqe-stream": "aqe:events:task:submitted", "aqe-original-id": "1-1", "aqe-group": "commander",
        "aqe-error": "no room", "aqe-attempts": "5", "aqe-at": "2026-01-01T00:00:00+00:00", "id": "x1",
    }  # fmt: skip
    ids = [client.xadd("aqe:dead:task:submitted", dict(letter)) for _ in range(2)]  # type: ignore[arg-type]
    first, second = (entry.decode() for entry in ids if isinstance(entry, bytes))

    shown = project.json("events", "dead", "show", "task:submitted", first)
    assert (shown["error"], shown["attempts"], shown["fields"]) == ("no room", 5, {"id": "x1"})
    assert "added as a new event" in project.aqe("events", "dead", "replay", "task:submitted", first).stderr
    assert json.loads(project.ok("events", "dead", "drop", "task:submitted", second))["id"] == second
    assert project.json("events", "dead", "list") == []
    again = project.aqe("events", "dead", "replay", "task:submitted", first)
    assert (again.returncode, "no dead letter" in again.stderr) == (EXIT_USAGE, True)


def test_a_release_travels_in_a_file(project: Project, tmp_path: Path) -> None:
    """As a CI artifact does: the decision reads the same on the other machine; a cut file is refused whole."""
    project.ok("memory", "export", "release.aqe", "--release", "v1")
    file = project.folder / "release.aqe"
    assert '"aqe/risk-scores/v1"' in file.read_text(), "families of a release go along, not only its own folder"
    with Project.at(tmp_path) as other:
        other.ok("memory", "import", file)
        assert other.ok("memory", "get", "aqe/releases/v1/decision") == project.ok(
            "memory", "get", "aqe/releases/v1/decision"
        )
        cut = tmp_path / "cut.aqe"
        cut.write_text(file.read_text()[:-20])
        refused = other.aqe("memory", "import", cut)
    assert refused.returncode == EXIT_USAGE
    assert "cut or was edited" in refused.stderr


def test_an_export_of_everything_leaves_only_the_fleets_own_records_out(project: Project) -> None:
    """Keys of other programs go along, whatever they begin with; asking for keys that are not there is an error."""
    project.ok("memory", "set", "test/session/results", '{"passed": 3}')
    lines = [json.loads(line) for line in project.ok("memory", "export", "-").splitlines()[1:]]
    keys = {line["key"] for line in lines}
    assert {"test/session/results", "aqe/risk-scores/v1"} <= keys
    assert not any(key.startswith("aqe/fleet/") for key in keys)
    none = project.aqe("memory", "export", "none.aqe", "--glob", "aqe/nothing/*")
    assert (none.returncode, none.stderr.count("\n")) == (EXIT_USAGE, 2)
    assert not (project.folder / "none.aqe").exists()
