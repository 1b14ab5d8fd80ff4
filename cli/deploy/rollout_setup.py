"""`aqe deploy configure-canary` and `set-rollback-triggers`: what later rollouts go by."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import output_options, print_json, with_runtime
from ..params import Number, count, duration, milliseconds, percent, percents
from .rollout_how import judge_every_option, kayenta_option

if TYPE_CHECKING:
    from ...core.records.rollouts.rollout import CanarySetup, TriggerSetup
    from ...fleet.runtime import Runtime

MOST = 1_000_000
"""Looks: of a second each, eleven days."""
COUNT = count(-1, MOST)


@click.command("configure-canary")
@click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
@click.option("--stages", type=percents, required=True, metavar="LIST", help="Percents, rising to 100: 1,5,25,50,100.")
@click.option("--stage-time", "stage_s", type=duration, metavar="DURATION", help="Of each stage (default: aqe.yaml's).")
@kayenta_option
@judge_every_option
@output_options
@click.pass_context
def configure_canary(
    ctx: click.Context, as_json: bool, version: str, stages: tuple[float, ...], stage_s: float | None,
    kayenta: Path | None, judge_every_s: float | None,
) -> None:  # fmt: skip
    """Set the stages of a release's next rollout; `execute --canary` and `--kayenta` come before it.

    \b
    Example: aqe deploy configure-canary --version v2.5.0 --stages 1,5,25,50,100
    """

    async def work(parts: "Runtime") -> "CanarySetup":
        from ...fleet.rollouts.defaults import set_stages
        from ...fleet.rollouts.judging import wanted_kayenta

        return await set_stages(parts, version, stages, stage_s, wanted_kayenta(kayenta, judge_every_s))

    setup = with_runtime(ctx, work)
    if as_json:
        print_json(setup)
    else:
        judged = ", judged as Kayenta does" if setup.kayenta else ""
        click.echo(f"{version} goes through {' -> '.join(f'{stage:g} %' for stage in setup.stages)}{judged}")


@click.command("set-rollback-triggers")
@click.option("--error-rate", type=percent, metavar="PERCENT", help="Failed requests above this: 2%.")
@click.option("--latency-p95", "--latency", "latency_ms", type=milliseconds, metavar="TIME", help="Above this: 800ms.")
@click.option("--availability", type=percent, metavar="PERCENT", help="Answered requests below this: 99.9%.")
@click.option("--for", "for_s", type=duration, metavar="DURATION", help="Without a break (default: 2m).")
@click.option(
    "--failure-limit", type=COUNT, metavar="N", help="Instead: at more than so many looks of a stage; -1 = at none."
)
@click.option("--inconclusive-limit", type=COUNT, metavar="N", help="Paused when undecided at more looks than this.")
@click.option(
    "--consecutive-error-limit",
    type=count(0, MOST),
    metavar="N",
    help="So many looks in a row without a value.",
)
@click.option(
    "--success", type=Number(), metavar="VALUE", help="On its good side a look is good, up to the limit undecided."
)
@click.option("--env", "environment", metavar="NAME", default="production", show_default=True, help="Of its rollouts.")
@click.option("--version", metavar="VERSION", help="Of this release's rollouts alone.")
@output_options
@click.pass_context
def set_rollback_triggers(
    ctx: click.Context, /, as_json: bool, error_rate: float | None, latency_ms: float | None,
    availability: float | None, for_s: float | None, environment: str, version: str | None, **counters: float | None,
) -> None:  # fmt: skip
    """Set limits that take later releases back; those of a release come before those of its environment.

    A limit must be broken without a break (--for), or, by Argo's counters, at so many looks of a stage.

    \b
    Example: aqe deploy set-rollback-triggers --error-rate 2% --latency-p95 800ms
    Example: aqe deploy set-rollback-triggers --latency-p95 800ms --success 600 --failure-limit 2 --inconclusive-limit 3
    """
    limits = {
        "error_rate_percent": (error_rate, False),
        "latency_p95_ms": (latency_ms, False),
        "availability_percent": (availability, True),
    }

    async def work(parts: "Runtime") -> "TriggerSetup":
        from ...fleet.rollouts.defaults import asked_trigger, set_triggers

        triggers = [
            asked_trigger(metric, limit, below=below, for_s=for_s, counters=counters)
            for metric, (limit, below) in limits.items()
            if limit is not None
        ]
        return await set_triggers(parts, triggers, environment=environment, version=version)

    setup = with_runtime(ctx, work)
    if as_json:
        print_json(setup)
        return
    for trigger in setup.triggers:
        click.echo(f"{version or environment}: taken back when {trigger.words}")
