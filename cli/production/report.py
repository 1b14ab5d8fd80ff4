"""`aqe production report`: what all analyses found, for people."""

from pathlib import Path

import click

from ..common import load, look, say, with_runtime
from ..text import room
from .common import performed

FORMATS = ("text", "markdown", "html", "pdf", "json")


@click.command()
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Default: by the extension of --output, else text."
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: stdout; a PDF needs a file.")
@click.pass_context
def report(ctx: click.Context, format_: str | None, as_json: bool, output: Path | None) -> None:
    """What all analyses found, as Markdown, HTML, PDF, JSON or text.

    It is made from what they left in memory, nothing else: what has not been analysed says so, and what would do it.

    \b
    Exit codes: 0 written, 1 nothing was analysed yet, 2 not written.
    Example: aqe production report --format pdf --output production-intelligence.pdf
    """
    from ...core.records.report import Report
    from ...fleet.rendering import format_for, render, write_report

    chosen = format_for("json" if as_json else format_, output)
    result = with_runtime(ctx, lambda parts: performed(parts, "production-report", {}))
    made = Report.from_value(result, where="the report")
    if output is not None:
        write_report(output, render(made, chosen))
        say(f"{output}: {chosen.name}")
        return
    shows = look(load(ctx))
    click.echo(render(made, chosen, color=shows.color, signs=shows.emoji, room=room()), nl=chosen.name == "json")
