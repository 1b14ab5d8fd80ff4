"""A fleet under mixed load for minutes, its processes and its server killed at random: what is lost, doubled, or grows.

Two commanders, three agents and two subscribers. One of each is never killed, so that its memory can be watched; the
others and the server are. Every task and every event that was confirmed must have had its effects once.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from aqe.bus.deadletters import drop_dead_letter, list_dead_letters
from aqe.bus.events import Event, TaskSubmitted
from aqe.core.errors import AqeError
from aqe.fleet.runtime import Runtime

from .. import report
from ..cluster.load import open_parts
from ..report import table
from ..servers.nodes import SYNCED, Node
from ..servers.server import find_program
from .slope import block_medians, grows, theil_sen
from .worker import EVENTS_DONE, INPUTS, POISON, TASKS_DONE, TICK, shorten

STEADY = ("commander", "agent", "subscriber")
"""Never killed."""
DOOMED = ("commander", "agent", "agent", "subscriber")
KILL_EVERY_S = (2.0, 6.0)
SERVER_KILL_EVERY_S = (30.0, 60.0)
EVENTS_PER_S, TASKS_PER_S, LOOKS_PER_S = 50.0, 5.0, 10.0
POISON_EVERY = 500
WARM_UP_SHARE = 0.3
"""Of the time: caches fill, and the first half minute's events are not due to go yet."""
BLOCK_S = 10.0
SETTLE_S = 60.0


