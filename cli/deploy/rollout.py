"""`aqe deploy execute`, `monitor` and the orders to a running rollout."""

from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..common import output_options, print_json, say, verdict, with_runtime
from ..params import duration
from ..text import cleaned
from ..text_regions import regions_text
from ..text_rollout import PAUSED, monitored_text, rollout_text, way_on
from .rollout_how import how_options, region_option, version_option, wanted_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ...core.records.rollouts.regions import Regional, RegionsStatus
    from ...core.records.rollouts.rollout import Rollout
    from ...fleet.rollouts.monitoring import Monitored
    from ...fleet.runtime import Runtime

R = TypeVar("R", "Rollout", "Regional")

FOLLOW_S = 0.5
"""Between two looks at what another process does."""


@click.command()
@version_option
@how_options
@click.option("--env", "environment", metavar="NAME", help="Environment (default: the one it was assessed for).")
@click.option("--detach", is_flag=True, help="Return once it is started; the fleet runs it.")
@output_options
@click.pass_context
def execute(
    ctx: click.Context, /, as_json: bool, version: str, environment: str | None, detach: bool, **how: Any
) -> None:
    """Deploy a release that has a GO: move traffic to it in stages, watch it, take it back when it fails.

    `targets` in aqe.yaml says what moves the traffic and what measures it (docs/operations.md).

    \b
    Exit codes: 0 promoted (--detach: started), 1 no GO or taken back, 2 wrong input, 3 a part is unavailable.
    Example: aqe deploy execute --version v2.5.0 --strategy canary --canary 5,25,50,100
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...core.records.rollouts.rollout import Phase

    rollout = with_runtime(ctx, lambda parts: _execute(parts, version, environment, detach, as_json, how))
    with verdict(ctx, EXIT_NO_GO if rollout.state.phase is Phase.ROLLED_BACK else EXIT_OK):
        if as_json:
            print_json(rollout)
        elif detach and not rollout.state.phase.is_final:
            click.echo(f"{rollout.plan.id}: the fleet runs it; aqe deploy monitor --version {version} --watch")
        else:
            click.echo(rollout_text(cleaned(rollout)))


async def _execute(
    parts: "Runtime", version: str, environment: str | None, detach: bool, quiet: bool, how: dict[str, Any]
) -> "Rollout":
    import asyncio
    from pathlib import Path

    from ...fleet.decisions.situations import asking_person
    from ...fleet.rollouts.desk import latest_rollout, run_rollout, start_rollout
    from ...fleet.rollouts.runner import TakenOverError

    wanted = await wanted_of(parts, version, environment, how)
    by = asking_person(Path.cwd())
    rollout = await start_rollout(parts, version, wanted, environment=environment, by=by)
    succeeded = have_a_successor(parts)
    if succeeded and detach:
        return rollout
    tell = telling(len(rollout.state.timeline) - 1)
    tell(rollout)
    seen = (lambda state: None) if quiet else tell
    try:
        try:
            return await run_rollout(parts, rollout, seen=seen)
        except TakenOverError:  # the fleet may see it before this process has begun, or while it is starved
            return await _followed(parts, rollout, lambda: latest_rollout(parts, version, rollout.plan.region), seen)
    except asyncio.CancelledError:  # Ctrl-C ends the watching, not the rollout
        goes_on = (
            "the fleet goes on with it" if succeeded else "nobody goes on with it but its guard, which takes it back"
        )
        say(f"{rollout.plan.id}: {goes_on}; to take it back: aqe deploy abort --version {version}")
        raise


def have_a_successor(parts: "Runtime") -> bool:
    """Start the fleet, which takes a rollout up when this process dies; False, and said, when it does not start.

    What is stored by now must not be left alone: then it is run here, whatever was asked.
    """
    from ...core.errors import ServiceUnavailable
    from ...fleet.processes import start_detached

    try:
        start_detached(parts.settings)
    except ServiceUnavailable as error:
        say(f"{error.message}: it is run here, and nobody takes it over if this process dies")
        return False
    return True


def telling(told: int) -> "Callable[[Rollout | Regional], None]":
    """Says every new moment of a rollout's timeline, after so many that are known, and the way out of a pause."""
    paused = False

    def seen(now: "Rollout | Regional") -> None:
        nonlocal told, paused
        for moment in now.state.timeline[told:]:
            say(f"[{moment.at:%H:%M:%S}] {moment.text}")
        told = len(now.state.timeline)
        if now.state.phase == PAUSED and not paused:
            say(way_on(now.plan.version))
        paused = now.state.phase == PAUSED

    return seen


