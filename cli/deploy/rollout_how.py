"""How a rollout is to go, as `execute` and `simulate` are told on the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..params import duration, percents

if TYPE_CHECKING:
    from ...fleet.rollouts.parts import Wanted
    from ...fleet.runtime import Runtime

STRATEGIES = ("canary", "blue-green", "rolling")
"""Literals, because a choice is made before anything heavy is imported; a test compares them with the enumeration."""
AGGRESSIVE = 5
"""Times as many looks as aqe.yaml has."""

version_option = click.option("--version", metavar="VERSION", required=True, help="Release, as tagged.")
region_option = click.option("--region", metavar="NAME", help="Of this region alone.")

kayenta_option = click.option(
    "--kayenta", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Judge stages as Kayenta does, by its canary configuration.",
)  # fmt: skip
judge_every_option = click.option(
    "--judge-every", "judge_every_s", type=duration, metavar="DURATION",
    help="With --kayenta: judge so often in a stage (default: at its end).",
)  # fmt: skip

_HOW = (
    click.option(
        "--strategy", type=click.Choice(STRATEGIES), default="canary", show_default=True, help="How it moves."
    ),
    click.option("--canary", "--stages", "stages", type=percents, metavar="LIST", help="Percents: 5,25,50,100."),
    click.option(
        "--stage-time", "stage_s", type=duration, metavar="DURATION", help="Of each stage (default: aqe.yaml's)."
    ),
    click.option("--watch-time", "watch_s", type=duration, metavar="DURATION", help="Watched at 100 % for so long."),
    click.option("--auto-rollback/--no-auto-rollback", default=True, help="Take it back by itself, or pause instead."),
    click.option(
        "--monitoring",
        default="normal",
        metavar="HOW",
        help="normal; aggressive: looks five times as often; phased: three phases after the last stage; a YAML FILE.",
    ),
    kayenta_option,
    judge_every_option,
)


def how_options(command: Any) -> Any:
    """Strategy, stages, times, rollback, monitoring; `wanted_of` reads them."""
    for option in reversed(_HOW):
        command = option(command)
    return command


async def wanted_of(parts: "Runtime", version: str, environment: str | None, how: dict[str, Any]) -> "Wanted":
    """What the options ask for.

    Raises:
        InputError: a monitoring profile that cannot be used, or no target.
    """
    from dataclasses import replace

    from ...core.records.rollouts.rollout import Strategy
    from ...fleet.rollouts.defaults import with_profile
    from ...fleet.rollouts.judging import wanted_kayenta
    from ...fleet.rollouts.parts import Wanted, target
    from ...fleet.signals import stored_release

    given = dict(how)
    monitoring = given.pop("monitoring")
    judging = wanted_kayenta(given.pop("kayenta"), given.pop("judge_every_s"))
    wanted = Wanted(strategy=Strategy(given.pop("strategy")), kayenta=judging, **given)
    if monitoring == "aggressive":
        at = environment or (await stored_release(parts, version)).environment
        return replace(wanted, interval_s=max(1.0, target(parts.settings, at).interval_s / AGGRESSIVE))
    return wanted if monitoring == "normal" else with_profile(wanted, monitoring)
