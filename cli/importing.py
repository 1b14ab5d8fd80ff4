"""`aqe import`: files of tools into signals and datasets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import echo, output_options, print_json, release_options, say, with_runtime
from .reading_progress import ReadingProgress
from .text import table, together
from .text_import import report_text

if TYPE_CHECKING:
    from ..fleet.imports.ingest import ImportReport
    from ..fleet.runtime import Runtime
    from ..fleet.signals import FoundRelease


@click.command("import")
@click.argument("files", nargs=-1, metavar="FILE...")
@release_options
@click.option("--as", "as_format", metavar="FORMAT", help="Read every file as this format, instead of by its content.")
@click.option(
    "--experiment-column",
    "experiment",
    metavar="[EXPERIMENT=]COLUMN",
    help="Where rows say which variant they saw: a column, a property of events, or a parameter of the page's query.",
)
@click.option("--dry-run", is_flag=True, help="Read and report, store nothing.")
@click.option("--verbose", is_flag=True, help="A line for every file and every remark, however many there are.")
@click.option("--list-formats", is_flag=True, help="What can be read, and how to get such files.")
@output_options
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[str, ...], list_formats: bool, as_json: bool, verbose: bool, **flags: Any
) -> None:  # fmt: skip
    """Read files of tools into quality signals and datasets.

    FILE is a file, a folder, a quoted glob ('reports/**/*.xml') or - for standard input; .gz, .zst and .zip are
    unpacked as they are read; formats are told by content. A file that cannot be read does not stop the others. `aqe
    import formats` lists what can be read and how to get it.

    \b
    Exit codes: 0 all were read, 2 a file could not be read.
    Example: aqe import junit.xml reports/ access.log.gz --release v1.4.0
    """
    from ..core.errors import EXIT_OK, EXIT_USAGE, InputError

    if list_formats or (files == ("formats",) and not Path("formats").exists()):
        _list_formats(as_json)
        return
    if not files:
        raise InputError("no FILE is given", hint="`aqe import formats` shows what can be read")
    report = with_runtime(ctx, lambda parts: _import(parts, files, **flags))
    failed = [file for file in report.files if file.failed]
    faults = [(file.file, str(file.reason).removeprefix(f"{file.file}: ")) for file in failed]
    for line in together(faults, "files", whole=verbose):
        say(f"aqe: {line}")
    if as_json:
        print_json(report)
    else:
        echo(report_text(report, stored=not flags["dry_run"], verbose=verbose))
    if all(file.skipped for file in report.files):
        raise InputError("none of the files has an importer", hint="`aqe import formats` shows what can be read")
    ctx.exit(EXIT_USAGE if failed else EXIT_OK)


async def _import(
    parts: "Runtime", files: Sequence[str], *, as_format: str | None, dry_run: bool, experiment: str | None,
    **release_flags: str | None,
) -> "ImportReport":  # fmt: skip
    from ..fleet.imports.experiments import ExperimentColumn
    from ..fleet.imports.import_paths import inputs
    from ..fleet.imports.ingest import ImportReport, Ingest
    from ..fleet.signals import find_release

    column = ExperimentColumn(experiment) if experiment else None
    given = inputs(files)
    found = await find_release(parts, folder=Path.cwd(), **release_flags)
    if found is None:
        _refuse_what_nothing_holds(release_flags)
    tell_release(found)
    release = found.release if found else None
    with ReadingProgress(given) as progress:
        ingest = Ingest(parts, release, as_format=as_format, experiment=column, dry_run=dry_run, progress=progress.read)
        reports = await ingest.inputs(given)
    missing: tuple[str, ...] = ()
    if release and not dry_run:
        from ..fleet.decisions.missing_evidence import gates_without_evidence

        missing = await gates_without_evidence(parts, release)
    return ImportReport(
        release=release,
        release_from=found.version_from if found else None,
        files=tuple(reports),
        still_missing=missing,
    )


def _refuse_what_nothing_holds(flags: Mapping[str, str | None]) -> None:
    """An environment and a commit are stored as those of a release: without one they would be dropped."""
    from ..core.errors import InputError

    for flag, value in (("--env", flags["environment"]), ("--commit", flags["commit"])):
        if value is not None:
            raise InputError(
                f"{flag} {value}: of which release? None is given, and this folder is in no git clone",
                hint="--release VERSION names it, for example --release 1.4.0",
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


def _list_formats(as_json: bool) -> None:
    from ..fleet.overview import formats

    entries = formats()
    if as_json:
        print_json(entries)
        return
    rows = [(e["name"], e["title"], e["producers"], ", ".join(e["produces"]), e["howToExport"]) for e in entries]
    echo(table(("FORMAT", "WHAT", "WRITTEN BY", "GIVES", "HOW TO GET IT"), rows))