@click.command()
@version_option
@region_option
@click.option("--duration", "within_s", type=duration, metavar="DURATION", help="So long, also after its end.")
@click.option("--watch", is_flag=True, help="Look until it has ended.")
@click.option("--fail-on-alert", is_flag=True, help="End with 1 at the first alert.")
@click.option("--alerts", metavar="CHANNEL", help="Tell alerts to this channel of `notify`, by name or kind.")
@output_options
@click.pass_context
def monitor(
    ctx: click.Context, as_json: bool, version: str, region: str | None, within_s: float | None, watch: bool,
    fail_on_alert: bool, alerts: str | None,
) -> None:  # fmt: skip
    """Where a rollout stands, and what the last look said of every metric.

    With --duration it goes on once the release is promoted: its requests are looked at for the rest of that time and
    held against those of the version before and against the triggers; nothing is moved.

    \b
    Exit codes: 0 it is well, 1 it was taken back, or is worse or without data since (--fail-on-alert: or something is
    in aqe/deployment/alerts: it is paused, a limit is broken), 2 there is none.
    Example: aqe deploy monitor --version v2.5.0 --duration 30m --fail-on-alert
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    async def work(parts: "Runtime") -> "Monitored":
        from ...fleet.rollouts.desk import alert_channel
        from ...fleet.rollouts.monitoring import Teller, monitor

        teller = Teller(alert_channel(parts.settings, alerts, say) if alerts else None)
        return await monitor(
            parts, version, region, within_s=within_s, watch=watch, until_alert=fail_on_alert, teller=teller, say=say
        )

    found = with_runtime(ctx, work)
    with verdict(ctx, EXIT_OK if found.is_well and not (fail_on_alert and found.alerts) else EXIT_NO_GO):
        if as_json:
            print_json(found)
        else:
            click.echo(monitored_text(cleaned(found)))


@click.command()
@version_option
@region_option
@click.option("--reason", default="", metavar="TEXT", help="Stands in the timeline and in the audit log.")
@output_options
@click.pass_context
def rollback(ctx: click.Context, as_json: bool, version: str, region: str | None, reason: str) -> None:
    """Take a release back, and wait until it is.

    One that was promoted is taken back by this process, one that is still rolled out by its runner. Its outcome in the
    deployment history becomes rolled_back. A release in several regions is taken back in all of them, or in one with
    --region.

    \b
    Exit codes: 0 it has no traffic any more, 1 it was promoted meanwhile, 2 no rollout of it, or another version was
    deployed since.
    Example: aqe deploy rollback --version v2.5.0 --reason "orders are lost"
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...core.records.rollouts.regions import RegionsStatus
    from ...core.records.rollouts.rollout import Phase

    rollout = with_runtime(ctx, lambda parts: _roll_back(parts, version, region, reason, quiet=as_json))
    if as_json:
        print_json(rollout)
    elif isinstance(rollout, RegionsStatus):
        click.echo(regions_text(cleaned(rollout)))
    else:
        click.echo(rollout_text(cleaned(rollout)))
    # Its runner may have promoted it before it read the order.
    promoted = not isinstance(rollout, RegionsStatus) and rollout.state.phase is Phase.PROMOTED
    ctx.exit(EXIT_NO_GO if promoted else EXIT_OK)


async def _roll_back(
    parts: "Runtime", version: str, region: str | None, reason: str, *, quiet: bool
) -> "Rollout | RegionsStatus":
    from pathlib import Path

    from ...core.records.rollouts.rollout import Order
    from ...fleet.decisions.situations import asking_person
    from ...fleet.rollouts.desk import give_order, latest_rollout, regional_of, roll_back
    from ...fleet.rollouts.regions import regions_status, roll_back_regions

    by = asking_person(Path.cwd())
    have_a_successor(parts)
    regional = await regional_of(parts, version) if region is None else None
    known = regional or await latest_rollout(parts, version, region)
    seen = (lambda state: None) if quiet else telling(len(known.state.timeline))
    if regional is None:
        rollout = await roll_back(parts, version, by=by, reason=reason, seen=seen, region=region)
        return await _followed(parts, rollout, lambda: latest_rollout(parts, version, region), seen)
    if regional.state.phase.is_final:
        taken = await roll_back_regions(parts, regional, by=by, reason=reason, seen=seen)
    else:
        await give_order(parts, version, Order.ABORT, by=by, reason=reason)
        taken = await _followed(parts, regional, lambda: regional_of(parts, version), seen)
    return await regions_status(parts, taken)


async def _followed(
    parts: "Runtime", now: "R", again: "Callable[[], Awaitable[R | None]]", seen: "Callable[[Rollout | Regional], None]"
) -> "R":
    """What another process runs, until it has ended."""
    while not now.state.phase.is_final:
        await parts.clock.sleep(FOLLOW_S)
        now = await again() or now
        seen(now)
    return now


def _order(name: str, help_text: str) -> click.Command:
    @click.command(name, help=help_text)
    @version_option
    @region_option
    @click.option("--reason", default="", metavar="TEXT", help="Stands in the timeline and in the audit log.")
    @output_options
    @click.pass_context
    def command(ctx: click.Context, as_json: bool, version: str, region: str | None, reason: str) -> None:
        async def work(parts: "Runtime") -> str:
            from pathlib import Path

            from ...core.records.rollouts.rollout import Order
            from ...fleet.decisions.situations import asking_person
            from ...fleet.rollouts.desk import give_order

            by = asking_person(Path.cwd())
            return await give_order(parts, version, Order(name), by=by, reason=reason, region=region)

        rollout = with_runtime(ctx, work)
        if as_json:
            print_json({"rollout": rollout, "order": name})
        else:
            click.echo(f"{rollout}: {name} is ordered; aqe deploy monitor --version {version} --watch")

    return command


_EXITS = (
    "\n\n\b\nExit codes: 0 ordered, 2 no rollout of it runs, or it would change nothing.\n"
    "Example: aqe deploy {0} --version v2.5.0"
)
abort = _order(
    "abort", "Take a running rollout back; of a release in several regions, all of them." + _EXITS.format("abort")
)
pause = _order("pause", "Keep a running rollout where it is." + _EXITS.format("pause"))
resume = _order("resume", "Let a paused rollout go on." + _EXITS.format("resume"))
promote = _order("promote", "Give a running rollout all traffic now; it is still judged." + _EXITS.format("promote"))
