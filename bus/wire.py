"""The short way to the server: one packed command over one of redis-py's own connections.

`execute_command` costs 50-60 us of Python a call, most of it around the connection (retry object, callbacks, pool
bookkeeping); sending the packed bytes and reading the reply over a connection that is kept costs 35 us. It is still
redis-py that connects, authenticates, speaks TLS and asks sentinels or cluster.
"""

from typing import Any

import hiredis
from redis.exceptions import ResponseError

from ..core.ports import CommandClient


class Wire:
    """Sends commands whose repetition does no harm: the caller decides what to do when the connection breaks.

    Args:
        client: asyncio client of redis-py that returns bytes.
    """

    def __init__(self, client: CommandClient) -> None:
        self._client = client
        pool = getattr(client, "connection_pool", None)
        self._pool: Any = pool if hasattr(pool, "get_connection") else None
        self._idle: list[Any] = []

    async def call(self, *command: Any) -> Any:
        """The server's answer.

        Raises:
            ResponseError: the server refuses.
            bus.group.SERVER_GONE: no answer; whether the command was executed is not known.
        """
        if self._pool is None:
            return await self._client.execute_command(*command)
        connection = self._idle.pop() if self._idle else await self._pool.get_connection()
        try:
            await connection.send_packed_command(hiredis.pack_command(command), check_health=False)
            answer = await connection.read_response(disable_decoding=True)
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:  # broken or cancelled in between: a reply may still come, for nobody
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)
            raise
        self._idle.append(connection)
        return answer

    async def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            await self._pool.release(self._idle.pop())
