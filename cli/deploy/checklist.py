"""`aqe deploy checklist`: what is to be done before a release, each item with its evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import look, output_options, print_json, say
from .shared import done, release_options

if TYPE_CHECKING:
    from ...fleet.runtime import Runtime

LEVELS = ("essential", "standard", "full")


@click.command()
@release_options
@click.option("--level", type=click.Choice(LEVELS), default="full", show_default=True, help="How much is asked.")
@click.option("--no-files", is_flag=True, help="Do not look at changelog, runbook and the other files of aqe.yaml.")
@output_options
@click.pass_context
def checklist(ctx: click.Context, /, as_json: bool, no_files: bool, **payload: str | None) -> None:
    """What is to be done before a release, each item with its evidence.

    Looks first at the files that aqe.yaml names under `checklist:` and stores what they say as evidence. The score
    never overrides the status.

    \b
    Example: aqe deploy checklist --version v1.4.0 --level essential
    """
    from ...core.records.decisions.checklist import Checklist
    from ...fleet.decisions.reporting import checklist_report
    from ...fleet.rendering import format_for, render

    async def prepare(parts: "Runtime", given: dict[str, Any]) -> None:
        from ...fleet.imports.file_evidence import collect_evidence

        for line in [] if no_files else await collect_evidence(parts, given, Path.cwd()):
            say(line)

    settings, result = done(ctx, "checklist", payload, prepare=prepare)
    checked = Checklist.from_value(result, where="the checklist")
    if as_json:
        print_json(checked)
        return
    shows = look(settings)
    text = render(checklist_report(checked), format_for("text", None), color=shows.color, signs=shows.emoji)
    click.echo(text, nl=False)
