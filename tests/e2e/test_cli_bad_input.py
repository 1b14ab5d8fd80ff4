"""What is wrong is one clear line on stderr and the documented exit code, never a traceback."""

import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aqe.benchmarks.servers.nodes import free_port
from aqe.core.errors import EXIT_UNAVAILABLE, EXIT_USAGE
from aqe.tests.e2e.cli_project import Project, junit

pytestmark = pytest.mark.xdist_group("cli-bad-input")

BOMB = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><testsuites name="&b;"></testsuites>'
GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("bad")) as project:
        yield project


def the_line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line about what is wrong."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("aqe: ")]
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == code, done.stderr
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_bad_files_are_named_one_by_one_and_do_not_stop_the_good_one(project: Project) -> None:
    """Missing, empty, cut off, of no known format, an entity bomb, and a gigabyte on one line.

    A test run that was cut off is read, as a tool that failed: that is evidence.
    """
    project.write("empty.xml", "")
    project.write("cut.xml", junit()[:150])
    project.write("cut.json", '{"meta": {"format": 3, "version": "7.0"}, "files": {"a.py": {"exec')
    project.write("strange.txt", "neither this nor that\n")
    project.write("bomb.xml", BOMB)
    with project.write("huge.json", b'{"a": "').open("r+b") as huge:
        huge.truncate(GIGABYTE)
    project.write("good.xml", junit())
    bad = ["gone.xml", "empty.xml", "cut.json", "strange.txt", "bomb.xml", "huge.json"]
    done = project.aqe("import", *bad, "cut.xml", "good.xml", "--release", "v1")
    assert done.returncode == EXIT_USAGE
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("aqe: ")]
    assert [line.split()[1].rstrip(":") for line in errors] == bad
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:9]] == [
        *([name, "-", "unreadable"] for name in bad),
        ["cut.xml", "junit-xml", "tool-failed"],
        ["good.xml", "junit-xml", "value"],
    ]


def test_a_file_of_another_format_than_asked_for(project: Project) -> None:
    """--as is believed, and the file does not keep the promise."""
    project.write("log.txt", "GET / 200\n")
    assert "log.txt" in the_line(project.aqe("import", "log.txt", "--as", "junit-xml", "--release", "v1"), EXIT_USAGE)
    assert "did you mean 'junit-xml'" in the_line(
        project.aqe("import", "log.txt", "--as", "junit-xlm", "--release", "v1"), EXIT_USAGE
    )


def test_a_signal_without_a_release_says_what_to_give(project: Project) -> None:
    """There is no clone to ask."""
    project.write("good.xml", junit())
    assert "--release VERSION" in the_line(project.aqe("import", "good.xml"), EXIT_USAGE)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["memory", "set", "k", "{nope"], "line 1 column"),
        (["memory", "set", "", "1"], "cannot be a key"),
        (["memory", "get", "aqe/nothing"], "no value at aqe/nothing"),
        (["memory", "rm", "aqe/nothing"], "no value at aqe/nothing"),
        (["fleet", "dispatch", "risk-score", "--payload", "[1]"], "expected a JSON object"),
        (["fleet", "dispatch", "risk-scor"], "did you mean 'risk-score'"),
        (["fleet", "run", "comander"], "did you mean 'commander'"),
        (["task", "show", "task-1"], "no task 'task-1'"),
        (["events", "tail", "--from", "yesterday"], "expected an entry id"),
        (["events", "tail", "No Type", "--no-follow"], "is not an event type"),
        (["signal", "show", "securty"], "did you mean 'security'"),
        (["signal", "put", "security", "gone.json", "--release", "v1"], "gone.json: No such file"),
        (["release", "show", "v404"], "no release 'v404'"),
        (["release", "show", ""], "cannot be a release's version"),
        (["signal", "list", "--release", ""], "cannot be a release's version"),
        (["deploy", "assess", "--version", "a/b"], "cannot be a release's version"),
        (["deploy", "assess", "--version", "v1", "--policy", "specfication"], "did you mean 'specification'"),
        (["deploy", "check-gate", "--version", "v1", "--gate", "securty"], "did you mean 'security'"),
        (["deploy", "assess", "--version", "v1", "--commit", "zzz"], "'zzz' is no commit"),
        (["deploy", "assess", "--version", "v1", "--env", ""], "cannot be an environment"),
        (["deploy", "assess", "--version", "v1", "--what-if", "gone.yaml"], "gone.yaml: No such file"),
        (["deploy", "compare", "--baseline", "v0", "--candidate", "v1"], "v0 has not been assessed"),
        (["deploy", "rollback-plan", "--version", "v1", "--format", "pdf"], "pdf is not for a terminal"),
        (["events", "dead", "show", "\udcff", "1-1"], "is no text in UTF-8"),
        (["import"], "no FILE is given"),
        (["import", "a.xml", "--env", "staging"], "of which release?"),
        (["import", "a.xml", "--experiment-column", "two words=x"], "--experiment-column 'two words=x'"),
        (["production", "mine-errors", "--generate"], "go together"),
        (["--config", "gone.yaml", "status"], "is not a file"),
        (["--fleet", "No Name", "status"], "expected 1 to 40"),
    ],
)
def test_wrong_usage(project: Project, args: list[str], said: str) -> None:
    """Exit 2, and what was expected."""
    assert said in the_line(project.aqe(*args), EXIT_USAGE)


