"""Requests at their recorded moments, whether or not earlier ones were answered, and what came of each."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import h11

from ...connectors.faults.numbered import traceparent
from ...connectors.faults.wire import Wire
from ...core.clock import Clock
from ...core.records.production.incident_replay import Arrival

LEAD_S = 0.7
"""Connections stand this long before their request is due: opening hundreds at once takes a while."""
NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Met:
    """What one request met: outcome, and seconds of this machine."""

    outcome: str
    took_s: float
    late_s: float
    """Sent so much later than due."""


class Client:
    """Sends to one service.

    Args:
        host: of the service.
        port: of the service.
        clock: the machine's.
        give_up_s: a request without an answer ends here.
    """

    def __init__(self, host: str, port: int, clock: Clock, *, give_up_s: float) -> None:
        self.host = host
        self.port = port
        self.clock = clock
        self.give_up_s = give_up_s

    async def replay(self, arrivals: Sequence[Arrival], scale: float) -> list[Met]:
        """All of them, `scale` times as fast as production."""
        start_s = self.clock.monotonic_s() + LEAD_S
        due = [(start_s + arrival.at_s / scale, arrival) for arrival in arrivals for _ in range(arrival.count)]
        return list(await asyncio.gather(*(self.one(arrival, at_s, n) for n, (at_s, arrival) in enumerate(due))))

    async def one(self, arrival: Arrival, due_s: float, number: int = 0) -> Met:
        """The n-th request, from 0, at a moment of the monotonic clock."""
        await self.clock.sleep(due_s - LEAD_S - self.clock.monotonic_s())
        sent_s = None
        try:
            async with asyncio.timeout(self.give_up_s + LEAD_S):
                wire = Wire(h11.CLIENT, *await asyncio.open_connection(self.host, self.port))
                try:
                    data = b"".join(wire.http.send(event) or b"" for event in self._request(arrival, number))
                    await self.clock.sleep(due_s - self.clock.monotonic_s())
                    sent_s = self.clock.monotonic_s()
                    wire.writer.write(data)
                    outcome = await _answer(wire)
                finally:
                    wire.writer.close()
        except (OSError, TimeoutError, h11.RemoteProtocolError):
            outcome = NO_ANSWER
        now_s = self.clock.monotonic_s()
        return Met(outcome, now_s - (sent_s or due_s), max(0.0, (sent_s or now_s) - due_s))

    def _request(self, arrival: Arrival, number: int) -> list[h11.Event]:
        body = b"" if arrival.body is None else json.dumps(arrival.body).encode()
        headers = [
            ("Host", f"{self.host}:{self.port}"),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Traceparent", traceparent(number)),
        ]
        if body:
            headers.append(("Content-Type", "application/json"))
        return [
            h11.Request(method=arrival.method, target=arrival.path, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ]


async def _answer(wire: Wire) -> str:
    """Status, and the error that a JSON body names."""
    while isinstance(event := await wire.next_event(), h11.InformationalResponse):
        pass
    if not isinstance(event, h11.Response):
        return NO_ANSWER
    body = await wire.drain()
    error = None
    with contextlib.suppress(ValueError):
        told = json.loads(body)
        error = told.get("error") if isinstance(told, dict) else None
    return f"{event.status_code} {error}" if isinstance(error, str) and error else str(event.status_code)
