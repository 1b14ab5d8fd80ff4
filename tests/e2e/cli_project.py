"""A project folder in which tests run real `aqe` processes."""

import codecs
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from aqe.config.settings import load_settings
from aqe.fleet.servers.connect import connect_sync
from aqe.fleet.servers.server import find_server

TIMEOUT_S = 240
"""After which a program hangs. No measure of speed: other work may keep the machine busy."""


@dataclass(frozen=True)
class Project:
    """A folder with an embedded server of its own.

    Args:
        folder: the current folder of every command.
    """

    folder: Path

    @classmethod
    @contextmanager
    def at(cls, folder: Path) -> Iterator["Project"]:
        """The project; whatever it started is stopped at the end."""
        project = cls(folder)
        try:
            yield project
        finally:
            project.aqe("down")

    def start(self, *args: str | Path) -> "subprocess.Popen[str]":
        """A running `aqe`."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "aqe", *map(str, args)],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def aqe(
        self, *args: str | Path, stdin: str = "", env: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """A finished one."""
        command = [sys.executable, "-P", "-m", "aqe", *map(str, args)]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment() | (env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def on_a_terminal(self, *args: str | Path, answers: Sequence[tuple[str, str]]) -> tuple[str, int]:
        """What somebody sees at a terminal of their own, and the exit code.

        Args:
            answers: what to wait for and then type, with its Enter, one after the other.
        """
        command = [sys.executable, "-P", "-m", "aqe", *map(str, args)]
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(command[0], command, self.environment() | {"TERM": "dumb"})
        seen, place, decoder = "", 0, codecs.getincrementaldecoder("utf-8")()
        for question, answer in (*answers, ("", "")):
            while not question or question not in seen[place:]:
                ready, _, _ = select.select([terminal], [], [], TIMEOUT_S)
                assert ready, f"no {question!r} in {seen!r}"
                try:
                    more = os.read(terminal, 4096)
                except OSError:  # how Linux says that the other side is closed
                    more = b""
                if not more:
                    break
                seen += decoder.decode(more)  # a read may end within a character
            place = len(seen)
            if answer and question:
                _until_it_waits(pid)
                os.write(terminal, answer.encode())
        os.close(terminal)
        return seen.replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def ok(self, *args: str | Path, stdin: str = "") -> str:
        """Standard output of one that must succeed."""
        done = self.aqe(*args, stdin=stdin)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *args: str | Path, stdin: str = "") -> Any:
        """The one JSON document that it printed."""
        return json.loads(self.ok(*args, "--json", stdin=stdin))

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def redis(self) -> Redis:
        """A client as another program would have one."""
        settings = load_settings(env={}, cwd=self.folder)
        server = find_server(settings)
        assert server is not None, "no server runs"
        return connect_sync(server.url, settings=settings)

    def environment(self) -> dict[str, str]:
        """Nothing of the machine's own settings, nor of a clone around the folder."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AQE_", "GIT_"))}
        return kept | {"GIT_CEILING_DIRECTORIES": str(self.folder.parent), "HOME": str(self.folder)}


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what another process does."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.02)


def junit(name: str = "t", *, failures: int = 0, passed: int = 3) -> str:
    """A JUnit report."""
    cases = [f'<testcase classname="{name}" name="ok{n}" time="0.01"/>' for n in range(passed)]
    cases += [
        f'<testcase classname="{name}" name="bad{n}" time="0.01"><failure message="no">x</failure></testcase>'
        for n in range(failures)
    ]
    head = f'<testsuite name="{name}" tests="{passed + failures}" failures="{failures}" errors="0" skipped="0">'
    return f'<?xml version="1.0"?>\n<testsuites>{head}{"".join(cases)}</testsuite></testsuites>\n'


def _until_it_waits(pid: int) -> None:
    """A Ctrl-C between the question and the read that waits for the answer would be noticed after the read alone."""
    while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "S":
        os.sched_yield()
