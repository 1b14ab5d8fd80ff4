"""A process of a drill: what it is told, and what it notes down so that its death tells no lies."""

import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Job:
    """What a process is to do.

    Args:
        library: module in libraries/.
        role: "consume" until it is ended, or "produce" and end.
        url: of the server.
        notes: file that work is noted in.
        name: of the consumer.
        lease_s: the shortest time after which others may take its work over, where the library has such a thing.
        seconds: each piece of work takes so long.
        burn: it does so without ever yielding.
        first, count: numbers of the pieces to produce.
    """

    library: str
    role: str
    url: str
    notes: str
    name: str
    lease_s: float = 5.0
    seconds: float = 0.0
    burn: bool = False
    first: int = 0
    count: int = 0

    def to_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """From the command line."""
        return cls(**json.loads(text))

    @property
    def numbers(self) -> range:
        """Of the pieces to produce."""
        return range(self.first, self.first + self.count)


class Note(NamedTuple):
    """A line of the notes.

    Args:
        kind: "S" = started, "E" = ended.
        at: monotonic seconds, the same clock in all processes.
        name: of the consumer.
    """

    kind: str
    number: int
    at: float
    name: str


class Work:
    """Does a piece of work and notes its start and end; a line is one write, so a killed process leaves whole lines."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._file = os.open(job.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def awaited(self, number: int) -> None:
        """For libraries on asyncio."""
        if self._job.burn:
            self.blocking(number)
            return
        self._note("S", number)
        await asyncio.sleep(self._job.seconds)
        self._note("E", number)

    def blocking(self, number: int) -> None:
        """For libraries on threads, and for work that holds the interpreter."""
        self._note("S", number)
        end = time.monotonic() + self._job.seconds
        while time.monotonic() < end:
            if not self._job.burn:
                time.sleep(end - time.monotonic())
        self._note("E", number)

    def _note(self, kind: str, number: int) -> None:
        os.write(self._file, f"{kind} {number} {time.monotonic():.4f} {self._job.name}\n".encode())


def read_notes(file: Path) -> list[Note]:
    """All of them, oldest first."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [Note(kind, int(number), float(at), name) for kind, number, at, name in map(str.split, lines)]


def ready() -> None:
    """Tell the drill that work is waited for."""
    print("ready", flush=True)
