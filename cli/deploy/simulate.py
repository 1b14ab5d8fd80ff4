"""`aqe deploy simulate`: a rollout on recorded metrics, with nothing moved."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ..common import output_options, print_json, verdict, with_runtime
from ..params import Number, moment
from ..text import cleaned
from ..text_simulation import simulation_text
from .rollout_how import how_options, region_option, version_option, wanted_of

if TYPE_CHECKING:
    from ...core.records.rollouts.simulation import Simulation
    from ...fleet.runtime import Runtime


@click.command()
@version_option
@how_options
@click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production).")
@region_option
@click.option(
    "--metrics",
    metavar="FILE",
    help="CSV, or query_range JSON; `imported`: of `aqe import` (default: ask the target's Prometheus).",
)
@click.option("--from", "since", type=moment, metavar="TIME", help="Recorded from (default: as long as it takes).")
@click.option("--to", "until", type=moment, metavar="TIME", help="Recorded until (default: now).")
@click.option(
    "--errors-times",
    type=Number(0, 1000),
    default=1.0,
    show_default=True,
    help="What if the new version failed so many times as often.",
)
@output_options
@click.pass_context
def simulate(
    ctx: click.Context, /, as_json: bool, version: str, environment: str | None, region: str | None,
    metrics: str | None, since: datetime | None, until: datetime | None, errors_times: float, **how: Any,
) -> None:  # fmt: skip
    """Say what a rollout would have done on recorded metrics, stage by stage; nothing is moved and no GO is needed.

    Where no canary is recorded, the version that is served stands in for it: would it pass its own rollout, and how
    small a rise could each stage see?

    \b
    Exit codes: 0 it would be promoted, 1 it would not, or the recording ends before, 2 wrong input.
    Example: aqe deploy simulate --version v2.5.0 --strategy canary
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    async def work(parts: "Runtime") -> "Simulation":
        from ...fleet.rollouts.simulating import simulate_rollout

        return await simulate_rollout(
            parts,
            version,
            await wanted_of(parts, version, environment, how),
            environment=environment,
            region=region,
            metrics=metrics,
            since=since,
            until=until,
            errors_times=errors_times,
        )

    found = with_runtime(ctx, work)
    with verdict(ctx, EXIT_OK if found.outcome == "PROMOTED" else EXIT_NO_GO):
        if as_json:
            print_json(found)
        else:
            click.echo(simulation_text(cleaned(found)))
