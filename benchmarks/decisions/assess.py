"""What an assessment costs, how that grows with the deployment history, and what any command costs before its work.

*Inside the agent*: a task done by an agent that runs, everything read from and written to a server on loopback; its
first answer after the history has changed learns the model anew, the next ones do not. *Cold*: the command `aqe deploy
assess` as a process of its own, which does the task itself or hands it to a fleet that runs. The baseline of both is
what no such program can do without, a Python process that imports redis.asyncio and pydantic, plus the agent's answer.
*On an empty
store*: every command that can say at once that nothing was imported, beside a process that imports the libraries.
Their calls take turns with those of the baseline; on a machine with other work processor seconds say more than seconds.
"""

import argparse
import asyncio
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from aqe.agents.base import task_key
from aqe.agents.deployment_readiness.agent import DeploymentReadinessAgent
from aqe.bus.lanes import into_lane
from aqe.config.settings import load_settings
from aqe.core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, Foresight
from aqe.core.records.release import DeploymentResult, Release
from aqe.core.records.signals import Signal, SignalKind
from aqe.core.records.tasks import TaskStatus
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.fleet.tasks import new_task, show

from .. import report
from ..report import Spread, shown, table
from ..servers.server import Server, find_program, own_server
from .cold import AQE, Taken, on_an_empty_store, print_empty, process

SIZES = (0, 1_000, 10_000, 100_000)
COLD_SIZE = 1_000
ROUNDS = 5
COLD_ROUNDS = 15
FAILING = 0.08
BARE = (sys.executable, "-c", "import redis.asyncio, pydantic")
METRICS: dict[SignalKind, dict[str, Any]] = {
    SignalKind.CODE_QUALITY: {"grade": "A", "critical_issues": 0, "code_smells": 3, "complexity_mean": 4.0},
    SignalKind.TEST_COVERAGE: {"line_coverage_percent": 91.0, "branch_coverage_percent": 88.0},
    SignalKind.MUTATION: {"mutation_score_percent": 81.0},
    SignalKind.SECURITY: {"critical_vulnerabilities": 0, "high_vulnerabilities": 0, "medium_vulnerabilities": 1},
    SignalKind.PERFORMANCE: {"p95_latency_ms": 310.0, "throughput_rps": 1400.0, "error_rate_percent": 0.02},
    SignalKind.CHANGE_RISK: {"lines_added": 200, "lines_deleted": 40, "files_changed": 12, "commits": 9},
}
"""Of the release and of every deployment in the history."""


def deployments(size: int, now: datetime) -> list[str]:
    """The history as JSON, oldest first, over a year; large changes and low coverage fail more often."""
    rng = np.random.default_rng(1)
    items = []
    for place in range(size):
        at = now - timedelta(days=365 * (size - place) / size)
        change, coverage = float(np.exp(rng.normal(5, 1.2))), float(rng.uniform(75, 97))
        p = FAILING * np.exp(0.6 * (np.log(change) - 5) + 0.05 * (86 - coverage))
        before = Foresight(
            version=f"v{place}",
            assessed_at=at - timedelta(minutes=10),
            features={"change_size": change, "test_coverage": coverage, "files_modified": change / 20,
                      "complexity": 4.0, "critical_bugs": 0.0, "commits": 9.0, "team_experience": float(place),
                      "off_hours": float(at.hour not in range(8, 18)), "end_of_week": float(at.weekday() > 3)},
            signals=METRICS,
            risk=20.0, confidence=92.0, rollback_percent=8.0,
        )  # fmt: skip
        outcome: DeploymentResult = "rolled_back" if rng.random() < p else "success"
        item = DeploymentOutcome(
            version=f"v{place}", deployed_at=at, known_at=at + timedelta(hours=2), outcome=outcome, before=before
        )
        items.append(item.to_json())
    return items


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    options = _options(arguments)
    logging.disable()
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    sizes = (0, 100, 1_000) if options.quick else SIZES
    program = find_program()
    with own_server(program) as server, tempfile.TemporaryDirectory() as folder:
        empty = on_an_empty_store(server, folder, options.rounds)
        print_empty(empty)
        if options.empty:
            report.json_line("assess", empty=empty, server=program)
            return 0
        inside = {size: asyncio.run(_inside(server, Path(folder), size, options.rounds)) for size in sizes}
        asyncio.run(_fill(server, Path(folder), COLD_SIZE))
        cold = {"itself": _cold(server, folder)}
        try:
            process((*AQE, "up"), server, folder, fails=True)
            cold["by a running fleet"] = _cold(server, folder)
        except subprocess.CalledProcessError as error:
            print(f"by a running fleet: NOT_MEASURED, it did not start: {error.stderr.decode().strip()}")
        finally:
            process((*AQE, "down"), server, folder)
    _print_inside(inside)
    _print_cold(cold, inside[COLD_SIZE])
    report.json_line("assess", empty=empty, inside=inside, cold=cold, server=program)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks assess", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 deployments only")
    parser.add_argument("--empty", action="store_true", help="only the commands on an empty store")
    return parser.parse_args(arguments)


