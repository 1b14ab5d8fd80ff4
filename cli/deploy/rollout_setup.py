"""`aqe deploy configure-canary` and `set-rollback-triggers`: what later rollouts go by."""

from typing import TYPE_CHECKING

import click

from ..common import output_options, print_json, with_runtime
from ..params import duration, milliseconds, percent, percents

if TYPE_CHECKING:
    from ...core.records.rollout import CanarySetup, TriggerSetup
    from ...fleet.runtime import Runtime


@click.command("configure-canary")
@click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
@click.option("--stages", type=percents, required=True, metavar="LIST", help="Percents, rising to 100: 1,5,25,50,100.")
@click.option("--stage-time", "stage_s", type=duration, metavar="DURATION", help="Of each stage (default: aqe.yaml's).")
@output_options
@click.pass_context
def configure_canary(
    ctx: click.Context, as_json: bool, version: str, stages: tuple[float, ...], stage_s: float | None
) -> None:
    """Set the stages of a release's next rollout; `execute --canary` comes before it.

    \b
    Example: aqe deploy configure-canary --version v2.5.0 --stages 1,5,25,50,100
    """

    async def work(parts: "Runtime") -> "CanarySetup":
        from ...fleet.rollout_setup import set_stages

        return await set_stages(parts, version, stages, stage_s)

    setup = with_runtime(ctx, work)
    if as_json:
        print_json(setup)
    else:
        click.echo(f"{version} goes through {' -> '.join(f'{stage:g} %' for stage in setup.stages)}")


@click.command("set-rollback-triggers")
@click.option("--error-rate", type=percent, metavar="PERCENT", help="Failed requests above this: 2%.")
@click.option("--latency-p95", "--latency", "latency_ms", type=milliseconds, metavar="TIME", help="Above this: 800ms.")
@click.option("--availability", type=percent, metavar="PERCENT", help="Answered requests below this: 99.9%.")
@click.option(
    "--for", "for_s", type=duration, default="2m", show_default=True, metavar="DURATION", help="Without a break."
)
@click.option("--env", "environment", metavar="NAME", default="production", show_default=True, help="Of its rollouts.")
@click.option("--version", metavar="VERSION", help="Of this release's rollouts alone.")
@output_options
@click.pass_context
def set_rollback_triggers(
    ctx: click.Context, as_json: bool, error_rate: float | None, latency_ms: float | None, availability: float | None,
    for_s: float, environment: str, version: str | None,
) -> None:  # fmt: skip
    """Set limits that take later releases back; those of a release come before those of its environment.

    \b
    Example: aqe deploy set-rollback-triggers --error-rate 2% --latency-p95 800ms
    """
    limits = {
        "error_rate_percent": (error_rate, False),
        "latency_p95_ms": (latency_ms, False),
        "availability_percent": (availability, True),
    }

    async def work(parts: "Runtime") -> "TriggerSetup":
        from ...core.records.rollout import Trigger
        from ...fleet.rollout_setup import set_triggers

        triggers = [
            Trigger(metric=metric, limit=limit, for_s=for_s, below=below)
            for metric, (limit, below) in limits.items()
            if limit is not None
        ]
        return await set_triggers(parts, triggers, environment=environment, version=version)

    setup = with_runtime(ctx, work)
    if as_json:
        print_json(setup)
        return
    for trigger in setup.triggers:
        side = "below" if trigger.below else "above"
        click.echo(
            f"{version or environment}: taken back when {trigger.metric} is {side} {trigger.limit:g} "
            f"for {trigger.for_s:g} s"
        )
