"""Scenarios as test files in a user's folder: rendered, looked at for secrets, written without overwriting an edit.

The first line of a file says what our own text was, as a digest. So a file is either ours as we wrote it (replaced), or
somebody edited it; then three texts are known to differ or not: what we wrote, what stands there, what we would write.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ...core.records.production.scenarios import TestScenario
from ...core.registry import by_name
from ...generators.secrets_scan import scan
from ...generators.table import TARGETS, Target
from ..output import write_file

_COMMENT = {".py": "#", ".ts": "//", ".js": "//"}
"""Suffix -> how a comment begins; files of other kinds have no mark, and are replaced only by hand."""
_MARK = re.compile(r"(?:#|//) Written by aqe, (?P<digest>[0-9a-f]{16})\. [^\n]*\n")
MAX_DIFF = 60
"""Lines of a difference that are shown."""


class EditedFile(InputError):
    """Somebody edited the file since we wrote it, and our text is another one now.

    Args:
        diff: from what stands there to what we would write.
    """

    def __init__(self, path: Path, diff: str) -> None:
        super().__init__(
            f"{path} is there and differs: it was edited since it was written",
            hint="take over what you need of the difference, or move the file away",
        )
        self.diff = diff


@dataclass(frozen=True)
class WrittenTest:
    """A file, and why it was not written; None = it was, or is there already with the same text.

    Args:
        diff: of a file that somebody edited: what our text would change in it.
        kept: somebody edited it, and we have nothing new.
    """

    path: Path
    problem: str | None
    diff: str = ""
    kept: bool = False


def scenarios_of(values: Any, where: str) -> tuple[list[TestScenario], list[str]]:
    """The scenarios of a list in memory, and a line about each entry that is none: other programs write there, too."""
    found, problems = [], []
    for value in values if isinstance(values, list) else ():
        try:
            found.append(TestScenario.from_value(value, where=where))
        except InputError as error:
            problems.append(f"left out: {error.message}")
    return found, problems


def target_of(scenario: TestScenario, name: str | None = None) -> Target:
    """The target of this name; None = pytest, with a browser for what was done in one.

    Raises:
        InputError: no such target.
    """
    return by_name(TARGETS, name or ("pytest-playwright" if scenario.ui else "pytest"), "test target")


def write_tests(scenarios: Iterable[TestScenario], folder: Path, *, target: str | None = "pytest") -> list[WrittenTest]:
    """Write one file a scenario; one that cannot be written does not stop the others.

    Args:
        target: see `target_of`.

    Raises:
        InputError: no such target.
    """
    written: dict[Path, WrittenTest] = {}
    doubles = []
    for scenario in scenarios:
        renderer = target_of(scenario, target)
        path = folder / renderer.file_name(scenario)
        if path in written:
            reason = f"another scenario has its file; the id of this one is {scenario.id}"
            doubles.append(WrittenTest(path, f"{path} is not written a second time: {reason}"))
        elif refusal := renderer.refusal(scenario):
            written[path] = WrittenTest(path, f"{path} is not written: {refusal}")
        else:
            written[path] = written_test(path, renderer.render(scenario))
    return [*written.values(), *doubles]


def is_unedited(path: Path) -> bool:
    """Whether a file stands as we wrote it; False for one that is not there, or not ours."""
    text = _read(path)
    mark = _MARK.match(text)
    return mark is not None and _is_ours(text, mark)


def _is_ours(text: str, mark: re.Match[str]) -> bool:
    return _digest(text[mark.end() :]) == mark["digest"]


def written_test(path: Path, text: str) -> WrittenTest:
    """Write one file; what stands in the way is told, not raised."""
    try:
        return WrittenTest(path, None, kept=not write_generated(path, text))
    except EditedFile as error:
        return WrittenTest(path, error.message, error.diff)
    except InputError as error:
        return WrittenTest(path, error.message)


def write_generated(path: Path, text: str) -> bool:
    """Write one generated file; the only door through which they go.

    A file as we wrote it is replaced. One that was edited stays, and that is an error only when our text has changed.

    Returns:
        Whether our text stands there; else an edited file was kept.

    Raises:
        EditedFile: somebody edited it, and our text is another one now.
        InputError: a secret is in it, or a file that we did not write is there.
    """
    if leaks := scan(text):
        first = leaks[0]
        more = f" and {len(leaks) - 1} more" if len(leaks) > 1 else ""
        raise InputError(f"{path} is not written: its line {first.line} holds a {first.kind}, {first.shown}{more}")
    marked = _marked(path, text)
    old = _read(path)
    mark = _MARK.match(old)
    if mark is None:
        write_file(path, marked, overwrite=False)
    elif _is_ours(old, mark):
        write_file(path, marked, overwrite=True)
    elif mark["digest"] != _digest(text):
        raise EditedFile(path, _difference(path, old, marked))
    else:
        return False
    return True


def _marked(path: Path, text: str) -> str:
    comment = _COMMENT.get(path.suffix)
    return (
        f"{comment} Written by aqe, {_digest(text)}. Edit it freely: then it is never replaced.\n{text}"
        if comment
        else text
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> str:
    """The text that is there; empty when there is none, or none of ours."""
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _difference(path: Path, old: str, new: str) -> str:
    lines = list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), f"{path} (yours)", f"{path} (ours)", lineterm="")
    )
    left = [f"... {len(lines) - MAX_DIFF} lines more"] if len(lines) > MAX_DIFF else []
    return "\n".join(lines[:MAX_DIFF] + left)
