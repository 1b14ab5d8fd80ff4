"""Programs that run generated tests, one line a kind of file."""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ...config.settings import environment
from ...core.records.production.verification import Colour, FileRun
from .runner_outcomes import of_javascript, of_k6, of_locust, of_playwright, of_pytest
from .runner_tools import (
    Command,
    Missing,
    jest_command,
    k6_command,
    locust_command,
    playwright_command,
    pytest_command,
    pytest_playwright_command,
)

DEFAULT_TIMEOUT_S = 300.0
"""For one file against one service."""
_KEPT = 100_000
"""Bytes of output that are looked at, from the end."""
_COLOURS = frozenset({"CLICOLOR_FORCE", "FORCE_COLOR", "PY_COLORS"})
"""Some tools obey these before NO_COLOR, and colours part the words that are looked for."""
_HEAD = 8_000
"""Characters of a file in which its imports stand."""


@dataclass(frozen=True)
class Runner:
    """How one kind of file is run.

    Args:
        name: of the tool.
        files: of its kind, by their names.
        command: file, a folder for what the tool leaves behind, environment -> what to run, or what is missing;
            AQE_TARGET_URL is set around it.
        read: exit code and output -> how it ended.
        imports: a word that the file must hold, besides.
    """

    name: str
    files: re.Pattern[str]
    command: Callable[[Path, Path, Mapping[str, str]], Command | Missing]
    read: Callable[[int, str], FileRun]
    imports: str = ""

    def takes(self, file: Path) -> bool:
        """Whether it is of this kind."""
        if not self.files.fullmatch(file.name):
            return False
        return not self.imports or self.imports in file.read_text(encoding="utf-8", errors="replace")[:_HEAD]


RUNNERS: tuple[Runner, ...] = (
    Runner("pytest-playwright", re.compile(r"test_.*\.py"), pytest_playwright_command, of_pytest, "from playwright."),
    Runner("pytest", re.compile(r"test_.*\.py"), pytest_command, of_pytest),
    Runner("playwright", re.compile(r".*\.spec\.ts"), playwright_command, of_playwright),
    Runner("jest", re.compile(r".*\.test\.js"), jest_command, of_javascript),
    Runner("k6", re.compile(r".*\.k6\.js"), k6_command, of_k6),
    Runner("locust", re.compile(r"load_.*_locust\.py"), locust_command, of_locust),
)
"""The runners there are; the first that takes a file runs it."""


def runner_of(file: Path) -> Runner | None:
    """The one that takes it; None = it is no test that we write."""
    return next((runner for runner in RUNNERS if runner.takes(file)), None)


async def run_file(runner: Runner, file: Path, url: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> FileRun:
    """Run one generated file against a service.

    Args:
        runner: that takes it.
        file: whole path.
        url: base URL of the service.
        timeout_s: then it is killed, with whatever it started.
    """
    with TemporaryDirectory(prefix="aqe-verify-") as scratch:
        command = runner.command(file, Path(scratch), environment())
        if isinstance(command, Missing):
            return FileRun(colour=Colour.NOT_RUN, reason=command.reason)
        code, output = await _run(command, url, timeout_s)
    if code is None:
        return FileRun(colour=Colour.UNUSABLE, reason=f"not finished within {timeout_s:g} s; --timeout gives more")
    run = runner.read(code, output)
    return run if run.reason else run.model_copy(update={"reason": command.left_out})


async def _run(command: Command, url: str, timeout_s: float) -> tuple[int | None, str]:
    """Exit code and output; no code when it was not finished."""
    kept = {name: value for name, value in environment().items() if name not in _COLOURS}
    plain = {"AQE_TARGET_URL": url, "NO_COLOR": "1", "CI": "1"}
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        cwd=command.folder,
        env={**kept, **command.environment, **plain},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        return None, ""
    finally:
        # Also when all went well: a browser or a worker that was left behind belongs to the session.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return process.returncode, output[-_KEPT:].decode(errors="replace")
