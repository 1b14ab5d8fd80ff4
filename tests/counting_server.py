"""A fast HTTP server on loopback that writes down when it was asked for what: what a load tool really did."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class Hit(NamedTuple):
    """One request."""

    at_s: float
    """Of a clock that only goes forward."""
    method: str
    path: str
    body: bytes


class CountingServer:
    """Where it listens, and what it was asked."""

    def __init__(self, status: Callable[[Hit], int], delay_s: float) -> None:
        self.hits: list[Hit] = []
        self.url = ""
        self._status = status
        self._delay_s = delay_s

    def counts(self, window_s: float, duration_s: float, began_s: float) -> list[int]:
        """Requests by window, from the begin of the run."""
        found = Counter(int((hit.at_s - began_s) // window_s) for hit in self.hits)
        return [found[number] for number in range(round(duration_s / window_s))]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
                body = await reader.readexactly(int(lengths[0])) if lengths else b""
                hit = Hit(time.monotonic(), method, path, body)
                self.hits.append(hit)
                status = self._status(hit)
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                writer.write(f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Length: 2\r\n\r\nok".encode())
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def counting_server(
    status: Callable[[Hit], int] = lambda hit: 200, *, delay_s: float = 0.0
) -> Iterator[CountingServer]:
    """Serve from a thread until the block ends; every answer takes `delay_s`."""
    counting = CountingServer(status, delay_s)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(counting.answer, "127.0.0.1", 0, backlog=1024))
    counting.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield counting
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
