"""Programs that run generated tests, one line a kind of file."""

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.records.verification import Colour, FileRun

DEFAULT_TIMEOUT_S = 300.0
"""For one file against one service."""
_KEPT = 100_000
"""Bytes of output that are looked at, from the end."""
_PYTEST_OK, _PYTEST_FAILED, _PYTEST_EMPTY = 0, 1, 5
_COUNTED = re.compile(r"(\d+) (passed|failed|error)")


@dataclass(frozen=True)
class Runner:
    """How one kind of file is run.

    Args:
        name: of the tool.
        takes: whether a file is of its kind, by its name.
        command: without a shell; AQE_TARGET_URL is set around it.
        read: exit code and output -> how it ended.
    """

    name: str
    takes: Callable[[str], bool]
    command: Callable[[Path], Sequence[str]]
    read: Callable[[int, str], FileRun]


def _pytest(file: Path) -> Sequence[str]:
    # -P: the folder of the tests is no place to import other modules from. No plug-in caches beside the tests.
    quiet = ("-q", "--tb=line", "-p", "no:cacheprovider", "--rootdir", str(file.parent))
    return (sys.executable, "-P", "-m", "pytest", *quiet, str(file))


def _pytest_outcome(code: int, output: str) -> FileRun:
    counts = {word: int(number) for number, word in _COUNTED.findall(output.rstrip().rpartition("\n")[2])}
    passed, failed = counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0)
    if code == _PYTEST_OK and passed:
        return FileRun(colour=Colour.GREEN, passed=passed)
    reason = next((line.strip()[:200] for line in output.splitlines() if line.startswith(("E ", "FAILED", "/"))), None)
    if code == _PYTEST_FAILED and counts.get("failed"):
        return FileRun(colour=Colour.RED, passed=passed, failed=failed, reason=reason)
    told = "no test ran" if code in (_PYTEST_OK, _PYTEST_EMPTY) else f"pytest ended with {code}"
    return FileRun(colour=Colour.UNUSABLE, passed=passed, failed=failed, reason=reason or told)


RUNNERS: tuple[Runner, ...] = (
    Runner("pytest", lambda name: name.startswith("test_") and name.endswith(".py"), _pytest, _pytest_outcome),
)
"""The runners there are."""


async def run_file(file: Path, url: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> FileRun:
    """Run one generated file against a service.

    Args:
        file: whole path.
        url: base URL of the service.
        timeout_s: then it is killed, with whatever it started.
    """
    runner = next((runner for runner in RUNNERS if runner.takes(file.name)), None)
    if runner is None:
        return FileRun(colour=Colour.UNUSABLE, reason=f"no runner for {file.suffix or file.name} files")
    process = await asyncio.create_subprocess_exec(
        "env",
        f"AQE_TARGET_URL={url}",
        *runner.command(file),
        cwd=file.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        return FileRun(colour=Colour.UNUSABLE, reason=f"not finished within {timeout_s:g} s")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return runner.read(process.returncode or 0, output[-_KEPT:].decode(errors="replace"))
