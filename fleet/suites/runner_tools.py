"""The tools that run generated tests: the command for a file, or what is missing and how to get it."""

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
_OURS = re.compile(r"// Written by aqe.*", re.DOTALL)
_PROJECT = re.compile(r'\{ name: "([a-z-]+)"')
_OF_CHROMIUM = ("chrome-", "edge-")


@dataclass(frozen=True)
class Command:
    """What is run.

    Args:
        arguments: without a shell.
        folder: where.
        environment: more of it.
        left_out: what of the file is not run, in one line.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    left_out: str | None = None


@dataclass(frozen=True)
class Missing:
    """Why a file cannot be run here, and what to install."""

    reason: str


def pytest_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command:
    """Of this Python."""
    # -P: the folder of the tests is no place to import other modules from. No plug-in caches beside the tests.
    quiet = ("-q", "-rs", "--tb=line", "-p", "no:cacheprovider", "--rootdir", str(file.parent))
    return Command((sys.executable, "-P", "-m", "pytest", *quiet, str(file)), file.parent)


def pytest_playwright_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command | Missing:
    """pytest with a browser."""
    if find_spec("pytest_playwright") is None:
        return Missing(
            "pytest-playwright is not installed: pip install pytest-playwright && playwright install chromium"
        )
    command = pytest_command(file, scratch, given)
    # pytest-asyncio's loop is one more than Playwright's synchronous interface can have.
    arguments = (*command.arguments, "-p", "no:asyncio", "--output", str(scratch))
    return Command(arguments, command.folder, _chromium(given))


def playwright_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command | Missing:
    """Playwright for TypeScript; where only a system's Chromium is there, the projects of our setup that it can be."""
    found = _node(file, "@playwright/test/cli.js", "npm install --save-dev @playwright/test")
    if isinstance(found, Missing):
        return found
    chromium = _chromium(given)
    projects = _projects(file.parent) if chromium else []
    able = [name for name in projects if name.startswith(_OF_CHROMIUM)]
    left = ", ".join(name for name in projects if name not in able) if able else ""
    options = ("--reporter=line", f"--output={scratch}", *(f"--project={name}" for name in able))
    return Command(
        (*found, "test", *options, re.escape(file.name)), file.parent, chromium,
        f"not in {left}: only Chromium is here" if left else None,
    )  # fmt: skip


def jest_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command | Missing:
    """Jest, else Vitest, of the project that the file lies in."""
    jest = _node(file, "jest/bin/jest.js", "npm install --save-dev jest")
    if not isinstance(jest, Missing):
        return Command((*jest, "--watchman=false", "--runTestsByPath", str(file)), _project_of(jest[1]))
    vitest = _node(file, "vitest/vitest.mjs", "")
    if not isinstance(vitest, Missing):
        return Command((*vitest, "run", "--globals", str(file)), _project_of(vitest[1]))
    return jest


def k6_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command | Missing:
    """k6; its exit code says whether the thresholds held."""
    program = _program("k6")
    if program is None:
        return Missing("k6 is not installed: https://grafana.com/docs/k6/latest/set-up/install-k6/")
    return Command((program, "run", "--quiet", "--no-color", "--no-usage-report", str(file)), file.parent)


def locust_command(file: Path, scratch: Path, given: Mapping[str, str]) -> Command | Missing:
    """Locust without its web page."""
    program = _program("locust")
    if program is None:
        return Missing("Locust is not installed: pip install locust")
    return Command((program, "-f", str(file), "--headless", "--only-summary"), file.parent)


def _program(name: str) -> str | None:
    """Beside this Python, else on PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def _node(file: Path, script: str, install: str) -> tuple[str, str] | Missing:
    """Node.js and a package's script, of the nearest project above the file that has it."""
    node = shutil.which("node")
    if node is None:
        return Missing("Node.js is not on PATH: https://nodejs.org (Debian: apt-get install nodejs npm)")
    for folder in file.parents:
        if (path := folder / "node_modules" / script).exists():
            return node, str(path)
    package = script.partition("/")[0] if not script.startswith("@") else "/".join(script.split("/")[:2])
    return Missing(f"{package} is not installed in {file.parent} or above: {install}")


def _project_of(script: str) -> Path:
    return next(folder.parent for folder in Path(script).parents if folder.name == "node_modules")


def _chromium(given: Mapping[str, str]) -> dict[str, str]:
    """AQE_CHROMIUM as it is given; else a system's Chromium where Playwright has no browsers of its own."""
    own = Path(given.get("PLAYWRIGHT_BROWSERS_PATH") or Path(given.get("HOME", "/")) / ".cache" / "ms-playwright")
    found = given.get("AQE_CHROMIUM") or (
        None if own.exists() else next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    )
    return {"AQE_CHROMIUM": found} if found else {}


def _projects(folder: Path) -> list[str]:
    """Of the playwright.config.ts that we wrote; of another one nothing is known."""
    config = folder / "playwright.config.ts"
    text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    return _PROJECT.findall(text) if _OURS.match(text) else []
