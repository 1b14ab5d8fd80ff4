"""A small incident of the kind of INC-2024-1234, replayed with real processes: red as it was, green as repaired."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aqe.benchmarks.incident_rows import the_plan
from aqe.cli.main import main
from aqe.fleet.incident_replay import write_replay

PAYMENT = Path(__file__).parents[2] / "examples" / "incident" / "payment.py"
SCALE = "1:20"
pytestmark = pytest.mark.xdist_group("replay")


def command(service: str) -> str:
    return f"{sys.executable} {PAYMENT} {service} {{port}}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten payments, five connections."""
    return write_replay(the_plan(payments=10, pool=5), tmp_path_factory.mktemp("replay"))


def aqe(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["production", "replay-incident", *map(str, arguments)])


def test_the_service_as_it_was_shows_the_incident_and_what_its_time_out_hides(written: list[Path]) -> None:
    done = aqe(
        "--conditions", written[1], "--target", command("naive"), "--scale", SCALE, "--tolerance", "20%", "--json"
    )
    report = json.loads(done.stdout)
    assert (done.exit_code, report["verdict"]) == (1, "REPRODUCED"), report
    assert report["run"]["figures"]["outcomes"] == {"504 GATEWAY_TIMEOUT": 10}
    (hidden,) = report["run"]["hidden"]
    assert hidden["unseen"] == hidden["wouldFail"] > 0


def test_the_written_test_is_green_on_the_repaired_service(written: list[Path], tmp_path: Path) -> None:
    """Run as its reader would."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AQE_", "PYTEST_"))}
    env |= {"AQE_TARGET_COMMAND": command("fixed"), "AQE_REPLAY_SCALE": SCALE}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written[0])],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "expected either --incident-id or --conditions"),
        (["--conditions", "gone.yaml", "--target", "x"], "gone.yaml: No such file"),
        (["--conditions", "FILE", "--target", "no-such-program"], "cannot be started"),
        (["--conditions", "FILE", "--target", "http://127.0.0.1:1"], "--proxy bank=127.0.0.1:PORT is missing"),
        (["--conditions", "FILE", "--target", "x", "--upstream", "redis=x:1"], "'redis' is no dependency"),
        (["--conditions", "FILE", "--target", "x", "--scale", "100:1"], "is no scale"),
    ],
)
def test_a_mistake_is_one_line(written: list[Path], arguments: list[str], problem: str) -> None:
    done = aqe(*(written[1] if argument == "FILE" else argument for argument in arguments))
    assert done.exit_code == 2 and problem in " ".join(done.output.split()), done.output
