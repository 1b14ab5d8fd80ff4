"""`aqe notify` as a user and as CI have it, and the gateway that `aqe up` starts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.tests.clones import git
from aqe.tests.e2e.cli_project import Project, wait_until
from aqe.tests.receivers import web_receiver
from aqe.tests.servers import documented


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.at(tmp_path) as project:
        yield project


def channels(project: Project, text: str) -> None:
    (project.folder / "aqe.yaml").write_text(text)


def test_ci_assesses_and_tells(project: Project) -> None:
    """The one line that docs/operations.md has for CI."""
    with web_receiver() as receiver:
        (project.folder / "hook").write_text(f"{receiver.url}\n")
        channels(project, "notify: {ci: {kind: webhook, url_file: hook, events: ['deployment-readiness:*']}}")
        assert project.aqe("deploy", "assess", "--version", "v1").returncode == 1
        shown = project.aqe("notify", "send", "--dry-run").stderr
        assert "[dry run, ci] v1: INCONCLUSIVE" in shown
        assert receiver.posted == []
        assert project.ok("notify", "send") == "ci: 1 sent, 0 repeated and left out\n"
        assert project.json("notify", "send") == [
            {"channel": "ci", "sent": 0, "repeated": 0, "waiting": False, "error": None}
        ]
    assert receiver.posted[0]["data"]["decision"] == "INCONCLUSIVE"
    assert receiver.url not in project.ok("notify", "list")


def test_the_gateway_bridges_and_sends(project: Project) -> None:
    """Another agent's value becomes a signal, and the signal's event a message."""
    channels(project, "notify: {all: {kind: file, path: told.jsonl, events: ['signal:*']}}")
    for arguments in (["init", "-q"], ["commit", "-qm", "x", "--allow-empty"], ["tag", "v1"]):
        git(project.folder, *arguments)
    project.ok("up")
    project.ok("memory", "set", "aqe/quality/decisions", '{"decision": "PASS"}')
    told = project.folder / "told.jsonl"
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"))
    notice = json.loads(told.read_text().splitlines()[0])
    assert (notice["event"], notice["data"]["version"], notice["data"]["tool"]) == (
        "signal:imported", "v1", "qe-quality-gate",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{kind: slack}", "no address"),
        ("{kind: slack, url: 'https://geheim.example.org'}", "expected https://hooks.slack.com"),
        ("{kind: fax, url: x}", "kind"),
        ("{kind: webhook, url_file: missing}", "missing: No such file"),
    ],
)
def test_a_channel_that_cannot_work_is_one_clear_line(project: Project, section: str, words: str) -> None:
    channels(project, f"notify: {{ops: {section}}}")
    done = project.aqe("notify", "test", "ops")
    assert (done.returncode, words in done.stderr, "geheim" in done.stderr) == (2, True, False), done.stderr
    assert "Traceback" not in done.stderr


def test_a_channel_that_is_not_there_is_named(project: Project) -> None:
    channels(project, "notify: {releases: {kind: console}}")
    done = project.aqe("notify", "test", "relases")
    assert (done.returncode, "did you mean 'releases'" in done.stderr) == (2, True)
    assert "test message of aqe" in project.aqe("notify", "test", "releases").stderr


def test_a_receiver_that_is_not_there_is_unavailable(project: Project) -> None:
    channels(project, "notify: {ops: {kind: webhook, url: 'http://127.0.0.1:1/geheim'}}")
    done = project.aqe("notify", "test", "ops")
    assert done.returncode == 3
    assert done.stderr.startswith("aqe: ops: the receiver cannot be reached")


def test_the_example_of_the_docs_is_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("aqe.yaml"))
    assert set(load_settings({}, {}, tmp_path).notify) == {"releases", "approvers", "audit-trail"}
