"""`aqe deploy record-outcome`: what came of a deployment."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import output_options, print_json, say, with_runtime
from ..params import count, duration, moment

if TYPE_CHECKING:
    from ...core.records.decisions.history import DeploymentOutcome
    from ...fleet.runtime import Runtime


@click.command("record-outcome")
@click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
@click.option("--outcome", type=click.Choice(["success", "failed", "rolled_back"]), required=True, help="How it ended.")
@click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production).")
@click.option("--region", metavar="NAME", help="Part of the environment (default: the whole).")
@click.option("--service", metavar="NAME", help="Service (default: the release's).")
@click.option("--commit", metavar="HASH", help="Commit (default: the release's).")
@click.option("--deployed-at", type=moment, metavar="TIME", help="When it was deployed (default: now).")
@click.option("--known-at", type=moment, metavar="TIME", help="When the outcome was known (default: now).")
@click.option("--restored-at", type=moment, metavar="TIME", help="When the service was healthy again.")
@click.option("--rollback-time", "rollback_s", type=duration, metavar="DURATION", help="How long the rollback took.")
@click.option("--incidents", type=count(0), default=0, help="Incidents it caused.")
@click.option("--correct", is_flag=True, help="Replace what is recorded of this deployment.")
@output_options
@click.pass_context
def record_outcome(ctx: click.Context, /, as_json: bool, deployed_at: datetime | None, **given: Any) -> None:
    """Append the outcome of a deployment to aqe/deployment/history.

    What was known and said at the last assessment before the deployment is kept with it: predictions are learnt from
    and judged by that. Nothing is ever rewritten; --correct appends an item that names what it replaces.

    \b
    Example: aqe deploy record-outcome --version v1.4.0 --outcome success --deployed-at 2026-01-10T12:00:00Z
    """

    async def work(parts: "Runtime") -> "DeploymentOutcome":
        from ...fleet.decisions.outcomes import Recorded, record_outcome
        from ...fleet.decisions.situations import asking_person

        return await record_outcome(parts, Recorded(deployed_at=deployed_at, **given), by=asking_person(Path.cwd()))

    item = with_runtime(ctx, work)
    if deployed_at is None and not given["correct"]:
        say("deployed now, as far as anybody said; --deployed-at TIME says when")
    if as_json:
        print_json(item)
        return
    known = f"decided before: {item.before.decision}" if item.before else "not assessed before"
    click.echo(f"recorded {item.outcome}: {item.id} ({known})")
