"""HTTP/1.1 over asyncio's streams: h11 reads and writes the protocol, this moves the bytes."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from typing import SupportsIndex

import h11

CHUNK = 65_536
MAX_HEAD = 65_536
"""Bytes of a message's head; more is answered 431."""
Headers = list[tuple[bytes, bytes]]
# RFC 9110 section 7.6.1: about one connection, not about the message. h11 frames the message anew.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"}
)


class TimedReader(asyncio.StreamReader):
    """Knows when its last bytes came, which on a busy loop is well before whoever waits for them runs.

    Args:
        monotonic_s: the clock.
        ended: called when the peer has said its last word.
    """

    def __init__(self, monotonic_s: Callable[[], float], ended: Callable[[], None]) -> None:
        super().__init__(limit=MAX_HEAD)
        self._monotonic_s = monotonic_s
        self._ended = ended
        self.fed_s = 0.0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Called by the transport."""
        self.fed_s = self._monotonic_s()
        super().feed_data(data)

    def feed_eof(self) -> None:
        """Called by the transport when the peer closes in good order."""
        super().feed_eof()
        self._ended()

    def set_exception(self, exc: Exception) -> None:
        """Called by the transport when the connection breaks."""
        super().set_exception(exc)
        self._ended()


class Wire:
    """One end of an HTTP connection."""

    def __init__(
        self,
        role: type[h11._util.Sentinel],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=MAX_HEAD)
        self.reader = reader
        self.writer = writer

    async def next_event(self) -> h11.Event | type[h11.PAUSED]:
        """The next that the peer says.

        Raises:
            h11.RemoteProtocolError: it speaks no HTTP, or in the middle of a message no more.
        """
        while True:
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            try:
                data = await self.reader.read(CHUNK)
            except ConnectionError:
                data = b""
            self.http.receive_data(data)

    async def send(self, *events: h11.Event) -> None:
        """Say something; what the peer no longer wants is dropped by the transport."""
        for event in events:
            if data := self.http.send(event):
                self.writer.write(data)
        await self.writer.drain()

    async def drain(self) -> bytes:
        """The rest of the message at hand."""
        parts = []
        while not isinstance(event := await self.next_event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                break
            parts.append(bytes(event.data))
        return b"".join(parts)

    @property
    def fed_s(self) -> float:
        """When the last bytes came, by the clock of a TimedReader; 0 = unknown."""
        return self.reader.fed_s if isinstance(self.reader, TimedReader) else 0.0

    @property
    def peer_closed(self) -> bool:
        """The other side has said its last word: it left, or closed its half."""
        return self.reader.at_eof() or self.writer.is_closing()

    def reset(self) -> None:
        """Hang up with a TCP reset."""
        reset(self.writer)

    async def close(self) -> None:
        """Hang up."""
        await close(self.writer)


def message_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Those that belong to the message and so are passed on; a length beside chunks is not the message's."""
    given = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    named = {
        part.strip().lower() for name, value in given if name == b"connection" for part in value.split(b",") if part
    }
    dropped = _HOP_BY_HOP | named
    chunked = any(name == b"transfer-encoding" for name, _ in given)
    return [(n, v) for n, v in given if n not in dropped and not (chunked and n == b"content-length")]


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: what was sent and not yet read is lost, as when a process dies."""
    if (sock := writer.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    """Close in good order; a peer that went first is no error."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
