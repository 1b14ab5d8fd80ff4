"""Reports as people ask for them: rendered, looked at for secrets, written."""

from pathlib import Path

from ..core.errors import InputError
from ..core.records.report import Report
from ..core.registry import by_name
from ..generators.secrets_scan import scan
from ..reports.format import Format
from ..reports.table import FORMATS
from ..reports.terminal import Terminal
from .output import write_file

_EXPECTED = frozenset({"random text", "e-mail address"})
"""Digests and people on call stand in reports on purpose."""


def format_for(name: str | None, output: Path | None) -> Format:
    """The format of this name, else that of the file's extension, else plain text.

    Raises:
        InputError: no such format, or one that is nothing for a terminal without a file.
    """
    by_extension = {format_.extension: format_ for format_ in FORMATS}
    extension = output.suffix.removeprefix(".").lower() if output else ""
    chosen = by_name(FORMATS, name, "format") if name else by_extension.get(extension, Terminal())
    if chosen.binary and output is None:
        raise InputError(f"{chosen.name} is not for a terminal", hint=f"give --output report.{chosen.extension}")
    return chosen


def render(
    report: Report, format_: Format, *, color: bool = False, signs: bool = False, room: int | None = None
) -> bytes:
    """The report in this format.

    Args:
        color, signs: what the terminal takes, where the format is for one.
        room: its columns; None = there is no terminal.

    Raises:
        InputError: a credential stands in it.
    """
    for value in report.values():
        leaks = [leak for leak in scan(value.text) if leak.kind not in _EXPECTED]
        if leaks:
            where = value.origins[0] if value.origins else None
            field = f" (from {where.key} {where.field})" if where else ""
            raise InputError(f"the report is not written: it holds a {leaks[0].kind}, {leaks[0].shown}{field}")
    return (Terminal(color, signs, room=room) if isinstance(format_, Terminal) else format_).render(report)


def write_report(path: Path, data: bytes) -> Path:
    """Write the file whole or not at all; an older report of this name is replaced."""
    return write_file(path, data, overwrite=True)
