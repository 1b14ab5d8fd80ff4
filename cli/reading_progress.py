"""A bar on standard error while an import of many bytes runs; nothing where standard error is no terminal."""

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from .text import clean

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..fleet.imports.import_paths import Input

LONG_BYTES = 16 * 1024 * 1024
"""Less is read in a second or two: no bar for it."""


class ReadingProgress:
    """Counts what has been read.

    Args:
        inputs: sizes of files give the whole; with standard input nobody knows it.
    """

    def __init__(self, inputs: "Sequence[Input]") -> None:
        self._total = sum(map(_size, inputs)) if all(one.path for one in inputs) else None
        self._read: dict[str, int] = {}
        self._sum = 0
        self._shown = sys.stderr.isatty()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        """The bar appears when it is needed."""
        return self

    def __exit__(self, *error: object) -> None:
        """It goes."""
        if self._bar:
            self._bar.stop()

    def read(self, name: str, size: int) -> None:
        """So many bytes of this file have been read."""
        self._sum += size - self._read.get(name, 0)
        self._read[name] = size
        if not self._shown or self._sum < LONG_BYTES:
            return
        if self._bar is None:
            self._bar = _bar(self._total)
        self._bar.update(self._bar.task_ids[0], completed=self._sum, description=clean(name)[-40:])


def _bar(total: int | None) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    name = TextColumn("{task.description}", markup=False)
    bar = Progress(
        name, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    bar.add_task("", total=total)
    bar.start()
    return bar


def _size(one: "Input") -> int:
    with contextlib.suppress(OSError):
        return one.path.stat().st_size if one.path else 0
    return 0
