"""A proxy in front of a Redis server that knows where a command ends, and lets a drill decide what comes back.

For the drills and the tests: a connection that breaks before a command, after it, or in the middle of the reply, and
processes that die at just these moments. Loopback TCP to the client; TCP or a Unix socket to the server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import hiredis

Ask = Callable[[], Awaitable[bytes]]
"""Sends the command to the server; returns the reply as it came."""
Around = Callable[[list[bytes], Ask], Awaitable[bytes]]
"""Given a command: returns what the client gets. Less than the whole reply breaks the connection after it."""
_NOTHING = object()


class Proxy:
    """One listening port.

    Args:
        server_url: `redis://host:port` or `unix:///path`.
        around: called for each command, those of one connection one after the other.
    """

    def __init__(self, server_url: str, around: Around) -> None:
        self.around = around
        self.url = ""
        self.failure: Exception | None = None
        """What `around` raised, if it did: a drill looks here."""
        self._server_url = urlsplit(server_url)
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[object] | None] = set()

    async def close(self) -> None:
        """Break every connection there is, and wait until nothing of them is left; new ones are still served."""
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._serving))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client's connection, until either side ends it."""
        me = asyncio.current_task()
        self._serving.add(me)
        try:
            await self._relay(reader, writer)
        except OSError:  # one of the two ends has gone
            pass
        except Exception as error:
            self.failure = self.failure or error
        finally:
            self._serving.discard(me)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await self._connect()
        ends = {writer, server_writer}
        self._open |= ends
        commands = hiredis.Reader(notEnoughData=_NOTHING)
        try:
            while data := await reader.read(1 << 16):
                commands.feed(data)
                while (command := commands.gets()) is not _NOTHING:
                    whole = b""

                    async def ask(words: Any = tuple(command)) -> bytes:
                        nonlocal whole
                        server_writer.write(hiredis.pack_command(words))
                        whole = await _reply(server_reader)
                        return whole

                    told = await self.around(command, ask)
                    writer.write(told)
                    await writer.drain()
                    if not told or told != whole:
                        return
        finally:
            self._open -= ends
            server_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._server_url.scheme == "unix":
            return await asyncio.open_unix_connection(self._server_url.path)
        assert self._server_url.hostname
        return await asyncio.open_connection(self._server_url.hostname, self._server_url.port)


@contextlib.asynccontextmanager
async def proxied(server_url: str, around: Around) -> AsyncIterator[Proxy]:
    """A running proxy; `proxy.url` is for its clients."""
    proxy = Proxy(server_url, around)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


async def _reply(reader: asyncio.StreamReader) -> bytes:
    parser, raw = hiredis.Reader(notEnoughData=_NOTHING), b""
    while parser.gets() is _NOTHING:
        data = await reader.read(1 << 16)
        if not data:
            raise ConnectionResetError("the server has gone")
        parser.feed(data)
        raw += data
    return raw
