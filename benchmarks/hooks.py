"""What hooks around a task cost, in the process and as processes of their own."""

import argparse
import asyncio
import itertools
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from aqe.core.records.tasks import TaskAssignment
from aqe.hooks.base import LifecycleHook
from aqe.hooks.manager import HookManager

from . import report
from .report import Spread, shown, table
from .servers.server import pin

ROUNDS = 7
CALLS = 100_000
SPAWNS = 20
GOAL_US = 0.5
"""Aim of issue 3 for pre and post together."""
TASK = TaskAssignment(id="bench", type="bench", submitted_at=datetime(2026, 1, 1, tzinfo=UTC))
PROGRAMS = {"true": ("true",), "python -c pass": (sys.executable, "-c", "pass"), "node -e 0": ("node", "-e", "0")}
"""The least a hook costs that is a process: a C program, and the languages such hooks are written in."""


class Observer(LifecycleHook):
    """Looks, and does nothing."""

    async def on_pre_task(self, task: TaskAssignment) -> None:
        """Called before."""

    async def on_post_task(self, task: TaskAssignment, result: Any) -> None:
        """Called after."""


Case = Callable[[], Awaitable[object]]


async def _task() -> None:
    """The work."""


async def _bare() -> None:
    """The same way to it, without hooks."""
    await _task()


def _around(hooks: int) -> Case:
    manager = HookManager([Observer() for _ in range(hooks)])

    async def run() -> None:
        await manager.pre_task(TASK)
        await _task()
        await manager.post_task(TASK, None)

    return run


CASES: dict[str, Case] = {"bare await": _bare, **{f"pre + post, hooks: {n}": _around(n) for n in (0, 1, 3)}}
ONE_HOOK = "pre + post, hooks: 1"


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds and print."""
    options = _options(arguments)
    pinned = pin(options.core)
    rounds = options.rounds or (3 if options.quick else ROUNDS)
    calls, spawns = (CALLS // 10, SPAWNS // 4) if options.quick else (CALLS, SPAWNS)
    loops: dict[str, Any] = {"asyncio": asyncio.run}
    if find_spec("uvloop"):
        import uvloop  # type: ignore[import-not-found,unused-ignore]

        loops["uvloop"] = uvloop.run
    else:
        print("uvloop: not installed")
    programs = {name: command for name, command in PROGRAMS.items() if shutil.which(command[0])}
    for name in PROGRAMS.keys() - programs.keys():
        print(f"{name}: not installed")

    taken_ns: dict[str, list[float]] = defaultdict(list)
    for _, (loop, run) in itertools.product(range(rounds), loops.items()):
        for name, case in CASES.items():
            taken_ns[f"{name}, {loop}"].append(run(_ns_a_call(case, calls)))
    for _, (name, command) in itertools.product(range(rounds), programs.items()):
        taken_ns[name].append(_ns_a_process(command, spawns))

    print(f"{pinned}; {rounds} rounds: median (least-greatest)")
    _print_calls(taken_ns, list(loops))
    _print_processes(taken_ns, list(programs))
    report.json_line(
        "hooks",
        settings={"pinned": pinned, "calls": calls, "spawns": spawns},
        versions=report.versions(["uvloop"]),
        ns={name: [round(value, 1) for value in values] for name, values in taken_ns.items()},
    )
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks hooks", description=__doc__, epilog="Takes 15 seconds; 3 with --quick."
    )
    parser.add_argument("--rounds", type=int, metavar="N", help=f"default {ROUNDS}, with --quick 3")
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls: does it work?")
    parser.add_argument("--core", type=int, default=1, help="to run on; default 1")
    return parser.parse_args(arguments)


async def _ns_a_call(case: Case, calls: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(calls):
        await case()
    return (time.perf_counter_ns() - start) / calls


def _ns_a_process(command: Sequence[str], spawns: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(spawns):
        subprocess.run(command, check=True)
    return (time.perf_counter_ns() - start) / spawns


def _print_calls(taken_ns: dict[str, list[float]], loops: list[str]) -> None:
    rows = []
    for name, loop in itertools.product(CASES, loops):
        values = taken_ns[f"{name}, {loop}"]
        extra = Spread.of(v - bare for v, bare in zip(values, taken_ns[f"bare await, {loop}"], strict=True))
        rows.append([f"{name}, {loop}", shown(Spread.of(values)), "" if name == "bare await" else shown(extra)])
    table("A task that does nothing", ["", "ns a call", "of it the hooks"], rows)
    print(f"goal: pre + post at most {GOAL_US * 1000:.0f} ns")


def _print_processes(taken_ns: dict[str, list[float]], programs: list[str]) -> None:
    hooks = [
        v - bare for v, bare in zip(taken_ns[f"{ONE_HOOK}, asyncio"], taken_ns["bare await, asyncio"], strict=True)
    ]
    rows = []
    for name in programs:
        two = [2 * value for value in taken_ns[name]]
        ratios = Spread.of(both / inside for both, inside in zip(two, hooks, strict=True))
        rows.append([name, shown(Spread.of(v / 1e6 for v in two), 2), shown(ratios)])
    table("The same two hooks as processes", ["program", "ms, pre + post", "x in the process"], rows)
    print("Empty hooks on both sides: this compares the mechanisms. A hook that works for long gains only the start.")
