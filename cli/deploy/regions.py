"""`aqe deploy assess-multi-region`, `plan-regions`, `execute-multi-region` and `multi-region`."""

from typing import TYPE_CHECKING, Any

import click

from ..common import output_options, print_json, say, verdict, with_runtime
from ..params import count, duration, names, percent, percents
from ..text import cleaned
from ..text_regions import assessed_text, planned_text, regions_text
from .rollout import have_a_successor, telling
from .rollout_how import STRATEGIES, version_option
from .shared import done, judged_options

if TYPE_CHECKING:
    from ...core.records.decisions.regional_assessment import RegionalAssessment
    from ...core.records.rollouts.regions import PlannedRegions, RegionsStatus
    from ...fleet.runtime import Runtime

ORDERS = ("staggered", "follow-the-sun", "all-at-once")
"""Literals, because a choice is made before anything heavy is imported; a test compares them with the enumeration."""
LOOK_S = 1.0

environment_option = click.option(
    "--env", "environment", metavar="NAME", help="Environment (default: the release's, production)."
)


@click.command("assess-multi-region")
@version_option
@click.option("--regions", type=names, required=True, metavar="LIST", help="Regions: us-east,eu-west.")
@judged_options
@output_options
@click.pass_context
def assess_multi_region(
    ctx: click.Context, /, as_json: bool, version: str, regions: tuple[str, ...], **how: Any
) -> None:
    """Judge a release for each of several regions; the worst is the release's decision.

    A region is judged by the environment's evidence and by what was measured in it (`aqe signal put --region`, its
    deployments in the history), and the worse counts.

    \b
    Exit codes: 0 GO in every region, 1 NO-GO in one of them.
    Example: aqe deploy assess-multi-region --version v2.5.0 --regions us-east,us-west,eu-west,ap-south
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    found = _assessed(ctx, version, regions, how)
    with verdict(ctx, EXIT_OK if found.decision.approved else EXIT_NO_GO):
        if as_json:
            print_json(found)
        else:
            click.echo(assessed_text(cleaned(found)))


def _assessed(ctx: click.Context, version: str, regions: tuple[str, ...], how: dict[str, Any]) -> "RegionalAssessment":
    from ...core.records.decisions.regional_assessment import RegionalAssessment

    async def check(parts: "Runtime", payload: dict[str, Any]) -> None:
        from ...fleet.rollouts.regions import check_names
        from ...fleet.signals import stored_release

        environment = payload.get("environment") or (await stored_release(parts, version)).environment
        check_names(parts, environment, regions)

    payload = {"version": version, "regions": list(regions), **how}
    _, result = done(ctx, "regional-assessment", payload, prepare=check)
    return RegionalAssessment.from_value(result, where="result of the assessment")


def plan_options(command: Any) -> Any:
    """How a release goes through its regions."""
    for option in (
        click.option("--watch-time", "watch_s", type=duration, metavar="DURATION", help="At 100 % in each region."),
        click.option("--stage-time", "stage_s", type=duration, metavar="DURATION", help="Of each stage of a region."),
        click.option("--canary", "--stages", "stages", type=percents, metavar="LIST", help="Of each region: 5,25,100."),
        click.option("--rollout", type=click.Choice(STRATEGIES), default="canary", help="How it moves in each region."),
        click.option(
            "--max-failed", type=count(0), default=2, show_default=True, metavar="N",
            help="More failed regions, and all are taken back.",
        ),
        click.option(
            "--quorum", type=percent, default="50%", show_default=True, metavar="PERCENT",
            help="Of the regions begun, so many must be well before the next wave.",
        ),
        click.option("--bake-time", "bake_s", type=duration, metavar="DURATION", help="Between two waves."),
        click.option("--wave-size", type=count(1), default=1, help="Regions that may begin together."),
        click.option("--strategy", type=click.Choice(ORDERS), default="staggered", help="Which region comes when."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("plan-regions")
@version_option
@plan_options
@click.option("--regions", type=names, metavar="LIST", help="In this order (default: as assessed, else aqe.yaml's).")
@environment_option
@output_options
@click.pass_context
def plan_regions(ctx: click.Context, /, as_json: bool, version: str, environment: str | None, **asked: Any) -> None:
    """Plan which region gets a release when, for execute-multi-region.

    `targets.NAME.regions` in aqe.yaml has the regions with their time zones and hours (docs/operations.md).

    \b
    Example: aqe deploy plan-regions --version v2.5.0 --strategy staggered --bake-time 10m
    """
    planned = _planned(ctx, version, environment, asked)
    if as_json:
        print_json(planned)
    else:
        click.echo(planned_text(cleaned(planned)))


def _planned(ctx: click.Context, version: str, environment: str | None, asked: dict[str, Any]) -> "PlannedRegions":
    async def work(parts: "Runtime") -> "PlannedRegions":
        from ...core.records.rollouts.regions import RegionalHow, RegionOrder
        from ...core.records.rollouts.rollout import Strategy
        from ...fleet.rollouts.regions import Asked
        from ...fleet.rollouts.regions import plan_regions as plan

        if not asked["quorum"]:
            raise click.UsageError("--quorum 0% would go on where every region failed: more than 0% is needed")
        how = RegionalHow(
            strategy=Strategy(asked["rollout"]),
            stages=asked["stages"],
            stage_s=asked["stage_s"],
            watch_s=asked["watch_s"],
        )
        wanted = Asked(
            order=RegionOrder(asked["strategy"]),
            regions=asked["regions"],
            wave_size=asked["wave_size"],
            quorum=asked["quorum"] / 100,
            bake_s=asked["bake_s"] or 0.0,
            max_failed=asked["max_failed"],
            how=how,
        )
        return await plan(parts, version, wanted, environment=environment)

    return with_runtime(ctx, work)


@click.command("execute-multi-region")
@version_option
@environment_option
@click.option("--detach", is_flag=True, help="Return once it is started; the fleet runs it.")
@output_options
@click.pass_context
def execute_multi_region(
    ctx: click.Context, /, as_json: bool, version: str, environment: str | None, detach: bool
) -> None:
    """Deploy a release that has a GO for each region, as plan-regions planned it.

    Each region's rollout is judged and taken back by itself; more failed regions than the plan allows take all back.
    `aqe deploy abort` takes all back, `pause` lets no further region begin.

    \b
    Exit codes: 0 promoted in every region (--detach: started), 1 no GO, or taken back in one of them, 2 wrong input.
    Example: aqe deploy execute-multi-region --version v2.5.0
    """
    _execute(ctx, version, environment, detach, as_json)


def _execute(ctx: click.Context, version: str, environment: str | None, detach: bool, as_json: bool) -> None:
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    status = with_runtime(ctx, lambda parts: _carry_out(parts, version, environment, detach, as_json))
    left = detach and not status.regional.state.phase.is_final
    if as_json:
        print_json(status)
    elif left:
        click.echo(f"{status.regional.id}: the fleet runs it; aqe deploy multi-region --version {version} --watch")
    else:
        click.echo(regions_text(cleaned(status)))
    ctx.exit(EXIT_OK if left or _is_well(status) else EXIT_NO_GO)


async def _carry_out(
    parts: "Runtime", version: str, environment: str | None, detach: bool, quiet: bool
) -> "RegionsStatus":
    from pathlib import Path

    from ...fleet.decisions.situations import asking_person
    from ...fleet.rollouts.regions import regions_status, run_regional, start_regional

    regional = await start_regional(parts, version, environment=environment, by=asking_person(Path.cwd()))
    if not (have_a_successor(parts) and detach):
        seen = telling(0)
        seen(regional)
        regional = await run_regional(parts, regional, seen=(lambda state: None) if quiet else seen)
    return await regions_status(parts, regional)


@click.command("multi-region")
@version_option
@click.option("--regions", type=names, metavar="LIST", help="Assess, plan and execute for these regions.")
@plan_options
@judged_options
@click.option("--detach", is_flag=True, help="With --regions: return once it is started; the fleet runs it.")
@click.option("--watch", is_flag=True, help="Look until it has ended.")
@output_options
@click.pass_context
def multi_region(
    ctx: click.Context, /, as_json: bool, version: str, regions: tuple[str, ...] | None, detach: bool, watch: bool,
    policy: str, environment: str | None, commit: str | None, **asked: Any,
) -> None:  # fmt: skip
    """How a release in several regions stands. With --regions: assess, plan and execute it there, one after the other.

    \b
    Exit codes: 0 it is well, 1 a region failed or all were taken back; with --regions also: no GO.
    Example: aqe deploy multi-region --version v2.5.0 --watch
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    if regions is not None:
        judged = {"policy": policy, "environment": environment, "commit": commit}
        found = _assessed(ctx, version, regions, judged)
        say(assessed_text(cleaned(found)))
        if not found.decision.approved:
            ctx.exit(EXIT_NO_GO)
        say(planned_text(cleaned(_planned(ctx, version, environment, {**asked, "regions": regions}))))
        _execute(ctx, version, environment, detach, as_json)
    status = with_runtime(ctx, lambda parts: _status(parts, version, watch))
    if as_json:
        print_json(status)
    else:
        click.echo(regions_text(cleaned(status)))
    ctx.exit(EXIT_OK if _is_well(status) else EXIT_NO_GO)


async def _status(parts: "Runtime", version: str, watch: bool) -> "RegionsStatus":
    from ...fleet.rollouts.regions import latest_regional, regions_status

    seen = telling(0)
    while True:
        regional = await latest_regional(parts, version)
        if watch:
            seen(regional)
        if not watch or regional.state.phase.is_final:
            return await regions_status(parts, regional)
        await parts.clock.sleep(LOOK_S)


def _is_well(status: "RegionsStatus") -> bool:
    """False when a region failed, or all are taken back."""
    from ...core.records.rollouts.regions import RegionalPhase

    state = status.regional.state
    return not state.failing and state.phase not in (RegionalPhase.ROLLING_BACK, RegionalPhase.ROLLED_BACK)
