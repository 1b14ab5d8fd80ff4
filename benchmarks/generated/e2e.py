"""Browser tests made of real traffic of the example shop: whether they pass on the healthy shop, run after run.

The shop runs here; `browse.py` visits it with Chromium; what its pages report (rum.jsonl) and what the browser recorded
(HAR) are imported; `journey-to-tests` writes the tests, which then run against the same shop again and again, in both
languages. A run that fails is a flake: nothing but the tests touches the shop. Needs Chromium, and npm for TypeScript.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...tests.npm import PLAYWRIGHT, node_modules
from ..report import json_line, table

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"
TARGETS = ("pytest-playwright", "playwright")
CUSTOMER = {"AQE_TEST_EMAIL": "reader@example.test", "AQE_TEST_PASSWORD": "paper-and-ink"}
"""One of the shop's, as its README says."""
VISITS, SEED, MIN_FREQUENCY = 30, 7, 5
RUN_S = 300
"""What a run may take at most."""


class NotStarted(RuntimeError):
    """A shop that ends before it listens."""


def main(arguments: list[str]) -> int:
    """Visit, generate, run, count."""
    parser = argparse.ArgumentParser(prog="e2e", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--visits", type=int, default=VISITS)
    options = parser.parse_args(arguments)
    if not shutil.which("chromium"):
        print("NOT_MEASURED, no chromium on PATH")
        return 0
    with TemporaryDirectory() as folder, shop(Path(folder) / "shop") as url:
        tests = generate(Path(folder), url, visits=options.visits)
        passed = {target: sum(_told(target, tests[target], url) for _ in range(options.runs)) for target in TARGETS}
        files = {target: len(_tests(tests[target])) for target in TARGETS}
    rows = [(target, str(files[target]), str(options.runs), str(passed[target])) for target in TARGETS]
    table("Generated browser tests on the healthy shop", ("target", "files", "runs", "passed"), rows)
    json_line("e2e", runs=options.runs, visits=options.visits, files=files, passed=passed)
    return 0 if all(count == options.runs for count in passed.values()) else 1


def _told(target: str, folder: Path, url: str) -> bool:
    passed, said = run(target, folder, url)
    if not passed:
        print(f"{target} failed: {said[-2000:]}", flush=True)
    return passed


@contextmanager
def shop(data: Path, *, folder: Path = SHOP, **environment: str) -> Iterator[str]:
    """The example shop; its base URL. Ends with the block.

    Args:
        data: its folder for logs and database.
        folder: its sources, such as a mutant's.
        environment: more of it.

    Raises:
        NotStarted: it ended before it listened.
    """
    process = subprocess.Popen(
        (sys.executable, "-m", "shop", "--port", "0", "--data-dir", str(data)),
        cwd=folder,
        env=os.environ | _importing(folder) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        if not (said := process.stdout.readline()):
            raise NotStarted(f"the shop in {folder} does not start")
        yield said.split()[-1]
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:  # a mutant may be busy for ever
            process.kill()
            process.wait()


def generate(folder: Path, url: str, *, visits: int = VISITS) -> dict[str, Path]:
    """Visit the shop and make tests of what was recorded; target -> folder of its tests.

    Args:
        folder: holds the shop's data in `shop`; gets the recording, a fleet and the tests.
        url: of the shop.
        visits: that browse.py makes.
    """
    recording = folder / "visits.har"
    browse = ("browse.py", "--base-url", url, "--visits", str(visits), "--seed", str(SEED), "--record", str(recording))
    do(sys.executable, *browse, cwd=SHOP)
    aqe = (sys.executable, "-m", "aqe")
    do(*aqe, "up", "--server-only", cwd=folder)
    try:
        for file in (folder / "shop" / "rum.jsonl", recording):
            do(*aqe, "import", str(file), "--release", "1.4.0", "--commit", "abc1234", cwd=folder)
        for target in TARGETS:
            asked = ("--min-frequency", str(MIN_FREQUENCY), "--target", target, "--output", target)
            do(*aqe, "production", "journey-to-tests", *asked, cwd=folder)
    finally:
        do(*aqe, "down", cwd=folder)
    return {target: folder / target for target in TARGETS}


def run(target: str, folder: Path, url: str, *, to_the_first: bool = False, **environment: str) -> tuple[bool, str]:
    """Run the tests of a folder against a shop: whether all passed, and what was said.

    Args:
        to_the_first: end with the first test that fails.
    """
    if target == "playwright":
        modules = folder / "node_modules"
        if not modules.exists():
            modules.symlink_to(node_modules(*PLAYWRIGHT))
        command = ["node", "node_modules/@playwright/test/cli.js", "test", "--reporter", "line"]
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "--tb=short"]
    command += ["-x"] * to_the_first
    told: Mapping[str, str] = {"AQE_TARGET_URL": url, "AQE_CHROMIUM": shutil.which("chromium") or "", **CUSTOMER}
    told = {**told, **environment}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | told, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def _tests(folder: Path) -> list[Path]:
    return [*folder.glob("*.spec.ts"), *folder.glob("test_*.py")]


def do(*command: str, cwd: Path) -> None:
    """Run a program of the set-up; the benchmark ends when it fails."""
    env = os.environ | _importing(cwd)
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=RUN_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}: {(done.stderr or done.stdout)[-1000:]}")


def _importing(folder: Path) -> dict[str, str]:
    # The Makefile keeps working directories off the path: the shop's own modules must be on it all the same.
    return {"PYTHONPATH": str(folder)}
