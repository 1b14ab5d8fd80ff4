"""`aqe import`: files of tools into signals and datasets."""

import glob
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import output_options, print_json, release_options, say, with_runtime
from .text import cleaned, table

if TYPE_CHECKING:
    from ..fleet.ingest import FileReport, ImportReport
    from ..fleet.runtime import Runtime
    from ..fleet.signals import FoundRelease

STDIN = "standard-input"
"""Name of the file it is put into, and so its name in evidence."""
_FOLDER = "aqe-import-"
_SPOOLED = re.compile(rf"\S*/{_FOLDER}[^/]*/{STDIN}")


@click.command("import")
@click.argument("files", nargs=-1, metavar="FILE...")
@release_options
@click.option("--as", "as_format", metavar="FORMAT", help="Read every file as this format, instead of by its content.")
@click.option("--dry-run", is_flag=True, help="Read and report, store nothing.")
@click.option("--list-formats", is_flag=True, help="What can be read, and how to get such files.")
@output_options
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[str, ...], list_formats: bool, as_json: bool, as_format: str | None,
    dry_run: bool, **release: str | None,
) -> None:  # fmt: skip
    """Read files of tools into quality signals and datasets.

    FILE is a file, a quoted glob ('reports/**/*.xml') or - for standard input; formats are told by content. A file
    that cannot be read does not stop the others. `aqe import formats` lists what can be read and how to get it.

    \b
    Exit codes: 0 all were read, 2 a file could not be read.
    Example: aqe import junit.xml coverage.json access.log --release v1.4.0
    """
    from ..core.errors import EXIT_OK, EXIT_USAGE, InputError

    if list_formats or (files == ("formats",) and not Path("formats").exists()):
        _list_formats(as_json)
        return
    if not files:
        raise InputError("no FILE is given", hint="`aqe import formats` shows what can be read")
    with _paths(files) as paths:
        report = with_runtime(ctx, lambda parts: _import(parts, paths, as_format, dry_run, **release))
    failed = [file for file in report.files if file.failed]
    for file in failed:
        reason = str(file.reason)
        say(f"aqe: {reason if reason.startswith(file.file) else f'{file.file}: {reason}'}")
    if as_json:
        print_json(report)
    else:
        click.echo(report_text(report))
    ctx.exit(EXIT_USAGE if failed else EXIT_OK)


def report_text(report: "ImportReport") -> str:
    """One line a file, then what is still missing."""
    from .text_readiness import missing_text

    report = cleaned(report)
    lines = [table(("FILE", "FORMAT", "OUTCOME", "GAVE"), [_row(file) for file in report.files])]
    notes = [
        (file.file, note)
        for file in report.files
        if not file.failed
        for note in (*filter(None, [file.reason]), *file.notes)
    ]
    if notes:
        lines += ["", *(f"{name}: {note}" for name, note in notes)]
    if report.release:
        title = f"Gates of {report.release.version} still without evidence"
        lines += missing_text(title, report.release.version, report.still_missing)
    return "\n".join(lines)


def _row(file: "FileReport") -> tuple[str, str, str, str]:
    gave = [*file.signals, *([f"{file.rows} rows"] if file.rows else [])]
    return file.file, file.format or "-", file.outcome, ", ".join(gave) or "-"


async def _import(
    parts: "Runtime", paths: Sequence[Path], as_format: str | None, dry_run: bool, **release_flags: str | None
) -> "ImportReport":
    from ..fleet.ingest import ImportReport, Ingest
    from ..fleet.overview import gates_without_evidence
    from ..fleet.signals import find_release

    found = await find_release(parts, folder=Path.cwd(), **release_flags)
    tell_release(found)
    release = found.release if found else None
    ingest = Ingest(
        parts,
        release,
        as_format=as_format,
        dry_run=dry_run,
        progress=lambda name: say(f"reading {_SPOOLED.sub(STDIN, name)}"),
    )
    reports = [_named(report) for report in await ingest.files(paths)]
    missing = await gates_without_evidence(parts, release) if release and not dry_run else ()
    return ImportReport(
        release=release,
        release_from=found.version_from if found else None,
        files=tuple(reports),
        still_missing=missing,
    )


def tell_release(found: "FoundRelease | None") -> None:
    """Say which release is meant, where the user did not."""
    if found is None:
        say("release: not given, and this folder is in no git clone")
        return
    release, commit_from = found.release, found.commit_from
    if found.version_from:
        say(f"release: {release.version} ({found.version_from})")
    if release.commit is None:
        say("commit: not known; --commit HASH names it")
    elif commit_from:
        say(f"commit: {release.commit[:12]} ({commit_from})")


def _named(report: "FileReport") -> "FileReport":
    """Standard input by its name, not by that of the file it was put into."""
    reason = _SPOOLED.sub(STDIN, report.reason) if report.reason else None
    return report.model_copy(update={"file": _SPOOLED.sub(STDIN, report.file), "reason": reason})


@contextmanager
def _paths(files: Sequence[str]) -> Iterator[list[Path]]:
    """The files that the arguments name; standard input is put into one."""
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        paths: list[Path] = []
        for name in files:
            if name == "-":
                spool = Path(folder, STDIN)
                with spool.open("wb") as out:
                    shutil.copyfileobj(sys.stdin.buffer, out)
                paths.append(spool)
            else:
                paths += _expand(name)
        yield paths


def _expand(name: str) -> list[Path]:
    """The file itself, or what a glob matches; a file that is not there is reported with the others."""
    from ..core.errors import InputError

    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a folder", hint=f"give its files, or a glob such as '{name.rstrip('/')}/**/*.xml'")
    if path.exists() or not glob.has_magic(name):
        return [path]
    found = sorted(Path(match) for match in glob.glob(name, recursive=True))
    return [match for match in found if match.is_file()] or [path]


def _list_formats(as_json: bool) -> None:
    from ..fleet.overview import formats

    entries = formats()
    if as_json:
        print_json(entries)
        return
    rows = [(e["name"], e["title"], e["producers"], ", ".join(e["produces"]), e["howToExport"]) for e in entries]
    click.echo(table(("FORMAT", "WHAT", "WRITTEN BY", "GIVES", "HOW TO GET IT"), rows))
