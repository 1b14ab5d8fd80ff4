"""Blocking calls to services, with a deadline for all of each call.

A time-out of a socket bounds every single read: who answers byte by byte holds its reader for ever.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

from ..core.errors import ServiceUnavailable

T = TypeVar("T")

MAX_HANGING = 4
"""Attempts that were given up and whose thread the service still holds; beyond these nothing more is tried."""

UNKNOWN = "not known whether it arrived"
"""Of a message that was sent without an answer to tell what became of it."""


class Attempts:
    """The calls to one service.

    Each has a thread of its own, which holds up neither other work nor the end of the process.

    Args:
        within_s: longest time of a call, above 0.
        note: what to say besides of a call that was given up.
    """

    def __init__(self, within_s: float, note: str = UNKNOWN) -> None:
        self._within_s = within_s
        self._note = note
        self._hanging: list[Thread] = []

    async def run(self, work: Callable[[], T], stop: Callable[[], None] = lambda: None) -> T:
        """What `work` returns, called in a thread; raises what it raises.

        Args:
            work: the call.
            stop: called when it is given up, to free its thread; must not block.

        Raises:
            ServiceUnavailable: no answer in time, or too many earlier calls were never answered.
        """
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MAX_HANGING:
            raise ServiceUnavailable(f"not tried: {MAX_HANGING} earlier attempts still hang in it")
        ended, thread = _started(work)
        try:
            async with asyncio.timeout(self._within_s):
                return await ended
        except TimeoutError:
            if not ended.cancelled():
                return ended.result()  # its own time-out, or it came while nobody could look: a busy machine
            raise ServiceUnavailable(f"no whole answer within {self._within_s:g} s: {self._note}") from None
        finally:
            if ended.cancelled():
                stop()
                self._hanging.append(thread)


def _started(work: Callable[[], T]) -> tuple[asyncio.Future[T], Thread]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(end: Callable[[], None]) -> None:
        if not ended.done():
            end()

    def run() -> None:
        end: Callable[[], None]
        try:
            end = partial(ended.set_result, work())
        except BaseException as raised:
            end = partial(ended.set_exception, raised)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, end)

    thread = Thread(target=run, name="aqe-attempt", daemon=True)
    thread.start()
    return ended, thread
