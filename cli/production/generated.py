"""Writing generated tests for a command: the files, what is said of each, and the exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import say

if TYPE_CHECKING:
    from ...fleet.suites.generated_tests import WrittenTest

target_option = click.option(
    "--target",
    type=click.Choice(["pytest", "jest"]),
    default="pytest",
    show_default=True,
    help="Python; or JavaScript that Jest and Vitest run.",
)


def written_tests(scenarios: Sequence[Any], folder: Path, nothing: str, target: str | None = "pytest") -> int:
    """Write a test for each scenario, say what became of it; returns the exit code.

    Args:
        scenarios: JSON values.
        nothing: said when there is none.
        target: a name in generators/table.TARGETS; None = pytest, with a browser for what was done in one.
    """
    from ...core.errors import EXIT_OK, EXIT_USAGE
    from ...fleet.suites.browser_setup import write_setup
    from ...fleet.suites.generated_tests import scenarios_of, write_tests

    found, problems = scenarios_of(list(scenarios), "scenario")
    tests = write_tests(found, folder, target=target)
    if target is None and any(one.ui for one in found):
        write_setup(folder, "pytest-playwright", ())
    for problem in problems:
        say(problem)
    for test in tests:
        say_written(test)
    if not tests:
        say(f"{nothing}; nothing was written")
    return EXIT_USAGE if problems or any(test.problem for test in tests) else EXIT_OK


def say_written(test: "WrittenTest") -> None:
    """What became of a file."""
    say(test.problem or (f"kept {test.path}, which was edited" if test.kept else f"wrote {test.path}"))
    for line in test.diff.splitlines():
        say(line)
