"""Programs in other languages take part with nothing but a Redis client: they store evidence and hear of decisions.

The clients are in clients/: Node and Go each measure the coverage of a release of their own, and `aqe deploy assess`
judges it by that.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aqe.benchmarks.servers.nodes import free_port
from aqe.core.errors import EXIT_NO_GO
from aqe.tests.e2e.cli_project import TIMEOUT_S, Project
from aqe.tests.e2e.test_subscribers import npm_install, require

CLIENTS = Path(__file__).parent / "clients"
STREAM = "aqe:events:deployment-readiness:assessed"
COMMIT = "a3f5c1e09b7d24686e0f1a2b3c4d5e6f70819203"

pytestmark = pytest.mark.xdist_group("npm")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """An embedded server that also answers on a loopback port, with a password."""
    with Project.at(tmp_path_factory.mktemp("languages")) as project:
        port = free_port()
        project.ok("up", "--server-only", "--listen", f"127.0.0.1:{port}")
        project.write("port", str(port))
        yield project


def password(project: Project) -> str:
    return (project.folder / ".aqe/server/password").read_text().strip()


def url(project: Project) -> str:
    return f"redis://default:{password(project)}@127.0.0.1:{(project.folder / 'port').read_text()}"


@pytest.fixture
def node(tmp_path: Path) -> list[str]:
    """The Node program beside the npm package it needs."""
    npm_install(tmp_path, "redis@5")
    shutil.copy(CLIENTS / "subscriber.mjs", tmp_path)
    return ["node", str(tmp_path / "subscriber.mjs")]


@pytest.fixture
def go(tmp_path: Path) -> list[str]:
    """The Go program, built without anything from the network."""
    require("go")
    offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOCACHE": str(tmp_path / "cache")}
    program = tmp_path / "subscriber"
    command = ["go", "build", "-o", str(program), str(CLIENTS / "go" / "main.go")]
    done = subprocess.run(command, env=os.environ | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(program)]


def assess(project: Project, version: str) -> tuple[str, Any]:
    """As the specification's CI asks; the text on standard output and what it says."""
    done = project.aqe("deploy", "assess", "--version", version, "--commit", COMMIT, "--format", "json")
    assert done.returncode == EXIT_NO_GO, done.stderr
    return done.stdout, json.loads(done.stdout)


def criterion(decision: Any, name: str) -> Any:
    [found] = [c for gate in decision["gates"] for c in gate["criteria"] if c["criterion"] == name]
    return found


@pytest.mark.parametrize(("language", "line_percent", "branch_percent"), [("node", 93.25, 91.5), ("go", 88.5, 81)])
def test_a_program_stores_a_signal_and_hears_of_the_decision_made_of_it(
    request: pytest.FixtureRequest, project: Project, language: str, line_percent: float, branch_percent: float
) -> None:
    """Its values are MEASURED in the decision, with its name as the tool; the event it gets is that decision's."""
    version = f"v1-{language}"
    before, _ = assess(project, version)
    assert criterion(json.loads(before), "min_line_coverage")["reading"]["status"] == "NOT_MEASURED"
    command = [*request.getfixturevalue(language), version, COMMIT]
    client = subprocess.Popen(
        command,
        env=project.environment() | {"AQE_REDIS_URL": url(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    alarm = threading.Timer(TIMEOUT_S, client.kill)
    alarm.start()
    try:
        assert client.stderr is not None
        assert client.stderr.readline() == "stored version 1\n"
        _, decision = assess(project, version)
        out, errors = client.communicate(timeout=TIMEOUT_S)
    finally:
        alarm.cancel()
        client.kill()
        client.communicate()
    assert client.returncode == 0, errors
    for name, percent in (("min_line_coverage", line_percent), ("min_branch_coverage", branch_percent)):
        reading = criterion(decision, name)["reading"]
        assert (reading["value"], reading["status"]) == (percent, "MEASURED")
        assert reading["evidence"]["tool"] == language
        assert reading["evidence"]["key"] == f"aqe/releases/{version}/signals/test-coverage"
        assert criterion(decision, name)["status"] == "PASSED"
    event = json.loads(out)
    assert (event["type"], event["subject"]) == ("deployment-readiness:assessed", version)
    assert event["data"]["decision"] == decision["decision"]
    assert event["data"]["risk"] == decision["risk"]
    assert event["data"]["approved"] is decision["approved"]
    with project.redis() as redis:
        writer: Any = redis.hget(f"aqe:meta:aqe/releases/{version}/signals/test-coverage", "by")
        assert writer.decode() in ("subscriber.mjs", "main.go")


def redis_cli(project: Project, *command: str) -> str:
    """What a person sees."""
    require("redis-cli")
    port = (project.folder / "port").read_text()
    done = subprocess.run(
        ["redis-cli", "-h", "127.0.0.1", "-p", port, *command],
        env=project.environment() | {"REDISCLI_AUTH": password(project)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout


def test_redis_cli_shows_the_event_in_readable_fields(project: Project) -> None:
    """XREAD: names and values one a line, the payload as JSON text."""
    assess(project, "v1-cli")
    lines = redis_cli(project, "XREAD", "COUNT", "100", "STREAMS", STREAM, "0").splitlines()
    entry = lines[lines.index("v1-cli") - 13 :]
    fields = dict(zip(entry[::2], entry[1::2], strict=False))
    assert fields["type"] == "deployment-readiness:assessed"
    assert fields["specversion"] == "1.0"
    assert fields["datacontenttype"] == "application/json"
    assert fields["subject"] == "v1-cli"
    assert fields["time"].endswith("Z")
    data = json.loads(fields["data"])
    assert (data["version"], data["decision"]) == ("v1-cli", "INCONCLUSIVE")


def test_redis_cli_prints_the_decision(project: Project) -> None:
    """GET: byte for byte what `aqe deploy assess --format json` printed."""
    printed, decision = assess(project, "v1-cli")
    assert redis_cli(project, "GET", "aqe/deployment/decision") == printed
    assert decision["version"] == "v1-cli"


def test_redis_cli_can_store_what_is_found_at_once(project: Project) -> None:
    """FCALL aqe_store from a shell: JSON is checked, the name joins the index in the same step."""
    key = "aqe/quality-signals/from-a-shell"
    assert redis_cli(project, "FCALL", "aqe_store", "1", key, '{"a":1}').strip() == "1"
    assert project.ok("memory", "get", key) == '{"a":1}\n'
    assert key in project.ok("memory", "ls", "aqe/quality-signals/*")
    assert "NOTJSON" in redis_cli(project, "FCALL", "aqe_store", "1", key, "{a:1}")


def test_redis_cli_can_submit_a_task(project: Project) -> None:
    """A bare XADD: it waits in its stream until a commander comes."""
    fields = {
        "id": "shell-1", "type": "task:submitted", "source": "a-shell", "time": "2026-01-10T12:00:00Z",
        "specversion": "1.0", "data": '{"type":"risk-score","taskId":"from-a-shell","payload":{"version":"v1"}}',
    }  # fmt: skip
    flat = [part for pair in fields.items() for part in pair]
    redis_cli(project, "XADD", "aqe:events:task:submitted", "*", *flat)
    shown = project.ok("events", "tail", "task:*", "--from", "0", "--no-follow")
    assert "from-a-shell" in shown
