"""Without any data every `aqe production` command ends with 1: a check in CI that looked at nothing is not green."""

from collections.abc import Iterator

import pytest

from aqe.cli.production import COMMANDS
from aqe.tests.e2e.cli_project import Project

pytestmark = pytest.mark.xdist_group("cli-production-no-data")
NEEDS: dict[str, tuple[str, ...]] = {
    "ab-test-impact": ("--experiment", "checkout-v2"),
    "dead-code": ("--source", "source"),
    "feedback-loop": ("--once",),
    "replay-incident": ("--incident-id", "INC-1"),
    "rum-to-tests": ("--feature", "checkout"),
}
"""What a command cannot do without."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("nothing")) as project:
        project.ok("up", "--server-only")
        project.write("source/app.py", "@app.get('/orders')\ndef orders(): ...\n")
        yield project


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_data_at_all_ends_with_1_and_says_so(project: Project, name: str) -> None:
    """In words on stderr, without a traceback; `feedback-loop` prints its table all the same."""
    done = project.aqe("production", name, *NEEDS.get(name, ()))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr and " failed: " not in done.stderr.replace(
        "incident-replay-plan failed: ", ""
    )
    assert done.stderr.startswith(("aqe: ", "task "))
    assert ("no data" in done.stdout) is (name == "feedback-loop")
