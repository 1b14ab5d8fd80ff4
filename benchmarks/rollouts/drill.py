"""A project that deploys to a site, and scenarios that are run on it again and again."""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from redis import Redis

from aqe.config.settings import load_settings
from aqe.fleet.processes import supervisor_pid
from aqe.fleet.servers.server import find_server

from .. import report
from ..report import Spread, shown, table
from .site import Site

LIMIT_S = 90.0
LOOK_S = 0.01
POLICY = "deployment_gates: {mandatory_gates: {tests: {max_failed_tests: 0, enforcement: BLOCKING}}}\n"


class Failed(Exception):
    """A run did not end as it must."""


class Drill:
    """A site and the project that deploys to it.

    Args:
        folder: of the project.
        parts: the site.
    """

    def __init__(self, folder: Path, parts: Site) -> None:
        self.folder, self.parts, self.number = folder, parts, 0

    def aqe(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One command."""
        command = [sys.executable, "-P", "-m", "aqe", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=LIMIT_S)

    def begin(self, *arguments: str) -> tuple[str, "subprocess.Popen[bytes]"]:
        """A rollout of a new release with a GO."""
        self.number += 1
        version = f"v{self.number}"
        self.go(version)
        self.mend()
        self.parts.set_percent(0)
        self.parts.failed = 0
        command = [sys.executable, "-P", "-m", "aqe", "deploy", "execute", "--version", version, *arguments]
        return version, subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def go(self, version: str) -> None:
        """An approved decision, as `assess` would store it: the drill is about what comes after it."""
        done = self.aqe("deploy", "assess", "--version", version, "--json")
        decision = json.loads(done.stdout) | {"decision": "APPROVED", "approved": True, "verdict": "GO"}
        with self._redis() as client:
            client.fcall("aqe_store", 1, f"aqe/releases/{version}/decision", json.dumps(decision))

    def mend(self) -> None:
        """Nothing is wrong with the new version any more."""
        canary = self.parts.canary
        canary.error_share, canary.delay_s = 0.0, 0.0
        canary.resume()

    def _redis(self) -> Redis:
        server = find_server(load_settings(env={}, cwd=self.folder))
        assert server is not None
        return Redis.from_url(server.url)

    def phase(self, version: str) -> str:
        """Where a rollout stands; NONE before it is stored."""
        return str(self.rollout(version).get("state", {}).get("phase", "NONE"))

    def rollout(self, version: str) -> dict[str, Any]:
        """Plan and state; empty before it is stored."""
        with self._redis() as client:
            for key in client.scan_iter("aqe/deployment/rollouts/*"):
                rollout: dict[str, Any] = json.loads(client.get(key))
                if rollout["plan"]["version"] == version:
                    return rollout
        return {}

    def kill_fleet(self, *others: int) -> None:
        """SIGKILL for the supervisor, its processes, the server, and these."""
        settings = load_settings(env={}, cwd=self.folder)
        server, supervisor = find_server(settings), supervisor_pid(settings)
        assert server is not None
        assert server.pid is not None
        assert supervisor is not None
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for pid in (supervisor, *map(int, children), *others, server.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


D = TypeVar("D", bound=Drill)


def until(what: Callable[[], bool], limit_s: float = LIMIT_S) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > limit_s:
            raise Failed(f"not within {limit_s:.0f} s")
        time.sleep(LOOK_S)
    return time.monotonic() - began


@dataclass(frozen=True)
class Group(Generic[D]):
    """Scenarios that share a site.

    Args:
        scenarios: title -> one run; what it returns is its figures.
        opened: folder, and paths of the programs -> the drill with its site.
        programs: the proxy and what measures.
    """

    scenarios: Mapping[str, Callable[[D], dict[str, float]]]
    opened: Callable[[Path, tuple[str, str]], AbstractContextManager[D]]
    programs: tuple[str, str] = ("haproxy", "prometheus")


def carry_out(name: str, about: str, groups: Sequence[Group[Any]], arguments: Sequence[str]) -> int:
    """Run scenarios again and again and print; 1 when a run did not end as it must.

    Args:
        name: of the drill.
        about: what it does.
        groups: of scenarios.
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser(prog=f"benchmarks {name}", description=about)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    titles = [title for group in groups for title in group.scenarios]
    parser.add_argument("--only", choices=titles, help="this one alone")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    figures: dict[str, Any] = {}
    rows: list[list[str]] = []
    for group in groups:
        wanted = {title: run for title, run in group.scenarios.items() if options.only in (None, title)}
        proxy, scraper = (shutil.which(program) for program in group.programs)
        if wanted and (proxy is None or scraper is None):
            print(f"{' and '.join(group.programs)} are needed: make system-deps")
            return 2
        if wanted and proxy and scraper:
            rows += _carried_out(group, wanted, (proxy, scraper), options.runs, figures)
    table(
        f"{options.runs} runs each, 1 s scrape, 1 s looks",
        ["rollout", "figure", "median (min-max)", "ended well"],
        rows,
        text_columns=2,
    )
    report.json_line(name, runs=options.runs, seed=options.seed, figures=figures)
    return int(any(figure["failures"] for figure in figures.values()))


def _carried_out(
    group: Group[D],
    wanted: Mapping[str, Callable[[D], dict[str, float]]],
    programs: tuple[str, str],
    runs: int,
    figures: dict[str, Any],
) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder, group.opened(Path(folder), programs) as drill:
        prepare(drill)
        try:
            return [row for title, run in wanted.items() for row in _rows(title, run, drill, runs, figures)]
        finally:
            with suppress(subprocess.TimeoutExpired):  # or all finished runs would be lost with it
                drill.aqe("down")


def prepare(drill: Drill) -> None:
    """A policy, a server, and a past that there is a baseline of."""
    (drill.folder / "policy.yaml").write_text(POLICY)
    settings = drill.folder / "aqe.yaml"
    settings.write_text(settings.read_text() + "policy: {file: policy.yaml}\n")
    drill.aqe("up", "--server-only")
    for days in (20, 9):
        at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        drill.aqe("deploy", "record-outcome", "--version", f"v0.{days}", "--outcome", "success", "--deployed-at", at)


def _rows(
    title: str, run: Callable[[D], dict[str, float]], drill: D, runs: int, figures: dict[str, Any]
) -> list[list[str]]:
    found: dict[str, list[float]] = {}
    failures = []
    for _ in range(runs):
        try:
            for name, value in run(drill).items():
                found.setdefault(name, []).append(value)
        except (Failed, subprocess.TimeoutExpired) as failure:
            failures.append(str(failure))
            with suppress(subprocess.TimeoutExpired):
                drill.aqe("deploy", "abort", "--version", f"v{drill.number}")
            drill.mend()
    figures[title] = {"failures": failures, **found}
    well = f"{runs - len(failures)} of {runs}"
    return [[title, name, shown(Spread.of(values), 1), well] for name, values in found.items()] or [
        [title, "", "", well]
    ]
