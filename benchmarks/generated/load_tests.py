"""Generated load tests against a counting server on loopback: is the asked curve of arrivals reached, and the mix?

The server counts; what a tool says of itself is not asked. k6 is the real binary out of the package k6; where it
is absent, Node.js sends the script's arrivals, and the output says so.

Beside both stands a Locust file as one usually writes it: as many users as the rate, each asking once a second.
"""

import argparse
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...agents.production_intelligence.load.plan import plan_load_test
from ...core.records.production.load_test import LoadTest
from ...generators.k6_target import K6Target
from ...generators.locust_target import LocustTarget
from ...tests.counting_server import CountingServer, counting_server
from ...tests.load_tools import in_node, k6, k6_is_there, locust
from ...tests.unit.production.load_models import SHOP, a_mix, a_model
from ..report import json_line, machine, table, versions

WINDOW_S = 10
LEAST = 100
"""Requests planned in a window, below which one more or less is over a percent."""
MOST_OFF, MOST_POINTS = 0.03, 1.0
SLOW_S = 1.5
DAY = tuple(
    (a, b, seconds)
    for (a, b), seconds in zip(
        pairwise((30.0, 18.0, 12.0, 15.0, 35.0, 60.0, 75.0, 100.0, 80.0, 70.0, 50.0, 30.0)), [7_800] * 11, strict=True
    )
)
"""Hours of a day, requests a second: a low night and a peak at noon, as a share of the highest."""
CLOSED = """
import os
from locust import FastHttpUser, LoadTestShape, constant_throughput, task
STAGES = {stages}
class User(FastHttpUser):
    host = os.environ["AQE_TARGET_URL"]
    wait_time = constant_throughput(1)
    @task
    def home(self):
        self.client.get("/")
class Shape(LoadTestShape):
    def tick(self):
        at, rate = self.get_run_time(), {start}
        for seconds, end in STAGES:
            if at < seconds:
                return max(1, round(rate + (end - rate) * at / seconds)), 100
            at, rate = at - seconds, end
        return None
"""


class Reached(NamedTuple):
    """What one run did."""

    tool: str
    service: str
    planned: int
    sent: int
    worst_off: float
    """Of the windows with LEAST planned requests or more: largest distance from the plan, share of it."""
    points: float | None
    """Largest distance of an endpoint's share from the plan, percentage points; None = it has no mix."""
    exit_code: int

    def shown(self) -> tuple[str, ...]:
        """A row of the table."""
        points = "-" if self.points is None else f"{self.points:.2f}"
        counts = (f"{self.planned:,}", f"{self.sent:,}", f"{100 * self.worst_off:.1f}")
        return self.tool, self.service, *counts, points, str(self.exit_code)


def main(arguments: list[str]) -> int:
    """Run both tools and the closed one; exit code 1 when a generated test misses its curve or its mix."""
    parser = argparse.ArgumentParser(prog="load-tests", description=__doc__)
    parser.add_argument("--duration", type=float, default=60.0, help="of each run, s")
    parser.add_argument("--peak-rps", type=float, default=100.0)
    options = parser.parse_args(arguments)
    mix = a_mix([*SHOP, ("GET", "/search", 2500), ("GET", "/about us/ü", 120)], timed=None)
    test = plan_load_test(
        a_model(DAY, mix=mix), duration_s=options.duration, peak_rps=options.peak_rps, include_unsafe=True
    )
    runs = [
        _run(name, command, test, delay_s)
        for delay_s in (0.0, SLOW_S)
        for name, command in (("k6", _k6), ("locust", _locust), ("locust, users wait", _closed))
    ]
    table(
        f"Arrivals in {WINDOW_S} s against the plan, and endpoints' shares; slow = every answer takes {SLOW_S:g} s",
        ("tool", "service", "planned", "sent", "worst window, %", "worst share, points", "exit"),
        [run.shown() for run in runs],
        text_columns=2,
    )
    json_line(
        "load-tests",
        machine=machine(),
        versions=versions(["k6", "locust", "gevent"]),
        k6="real binary" if k6_is_there() else "Node.js over stand-ins",
        runs=[run._asdict() for run in runs],
    )
    ours = [run for run in runs if run.tool in ("k6", "locust")]
    return int(any(run.worst_off > MOST_OFF or (run.points or 0.0) > MOST_POINTS for run in ours))


def _run(tool: str, command: Callable[[LoadTest, Path], list[str]], test: LoadTest, delay_s: float) -> Reached:
    with tempfile.TemporaryDirectory() as folder, counting_server(delay_s=delay_s) as server:
        env = {**os.environ, "AQE_TARGET_URL": server.url, "K6_NO_USAGE_REPORT": "true"}
        done = subprocess.run(command(test, Path(folder)), env=env, cwd=folder, capture_output=True)
        return Reached(
            tool,
            "slow" if delay_s else "fast",
            test.planned,
            len(server.hits),
            _worst_off(test, server),
            _points(test, server) if tool != "locust, users wait" else None,
            done.returncode,
        )


def _worst_off(test: LoadTest, server: CountingServer) -> float:
    times, planned = _planned(test)
    # The first request is due when the area under the rate reaches 1: that is when the clock of the run stood there.
    began = server.hits[0].at_s - float(np.interp(1, planned, times))
    edges = np.arange(0, times[-1] + 1e-9, WINDOW_S)
    asked = np.diff(np.interp(edges, times, planned))
    found = server.counts(WINDOW_S, times[-1], began)
    return max(abs(f / float(a) - 1) for f, a in zip(found, asked, strict=True) if a >= LEAST)


def _planned(test: LoadTest) -> tuple[Any, Any]:
    """Fine points in time, and how many requests are due by then."""
    ends = np.cumsum([0.0, *(stage.duration_s for stage in test.stages)])
    times = np.arange(0, ends[-1] + 1e-9, 0.01)
    rates = np.interp(times, ends, [test.start_rps, *(stage.end_rps for stage in test.stages)])
    return times, np.concatenate([[0], np.cumsum((rates[1:] + rates[:-1]) / 2 * 0.01)])


def _points(test: LoadTest, server: CountingServer) -> float:
    seen = Counter((hit.method, hit.path.rstrip("0123456789")) for hit in server.hits)
    return max(
        100 * abs(seen[request.method, request.path.split("{")[0]] / len(server.hits) - request.share)
        for request in test.requests
    )


def _k6(test: LoadTest, folder: Path) -> list[str]:
    script = folder / "test.js"
    script.write_text(K6Target().render(test))
    return [k6(), "run", "--quiet", "test.js"] if k6_is_there() else in_node(script)


def _locust(test: LoadTest, folder: Path) -> list[str]:
    (folder / "test.py").write_text(LocustTarget().render(test))
    return [locust(), "--headless", "--only-summary", "-f", "test.py"]


def _closed(test: LoadTest, folder: Path) -> list[str]:
    stages = [(stage.duration_s, stage.end_rps) for stage in test.stages]
    (folder / "test.py").write_text(CLOSED.format(stages=stages, start=test.start_rps))
    return [locust(), "--headless", "--only-summary", "-f", "test.py"]
