"""Four drills that any library can take part in: the same processes, the same work, the same kills.

Each library has the shortest lease it offers, 5 s, where it has one. Longer than WATCH_S is taken for never.
"""

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from .stage import Stage, wait_for

WATCH_S = 40.0


class Library(NamedTuple):
    """One that takes part.

    Args:
        module: in libraries/.
        needs: what must be importable.
    """

    name: str
    module: str
    needs: str

    @property
    def installed(self) -> bool:
        """Whether it can take part."""
        return importlib.util.find_spec(self.needs) is not None


LIBRARIES = (
    Library("aqe", "aqe_bus", "aqe"),
    Library("FastStream, with a second, claiming subscriber", "fast_stream", "faststream"),
    Library("taskiq-redis, idle_timeout 5 s", "taskiq_stream", "taskiq_redis"),
    Library("huey (no acknowledgement)", "huey_thread", "huey"),
)


class Compared(NamedTuple):
    """A drill; its answer is a cell of the table, and the figures behind it."""

    name: str
    run: Callable[[Stage, str], Awaitable[tuple[str, dict[str, Any]]]]


async def killed_in_a_backlog(stage: Stage, library: str) -> tuple[str, dict[str, Any]]:
    """60 messages of 100 ms; A is killed after ten, B starts."""
    await stage.produce(60, library)
    victim = await stage.consumer("A", library, seconds=0.1)
    await wait_for(lambda: len(stage.done()) >= 10, within_s=20)
    victim.kill()
    return await _recovered(stage, library, 60, seconds=0.1)


async def killed_on_an_idle_stream(stage: Stage, library: str) -> tuple[str, dict[str, Any]]:
    """5 messages of 3 s; A is killed holding them, B starts, nobody publishes anything."""
    victim = await stage.consumer("A", library, seconds=3.0)
    await stage.produce(5, library)
    await wait_for(lambda: stage.notes("S"), within_s=20)
    await asyncio.sleep(1.0)
    victim.kill()
    return await _recovered(stage, library, 5, seconds=0.0)


async def _recovered(stage: Stage, library: str, count: int, *, seconds: float) -> tuple[str, dict[str, Any]]:
    killed_at = time.monotonic()
    await stage.consumer("B", library, seconds=seconds)
    await wait_for(lambda: len(stage.done()) == count, within_s=WATCH_S)
    ends = stage.notes("E")
    lost, twice = count - len(stage.done()), len(ends) - len(stage.done())
    took_s = None if lost else ends[-1].at - killed_at
    cell = f"{lost} of {count} never run" if lost else f"0 lost, {took_s:.1f} s"
    return cell + (f", {twice} run twice" if twice else ""), {"lost": lost, "twice": twice, "took_s": took_s}


async def flushed(stage: Stage, library: str) -> tuple[str, dict[str, Any]]:
    """Ten messages, FLUSHALL, ten more 2 s later."""
    reader = await stage.consumer("A", library)
    await stage.produce(10, library)
    await wait_for(lambda: len(stage.done()) == 10, within_s=15)
    await asyncio.sleep(1.0)
    stage.client().flushall()
    await asyncio.sleep(2.0)
    await stage.produce(10, library, first=100)
    await wait_for(lambda: len(stage.done()) == 20, within_s=15)
    handled, alive = len([n for n in stage.done() if n >= 100]), reader.poll() is None
    return f"{handled} of 10" + ("" if alive else ", process ends"), {"handled": handled, "alive": alive}


async def longer_than_the_lease(stage: Stage, library: str) -> tuple[str, dict[str, Any]]:
    """2 messages of 12 s under a lease of 5 s, two consumers."""
    for name in ("A", "B"):
        await stage.consumer(name, library, seconds=12.0)
    await stage.produce(2, library)
    await wait_for(lambda: len(stage.done()) == 2, within_s=30)
    await asyncio.sleep(6.0)
    starts = [sum(note.number == number for note in stage.notes("S")) for number in range(2)]
    return " and ".join(map(str, starts)), {"starts": starts}


COMPARED = (
    Compared("killed in a backlog of 60: lost, recovered", killed_in_a_backlog),
    Compared("killed holding 5, stream idle", killed_on_an_idle_stream),
    Compared("FLUSHALL, then 10 more: handled", flushed),
    Compared("12 s of work, 5 s lease, two consumers: runs", longer_than_the_lease),
)
