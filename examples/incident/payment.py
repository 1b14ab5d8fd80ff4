"""A payment service, as it was in an incident and as it was repaired: `python payment.py naive|fixed PORT`.

A payment is a query to the database, over one of a few connections, and then a charge at the bank. Time-outs are in
seconds of production, divided by AQE_TIME_SCALE: `aqe production replay-incident` replays minutes in seconds. It hands
the trace context on, as instrumented services do: what a dependency does then belongs to the payment, in any order.
"""

import asyncio
import json
import os
import re
import sys
from contextvars import ContextVar
from urllib.parse import urlsplit

SCALE = float(os.environ.get("AQE_TIME_SCALE", "1"))
POOL_SIZE = int(os.environ.get("AQE_POOL_SIZE", "10"))
DATABASE = urlsplit(os.environ.get("AQE_UPSTREAM_POSTGRESQL", "http://127.0.0.1:9001"))
BANK = urlsplit(os.environ.get("AQE_UPSTREAM_BANK", "http://127.0.0.1:9002"))
TRACE: ContextVar[bytes] = ContextVar("trace", default=b"")
"""The header line of the payment at hand."""
Answer = tuple[int, dict[str, object]]


class Naive:
    """Waits for a connection as long as it takes, and 30 s for the bank, whatever happened to those before."""

    bank_timeout_s = 30.0

    def __init__(self) -> None:
        self.pool = asyncio.Semaphore(POOL_SIZE)

    async def pay(self) -> Answer:
        """One payment."""
        async with self.pool:
            await call(DATABASE, "/query")
        return await self.charge()

    async def charge(self) -> Answer:
        """At the bank."""
        try:
            async with asyncio.timeout(self.bank_timeout_s / SCALE):
                status = await call(BANK, "/charges")
        except TimeoutError:
            return 504, {"error": "GATEWAY_TIMEOUT"}
        return (200, {"status": "paid"}) if status == 200 else (502, {"error": "GATEWAY_ERROR"})


class Fixed(Naive):
    """Does not queue for long, waits less for the bank, and stops asking it after five failures in a row.

    Whatever goes wrong, the order is kept and the customer is told when to come back.
    """

    pool_timeout_s = 2.0
    bank_timeout_s = 5.0
    failures_allowed = 5
    open_s = 120.0

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.failed_at = 0.0

    async def pay(self) -> Answer:
        """One payment."""
        now = asyncio.get_running_loop().time()
        if self.failures >= self.failures_allowed and now < self.failed_at + self.open_s / SCALE:
            return 503, pending("CIRCUIT_OPEN")
        try:
            async with asyncio.timeout(self.pool_timeout_s / SCALE):
                await self.pool.acquire()
        except TimeoutError:
            return 503, pending("POOL_TIMEOUT")
        try:
            await call(DATABASE, "/query")
        finally:
            self.pool.release()
        status, body = await self.charge()
        self.failures = 0 if status == 200 else self.failures + 1
        self.failed_at = asyncio.get_running_loop().time()
        return status, body if status == 200 else pending(str(body["error"]))


def pending(error: str) -> dict[str, object]:
    """What a customer is told while the payment waits."""
    return {"error": error, "retryable": True, "retryAfter": 120, "orderStatus": "PAYMENT_PENDING"}


async def call(dependency, path: str) -> int:
    """Ask a dependency; its status."""
    reader, writer = await asyncio.open_connection(dependency.hostname, dependency.port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {dependency.netloc}\r\nConnection: close\r\n".encode()
        writer.write(head + TRACE.get() + b"\r\n")
        return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.close()


async def serve(service: Naive, port: int) -> None:
    """Answer `POST /payments`."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            TRACE.set(b"".join(re.findall(rb"(?im)^traceparent:.*\n", head)))
            status, told = await service.pay() if head.startswith(b"POST /payments ") else (404, {"error": "NOT_FOUND"})
            body = json.dumps(told).encode()
            writer.write(
                b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                % (status, len(body), body)
            )
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client left, or a dependency broke off: the connection ends without an answer
        finally:
            writer.close()

    async with await asyncio.start_server(taken, "127.0.0.1", port, backlog=1024) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve({"naive": Naive, "fixed": Fixed}[sys.argv[1]](), int(sys.argv[2])))
