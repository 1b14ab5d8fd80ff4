"""`aqe production replay-incident`: an incident once more, in seconds, against a service of your choice."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import echo, output_options, print_json, run, say, with_runtime
from ..params import SEED, count, percent
from ..text import cleaned, counted, table
from .common import performed

if TYPE_CHECKING:
    from ...core.records.production.incident_replay import ReplayPlan, ReplayReport


def scale_of(text: str) -> float:
    """`1:100` or `100` as production seconds a second, as the type of an option."""
    match = re.fullmatch(r"(?:1:)?([0-9]{1,6}(?:\.[0-9]{1,3})?)", text)
    if not match or float(match[1]) < 1:
        raise click.BadParameter(f"{text!r} is no scale, expected 1:N with N from 1, such as 1:100")
    return float(match[1])


def _named(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = dict(value.partition("=")[::2] for value in values)
    if not all(found.values()):
        raise click.BadParameter("expected NAME=ADDRESS, such as postgresql=127.0.0.1:5432")
    return found


@click.command("replay-incident")
@click.option("--incident-id", metavar="ID", help="An imported incident; its id or number.")
@click.option("--conditions", type=click.Path(path_type=Path), metavar="FILE.yaml", help="One that was written before.")
@click.option("--target", metavar="CMD|URL", help="The service under test; {port} stands for its port.")
@click.option("--baseline", metavar="CMD", help="The service as it was: must show the incident.")
@click.option("--scale", type=scale_of, metavar="1:N", default="1:100", show_default=True, help="Speed-up.")
@click.option("--tolerance", type=percent, default="5%", show_default=True, help="Of each symptom.")
@click.option("--runs", type=count(1, 100), default=1, show_default=True, help="Replay so often.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the faults.")
@click.option("--upstream", "upstreams", multiple=True, callback=_named, metavar="NAME=URL", help="Real dependency.")
@click.option("--proxy", "listen", multiple=True, callback=_named, metavar="NAME=IP:PORT", help="For a running target.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the test and conditions.")
@output_options
@click.pass_context
def replay_incident(
    ctx: click.Context, /, as_json: bool, incident_id: str | None, conditions: Path | None, **flags: Any
) -> None:
    """Replay an incident: its requests in their rhythm, its dependencies as slow and broken, its time sped up.

    Tells what would be replayed, writes it as a pytest file with its conditions in YAML (--output), runs it against
    --target, and says how faithful it is (outcomes, p50, p95 beside the incident's) before it says whether the service
    stands it. The service finds its dependencies in AQE_UPSTREAM_<NAME> and divides its time-outs by AQE_TIME_SCALE.

    \b
    Exit codes: 0 it stands the incident, 1 it does not, or the replay is not faithful.
    Examples: aqe production replay-incident --incident-id INC-2024-1234 --output replays
              aqe production replay-incident --conditions replays/test_replay_inc_2024_1234.yaml \\
                --target "python payment.py fixed {port}" --baseline "python payment.py naive {port}"
    """
    from ...core.errors import EXIT_NO_GO
    from ...fleet.replays.incident import How, replay, write_replay

    if (incident_id is None) == (conditions is None):
        raise click.UsageError("expected either --incident-id or --conditions")
    plan = _plan(ctx, incident_id, conditions)
    if flags["output"]:
        for path in write_replay(plan, flags["output"]):
            say(f"written: {path}")
    if flags["target"] is None:
        print_json(plan) if as_json else echo("\n".join(plan_lines(plan)))
        if not flags["output"]:
            say("nothing was written or run: --output DIR writes the replay, --target 'CMD {port}' runs it")
        return
    how = How(
        scale=flags["scale"],
        seed=flags["seed"],
        tolerance=flags["tolerance"] / 100,
        runs=flags["runs"],
        upstreams=flags["upstreams"],
        listen=flags["listen"],
    )
    report = run(replay(plan, flags["target"], how, say, baseline=flags["baseline"]))
    print_json(report) if as_json else echo("\n".join([*plan_lines(plan), "", *report_lines(report)]))
    ctx.exit(0 if report.verdict == "FIXED" and report.identical_runs == report.runs else EXIT_NO_GO)


def _plan(ctx: click.Context, incident_id: str | None, conditions: Path | None) -> "ReplayPlan":
    from ...core.records.production.incident_replay import ReplayPlan
    from ...fleet.replays.incident import read_replay

    if conditions is not None:
        return read_replay(conditions)
    found = with_runtime(ctx, lambda parts: performed(parts, "incident-replay-plan", {"incident": incident_id}))
    return ReplayPlan.from_value(found, where="the plan of the replay")


def plan_lines(plan: "ReplayPlan") -> Iterator[str]:
    """What is replayed, and where that comes from."""
    plan = cleaned(plan)
    yield f"{plan.incident}  {plan.title}"
    yield f"  {counted(plan.figures.requests, 'request')}, {plan.conditions.concurrency} under way at once"
    yield from (f"  {reason}" for reason in plan.reasons)
    yield from (f"  hidden in the incident: {masking.words}" for masking in plan.masking)


def report_lines(report: "ReplayReport") -> Iterator[str]:
    """Fidelity, then what holds, then the verdict."""
    report = cleaned(report)
    shown = report.baseline or report.run
    yield f"Symptoms, of {shown.target} at 1:{shown.scale:g}"
    rows = [(c.what, c.incident, c.replay, "yes" if c.within else "no") for c in report.symptoms]
    yield table(("SYMPTOM", "INCIDENT", "REPLAY", "WITHIN"), rows, indent=2)
    yield from (f"  hidden in the replay: {hidden.words}" for hidden in shown.hidden)
    yield f"Checks, of {report.run.target}"
    yield from (f"  {'holds' if c.holds else 'FAILS'}  {c.what}: {c.found}" for c in report.checks)
    yield from (f"  note: {note}" for note in report.notes)
    if report.runs > 1:
        yield f"  {report.identical_runs} of {report.runs} runs with these outcome counts and this verdict"
    yield f"{report.verdict}: {report.because}"
