"""Calling a handler: one that runs too long is cancelled, by a thread that watches, and its subscription is not.

A timer of the event loop would cost as much as an ordinary handler does, and could not tell that the loop stands still.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ..core.clock import Clock
from ..core.errors import AqeError
from ..core.writes import Write
from .envelope import Event

Handler = Callable[[Event], Awaitable[Sequence[Write] | None]]
"""Handles one event. Prepared writes that it returns are applied together with the acknowledgement, or not at all."""


class HandlerTimeoutError(AqeError):
    """A handler ran longer than its subscription allows."""

    retryable = True


class HandlerCall:
    """The calls of one handler, one at a time.

    Args:
        handler: see `Handler`.
        max_run_s: longest time it may run; None = for ever.
        clock: time.
    """

    def __init__(self, handler: Handler, max_run_s: float | None, clock: Clock) -> None:
        self._handler = handler
        self._max_run_s = max_run_s
        self._clock = clock
        self._running_since: float | None = None
        self._cancels = 0
        self._asked_for: float | None = None
        self.unheard = False
        """The loop has not come to cancel it since `overdue` was asked before: it stands still."""
        self._task: asyncio.Task[object] | None = None

    async def run(self, event: Event) -> Sequence[Write] | None:
        """Call the handler.

        Raises:
            HandlerTimeoutError: it was cancelled, for its time or by itself.
        """
        self._task = asyncio.current_task()
        self._running_since = self._clock.monotonic_s()
        try:
            return await self._handler(event)
        except asyncio.CancelledError:
            timed_out = self._cancels > 0
            if self._take_cancels_back():
                raise  # we are meant, not only the handler
            if timed_out:
                raise HandlerTimeoutError(f"the handler ran longer than {self._max_run_s} s") from None
            raise HandlerTimeoutError("the handler was cancelled from inside") from None
        finally:
            self._running_since = None
            if self._cancels:  # it returned in spite of them: caught, or swallowed by asyncio.wait_for of Python 3.11
                self._take_cancels_back()

    def overdue(self) -> bool:
        """Whether it runs past its time; cancels it then. Called from another thread."""
        since, limit_s = self._running_since, self._max_run_s
        if since is None or limit_s is None or self._clock.monotonic_s() - since <= limit_s:
            return False
        self.unheard = self._asked_for == since and not self._cancels
        self._asked_for = since
        task = self._task
        assert task is not None

        def cancel() -> None:
            if self._running_since == since:
                self._cancels += 1
                task.cancel()

        task.get_loop().call_soon_threadsafe(cancel)
        return True

    def _take_cancels_back(self) -> int:
        """Those that were meant for the handler; returns how many others the task was given."""
        task = self._task
        assert task is not None
        while self._cancels:
            task.uncancel()
            self._cancels -= 1
        return task.cancelling()
