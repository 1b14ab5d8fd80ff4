"""`aqe deploy blockers`, `explain`, `compare`: why a release is decided as it is."""

from typing import TYPE_CHECKING, Any

import click

from ..common import look, output_options, print_json, verdict
from .shared import done, judged_options, release_options

if TYPE_CHECKING:
    from ...fleet.runtime import Runtime


@click.command()
@release_options
@click.option("--detailed", is_flag=True, help="With evidence and its age, who may override, what would clear it.")
@output_options
@click.pass_context
def blockers(ctx: click.Context, /, as_json: bool, detailed: bool, **payload: str | None) -> None:
    """What keeps the release from a GO.

    \b
    Exit codes: 0 nothing does, 1 something does.
    Example: aqe deploy blockers --version v1.4.0 --detailed
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...core.records.decisions.blockers import Blockers
    from ..text_why import blockers_text

    settings, value = done(ctx, "blockers", payload)
    found = Blockers.from_value(value, where="result of the task")
    with verdict(ctx, EXIT_NO_GO if found.blockers else EXIT_OK):
        if as_json:
            print_json(found)
        else:
            click.echo(blockers_text(found, look(settings), detailed=detailed))


@click.command()
@release_options
@output_options
@click.pass_context
def explain(ctx: click.Context, /, as_json: bool, **payload: str | None) -> None:
    """Why a release is decided as it is: one sentence, then rule, gates, criteria, evidence, and the risk.

    \b
    Example: aqe deploy explain --version v1.4.0
    """
    from ...core.records.decisions.explanation import Explanation
    from ..text_why import explanation_text

    settings, value = done(ctx, "explanation", payload)
    explanation = Explanation.from_value(value, where="result of the task")
    if as_json:
        print_json(explanation)
    else:
        click.echo(explanation_text(explanation, look(settings)))


@click.command()
@click.option("--baseline", metavar="VERSION", required=True, help="The release to compare with, as it was assessed.")
@click.option(
    "--candidate", "version", metavar="VERSION", required=True, help="The release, as it would be judged now."
)
@judged_options
@output_options
@click.pass_context
def compare(ctx: click.Context, /, as_json: bool, **payload: str | None) -> None:
    """Two releases side by side: metrics, gates, risk, confidence; what changed, and why they are decided otherwise.

    \b
    Example: aqe deploy compare --baseline v1.3.0 --candidate v1.4.0
    """
    from ...core.records.decisions.comparison import Comparison
    from ...fleet.signals import check_assessed
    from ..text_why import comparison_text

    async def prepare(parts: "Runtime", given: dict[str, Any]) -> None:
        await check_assessed(parts, given["baseline"])

    settings, value = done(ctx, "comparison", dict(payload), prepare=prepare)
    comparison = Comparison.from_value(value, where="result of the task")
    if as_json:
        print_json(comparison)
    else:
        click.echo(comparison_text(comparison, look(settings)))
