"""Rollouts on real parts, run after run: HAProxy moves the traffic, Prometheus scrapes, faults are injected.

Each run begins a rollout to a quarter of the traffic and injects its fault; what is reported is the time from the fault
to HAProxy giving the canary nothing, and what the canary was sent later than half a second after that, by HAProxy's own
counter. Good releases go through 5, 25, 50 and 100 %; their shares are HAProxy's counters over each stage.
"""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis

from aqe.config.settings import load_settings
from aqe.fleet.processes import supervisor_pid
from aqe.fleet.server import find_server

from . import report
from .report import Spread, shown, table
from .rollout_site import ARMS, Site, site

LIMIT_S = 90.0
LOOK_S = 0.01
SETTLE_S = 0.3
"""After a change of weights."""
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
        parts = self.parts
        parts.set_percent(0)
        parts.canary.error_share, parts.canary.delay_s, parts.failed = 0.0, 0.0, 0
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
        _mend(self.parts)

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


HOLD = ("--stages", "25,100", "--stage-time", "120s")
BLUE = ("--strategy", "blue-green", "--stage-time", "10s", "--watch-time", "60s")
ROLLING = ("--strategy", "rolling", "--stage-time", "120s")
SERVERS = 4
"""Of each version."""


def good(drill: Drill) -> dict[str, float]:
    """A good release: shares of each stage, failed requests."""
    _, execute = drill.begin("--stage-time", "8s")
    worst, fewest = 0.0, float("inf")
    for percent in (5, 25, 50):
        sent = _stage(drill.parts, percent)
        worst = max(worst, abs(100 * sent["canary"] / sum(sent.values()) - percent))
        fewest = min(fewest, sum(sent.values()))
    if execute.wait(LIMIT_S) != 0:
        raise Failed("a good release was not promoted")
    failed = float(drill.parts.failed)
    return {"worst share, points": worst, "failed requests": failed, "requests a stage": fewest}


def _stage(parts: Site, percent: int) -> dict[str, int]:
    """Answered requests of each arm while a stage had its weights.

    Weights and counters are of one answer of HAProxy's, and what was on its way when the weights changed is left out:
    two questions on a busy machine would count requests of the next stage.
    """
    until(lambda: parts.percent() >= percent)
    time.sleep(SETTLE_S)
    at, first = parts.snapshot()
    last = first
    while (now := parts.snapshot())[0] == at:
        last = now[1]
        time.sleep(LOOK_S)
    return {arm: last[arm] - first[arm] for arm in ARMS}


def strategy_of(name: str) -> Callable[[Drill], dict[str, float]]:
    """A good release by a strategy: it is promoted, and how many requests failed."""

    def run(drill: Drill) -> dict[str, float]:
        _, execute = drill.begin("--strategy", name, "--stage-time", "4s")
        if execute.wait(LIMIT_S) != 0:
            raise Failed(f"a good {name} release was not promoted")
        return {"failed requests": float(drill.parts.failed)}

    return run


def bad(
    fault: Callable[[Site], None], mend: Callable[[Site], None], at: int = 25, *how: str
) -> Callable[[Drill], dict[str, float]]:
    """A release that turns bad at a share of the traffic, a quarter unless told otherwise."""

    def run(drill: Drill) -> dict[str, float]:
        parts = drill.parts
        _, execute = drill.begin(*(how or HOLD))
        until(lambda: parts.percent() == at)
        time.sleep(random.uniform(2, 4))
        try:
            fault(parts)
            took_s = until(lambda: parts.percent() == 0)
            time.sleep(0.5)
            sent = parts.answered()["canary"]
            time.sleep(1.5)
            late = parts.answered()["canary"] - sent
            if execute.wait(LIMIT_S) != 1:
                raise Failed("a bad release was not taken back")
        finally:
            mend(parts)
        return {"taken back after s": took_s, "requests later": float(late), "failed requests": float(parts.failed)}

    return run


def killed(drill: Drill) -> dict[str, float]:
    """A runner killed at a random moment, of a good or a bad release: it ends all the same."""
    version, execute = drill.begin("--stages", "25,100", "--stage-time", "5s")
    time.sleep(random.uniform(0, 12))
    turns_bad = random.random() < 0.5
    with suppress(ProcessLookupError):
        os.kill(execute.pid, signal.SIGKILL)
    execute.wait()
    drill.parts.canary.error_share = 0.3 if turns_bad else 0.0
    if drill.phase(version) == "NONE":
        return {"before it began": 1.0}
    took_s = until(lambda: drill.phase(version) in ("PROMOTED", "ROLLED_BACK"))
    return {"ended after s": took_s, "taken back": float(drill.phase(version) == "ROLLED_BACK")}


def _errors(parts: Site) -> None:
    parts.canary.error_share = 0.2


def _latency(parts: Site) -> None:
    parts.canary.delay_s = 0.4


def _mend(parts: Site) -> None:
    parts.canary.error_share, parts.canary.delay_s = 0.0, 0.0
    parts.canary.resume()


def prometheus_lost(drill: Drill) -> dict[str, float]:
    """The metrics are gone in the middle of a stage: it pauses, and is taken back after the limit."""
    parts = drill.parts
    version, execute = drill.begin(*HOLD)
    until(lambda: parts.percent() == 25)
    time.sleep(2)
    parts.stop_prometheus()
    try:
        began = time.monotonic()
        until(lambda: drill.phase(version) == "PAUSED")
        paused_s = time.monotonic() - began
        until(lambda: parts.percent() == 0)
        back_s = time.monotonic() - began
        if execute.wait(LIMIT_S) != 1:
            raise Failed("it was not taken back")
    finally:
        parts.start_prometheus()
    return {"paused after s": paused_s, "taken back after s": back_s, "failed requests": float(parts.failed)}


