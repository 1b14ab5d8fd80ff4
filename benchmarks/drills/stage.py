"""What a drill stands on: a server and processes that may be killed, and what they noted; gone after it."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from aqe.bus.events import Event
from aqe.fleet.runtime import Runtime

from ..cluster.load import open_parts
from ..servers.nodes import SYNCED, Node
from ..servers.server import find_program
from .job import Job, Note, read_notes
from .libraries.aqe_bus import GROUP, TYPE

OURS = "aqe_bus"
STREAM = f"aqe:events:{TYPE}"
START_S = 30.0


class Outcome(NamedTuple):
    """What came out.

    Args:
        right: nothing lost, doubled or wrong.
        measured: in words.
        facts: the figures behind them.
        in_time: as fast as promised; a busy machine may miss that.
    """

    right: bool
    measured: str
    facts: dict[str, Any]
    in_time: bool = True

    @property
    def ok(self) -> bool:
        """It is what was expected."""
        return self.right and self.in_time


class Drill(NamedTuple):
    """A drill of our own bus.

    Args:
        expected: in words.
    """

    name: str
    expected: str
    run: "Callable[[Stage], Awaitable[Outcome]]"


@dataclass
class Stage:
    """One drill's.

    Args:
        folder: for data and notes.
        quick: short times and small numbers.
        node: the server.
    """

    folder: Path
    quick: bool
    node: Node
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the server."""
        return f"redis://127.0.0.1:{self.node.port}"

    @property
    def lease_s(self) -> float:
        """Of the drill's consumers."""
        return 1.0 if self.quick else 5.0

    @property
    def notes_file(self) -> Path:
        """Of all processes."""
        return self.folder / "notes"

    def size(self, whole: int, quick: int) -> int:
        """A number of whatever is counted."""
        return quick if self.quick else whole

    async def open(self, url: str | None = None) -> Runtime:
        """The parts of one more process, in this one; closed with the stage."""
        return await open_parts(self.stack, url or self.url, self.folder, "")

    async def open_in(self, life: AsyncExitStack) -> Runtime:
        """The same, closed with `life`."""
        return await open_parts(life, self.url, self.folder, "")

    def client(self) -> Redis:
        """A connection for looking, closed with the stage."""
        client: Redis = self.stack.enter_context(Redis.from_url(self.url, protocol=2))
        return client

    async def consumer(self, name: str, library: str = OURS, **how: Any) -> "subprocess.Popen[str]":
        """A process that works, once it is ready to."""
        process = self._start(Job(library, "consume", self.url, str(self.notes_file), name, self.lease_s, **how))
        assert process.stdout is not None
        line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), START_S)
        if not line:
            raise RuntimeError(f"{library} {name} did not start: {(self.folder / 'log').read_text()[-2000:]}")
        return process

    async def produce(self, count: int, library: str = OURS, *, first: int = 0) -> None:
        """Have work queued by a process."""
        process = self._start(
            Job(library, "produce", self.url, str(self.notes_file), "producer", self.lease_s, first=first, count=count)
        )
        if await asyncio.to_thread(process.wait, START_S):
            raise RuntimeError(f"{library} did not produce: {(self.folder / 'log').read_text()[-2000:]}")

    def notes(self, kind: str, *, by: str | None = None) -> list[Note]:
        """Starts ("S") or ends ("E"), of one consumer or of all."""
        return [note for note in read_notes(self.notes_file) if note.kind == kind and by in (None, note.name)]

    def done(self) -> set[int]:
        """Numbers of the pieces of work that were finished."""
        return {note.number for note in self.notes("E")}

    def _start(self, job: Job) -> "subprocess.Popen[str]":
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "aqe.benchmarks.drills.worker", job.to_json()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        return process


@contextlib.asynccontextmanager
async def stage(folder: Path, *, quick: bool) -> AsyncIterator[Stage]:
    """A fresh server that syncs every write, since what is asked is what we lose; everything ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    node = Node(folder / "server", dict(SYNCED), program=find_program())
    made = Stage(folder, quick, node)
    try:
        await asyncio.to_thread(node.start)
        async with made.stack:
            yield made
    finally:
        for process in made.processes:
            process.kill()
            process.communicate()
        node.kill()


def an_event(number: int, event_type: str = TYPE, *, pad: int = 0) -> Event:
    """A piece of work."""
    return Event(type=event_type, data={"n": number, "pad": "x" * pad}, source="drill", time=datetime.now(UTC))


def events(numbers: Iterable[int]) -> list[Event]:
    """Several."""
    return [an_event(number) for number in numbers]


async def wait_for(condition: Callable[[], object], *, within_s: float) -> bool:
    """Wait until it holds; whether it did in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def held_by(raw: Redis, name: str) -> int:
    """Entries that consumers whose name begins so have not acknowledged."""
    rows: Any = raw.xpending_range(STREAM, GROUP, "-", "+", 10_000) if raw.exists(STREAM) else []
    return sum(row["consumer"].startswith(name.encode()) for row in rows)