@dataclass
class Soak:
    """One run.

    Args:
        folder: for data and logs.
        node: the server.
        parts: of the driver's own process, which publishes, submits and looks.
        chance: decides what dies when.
    """

    folder: Path
    node: Node
    parts: Runtime
    chance: random.Random
    steady: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    doomed: list[tuple[str, "subprocess.Popen[bytes]"]] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    stopping: bool = False
    kills: Counter[str] = field(default_factory=Counter)
    tasks: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    poisoned: int = 0
    told: int = 0
    """Publishes that ended in an error."""
    tasks_done: Counter[str] = field(default_factory=Counter)
    events_done: Counter[str] = field(default_factory=Counter)
    buried: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Process -> (second, resident MB)."""
    server: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while it is killed, and while what was done is taken out of it."""

    def start(self, role: str) -> "subprocess.Popen[bytes]":
        """A process of the fleet."""
        words = [sys.executable, "-P", "-m", "aqe.benchmarks.soak.worker", role, self.url, str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def url(self) -> str:
        """Of the server."""
        return f"redis://127.0.0.1:{self.node.port}"

    # Load ------------------------------------------------------------------------------------------------------------

    async def publish(self, number: int) -> None:
        """An event, now and then one that nobody can handle."""
        poison = number % POISON_EVERY == POISON_EVERY - 1
        data = {"n": POISON if poison else number, "pad": "x" * 300}
        await self.parts.bus.publish(Event(type=TICK, data=data, source="soak", time=datetime.now(UTC)))
        if poison:
            self.poisoned += 1
        else:
            self.events.add(str(number))

    async def submit(self, number: int) -> None:
        """A task."""
        name = f"t{number}"
        payload = TaskSubmitted(type="soak", task_id=name, payload={"n": number})
        now = datetime.now(UTC)
        await self.parts.bus.publish(Event.of(payload, id=f"{name}:submitted", source="soak", time=now, subject=name))
        self.tasks.add(name)

    async def look(self, number: int) -> None:
        """Store, read, list, delete."""
        memory = self.parts.memory
        await memory.store(f"{INPUTS}/{number % 50}", {"n": number})
        await memory.retrieve_pattern(f"{INPUTS}/*")
        await memory.store(f"aqe/soak/brief/{number}", number)
        await memory.delete(f"aqe/soak/brief/{number}")

    async def at_rate(self, one: "Any", per_s: float) -> None:
        """Again and again; a server that is away is told, not hidden."""
        for number in itertools.count():
            if self.stopping:
                return
            try:
                await one(number)
            except (AqeError, RedisError):
                self.told += 1
            await asyncio.sleep(1 / per_s)

    # Faults ----------------------------------------------------------------------------------------------------------

    async def kill_processes(self) -> None:
        """SIGKILL to one of the doomed, which starts again at once."""
        while not self.stopping:
            await asyncio.sleep(self.chance.uniform(*KILL_EVERY_S))
            victim = self.chance.randrange(len(self.doomed))
            role, process = self.doomed[victim]
            process.kill()
            process.wait()
            self.kills[role] += 1
            self.doomed[victim] = (role, self.start(role))

    async def kill_server(self) -> None:
        """SIGKILL, and a start up to a second later."""
        while not self.stopping:
            await asyncio.sleep(self.chance.uniform(*SERVER_KILL_EVERY_S))
            async with self.server:
                self.node.kill()
                await asyncio.sleep(self.chance.uniform(0.0, 1.0))
                await asyncio.to_thread(self.node.start)
                self.kills["server"] += 1

    # Looking ---------------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Resident memory of who is never killed and of the server, once a second."""
        while not self.stopping:
            at = time.monotonic() - self.begun
            watched = {**{role: p.pid for role, p in self.steady.items()}}
            if self.node.process and self.node.process.poll() is None:
                watched["server"] = self.node.process.pid
            for name, pid in watched.items():
                with contextlib.suppress(OSError):
                    self.memory.setdefault(name, []).append((at, _resident_mb(pid)))
            await asyncio.sleep(1.0)

    async def collect(self) -> None:
        """Take what was done out of the server, which thereby need not keep it."""
        while not self.stopping:
            await asyncio.sleep(2.0)
            await self.collect_now()

    async def collect_now(self) -> None:
        """Once."""
        async with self.server:
            with Redis(port=self.node.port, protocol=2) as raw:
                for key, counted in ((TASKS_DONE, self.tasks_done), (EVENTS_DONE, self.events_done)):
                    items: Any = raw.lpop(key, 100_000)
                    counted.update(item.decode().strip('"') for item in items or ())
            commands, names = self.parts.clients.commands, self.parts.bus.names
            for letter in await list_dead_letters(commands, names):
                self.buried[letter.name] += await drop_dead_letter(commands, names, letter.name, letter.id)

    async def settle(self) -> None:
        """Wait until nothing more is due."""
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            await self.collect_now()
            if self.tasks <= set(self.tasks_done) and self.events <= set(self.events_done):
                await asyncio.sleep(3.0)  # a second effect would come by now
                await self.collect_now()
                return
            await asyncio.sleep(0.5)


async def soak(folder: Path, seconds: float, seed: int) -> Soak:
    """Run it; processes and server are gone afterwards."""
    shorten()
    settings = {**SYNCED, "auto-aof-rewrite-min-size": "16mb"}
    node = Node(folder / "server", settings, program=find_program())
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(node.start)
        stack.callback(node.kill)
        parts = await open_parts(stack, f"redis://127.0.0.1:{node.port}", folder, "")
        run = Soak(folder, node, parts, random.Random(seed))
        stack.callback(_end, run)
        run.steady = {role: run.start(role) for role in STEADY}
        run.doomed = [(role, run.start(role)) for role in DOOMED]
        going: list[Awaitable[None]] = [
            run.at_rate(run.publish, EVENTS_PER_S),
            run.at_rate(run.submit, TASKS_PER_S),
            run.at_rate(run.look, LOOKS_PER_S),
            run.kill_processes(),
            run.kill_server(),
            run.watch(),
            run.collect(),
        ]
        working = asyncio.gather(*going)
        done, _ = await asyncio.wait({working}, timeout=seconds)
        if done:
            await working  # it raised
        run.stopping = True
        await asyncio.wait({working}, timeout=SERVER_KILL_EVERY_S[1] + 5)
        await working
        await run.settle()
        return run


def _end(run: Soak) -> None:
    for process in [*run.steady.values(), *(process for _, process in run.doomed)]:
        process.kill()
        process.wait()


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# Report ---------------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Print what became of everything, and one JSON line; 1 when something was lost or doubled, died, or grows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("SOAK_S", "600")), help="default 600")
    parser.add_argument("--seed", type=int, default=1, help="of what dies when")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="aqe-soak-") as name:
        run = asyncio.run(soak(Path(name), options.seconds, options.seed))
        dead = [role for role, process in run.steady.items() if process.returncode not in (None, -9)]
    counts = {
        "events": _counts(run.events, run.events_done),
        "tasks": _counts(run.tasks, run.tasks_done),
    }
    table(
        f"{options.seconds:.0f} s, killed: {', '.join(f'{n} x {role}' for role, n in sorted(run.kills.items()))}",
        ["", "confirmed", "lost", "doubled"],
        [[what, *(f"{n:,}" for n in each.values())] for what, each in counts.items()],
    )
    print(f"{run.poisoned} poisoned events, dead letters {dict(run.buried)}; {run.told} calls ended in an error")
    growth = {name: _growth(points, options.seconds) for name, points in run.memory.items()}
    table(
        "Resident memory after the warm-up",
        ["", "first MB", "last MB", "slope, MB/h (95 % interval)", "grows"],
        [[name, *_cells(each)] for name, each in growth.items()],
    )
    report.json_line(
        "soak", seconds=options.seconds, seed=options.seed, kills=dict(run.kills), counts=counts,
        poisoned=run.poisoned, dead_letters=dict(run.buried), told=run.told, memory=growth, died=dead,
    )  # fmt: skip
    bad = any(each["lost"] or each["doubled"] for each in counts.values()) or any(g["grows"] for g in growth.values())
    return 1 if bad or dead or run.buried != Counter({TICK: run.poisoned}) else 0


def _counts(confirmed: set[str], done: Counter[str]) -> dict[str, int]:
    return {
        "confirmed": len(confirmed),
        "lost": len(confirmed - set(done)),
        "doubled": sum(count > 1 for count in done.values()),
    }


def _growth(points: Sequence[tuple[float, float]], seconds: float) -> dict[str, Any]:
    late = block_medians([point for point in points if point[0] >= WARM_UP_SHARE * seconds], BLOCK_S)
    slope = theil_sen(late)
    if slope is None:
        return {"first_mb": points[0][1], "last_mb": points[-1][1], "slope_mb_per_s": None, "grows": False}
    return {
        "first_mb": late[0][1],
        "last_mb": late[-1][1],
        "slope_mb_per_s": slope._asdict(),
        "grows": grows(late, slope),
    }


def _cells(growth: dict[str, Any]) -> list[str]:
    slope = growth["slope_mb_per_s"]
    middle, low, high = (3600 * value for value in slope.values()) if slope else (0.0, 0.0, 0.0)
    shown = f"{middle:.1f} ({low:.1f} to {high:.1f})" if slope else "NOT_MEASURED: too short"
    return [f"{growth['first_mb']:.1f}", f"{growth['last_mb']:.1f}", shown, "yes" if growth["grows"] else "no"]
