"""Blocking calls to services, with a deadline for all of each call.

A time-out of a socket bounds every single read: who answers byte by byte holds its reader for ever.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from ..core.errors import ServiceUnavailable

MAX_HANGING = 4
"""Attempts that were given up and whose thread the service still holds; beyond these nothing more is tried."""

UNKNOWN = "not known whether it arrived"
"""Of a message that was sent without an answer to tell what became of it."""


class Attempts:
    """The calls to one service.

    Each has a thread of its own, which holds up neither other work nor the end of the process.

    Args:
        within_s: longest time of a call, above 0.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._hanging: list[Thread] = []

    async def run(self, work: Callable[[], None], stop: Callable[[], None] = lambda: None) -> None:
        """Call `work` in a thread; raises what it raises.

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
                await ended
        except TimeoutError:
            if not ended.cancelled():
                raise  # of the call itself
            raise ServiceUnavailable(f"no whole answer within {self._within_s:g} s: {UNKNOWN}") from None
        finally:
            if ended.cancelled():
                stop()
                self._hanging.append(thread)


def _started(work: Callable[[], None]) -> tuple[asyncio.Future[None], Thread]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not ended.done():
            ended.set_result(None) if error is None else ended.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, error)

    thread = Thread(target=run, name="aqe-attempt", daemon=True)
    thread.start()
    return ended, thread
