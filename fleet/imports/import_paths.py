"""Which files the arguments of `aqe import` name: files, globs, folders, standard input."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError

STDIN = "standard-input"
"""Name of what is piped in, and so its name in evidence."""
IGNORED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "bower_components", "__pycache__", ".venv", "venv", ".tox", ".nox",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".gradle", ".idea", ".vscode", ".terraform", ".aqe"}
)  # fmt: skip
"""Never looked into: they hold other people's files, or our own. `build`, `target` and `dist` hold reports."""


@dataclass(frozen=True)
class Input:
    """A file to be imported.

    Args:
        path: None = standard input.
        found: it was come across in a folder: one that nothing reads is passed over.
    """

    path: Path | None
    found: bool = False

    @property
    def name(self) -> str:
        """As people see it."""
        return STDIN if self.path is None else str(self.path)


def inputs(arguments: Iterable[str]) -> list[Input]:
    """The files, each once, in the arguments' order.

    A file that is not there is kept: it is reported with the others.

    Args:
        arguments: `-` = standard input; a folder = everything below it; what is no file may be a glob, `**` too.

    Raises:
        InputError: a folder without a file.
    """
    kept: dict[str, Input] = {}
    for argument in arguments:
        for one in _named(argument):
            kept.setdefault(os.path.realpath(one.path) if one.path else "-", one)
    return list(kept.values())


def _named(argument: str) -> Iterable[Input]:
    path = Path(argument)
    if argument == "-":
        return [Input(None)]
    if path.is_dir():
        below = [Input(file, found=True) for file in files_below(path)]
        if not below:
            raise InputError(f"{argument}: no file is in this folder")
        return below
    if path.exists() or not glob.has_magic(argument):
        return [Input(path)]
    matches = sorted(Path(match) for match in glob.glob(argument, recursive=True))
    return [Input(match) for match in matches if match.is_file()] or [Input(path)]


def files_below(folder: Path) -> Iterator[Path]:
    """Regular files, in order of their names; links are followed to files inside of the folder only.

    No cycle, no way out of the folder, and nothing that would wait for a writer (pipes, devices).
    """
    root = os.path.realpath(folder)
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in IGNORED_FOLDERS)
        for name in sorted(names):
            path = Path(place, name)
            if _is_inside(path, root):
                yield path


def _is_inside(path: Path, root: str) -> bool:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:  # a link to nowhere
        return False
    return regular and (not path.is_symlink() or os.path.realpath(path).startswith(root + os.sep))
