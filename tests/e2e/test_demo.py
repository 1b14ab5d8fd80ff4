"""The main job, end to end: `aqe demo` tells its story with real decisions and leaves nothing running."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.errors import NotFoundError
from aqe.fleet.demo.shop import find_shop
from aqe.fleet.processes import supervisor_pid
from aqe.fleet.servers.server import find_server


@pytest.mark.xdist_group("demo")
def test_the_demo_blocks_the_bad_release_and_lets_the_fixed_one_go(tmp_path: Path) -> None:
    """BLOCKED, then the fix, INCONCLUSIVE under the specification's policy, and GO; in a folder with an odd name."""
    folder = tmp_path / "odd [name] ü"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aqe", "demo", "--folder", str(folder)],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("AQE_")},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    decisions = re.findall(r"Decision:\s+(\w+) \((.*?)\)", done.stdout)
    assert decisions == [("BLOCKED", "NO-GO"), ("INCONCLUSIVE", "NO-GO"), ("APPROVED", "GO")]
    assert "3 failed" in done.stdout
    assert "3 passed" in done.stdout
    assert "KeyError: 'price'" in done.stdout

    settings = load_settings({}, env={}, cwd=folder / "shop")
    assert supervisor_pid(settings) is None
    assert find_server(settings) is None, "the server still runs"


def test_without_the_example_the_demo_says_how_to_get_it(tmp_path: Path) -> None:
    """As after a plain `pip install`, which does not bring examples/."""
    with pytest.raises(NotFoundError) as caught:
        find_shop(tmp_path)
    assert "clone the repository" in (caught.value.hint or "")
