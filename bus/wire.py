"""The short way to the server: packed commands over connections of redis-py that are kept.

`execute_command` costs 50-60 us of Python a call: a retry object, callbacks, the pool's bookkeeping, and two deadlines,
one of which makes a task. Here the connection stays in hand, answers stay raw, and one timer watches over all calls.
It is still redis-py that connects, authenticates, speaks TLS and asks sentinels or cluster.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ..core.ports import CommandClient

Command = Sequence[str | bytes | int]

_KEPT = 4
"""Idle connections that are kept; more go back to the pool, which others use, too."""
_LOOKS = 10
"""How often within a time-out the timer looks: a call is given up at most a tenth late."""


class _Line:
    """A connection, and the call that is under way over it."""

    __slots__ = ("cancelling", "connection", "deadline_s", "task", "timed_out", "timeout_s")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.timeout_s: float | None = connection.socket_timeout
        connection.socket_timeout = None  # the deadline is ours from here on
        self.deadline_s = 0.0
        self.timed_out = False

    def begin(self, now_s: float, task: "asyncio.Task[Any]") -> None:
        self.deadline_s = now_s + (self.timeout_s or float("inf"))
        self.task, self.cancelling = task, task.cancelling()

    def give_up(self) -> None:
        self.timed_out = True
        self.task.cancel()

    def cancelled_by_us(self) -> bool:
        """As asyncio.timeout tells its own cancellation from somebody else's."""
        return self.timed_out and self.task.uncancel() <= self.cancelling


class Wire:
    """Sends commands whose repetition does no harm: the caller decides what to do when the connection breaks.

    Args:
        client: asyncio client of redis-py that returns bytes; its socket time-out bounds each call.
    """

    def __init__(self, client: CommandClient) -> None:
        self._client = client
        pool = getattr(client, "connection_pool", None)
        self._pool: Any = pool if hasattr(pool, "get_connection") else None
        self._idle: list[_Line] = []
        self._busy: set[_Line] = set()
        self._wanting = 0
        self._timer: asyncio.TimerHandle | None = None

    async def call(self, *command: str | bytes | int) -> Any:
        """The server's raw answer; raises like `last`."""
        return await self.last((command,))

    async def last(self, commands: Sequence[Command]) -> Any:
        """Several commands in one write; the raw answer of the last one.

        Raises:
            ResponseError: the server refuses one of them; the others were executed all the same.
            bus.group.SERVER_GONE: no answer; whether they were executed is not known.
        """
        if self._pool is None:
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            return (await pipeline.execute())[-1]
        line = self._idle.pop() if self._idle else await self._connect()
        self._watch_over(line)
        refused: ResponseError | None = None
        answer = None
        try:
            await line.connection.send_packed_command(_pack(commands), check_health=False)
            for _ in commands:
                try:
                    answer = await line.connection.read_response(disable_decoding=True)
                except ResponseError as error:
                    refused = refused or error
        except BaseException as error:  # broken or cancelled in between: a reply may still come, for nobody
            self._busy.discard(line)
            await line.connection.disconnect(nowait=True)
            await self._release(line)
            if isinstance(error, asyncio.CancelledError) and line.cancelled_by_us():
                raise RedisTimeoutError(f"no answer within {line.timeout_s} s") from None
            raise
        self._busy.discard(line)
        if self._wanting or len(self._idle) >= _KEPT:
            await self._release(line)
            await asyncio.sleep(0)  # who waits goes first; one that calls again at once would keep it for ever
        else:
            self._idle.append(line)
        if refused is not None:
            raise refused
        return answer

    async def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            await self._release(self._idle.pop())

    async def _connect(self) -> _Line:
        self._wanting += 1  # the pool has so many and no more: whoever is done hands on instead of keeping
        try:
            return _Line(await self._pool.get_connection())
        finally:
            self._wanting -= 1

    async def _release(self, line: _Line) -> None:
        line.connection.socket_timeout = line.timeout_s
        await self._pool.release(line.connection)

    def _watch_over(self, line: _Line) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        line.begin(loop.time(), task)
        self._busy.add(line)
        if self._timer is None and line.timeout_s:
            self._timer = loop.call_later(line.timeout_s / _LOOKS, self._look, line.timeout_s)

    def _look(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for line in self._busy:
            if line.deadline_s <= now_s and not line.timed_out:
                line.give_up()
        self._timer = loop.call_later(timeout_s / _LOOKS, self._look, timeout_s) if self._busy else None


def _pack(commands: Sequence[Command]) -> bytes:
    # hiredis's stub asks for a tuple of one.
    return b"".join([hiredis.pack_command(tuple(command)) for command in commands])  # type: ignore[arg-type]
