"""The work of one consumer: one entry after the other, or several at once.

Alone, an entry is handled in the subscription's own task, which costs nothing. Several at once have a task each;
entries of one stream and subject still wait for each other, in order, and whoever is done starts the next one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from .calling import HandlerCall
from .group import Entry

Key = tuple[str, str]
"""Stream, entry id."""
STEP_S = 0.2
"""Longest wait for one of several handlers, after which the caller sees to its other duties."""


class Crew:
    """The buffer of what was read, and those who work on it.

    Args:
        size: how many entries are worked on at once, from 1.
        enough: with so many in the buffer no more are read.
        handle: handles one entry to its end; what it raises is the server's trouble, and the entry stays.
        new_call: makes a `HandlerCall`; there is one for each that works.
    """

    def __init__(
        self,
        size: int,
        enough: int,
        handle: Callable[[Entry, HandlerCall], Awaitable[None]],
        new_call: Callable[[], HandlerCall],
    ) -> None:
        self.buffer: deque[Entry] = deque()
        self._enough = enough
        self._handle = handle
        self._calls = [new_call() for _ in range(size)]
        self._free = list(self._calls)
        self._running: dict[HandlerCall, tuple[Entry, asyncio.Task[None]]] = {}
        self._trouble: Exception | None = None
        self._stopping = False

    @property
    def running(self) -> bool:
        """Whether any of several is at work."""
        return bool(self._running)

    def works_on(self, key: Key) -> bool:
        """Whether one of several is at work on this entry."""
        return bool(self._running) and key in {(entry.stream, entry.id) for entry, _ in self._running.values()}

    async def step(self) -> bool:
        """Handle an entry, or wait until one of several has been; False = there is room for more.

        Raises:
            Exception: what `handle` raised; its entry is in the buffer again.
        """
        if len(self._calls) == 1:
            if not self.buffer:
                return False
            await self._handle(self.buffer[0], self._calls[0])  # stays in the buffer when the server goes away under it
            self.buffer.popleft()
            return True
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        self._start()
        if self._free and len(self.buffer) < self._enough:
            return False
        await self._one_done()
        return True

    def stop(self) -> None:
        """Start nothing more."""
        self._stopping = True

    async def finish(self) -> bool:
        """Wait for one of those still at work; False = nobody is."""
        if self._running:
            await self._one_done()
        return self.running

    async def give_up(self) -> None:
        """Cancel what is at work."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self, stream: str) -> None:
        """Take what is not begun of a stream out of the buffer."""
        self.buffer = deque(entry for entry in self.buffer if entry.stream != stream)

    def overdue(self) -> set[Key] | None:
        """Entries whose handlers run past their time, which cancels these; None = nobody gets on.

        Called from another thread. When the loop did not come to cancel one since the last look, it stands still.
        """
        late = [call for call in self._calls if call.overdue()]
        if len(late) == len(self._calls) or any(call.unheard for call in late):
            return None
        running = dict(self._running)  # a handler may end at any moment
        return {(entry.stream, entry.id) for call, (entry, _) in running.items() if call in late}

    async def _one_done(self) -> None:
        tasks = [task for _, task in self._running.values()]
        await asyncio.wait(tasks, timeout=STEP_S, return_when=asyncio.FIRST_COMPLETED)

    def _start(self) -> None:
        """Begin what there is room for, the oldest first."""
        if not (self._free and self.buffer):
            return
        busy = {_turn(entry) for entry, _ in self._running.values()}
        waiting = []
        while self._free and self.buffer:
            entry = self.buffer.popleft()
            turn = _turn(entry)
            if turn in busy:
                waiting.append(entry)
                continue
            busy.add(turn)
            call = self._free.pop()
            task = asyncio.get_running_loop().create_task(self._work(entry, call))
            self._running[call] = (entry, task)
        self.buffer.extendleft(reversed(waiting))

    async def _work(self, entry: Entry, call: HandlerCall) -> None:
        try:
            await self._handle(entry, call)
        except Exception as error:
            self._trouble = error
            self.buffer.appendleft(entry)
        finally:
            del self._running[call]
            self._free.append(call)
        if not (self._trouble or self._stopping):
            self._start()


def _turn(entry: Entry) -> tuple[str, bytes | str]:
    """Entries of one turn are handled one after the other."""
    return entry.stream, entry.fields.get(b"subject") or entry.id