def test_a_duration_needs_a_unit(project: Project) -> None:
    """Click says which option it is about."""
    done = project.aqe("memory", "set", "k", "1", "--ttl", "10")
    assert done.returncode == EXIT_USAGE
    assert "--ttl" in done.stderr.splitlines()[-1] and "10s, 30m, 1h, 7d" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"aqe.yaml": "fleet: [a\n"}, "aqe.yaml:2: not YAML"),
        ({"aqe.yaml": "polcy:\n  file: p.yaml\n"}, "aqe.yaml:1: unknown key 'polcy', did you mean 'policy'?"),
        ({"aqe.yaml": "policy:\n  file: gone.yaml\n"}, "gone.yaml: No such file"),
        (
            {"aqe.yaml": "policy:\n  file: p.yaml\n", "p.yaml": "deployment_gates:\n  mandatory: {}\n"},
            "p.yaml:2: unknown key 'mandatory'",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read(tmp_path: Path, files: dict[str, str], said: str) -> None:
    """File and line, before anything is started."""
    project = Project(tmp_path)
    for name, text in files.items():
        project.write(name, text)
    assert said in the_line(project.aqe("config", "check"), EXIT_USAGE)
    assert not (tmp_path / ".aqe").exists()


class _OldServer(socketserver.StreamRequestHandler):
    """Answers PING and INFO as a Redis 6 would, and knows nothing else."""

    def handle(self) -> None:
        while header := self.rfile.readline():
            words = [self._word() for _ in range(int(header[1:]))]
            match words[0].upper():
                case b"PING":
                    self.wfile.write(b"+PONG\r\n")
                case b"INFO":
                    self.wfile.write(b"$20\r\nredis_version:6.0.1\n\r\n")
                case b"DEL" | b"CLIENT" | b"SELECT":
                    self.wfile.write(b":0\r\n")
                case name:
                    self.wfile.write(b"-ERR unknown command '%s'\r\n" % name)

    def _word(self) -> bytes:
        size = int(self.rfile.readline()[1:])
        return self.rfile.read(size + 2)[:size]


@contextmanager
def a_server(handler: type[socketserver.StreamRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_server_that_is_not_there(project: Project) -> None:
    """Exit 3 at once, for whatever command."""
    url = "redis://127.0.0.1:1"
    for command in (["deploy", "assess", "--version", "v1"], ["status"], ["up"]):
        assert "cannot reach" in the_line(project.aqe("--redis-url", url, *command), EXIT_UNAVAILABLE)


def test_a_server_that_is_too_old(project: Project) -> None:
    """It says what is missing."""
    with a_server(_OldServer) as port:
        line = the_line(project.aqe("--redis-url", f"redis://127.0.0.1:{port}", "memory", "ls"), EXIT_UNAVAILABLE)
    assert "too old" in line


def test_a_wrong_password_and_none_at_all(project: Project) -> None:
    """The password itself is not repeated."""
    address = f"127.0.0.1:{free_port()}"
    project.ok("up", "--server-only", "--listen", address)
    line = the_line(project.aqe("--redis-url", f"redis://:geheim@{address}", "memory", "ls"), EXIT_UNAVAILABLE)
    assert "refuses the password" in line and "geheim" not in line
    line = the_line(project.aqe("--redis-url", f"redis://{address}", "memory", "ls"), EXIT_UNAVAILABLE)
    assert "wants a password" in line
    file = project.folder / ".aqe/server/password"
    done = project.aqe("--redis-url", f"redis://{address}", "status", env={"AQE_REDIS_PASSWORD_FILE": str(file)})
    assert done.returncode == 0, done.stderr


def test_an_address_for_everybody_must_be_meant(project: Project) -> None:
    """--i-know says so."""
    assert "--i-know" in project.aqe("up", "--server-only", "--listen", "0.0.0.0:6399").stderr
