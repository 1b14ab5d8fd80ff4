"""The `console` blocks of the README run as they stand, and print what stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.tests.e2e.cli_project import TIMEOUT_S

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


def examples(text: str) -> list[tuple[str, str]]:
    """Command and expected output, in order over all blocks of a page."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def fits(expected: str, printed: str) -> bool:
    """`...` stands for anything, over lines too."""
    pattern = ".*".join(re.escape(piece) for piece in expected.strip("\n").split("..."))
    return re.fullmatch(pattern, printed.strip("\n"), re.DOTALL) is not None


def run_tour(page: str, folder: Path) -> int:
    """Run each command of a page in order, in one folder; its output is the printed one. How many there were."""
    tour = examples(page)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AQE_", "COLUMNS"))}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    try:
        for command, expected in tour:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=env,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
            )
            assert fits(expected, done.stdout), f"$ {command}\n{done.stdout}"
    finally:
        subprocess.run(["aqe", "down"], cwd=folder, env=env, capture_output=True)
    return len(tour)


@pytest.mark.skipif(shutil.which("jq") is None and not os.environ.get("CI"), reason="the tour pipes into jq")
def test_the_tour_of_the_readme_runs(tmp_path: Path) -> None:
    """In one empty folder."""
    assert run_tour((ROOT / "README.md").read_text(encoding="utf-8"), tmp_path) > 8
