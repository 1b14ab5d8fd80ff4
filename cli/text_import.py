"""What `aqe import` says in the end: few files one by one, many by format."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .text import cleaned, counted, some, table, together

if TYPE_CHECKING:
    from ..fleet.imports.ingest import FileReport, ImportReport

MANY = 20
"""Files in the table; of more there is a line a format. --verbose and --json have all."""
NEXT = "What production says: aqe production feedback-loop --once, then aqe production report"
"""After production data: many commands read them, and nobody knows yet with which to begin."""


def report_text(report: "ImportReport", *, stored: bool = True, verbose: bool = False) -> str:
    """What was read, then what is still missing, and what to do with production data that was `stored`.

    Args:
        verbose: every file in a line of its own, with all that there is to say of it.
    """
    from .text_readiness import missing_by_command, missing_text

    report = cleaned(report)
    read = [file for file in report.files if not file.skipped]
    brief = not verbose and len(read) > MANY
    lines = [_by_format(read) if brief else table(("FILE", "FORMAT", "OUTCOME", "GAVE"), [_row(f) for f in read])]
    notes = [(f.file, note) for f in read if not f.failed for note in (*filter(None, [f.reason]), *f.notes)]
    if notes:
        lines += ["", *together(notes, "files", whole=verbose)]
    passed_over = [(f.file, str(f.reason).removeprefix(f"{f.file}: ")) for f in report.files if f.skipped]
    if passed_over:
        told = together(passed_over, "files", whole=verbose)
        lines += ["", "Passed over, since no importer reads them:", *(f"  {line}" for line in told)]
    if report.release:
        title = f"Gates of {report.release.version} still without evidence"
        missing = missing_text if verbose or not brief else missing_by_command
        lines += missing(title, report.release.version, report.still_missing)
    if brief:
        lines += ["", "--verbose has a line for every file, --json all that is known of it."]
    if stored and any(file.rows or file.records for file in read):
        lines += ["", NEXT]
    return "\n".join(lines)


def _by_format(read: "Sequence[FileReport]") -> str:
    groups: dict[tuple[str, str], list[FileReport]] = {}
    for file in read:
        groups.setdefault((file.format or "-", file.outcome), []).append(file)
    rows = [
        (name, f"{len(files):,}", outcome, _gave(files), some([file.file for file in files]))
        for (name, outcome), files in groups.items()
    ]
    return table(("FORMAT", "FILES", "OUTCOME", "GAVE", "WHICH"), rows)


def _row(file: "FileReport") -> tuple[str, str, str, str]:
    return file.file, file.format or "-", file.outcome, _gave([file])


def _gave(files: "Sequence[FileReport]") -> str:
    signals = dict.fromkeys(signal for file in files for signal in file.signals)
    sums = ((sum(file.rows for file in files), "row"), (sum(file.records for file in files), "record"))
    return ", ".join([*signals, *(counted(count, what) for count, what in sums if count)]) or "-"
