"""Rollouts on real parts, run after run: HAProxy or nginx moves traffic, Prometheus scrapes, faults are injected.

Each run begins a rollout to a quarter of the traffic and injects its fault; what is reported is the time from the fault
to HAProxy giving the canary nothing, and what the canary was sent later than half a second after that, by HAProxy's own
counter. Good releases go through 5, 25, 50 and 100 %; their shares are HAProxy's counters over each stage.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .drill import LIMIT_S, LOOK_S, Drill, Failed, Group, carry_out, until
from .nginx import NGINX
from .site import ARMS, Site, site

SETTLE_S = 0.3
"""After a change of weights."""
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


def bad(fault: Callable[[Site], None], at: int = 25, *how: str) -> Callable[[Drill], dict[str, float]]:
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
            drill.mend()
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
    """A runner is stopped until another has taken the rollout up, and then goes on: it moves nothing and follows."""
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
    if code != 0 or sum(one["version"] == version for one in outcomes) != 1:
        raise Failed(f"the first runner ended with {code}, or there are several outcomes")
    if drill.rollout(version)["runner"] == first:
        raise Failed("the first runner took the rollout back from the second")
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
    "20 % of answers 5xx": bad(_errors),
    "400 ms slower": bad(_latency),
    "dies": bad(lambda parts: parts.canary.pause()),
    "runner killed": killed,
    "blue-green, good": strategy_of("blue-green"),
    "blue-green, 20 % 5xx": bad(_errors, 100, *BLUE),
    "rolling, good": strategy_of("rolling"),
    "rolling, 20 % 5xx": bad(_errors, 25, *ROLLING),
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
    return carry_out("drill-rollout", __doc__ or "", [Group(SCENARIOS, _opened), NGINX], arguments)
