"""Scenarios as test files in a user's folder: rendered, looked at for secrets, written without overwriting anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError
from ..core.records.scenarios import TestScenario
from ..core.registry import by_name
from ..generators.secrets_scan import scan
from ..generators.table import TARGETS
from .output import write_file


@dataclass(frozen=True)
class WrittenTest:
    """A file, and why it was not written; None = it was, or is there already with the same text."""

    path: Path
    problem: str | None


def write_tests(scenarios: Iterable[TestScenario], folder: Path, *, target: str = "pytest") -> list[WrittenTest]:
    """Write one file a scenario; one that cannot be written does not stop the others.

    Args:
        target: a name in generators/table.TARGETS.

    Raises:
        InputError: no such target.
    """
    renderer = by_name(TARGETS, target, "test target")
    written = []
    for scenario in scenarios:
        path = folder / renderer.file_name(scenario)
        if refusal := renderer.refusal(scenario):
            written.append(WrittenTest(path, f"{path} is not written: {refusal}"))
            continue
        try:
            write_generated(path, renderer.render(scenario))
            written.append(WrittenTest(path, None))
        except InputError as error:
            written.append(WrittenTest(path, error.message))
    return written


def write_generated(path: Path, text: str) -> None:
    """Write one generated file; the only door through which they go.

    Raises:
        InputError: a secret is in it, or the file is there and differs.
    """
    if leaks := scan(text):
        first = leaks[0]
        more = f" and {len(leaks) - 1} more" if len(leaks) > 1 else ""
        raise InputError(f"{path} is not written: its line {first.line} holds a {first.kind}, {first.shown}{more}")
    write_file(path, text, overwrite=False)