async def _fill(server: Server, folder: Path, size: int) -> None:
    """A release with its signals, and a history; nothing else."""
    now = datetime.now(UTC)
    server.client.flushall()
    async with _runtime(server, folder) as parts:
        release = Release(version="v", commit="a3f5c1e09b7d")
        await parts.memory.store("aqe/releases/v/release", release)
        for kind, metrics in METRICS.items():
            signal = Signal(kind=kind, release=release, measured_at=now, tool="bench", metrics=metrics)
            await parts.memory.store(f"aqe/releases/v/signals/{kind}", signal)
    items = deployments(size, now)
    for start in range(0, size, 5_000):
        server.client.rpush(HISTORY_KEY, *items[start : start + 5_000])


def _runtime(server: Server, folder: Path) -> AbstractAsyncContextManager[Runtime]:
    settings = load_settings(env={"AQE_REDIS_URL": server.url}, cwd=folder)
    return open_runtime(settings, name="bench", server=ServerInfo(server.url, "url"))


async def _inside(server: Server, folder: Path, size: int, rounds: int) -> dict[str, list[Taken]]:
    """First and later answers."""
    await _fill(server, folder, size)
    taken: dict[str, list[Taken]] = {"first": [], "again": []}
    async with _runtime(server, folder) as parts:
        agent = DeploymentReadinessAgent(parts.services())
        await _answer(parts, agent, "risk-score")
        for number in range(rounds):
            # A deployment more: the model has to be learnt anew.
            at = parts.clock.now() - timedelta(seconds=60 - number)
            item = DeploymentOutcome(version=f"n{number}", deployed_at=at, known_at=at, outcome="success")
            await parts.memory.append(HISTORY_KEY, item)
            for kind in taken:
                wall, cpu = time.perf_counter(), time.process_time()
                await _answer(parts, agent, "deployment-assessment")
                taken[kind].append(Taken(time.perf_counter() - wall, time.process_time() - cpu))
    return taken


async def _answer(parts: Runtime, agent: DeploymentReadinessAgent, task_type: str) -> None:
    """A task of an agent that has done others before."""
    task = new_task(parts, task_type, {"version": "v"})
    lane = parts.bus.names.own_lane(task.id)
    queued = task.model_copy(update={"status": TaskStatus.QUEUED, "agent_type": agent.agent_type, "lane": lane})
    await parts.memory.apply([parts.memory.prepare_store(task_key(task.id), queued), into_lane(lane, task.id)])
    await agent.run_one(lane, task.id)
    done = await show(parts, task.id)
    assert done.status is TaskStatus.COMPLETED, done.error


def _cold(server: Server, folder: str) -> list[tuple[Taken, Taken]]:
    """What a call took, and the imports just after it; the first call, which compiles and learns, is not among them."""
    command = (*AQE, "deploy", "assess", "--version", "v", "--json")
    process(command, server, folder)
    return [(process(command, server, folder), process(BARE[1:], server, folder)) for _ in range(COLD_ROUNDS)]


def _print_inside(inside: dict[int, dict[str, list[Taken]]]) -> None:
    rows = []
    before: dict[str, float] = {}
    for size, taken in inside.items():
        cells = [f"{size:,}"]
        for kind, found in taken.items():
            median = statistics.median(one.wall_s for one in found)
            grown = f"x {median / before[kind]:.1f}" if before.get(kind) else "-"
            cells += [shown(Spread.of(1000 * one.wall_s for one in found)), grown]
            before[kind] = median
        rows.append(cells)
    head = ["deployments", "first answer, ms", "x the row above", "next answers, ms", "x the row above"]
    table("assess inside the agent", head, rows)


def _print_cold(cold: dict[str, list[tuple[Taken, Taken]]], inside: dict[str, list[Taken]]) -> None:
    for place, words in enumerate(("seconds", "processor seconds, without the fleet's own")):
        answers = [[1000 * one[place] for one in taken] for taken in inside.values()]
        rows = []
        for who, pairs in cold.items():
            calls, imports = ([1000 * pair[side][place] for pair in pairs] for side in (0, 1))
            bases = [statistics.median(imports) + statistics.median(answer) for answer in answers]
            ratios = [f"{statistics.median(calls) / base:.2f}" for base in bases]
            rows.append([who, shown(Spread.of(calls)), shown(Spread.of(imports)), *ratios])
        first, again = (shown(Spread.of(answer)) for answer in answers)
        print(f"\nthe agent's first answer {first} ms, its next {again} ms")
        head = ["done", "call, ms", "imports, ms", "/ (imports + first answer)", "/ (imports + next answer)"]
        table(f"cold `aqe deploy assess`, {COLD_SIZE:,} deployments: {words}", head, rows)
