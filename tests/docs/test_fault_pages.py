"""docs/fault-proxy.md and docs/replay.md: their file and their commands are understood."""

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from aqe.cli.fault_proxy import fault_proxy
from aqe.cli.production.replay import replay_incident
from aqe.connectors.faults.decide import matches
from aqe.core.records.faults import FaultKind
from aqe.fleet.replays.fault_proxy import read_plan
from aqe.fleet.replays.target import variable_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "fault-proxy.md").read_text(encoding="utf-8")
REPLAY = (DOCS / "replay.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for line in (PAGE + REPLAY).replace("\\\n", "").splitlines()
    if line.startswith(("aqe fault-proxy ", "aqe production replay-incident "))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_pages_has_flags_that_are_there(command: str) -> None:
    words = shlex.split(command)
    if words[1] == "fault-proxy":
        fault_proxy.make_context("fault-proxy", words[2:])
    else:
        replay_incident.make_context("replay-incident", words[3:])


def test_the_variables_on_the_page_are_those_that_a_service_gets() -> None:
    assert variable_of("stripe-api") in REPLAY


def test_the_file_of_the_page_is_a_plan(tmp_path: Path) -> None:
    """As it stands there."""
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    file = tmp_path / "faults.yaml"
    file.write_text(block[1], encoding="utf-8")
    plan = read_plan(file)
    assert [proxy.name for proxy in plan.proxies] == ["bank", "database", "stub"]
    assert matches(plan.proxies[0].faults[1], "POST", "/charges/1")


def test_every_kind_of_fault_stands_on_the_page() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == set(get_args(FaultKind))
