"""Commands as processes of their own: what a person waits for who asks once, and what the machine does for it."""

import os
import resource
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from ..report import Spread, shown, table
from ..servers.server import Server

AQE = ("-P", "-m", "aqe")
LIBRARIES = ("-c", "import pydantic, redis, numpy")
"""What an analysis cannot do without, and nothing else."""
ON_AN_EMPTY_STORE = (
    "--version",
    "--help",
    "production --help",
    "status",
    "deploy assess --version v",
    "production insights",
    "production generate-by-priority",
    "production report",
    "production mine-errors",
    "production detect-anomalies",
    "production analyze-incidents",
    "production replay-incident --incident-id INC-1 --target http://127.0.0.1:1",
    "production ab-test-impact --experiment checkout",
    "production load-patterns",
    "production seasonal-analysis",
    "production compare-environments --baseline staging",
    "production journeys",
    "production rum-analysis",
    "production feature-usage",
    "production dead-code --source .",
    "production recording-to-tests",
    "production journey-to-tests --output made",
    "production rum-to-tests --feature checkout --output made",
)
"""Nothing was imported: most say so, and what to import. That is all loading, and nothing of what they are for."""


class Taken(NamedTuple):
    """What something took: seconds, and those of all processors."""

    wall_s: float
    cpu_s: float


def process(arguments: Sequence[str], server: Server, folder: str, *, fails: bool = False) -> Taken:
    """Run Python with these arguments, against the server.

    Args:
        folder: to run in, and its home.
        fails: whether an exit code but 0 is an error.
    """
    # A user's Python keeps what it has compiled.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AQE_"))}
    environment = {**kept, "AQE_REDIS_URL": server.url, "HOME": folder, "GIT_CEILING_DIRECTORIES": folder}
    wall, cpu = time.perf_counter(), _children_s()
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=fails)
    return Taken(time.perf_counter() - wall, _children_s() - cpu)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def on_an_empty_store(server: Server, folder: str, rounds: int) -> dict[str, list[Taken]]:
    """What each command and the libraries alone took, in turns; the first calls, which compile, are not among them."""
    calls = {command: (*AQE, *shlex.split(command)) for command in ON_AN_EMPTY_STORE}
    taken: dict[str, list[Taken]] = {name: [] for name in (LIBRARIES[1], *calls)}
    for number in range(rounds + 1):
        for name, arguments in ((LIBRARIES[1], LIBRARIES), *calls.items()):
            found = process(arguments, server, folder)
            if number:
                taken[name].append(found)
    return taken


def print_empty(taken: dict[str, list[Taken]]) -> None:
    """A line a command, with its ratio to the libraries alone."""
    base = statistics.median(one.cpu_s for one in taken[LIBRARIES[1]])
    rows = []
    for name, found in taken.items():
        cpu, wall = Spread.of(1000 * one.cpu_s for one in found), Spread.of(1000 * one.wall_s for one in found)
        rows.append([name, shown(cpu), shown(wall), f"{cpu.median / 1000 / base:.2f}" if cpu else "-"])
    table("commands on an empty store", ["command", "processor, ms", "wall, ms", "x processor of the libraries"], rows)
