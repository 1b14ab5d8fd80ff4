"""`aqe deploy remediate` and `rollback-plan`: the way out of a NO-GO, and the way back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import look, print_json, say
from .shared import done, release_options

if TYPE_CHECKING:
    from ...core.records.base import Record
    from ...core.records.report import Report
    from ...fleet.runtime import Runtime

FORMATS = ("text", "markdown", "html", "pdf", "json")


def document_options(command: Any) -> Any:
    """`--format`, `--json`, `--output`: a document on stdout or in a file."""
    for option in (
        click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: stdout."),
        click.option("--json", "as_json", is_flag=True, help="Same as --format json."),
        click.option(
            "--format", "format_", type=click.Choice(FORMATS), help="Default: by the extension of --output, else text."
        ),
    ):
        command = option(command)
    return command


@click.command()
@release_options
@document_options
@click.pass_context
def remediate(
    ctx: click.Context, /, format_: str | None, as_json: bool, output: Path | None, **payload: str | None
) -> None:
    """A plan against what keeps the release from a GO; stored at aqe/deployment/remediation.

    Owners come from CODEOWNERS, else from the git history of the files that tools name.

    \b
    Example: aqe deploy remediate --version v1.4.0 --output remediation-plan.md
    """
    from ...core.records.decisions.blockers import Blockers
    from ...core.records.decisions.remediation import RemediationPlan
    from ...fleet.decisions.reporting import remediation_report
    from ...fleet.repository.owners import owners_of

    _, found = done(ctx, "blockers", dict(payload))
    blockers = Blockers.from_value(found, where="result of the task").blockers
    files = dict.fromkeys(file for blocker in blockers for file in blocker.files)
    owners = {file: owner.to_dict() for file, owner in owners_of(files, Path.cwd()).items()}
    settings, result = done(ctx, "remediation", {**payload, "owners": owners})
    plan = RemediationPlan.from_value(result, where="result of the task")
    _write(settings, plan, remediation_report(plan), "json" if as_json else format_, output)


@click.command("rollback-plan")
@release_options
@click.option(
    "--strategy",
    type=click.Choice(["blue-green", "canary", "rolling"]),
    help="How it is brought out (default: not known).",
)
@document_options
@click.pass_context
def rollback_plan(
    ctx: click.Context,
    /,
    strategy: str | None,
    format_: str | None,
    as_json: bool,
    output: Path | None,
    **payload: str | None,
) -> None:
    """How the release would be taken back; stored at aqe/deployment/rollback-plan.

    Triggers and own steps are the policy's; migrations are those of the change in this git clone; times are those of
    recorded rollbacks. Nothing is carried out.

    \b
    Example: aqe deploy rollback-plan --version v1.4.0 --strategy blue-green
    """
    from ...core.records.decisions.rollback_plan import RollbackPlan
    from ...fleet.decisions.reporting import rollback_report
    from ...fleet.repository.surroundings import look_around

    async def prepare(parts: "Runtime", given: dict[str, Any]) -> None:
        where = {name: given.get(name) for name in ("commit", "environment")}
        around = await look_around(parts, given["version"], Path.cwd(), strategy, **where)
        given["around"] = around.to_dict()

    settings, result = done(ctx, "rollback-plan", dict(payload), prepare=prepare)
    plan = RollbackPlan.from_value(result, where="result of the task")
    _write(settings, plan, rollback_report(plan), "json" if as_json else format_, output)


def _write(settings: Any, plan: "Record", report: "Report", format_: str | None, output: Path | None) -> None:
    from ...fleet.rendering import format_for, render, write_report

    chosen = format_for(format_, output)
    if chosen.name == "json" and output is None:
        print_json(plan)
        return
    shows = look(settings)
    data = plan.to_json().encode() + b"\n" if chosen.name == "json" else render(report, chosen)
    if output is not None:
        write_report(output, data)
        say(f"{output}: {chosen.name}")
        return
    click.echo(render(report, chosen, color=shows.color, signs=shows.emoji), nl=False)
