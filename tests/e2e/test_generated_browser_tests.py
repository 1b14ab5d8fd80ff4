"""Generated tests in a real browser: they compile, pass on the healthy service and fail on the broken one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqe.core.records.production.scenarios import TestScenario, UiStep
from aqe.generators.playwright_target import PlaywrightTarget
from aqe.generators.pytest_playwright_target import PytestPlaywrightTarget
from aqe.generators.table import Target
from aqe.tests.contract.test_every_target import HOSTILE
from aqe.tests.contract.test_every_target import a_scenario as a_hostile_scenario
from aqe.tests.e2e.little_shop import little_shop
from aqe.tests.npm import PLAYWRIGHT, node_modules
from aqe.tests.servers import require
from aqe.tests.ui_scenarios import a_ui_scenario, expects

TIMEOUT_S = 120
TSCONFIG = """{ "include": ["*.ts"], "compilerOptions": { "strict": true, "noUncheckedIndexedAccess": true,
"noUnusedLocals": true, "noUnusedParameters": true, "exactOptionalPropertyTypes": true, "noEmit": true,
"module": "nodenext", "target": "es2022", "types": ["node"] } }"""
CONFIG = """import { defineConfig } from "@playwright/test";
export default defineConfig({
  reporter: "line",
  timeout: 20_000,
  use: { launchOptions: { executablePath: process.env.CHROMIUM!, args: ["--no-sandbox"] } },
});
"""
CONFTEST = '''import os

import pytest


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Debian's Chromium."""
    return browser_type_launch_args | {"executable_path": os.environ["CHROMIUM"], "args": ["--no-sandbox"]}
'''

SKIPPED = a_ui_scenario(id="skipped", title="Deprecated", skipped="used by 0.05 % of users: a candidate for removal")

pytestmark = pytest.mark.xdist_group("npm")


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[str, str]]:
    """A healthy one, and one that fails to add to the cart."""
    require("chromium")
    with little_shop() as healthy, little_shop(broken=True) as broken:
        yield healthy, broken


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, as users have it."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(node_modules(*PLAYWRIGHT))
    (folder / "tsconfig.json").write_text(TSCONFIG)
    (folder / "playwright.config.ts").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    (folder / "conftest.py").write_text(CONFTEST)
    return folder


def run(folder: Path, *command: str, target: str = "") -> tuple[int, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AQE_TARGET_URL": target}
    chromium = {"CHROMIUM": require("chromium")}
    done = subprocess.run(
        command, cwd=folder, env=environment | chromium, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def written(folder: Path, target: Target, scenario: TestScenario) -> str:
    name = target.file_name(scenario)
    (folder / name).write_text(target.render(scenario))
    return name


def test_typescript_compiles_whatever_text_is_in_it(typescript: Path) -> None:
    """By the strictest compiler: a whole journey, hostile texts, a scenario of one step."""
    target = PlaywrightTarget()
    one = a_ui_scenario(
        UiStep(action="goto", value="/", expectations=(expects("no-page-error", True),)), id="one", title=""
    )
    skipped = a_hostile_scenario(target).model_copy(update={"skipped": HOSTILE})
    hostile = (a_hostile_scenario(target, HOSTILE), a_hostile_scenario(target, "import"), skipped)
    for scenario in (a_ui_scenario(), one, *hostile):
        written(typescript, target, scenario)
    code, said = run(typescript, "node", "node_modules/typescript/bin/tsc", "-p", ".")
    assert code == 0, said


def test_typescript_passes_on_the_healthy_service_and_names_the_broken_step(
    typescript: Path, shops: tuple[str, str]
) -> None:
    """The 500 of the broken one is seen by the step that sent the request, and by the watch over all pages."""
    name = written(typescript, PlaywrightTarget(), a_ui_scenario())
    skipped = written(typescript, PlaywrightTarget(), SKIPPED)
    command = ("node", "node_modules/@playwright/test/cli.js", "test", name)
    code, said = run(typescript, *command, skipped, target=shops[0])
    assert code == 0 and "1 passed" in said and "1 skipped" in said, said
    code, said = run(typescript, *command, target=shops[1])
    assert code == 1 and "1 failed" in said, said
    assert "Expected: < 400" in said and "500 from http" in said


def test_python_passes_on_the_healthy_service_and_names_the_broken_step(python: Path, shops: tuple[str, str]) -> None:
    """A page that throws fails too, though it looks as it should."""
    target = PytestPlaywrightTarget()
    name = written(python, target, a_ui_scenario())
    throws = UiStep(action="goto", value="/throws", expectations=(expects("no-page-error", True),))
    written(python, target, a_ui_scenario(throws, id="throws", title="a page that throws"))
    command = (sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "no:asyncio")
    code, said = run(python, *command, name, written(python, target, SKIPPED), target=shops[0])
    assert code == 0 and "1 passed, 1 skipped" in said and str(SKIPPED.skipped) in said, said
    code, said = run(python, *command, target=shops[1])
    assert code == 1 and "1 failed" in said and "2 errors" in said, said
    assert "in the step: click Add to cart" in said and "500 from http" in said
    assert "in a page: Cannot read properties of undefined" in said
