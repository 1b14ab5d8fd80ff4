"""One connection through a proxy, whatever is spoken in it."""

import asyncio
from dataclasses import dataclass

from ...core.records.faults import address
from .decide import Decision
from .pace import Pace
from .wire import CHUNK, close, reset

CONNECT_TIMEOUT_S = 10.0


@dataclass
class TcpSession:
    """The connection.

    Args:
        pace: rules, counts and clock of its proxy.
        target: `host:port`.
        reader: from the client.
        writer: to the client.
    """

    pace: Pace
    target: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def serve(self) -> None:
        """Until one side is done, or a fault ends it."""
        decision = self.pace.decide()
        try:
            if decision.ending == "timeout":
                if await self.pace.until_gone(self.reader, decision.close_after_s):
                    self.pace.stats.gave_up(decision)
            elif decision.ending == "reset":
                await self.pace.sleep(decision.delay_s)
                reset(self.writer)
            else:
                await self._carry(decision)
        except ConnectionError:
            pass  # one side is gone, and so is the session
        finally:
            await close(self.writer)

    async def _carry(self, decision: Decision) -> None:
        host, port = address(self.target)
        try:
            opened = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError):
            reset(self.writer)
            return
        try:
            up = asyncio.create_task(self._up(opened[1]))
            try:
                await self._down(opened[0], decision)
                await self.pace.sleep(decision.linger_s)
            finally:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)
        finally:
            await close(opened[1])

    async def _up(self, out: asyncio.StreamWriter) -> None:
        while data := await self.reader.read(CHUNK):
            out.write(data)
            await out.drain()
        out.write_eof()

    async def _down(self, source: asyncio.StreamReader, decision: Decision) -> None:
        """What the target says, each piece as late as decided, without holding up the next."""
        arrived: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        reading = asyncio.create_task(self._read(source, arrived))
        left = (decision.keep_bytes or 0) if decision.truncated else None
        try:
            while True:
                at_s, data = await arrived.get()
                await self.pace.sleep(at_s + decision.delay_s - self.pace.elapsed_s)
                sent = data if left is None else data[:left]
                async for piece in self.pace.pieces(sent, decision.bandwidth):
                    self.writer.write(piece)
                    await self.writer.drain()
                if left is not None:
                    left -= len(sent)
                if not data or len(sent) < len(data):
                    return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, source: asyncio.StreamReader, arrived: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = await source.read(CHUNK)
            except ConnectionError:
                data = b""
            await arrived.put((self.pace.elapsed_s, data))