def proxy_reloaded(drill: Drill) -> dict[str, float]:
    """HAProxy is reloaded in the middle of a stage and has its first weights again: the share is restored."""
    parts = drill.parts
    _, execute = drill.begin("--stages", "25,100", "--stage-time", "12s")
    until(lambda: parts.percent() == 25)
    time.sleep(2)
    parts.reload_haproxy()
    until(lambda: parts.percent() == 0)
    restored_s = until(lambda: parts.percent() == 25)
    if execute.wait(LIMIT_S) != 0:
        raise Failed("a good release was not promoted")
    return {"share restored after s": restored_s, "failed requests": float(parts.failed)}


def two_runners(drill: Drill) -> dict[str, float]:
    """A runner is stopped until another has taken the rollout up, and then goes on: one of them ends."""
    parts = drill.parts
    version, execute = drill.begin("--stages", "25,100", "--stage-time", "20s")
    until(lambda: parts.percent() == 25)
    first = drill.rollout(version)["runner"]
    os.kill(execute.pid, signal.SIGSTOP)
    taken_s = until(lambda: drill.rollout(version)["runner"] != first)
    os.kill(execute.pid, signal.SIGCONT)
    code = execute.wait(LIMIT_S)
    until(lambda: drill.phase(version) == "PROMOTED")
    outcomes = json.loads(drill.aqe("deploy", "history", "--json").stdout)["deployments"]
    if code != 2 or sum(one["version"] == version for one in outcomes) != 1:
        raise Failed(f"the first runner ended with {code}, or there are several outcomes")
    return {"taken up after s": taken_s, "failed requests": float(parts.failed)}


def all_killed(drill: Drill) -> dict[str, float]:
    """Runner, fleet and server are killed: the guard takes the release back, and it stays so when they are back."""
    parts = drill.parts
    version, execute = drill.begin(*HOLD)
    until(lambda: parts.percent() == 25)
    time.sleep(2)
    drill.kill_fleet(execute.pid)
    execute.wait()
    took_s = until(lambda: parts.percent() == 0)
    drill.aqe("up")
    most = 0.0
    while drill.phase(version) != "ROLLED_BACK":
        most = max(most, parts.percent())
    if most:
        raise Failed(f"{most:g} % of the traffic was given back to it")
    return {"taken back after s": took_s, "failed requests": float(parts.failed)}


SCENARIOS: dict[str, Callable[[Drill], dict[str, float]]] = {
    "good release": good,
    "20 % of answers 5xx": bad(_errors, _mend),
    "400 ms slower": bad(_latency, _mend),
    "dies": bad(lambda parts: parts.canary.pause(), _mend),
    "runner killed": killed,
    "blue-green, good": strategy_of("blue-green"),
    "blue-green, 20 % 5xx": bad(_errors, _mend, 100, *BLUE),
    "rolling, good": strategy_of("rolling"),
    "rolling, 20 % 5xx": bad(_errors, _mend, 25, *ROLLING),
    "Prometheus killed": prometheus_lost,
    "HAProxy reloaded": proxy_reloaded,
    "two runners": two_runners,
    "runner, fleet, server killed": all_killed,
}


@contextmanager
def _opened(folder: Path, programs: tuple[str, str]) -> Iterator[Drill]:
    with site(folder, programs, servers=SERVERS) as parts:
        yield Drill(folder, parts)


def main(arguments: Sequence[str]) -> int:
    """Run all and print; 1 when a run did not end as it must."""
    return carry_out("drill-rollout", __doc__ or "", SCENARIOS, _opened, arguments)


def carry_out(
    name: str,
    about: str,
    scenarios: Mapping[str, Callable[[D], dict[str, float]]],
    opened: Callable[[Path, tuple[str, str]], AbstractContextManager[D]],
    arguments: Sequence[str],
) -> int:
    """Run scenarios again and again and print; 1 when a run did not end as it must.

    Args:
        name: of the drill.
        about: what it does.
        scenarios: title -> one run.
        opened: folder, and paths of haproxy and prometheus -> the drill with its site.
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser(prog=f"benchmarks {name}", description=about)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=scenarios, help="this one alone")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    haproxy, prometheus = shutil.which("haproxy"), shutil.which("prometheus")
    if haproxy is None or prometheus is None:
        print("haproxy and prometheus are needed: make system-deps")
        return 2
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), (haproxy, prometheus)) as drill:
        prepare(drill)
        try:
            wanted = {options.only: scenarios[options.only]} if options.only else scenarios
            rows = [_rows(title, run, drill, options.runs, figures) for title, run in wanted.items()]
        finally:
            with suppress(subprocess.TimeoutExpired):  # or all finished runs would be lost with it
                drill.aqe("down")
    table(
        f"{options.runs} runs each, 1 s scrape, 1 s looks",
        ["rollout", "figure", "median (min-max)", "ended well"],
        [row for group in rows for row in group],
        text_columns=2,
    )
    report.json_line(name, runs=options.runs, seed=options.seed, figures=figures)
    return int(any(figure["failures"] for figure in figures.values()))


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
