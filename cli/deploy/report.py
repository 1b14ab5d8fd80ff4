"""`aqe deploy report`: what is known of a release, for those who decide and those who ask later."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import look, say
from ..text import room
from .shared import done, release_options

if TYPE_CHECKING:
    from ...fleet.runtime import Runtime

FORMATS = ("text", "markdown", "html", "pdf", "json", "executive-summary")


@click.command()
@release_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="Default: by the extension of --output, else text. executive-summary = --summary --format markdown.",
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option("--summary", is_flag=True, help="The executive summary only, in the format.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: stdout; a PDF needs a file.")
@click.pass_context
def report(
    ctx: click.Context,
    /,
    format_: str | None,
    as_json: bool,
    summary: bool,
    output: Path | None,
    **payload: str | None,
) -> None:
    """The report for those who decide: Markdown, HTML, PDF, JSON, text.

    It is made from what is stored about the release, nothing else: assess it first. In a git clone, what is changing is
    collected from the commits since the previous tag.

    \b
    Example: aqe deploy report --version v1.4.0 --format pdf --output report.pdf
    """
    from ...core.records.report import Report
    from ...fleet.decisions.reporting import prepare_report
    from ...fleet.rendering import format_for, render, write_report

    if format_ == "executive-summary":
        format_, summary = "markdown", True
    chosen = format_for("json" if as_json else format_, output)

    async def prepare(parts: "Runtime", given: dict[str, Any]) -> None:
        await prepare_report(parts, given, Path.cwd())

    settings, result = done(ctx, "readiness-report", {**payload, "summary": summary}, prepare=prepare)
    made = Report.from_value(result, where="the report")
    if output is not None:
        write_report(output, render(made, chosen))
        say(f"{output}: {chosen.name}")
        return
    shows = look(settings)
    click.echo(render(made, chosen, color=shows.color, signs=shows.emoji, room=room()), nl=chosen.name == "json")
