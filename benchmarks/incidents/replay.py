"""INC-2024-1234 replayed on two time scales, again and again, against the service as it was and as it was repaired.

The incident's own rows are worked out from the specification's figures (rows.py); the replays are real
processes, sockets and timers. At 1:100 a run that this machine's timers spoil is repeated slower, which the table says.
Exit code 1 when outcome counts or verdict of the fast runs differ.
"""

import argparse
import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...core.errors import AqeError
from ...core.records.production.incident_replay import Figures, ReplayPlan, ReplayReport
from ...fleet.replays.incident import How, replay
from ..report import json_line, table
from .rows import the_plan

PAYMENT = Path(__file__).resolve().parents[2] / "examples" / "incident" / "payment.py"


def main(arguments: list[str]) -> int:
    """Replay, compare, print; 1 when runs differ or the machine is too busy."""
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
        found[service] = _compared(plan, service, fast, slow)
    json_line("replay", **found)
    return 0 if all(len(set(map(_told, one["fast"]))) == 1 for one in found.values()) else 1


def _replayed(plan: ReplayPlan, service: str, scale: float, runs: int) -> list[ReplayReport]:
    """Replays one after the other, each on its own: the machine is measured anew."""
    target = shlex.join([sys.executable, str(PAYMENT), service, "{port}"])
    return [
        asyncio.run(replay(plan, target, How(scale=scale), lambda line: print(line, flush=True))) for _ in range(runs)
    ]


def _compared(plan: ReplayPlan, service: str, fast: list[ReplayReport], slow: list[ReplayReport]) -> dict[str, Any]:
    both = (fast, slow)
    rows = [
        ("scale", *(_range([r.run.scale for r in reports], "1:{:g}") for reports in both)),
        ("wall s", *(_range([r.run.wall_s for r in reports]) for reports in both)),
        *((f"{name} s", *(_range([getattr(r.run.figures, f"{name}_ms") / 1000 for r in reports]) for reports in both))
          for name in ("p50", "p95")),
        ("outcomes", *(_counted(str(r.run.figures.outcomes) for r in reports) for reports in both)),
        ("verdict", *(_counted(r.verdict for r in reports) for reports in both)),
        ("hidden", *(_counted("; ".join(h.words for h in r.run.hidden) for r in reports) for reports in both)),
    ]  # fmt: skip
    table(service, ("", f"{len(fast)} fast", f"{len(slow)} slow"), rows)
    for name in ("p50", "p95"):
        from_slow = max((_off(r.run.figures, slow[0].run.figures, name) for r in fast), key=abs)
        from_incident = max((_off(r.run.figures, plan.figures, name) for r in fast), key=abs)
        print(
            f"  {name}, farthest of the fast runs: {100 * from_slow:+.1f} % from the slow one,"
            f" {100 * from_incident:+.1f} % from the incident"
        )
    for note in dict.fromkeys(note for report in fast for note in report.notes):
        print(f"  note: {note}")
    return {name: [r.to_dict() for r in reports] for name, reports in zip(("fast", "slow"), both, strict=True)}


def _told(report: dict[str, Any]) -> str:
    """What must be the same in all runs."""
    return f"{report['verdict']} {report['run']['figures']['outcomes']}"


def _off(figures: Figures, other: Figures, name: str) -> float:
    mine, theirs = (float(getattr(f, f"{name}_ms")) for f in (figures, other))
    return (mine - theirs) / theirs


def _range(values: list[float], form: str = "{:.1f}") -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{count} x {value or '-'}" for value, count in Counter(values).most_common())
