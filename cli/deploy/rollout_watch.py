"""`aqe deploy dashboard` and `validate`: a rollout that is watched, a deployed release that is judged."""

import sys
from typing import TYPE_CHECKING, Any

import click

from ..common import output_options, print_json, verdict, with_runtime
from ..params import duration
from ..text import cleaned
from ..text_rollout import rollout_text, validation_text
from .rollout_how import region_option

if TYPE_CHECKING:
    from ...core.records.rollouts.rollout import Rollout
    from ...fleet.rollouts.validating import Validation
    from ...fleet.runtime import Runtime


@click.command()
@click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
@region_option
@output_options
@click.pass_context
def dashboard(ctx: click.Context, as_json: bool, version: str, region: str | None) -> None:
    """A rollout as it goes, until it has ended or Ctrl-C; without a terminal, as it stands.

    \b
    Example: aqe deploy dashboard --version v2.5.0
    """
    live = sys.stdout.isatty() and not as_json

    async def work(parts: "Runtime") -> "Rollout":
        from ...fleet.rollouts.desk import watched_rollout

        rollout = await watched_rollout(parts, version, region)
        if not live:
            return rollout
        from rich.live import Live
        from rich.text import Text

        with Live(Text(rollout_text(cleaned(rollout))), auto_refresh=False, transient=True) as screen:
            while not rollout.state.phase.is_final:
                await parts.clock.sleep(min(1.0, rollout.plan.interval_s))
                rollout = await watched_rollout(parts, version, region)
                screen.update(Text(rollout_text(cleaned(rollout))), refresh=True)
        return rollout

    rollout = with_runtime(ctx, work)
    if as_json:
        print_json(rollout)
    else:
        click.echo(rollout_text(cleaned(rollout)))


@click.command()
@click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
@click.option(
    "--duration", "within_s", type=duration, default="10m", show_default=True, metavar="DURATION", help="Look so long."
)
@click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production).")
@region_option
@output_options
@click.pass_context
def validate(ctx: click.Context, /, as_json: bool, version: str, **how: Any) -> None:
    """Look at a deployed release for a while and say how it is; nothing is moved.

    Its requests are held against those of the version before, as its rollout saw them, and against the triggers.

    \b
    Exit codes: 0 healthy, 1 worse or without data.
    Example: aqe deploy validate --version v2.5.0 --duration 10m
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    async def work(parts: "Runtime") -> "Validation":
        from ...fleet.rollouts.validating import validate as look

        return await look(parts, version, **how)

    found = with_runtime(ctx, work)
    with verdict(ctx, EXIT_OK if found.verdict == "HEALTHY" else EXIT_NO_GO):
        if as_json:
            print_json(found)
        else:
            click.echo(validation_text(cleaned(found)))
