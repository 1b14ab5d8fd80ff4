"""examples/subscribers: programs in four languages print a real decision, told by nothing but the stream."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aqe.benchmarks.servers.nodes import free_port
from aqe.core.errors import EXIT_NO_GO
from aqe.tests.e2e.cli_project import TIMEOUT_S, Project, wait_until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "subscribers"
STREAM = "aqe:events:deployment-readiness:assessed"
READY = "waiting for decisions\n"
INSTALL_TIMEOUT_S = 300


def require(*programs: str) -> None:
    """Programs of the system; without one the test is skipped, but fails where nothing may be missing (CI)."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        _missing(f"no {' and no '.join(missing)} on PATH (make system-deps installs them)")


def npm_install(folder: Path, *packages: str) -> None:
    """npm packages (none = those of the folder's package.json) into a folder, without running any script of theirs."""
    require("node", "npm")
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
    command = ["npm", "install", *quiet, "--prefix", str(folder), *packages]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
    if done.returncode:
        _missing(f"npm could not install {' '.join(packages) or 'package.json'}: {done.stderr.strip()[-300:]}")


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, cwd: Path, stdin: str = "") -> str:
    """Standard output of a program that must succeed."""
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A fleet's embedded server that also listens on TCP, with a password."""
    with Project.at(tmp_path_factory.mktemp("subscribers")) as project:
        address = f"127.0.0.1:{free_port()}"
        project.ok("up", "--server-only", "--listen", address)
        project.write("address", address)
        yield project


def url(project: Project) -> str:
    """As another program is given it."""
    password = (project.folder / ".aqe/server/password").read_text().strip()
    return f"redis://default:{password}@{(project.folder / 'address').read_text()}"


@contextmanager
def running(project: Project, *command: str, cwd: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    """A program that ends when the test does, killed after TIMEOUT_S so that no read of its output hangs."""
    program = subprocess.Popen(
        command,
        cwd=cwd or project.folder,
        env=project.environment() | {"AQE_REDIS_URL": url(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    alarm = threading.Timer(TIMEOUT_S, program.kill)
    alarm.start()
    try:
        yield program
    finally:
        alarm.cancel()
        # The shell's subscriber has children: its whole session goes.
        os.killpg(program.pid, 9)
        program.communicate()


def line(stream: object) -> str:
    """The next line of a program."""
    assert hasattr(stream, "readline")
    return str(stream.readline())


def assess(project: Project, version: str) -> str:
    """A real assessment of a release of which nothing is known; what a subscriber prints of it."""
    done = project.aqe("deploy", "assess", "--version", version)
    assert done.returncode == EXIT_NO_GO, done.stderr
    return f"{version} INCONCLUSIVE (risk CRITICAL)\n"


@pytest.fixture(scope="module", params=["python", "node", "go", "shell"])
def subscriber(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command line of one of the programs, built where it has to be."""
    folder = tmp_path_factory.mktemp(request.param) / "example"
    shutil.copytree(EXAMPLES / request.param, folder)
    match request.param:
        case "python":
            return [sys.executable, "-P", str(folder / "decisions.py")]
        case "node":
            npm_install(folder)
            return ["node", str(folder / "decisions.js")]
        case "go":
            require("go")
            offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
            subprocess.run(["go", "build", "-o", "decisions", "."], cwd=folder, env=os.environ | offline, check=True)
            return [str(folder / "decisions")]
        case _:
            require("redis-cli", "jq")
            return ["sh", str(folder / "decisions.sh")]


@pytest.mark.xdist_group("npm")
def test_a_subscriber_prints_the_decision(project: Project, subscriber: list[str]) -> None:
    """Those that come while it waits, in order; what was there before only when it is asked for."""
    before = assess(project, "v1")
    with running(project, *subscriber) as program:
        assert line(program.stderr) == READY
        expected = [assess(project, version) for version in ("v2", "v3")]
        assert [line(program.stdout), line(program.stdout)] == expected
    with project.redis() as client:
        entries = client.xlen(STREAM)
    with running(project, *subscriber, "0") as program:
        printed = [line(program.stdout) for _ in range(entries)]
    assert printed[-3:] == [before, *expected]


@pytest.mark.xdist_group("npm")
def test_members_of_a_group_share_the_decisions_and_lose_none(project: Project) -> None:
    """What a killed member had not acknowledged comes again; what was acknowledged does not."""
    program = [sys.executable, "-P", str(EXAMPLES / "python" / "decisions_group.py"), "billing"]
    with project.redis() as client:
        client.delete(STREAM)
        expected = [assess(project, "v4"), assess(project, "v5")]
        client.xgroup_create(STREAM, "billing", id="0")
        client.xreadgroup("billing", "one", {STREAM: ">"}, count=1)  # given to a member that dies at once

        def acknowledged() -> bool:
            groups: Any = client.xinfo_groups(STREAM)
            return [(group["pending"], group["lag"]) for group in groups] == [(0, 0)]

        with running(project, *program, "one") as member:
            assert line(member.stderr) == READY
            assert [line(member.stdout), line(member.stdout)] == expected
            wait_until(acknowledged)
        with running(project, *program, "two") as member:
            assert line(member.stderr) == READY
            expected = [assess(project, "v6")]
            assert [line(member.stdout)] == expected
            wait_until(acknowledged)


@pytest.mark.xdist_group("npm")
def test_the_python_of_the_documentation_runs(project: Project, tmp_path: Path) -> None:
    """The subscriber over the fleet's own library, as docs/events.md shows it."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    script = tmp_path / "billing.py"
    script.write_text(page.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    with running(project, sys.executable, "-P", str(script)) as program:
        expected = assess(project, "v7")
        while (found := line(program.stdout)) != expected:
            assert found, "it ended"
