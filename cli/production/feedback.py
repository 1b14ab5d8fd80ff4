"""`aqe production feedback-loop`: analyse production again and again, and keep what is known of it fresh."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, say, verdict, with_runtime
from ..params import DAYS, duration
from ..text import cleaned, table, time_text

if TYPE_CHECKING:
    from ...core.records.production.feedback import LoopState
    from ...fleet.runtime import Runtime

FINDINGS = "aqe-findings"
"""Where generated tests go, beside the findings they are derived from, when nobody says where."""


@click.command("feedback-loop")
@click.option("--interval", type=duration, default="1h", show_default=True, help="From begin to begin of two rounds.")
@click.option("--once", is_flag=True, help="One round, then end: for CI.")
@click.option("--days", type=DAYS, default=7.0, show_default=True, help="Window of each round.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write each round's findings into this folder.",
)
@click.option(
    "--auto-generate-tests",
    is_flag=True,
    help=f"Also write each round's tests into DIR/tests; DIR is {FINDINGS} without --output.",
)
@output_options
@click.pass_context
def feedback_loop(
    ctx: click.Context, as_json: bool, interval: float, once: bool, days: float, output: Path | None,
    auto_generate_tests: bool,
) -> None:  # fmt: skip
    """Every analysis, every interval, until SIGTERM or Ctrl-C; anomalies are taken in as they come.

    One loop a fleet. It finishes the task at hand when told to stop; killed, the next one goes on where it was.

    \b
    Exit codes: 0 stopped, or the round is done, 1 with --once: one failed, or none had data, 2 another loop runs.
    Examples: aqe production feedback-loop --interval 1h --auto-generate-tests
              aqe production feedback-loop --once --output findings --auto-generate-tests
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...core.records.production.feedback import LoopPlan
    from ...fleet.feedback import FeedbackLoop, analyses

    output = output or (Path(FINDINGS) if auto_generate_tests else None)
    plan = LoopPlan(interval_s=interval, analyses=analyses(), days=days, once=once)

    async def work(parts: "Runtime") -> "LoopState":
        loop = FeedbackLoop(parts, plan, output=output, write_tests=auto_generate_tests, said=say)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, loop.stop)
        return await loop.run()

    state = with_runtime(ctx, work)
    with verdict(ctx, EXIT_NO_GO if once and _in_vain(state) else EXIT_OK):
        if as_json:
            print_json(state)
        else:
            echo(_state_text(cleaned(state)))


def _in_vain(state: "LoopState") -> bool:
    """Whether a check that stands on this round would stand on nothing."""
    from ...core.records.production.feedback import NO_DATA

    ended = {run.status for run in state.runs}
    return "failed" in ended or ended == {NO_DATA}


def _state_text(state: "LoopState") -> str:
    rows = [(run.task_type, run.status or "not over", run.error or "-") for run in state.runs]
    head = f"round {state.round}, began {time_text(state.round_started_at)}, ended {time_text(state.round_ended_at)}"
    return "\n".join([head, "", table(("ANALYSIS", "STATUS", "WHY"), rows)])
