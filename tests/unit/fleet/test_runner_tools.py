"""Which tool runs a file, with what; and what to install where it is not there."""

import asyncio
from pathlib import Path

import pytest

from aqe.core.records.production.scenarios import BrowserShare
from aqe.core.records.production.verification import Colour
from aqe.fleet.suites import runner_tools
from aqe.fleet.suites.browser_setup import write_setup
from aqe.fleet.suites.generated_runners import run_file, runner_of
from aqe.fleet.suites.runner_tools import Command, Missing, jest_command, playwright_command, pytest_playwright_command
from aqe.generators.table import LOAD_TARGETS, TARGETS
from aqe.tests.contract.test_every_load_target import a_test
from aqe.tests.contract.test_every_target import a_scenario


@pytest.fixture(autouse=True)
def node(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Programs on PATH; tests take some away."""
    there = {"node": "/usr/bin/node", "chromium": "/usr/bin/chromium"}
    monkeypatch.setattr("shutil.which", there.get)
    return there


def installed(folder: Path, script: str) -> None:
    path = folder / "node_modules" / script
    path.parent.mkdir(parents=True)
    path.touch()


def test_every_target_has_a_runner(tmp_path: Path) -> None:
    """A new target that `tests verify` cannot run would be noticed by nobody."""
    for target in TARGETS:
        path = tmp_path / target.file_name(a_scenario(target))
        path.write_text(target.render(a_scenario(target)))
        assert getattr(runner_of(path), "name", None) == target.name
    for tool in LOAD_TARGETS:
        (tmp_path / tool.file_name(a_test())).write_text(tool.render(a_test()))
        assert getattr(runner_of(tmp_path / tool.file_name(a_test())), "name", None) == tool.name
    assert runner_of(tmp_path / "conftest.py") is None


def test_what_is_missing_is_named_with_the_way_to_get_it(
    tmp_path: Path, node: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without its tool is NOT RUN: neither red nor green."""
    (tmp_path / "a.spec.ts").touch()
    spec = tmp_path / "a.spec.ts"
    found = playwright_command(spec, tmp_path, {})
    assert isinstance(found, Missing) and "npm install --save-dev @playwright/test" in found.reason
    del node["node"]
    found = jest_command(spec, tmp_path, {})
    assert isinstance(found, Missing) and "Node.js is not on PATH" in found.reason
    monkeypatch.setattr(runner_tools, "find_spec", lambda name: None)
    found = pytest_playwright_command(spec, tmp_path, {})
    assert isinstance(found, Missing) and "pip install pytest-playwright" in found.reason
    runner = runner_of(spec)
    assert runner is not None
    run = asyncio.run(run_file(runner, spec, "http://x"))
    assert run.colour is Colour.NOT_RUN and "Node.js" in str(run.reason)


def test_jest_comes_before_vitest_and_both_run_in_the_project_that_has_them(tmp_path: Path) -> None:
    """The file may lie in a folder below."""
    file = tmp_path / "tests" / "a.test.js"
    installed(tmp_path, "vitest/vitest.mjs")
    found = jest_command(file, tmp_path, {})
    assert isinstance(found, Command) and "--globals" in found.arguments and found.folder == tmp_path
    installed(tmp_path, "jest/bin/jest.js")
    found = jest_command(file, tmp_path, {})
    assert isinstance(found, Command) and "--runTestsByPath" in found.arguments and found.folder == tmp_path


def test_with_a_systems_chromium_alone_only_its_projects_run_and_the_others_are_named(tmp_path: Path) -> None:
    """Of the setup that we wrote; Playwright's own browsers run all."""
    installed(tmp_path, "@playwright/test/cli.js")
    shares = [("safari", "mobile", 0.6), ("chrome", "desktop", 0.4)]
    write_setup(tmp_path, "playwright", [BrowserShare(browser=b, device=d, share=s) for b, d, s in shares])
    found = playwright_command(tmp_path / "a.spec.ts", tmp_path, {"HOME": str(tmp_path)})
    assert isinstance(found, Command)
    assert [a for a in found.arguments if "project" in a] == ["--project=chrome-desktop"]
    assert found.left_out == "not in safari-mobile: only Chromium is here"
    assert found.environment == {"AQE_CHROMIUM": "/usr/bin/chromium"}
    (tmp_path / ".cache" / "ms-playwright").mkdir(parents=True)
    found = playwright_command(tmp_path / "a.spec.ts", tmp_path, {"HOME": str(tmp_path)})
    assert isinstance(found, Command) and not found.environment and found.left_out is None
