"""INC-2024-1234 replayed on two time scales, again and again, against the service as it was and as it was repaired.

The incident's own rows are worked out from the specification's figures (incident_rows.py); the replays are real
processes, sockets and timers. At 1:100 a run that this machine's timers spoil is repeated slower, which the table says.
"""

import argparse
import asyncio
import shlex
import sys
from pathlib import Path
from typing import Any

from ..core.errors import AqeError
from ..core.records.incident_replay import ReplayPlan, ReplayReport
from ..fleet.incident_replay import How, replay
from .incident_rows import the_plan
from .report import json_line, table

PAYMENT = Path(__file__).resolve().parents[1] / "examples" / "incident" / "payment.py"


def main(arguments: list[str]) -> int:
    """Replay, compare, print; 1 when the machine is too busy."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--fast", type=float, default=100, help="the fast scale")
    parser.add_argument("--slow", type=float, default=10, help="the slow one")
    parser.add_argument("--service", choices=("naive", "fixed"), help="only this one")
    options = parser.parse_args(arguments)
    plan = the_plan()
    found: dict[str, Any] = {}
    for service in (options.service,) if options.service else ("naive", "fixed"):
        try:
            fast = _replayed(plan, service, options.fast, options.runs)
            slow = _replayed(plan, service, options.slow, 1)
        except AqeError as error:
            print(f"replay: {error.message}", file=sys.stderr)
            return 1
        found[service] = _compared(service, fast, slow)
    json_line("replay", **found)
    return 0


def _replayed(plan: ReplayPlan, service: str, scale: float, runs: int) -> ReplayReport:
    target = shlex.join([sys.executable, str(PAYMENT), service, "{port}"])
    return asyncio.run(replay(plan, target, How(scale=scale, runs=runs), lambda line: print(line, flush=True)))


def _compared(service: str, fast: ReplayReport, slow: ReplayReport) -> dict[str, Any]:
    rows = [
        ("scale", f"1:{fast.run.scale:g}", f"1:{slow.run.scale:g}"),
        ("wall s, last run", f"{fast.run.wall_s:.1f}", f"{slow.run.wall_s:.1f}"),
        ("p50 s", f"{fast.run.figures.p50_ms / 1000:.1f}", f"{slow.run.figures.p50_ms / 1000:.1f}"),
        ("p95 s", f"{fast.run.figures.p95_ms / 1000:.1f}", f"{slow.run.figures.p95_ms / 1000:.1f}"),
        ("outcomes", str(fast.run.figures.outcomes), str(slow.run.figures.outcomes)),
        ("verdict", fast.verdict, slow.verdict),
        ("identical runs", f"{fast.identical_runs} of {fast.runs}", f"{slow.identical_runs} of {slow.runs}"),
        ("hidden", *("; ".join(hidden.words for hidden in report.run.hidden) for report in (fast, slow))),
    ]
    table(service, ("", "fast", "slow"), rows)
    for comparison in fast.symptoms:
        print(f"  {comparison.what}: incident {comparison.incident}, replay {comparison.replay}")
    for note in fast.notes:
        print(f"  note: {note}")
    return {"fast": fast.to_dict(), "slow": slow.to_dict()}
