"""What logs are, by their first lines: nginx, HAProxy and programs call them as they like."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ...config.init import Told
from ...connectors.formats.table import recognise
from ...core.errors import InputError
from ...core.importing import HEAD_BYTES, Head
from .unpacking import Content, contents


def told_logs(root: Path, paths: Iterable[str]) -> dict[str, Told]:
    """Path -> what the file is; of those that some importer reads.

    Args:
        root: the project's folder.
        paths: below it, with `/`; packed ones too.
    """
    return {path: told for path in paths for told in _told(root / path)}


def _told(path: Path) -> Iterator[Told]:
    """Nothing for what cannot be opened or read: `aqe import` says why."""
    if not path.is_file():  # to open a pipe is to wait for who writes into it
        return
    try:
        with path.open("rb") as stream:
            first = next(contents(stream, path.name))
            if isinstance(first.content, Content):
                data = first.content.head(HEAD_BYTES)
                importer = recognise(Head(first.name, data, whole=len(data) < HEAD_BYTES))
                yield Told(importer.name, importer.about.title)
    except (OSError, InputError, StopIteration):
        return
