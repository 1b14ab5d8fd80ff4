"""One client's HTTP connection through a proxy: each request is decided about, passed on, and answered or not."""

import asyncio
from dataclasses import dataclass, field

import h11

from ...core.jsontext import dumps
from ...core.records.faults import address
from .decide import Decision
from .har import Exchange
from .numbered import number_of
from .pace import Pace
from .wire import Headers, Wire, close, message_headers

BAD_GATEWAY = 502
CONNECT_TIMEOUT_S = 10.0
LINGER_S = 2.0
"""A client that is still sending when its answer is out gets so long to read it."""


@dataclass
class HttpSession:
    """The connection.

    Args:
        pace: rules, counts and clock of its proxy.
        target: `http://host:port`, or None when the proxy answers by itself.
        answer: body of the proxy's own answers.
        wire: to the client.
    """

    pace: Pace
    target: str | None
    answer: bytes
    wire: Wire
    exchange: Exchange = field(init=False)
    came_s: float = 0.0
    """When the request at hand came, or the answer before it was over; monotonic."""
    free_s: float = 0.0
    """When the last answer was over."""

    async def serve(self) -> None:
        """Until the client leaves, or a fault ends it."""
        try:
            while isinstance(event := await self.wire.next_event(), h11.Request):
                if not await self._one(event) or self.wire.http.our_state is not h11.DONE:
                    break
                self.wire.http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
        except (ConnectionError, h11.LocalProtocolError):
            pass  # the client left in the middle of an answer
        finally:
            if self.answered_early:
                await self._let_finish()
            await self.wire.close()

    @property
    def answered_early(self) -> bool:
        """The answer is out, and the client is still sending."""
        answered = self.wire.http.our_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)
        return answered and self.wire.http.their_state in (h11.SEND_BODY, h11.ERROR) and not self.wire.peer_closed

    async def _let_finish(self) -> None:
        """Hanging up on bytes that were not read is a reset, and the client would lose the answer."""
        self.wire.writer.write_eof()
        await self.pace.until_gone(self.wire.reader, LINGER_S)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        """What is no HTTP is answered as such, and never passed on."""
        if self.wire.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.pace.stats.statuses[str(error.error_status_hint)] += 1
            await self._close_with(error.error_status_hint, dumps({"error": f"not understood: {error}"}).encode())

    async def _one(self, request: h11.Request) -> bool:
        """One request; whether the connection can go on."""
        if problem := _ambiguous(request):
            raise h11.RemoteProtocolError(problem)
        method, path = request.method.decode("ascii"), request.target.decode("latin-1")
        self.came_s = max(self.wire.fed_s, self.free_s)
        decision = self.pace.decide(method, path, made_for=number_of(list(request.headers)))
        self.exchange = Exchange.of(request, self.pace.now())
        try:
            return await self._carry_out(decision, request)
        finally:
            self.free_s = self.pace.clock.monotonic_s()
            self.exchange.faults = decision.kinds
            self.pace.record(self.exchange)

    async def _carry_out(self, decision: Decision, request: h11.Request) -> bool:
        if decision.ending == "timeout":
            self.exchange.error = "never answered"
            if await self.pace.until_gone(self.wire.reader, decision.close_after_s):
                self.pace.stats.gave_up(decision)
            return False
        if decision.ending == "reset":
            self.exchange.error = "reset"
            await self.pace.sleep(decision.delay_s)
            self.wire.reset()
            return False
        if decision.ending == "error" or self.target is None:
            self.exchange.sent.add(await self.wire.drain())
            status = decision.status if decision.ending == "error" else 200
            return await self._own_answer(decision, status)
        return await self._forward(decision, request, self.target)

    async def _own_answer(self, decision: Decision, status: int) -> bool:
        body = self.answer if status < 300 else b'{"error": "injected by aqe fault-proxy"}'
        head = h11.Response(status_code=status, headers=_json_headers(body))
        # The time since the request came is part of this answer's latency: nobody else takes time for it.
        await self._begin(decision, head, since_s=self.came_s)
        return await _Sender(self, decision, head).send(self._sent(body)) and await self._end(decision)

    def _sent(self, body: bytes) -> bytes:
        """An answer to HEAD announces a body and has none."""
        return b"" if self.exchange.method == "HEAD" else body

    async def _forward(self, decision: Decision, request: h11.Request, target: str) -> bool:
        host, port = address(target.removeprefix("http://").removesuffix("/"))
        try:
            opened = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            self.exchange.error = f"{target}: {getattr(error, 'strerror', None) or 'no connection'}"
            return await self._bad_gateway()
        upstream = Wire(h11.CLIENT, *opened)
        try:
            await self._pass_on(request, upstream, f"{host}:{port}")
            return await self._relay(decision, upstream)
        except (h11.RemoteProtocolError, ConnectionError) as error:
            self.exchange.error = f"{target}: {error or type(error).__name__}"
            if self.wire.http.our_state is not h11.SEND_RESPONSE:
                return False
            return await self._bad_gateway()
        finally:
            await close(upstream.writer)

    async def _pass_on(self, request: h11.Request, upstream: Wire, host: str) -> None:
        headers = [(n, v) for n, v in message_headers(request.headers) if n != b"host"]
        headers = [(b"host", host.encode()), *headers, (b"connection", b"close")]
        if any(name.lower() == b"transfer-encoding" for name, _ in request.headers):
            headers.append((b"transfer-encoding", b"chunked"))
        await upstream.send(h11.Request(method=request.method, target=request.target, headers=headers))
        while isinstance(event := await self.wire.next_event(), h11.Data):
            self.exchange.sent.add(bytes(event.data))
            await upstream.send(h11.Data(data=event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise ConnectionError("the client left")
        await upstream.send(h11.EndOfMessage())

    async def _relay(self, decision: Decision, upstream: Wire) -> bool:
        while isinstance(event := await upstream.next_event(), h11.InformationalResponse):
            pass
        if not isinstance(event, h11.Response):
            raise ConnectionError("no answer")
        head = h11.Response(status_code=event.status_code, reason=event.reason, headers=message_headers(event.headers))
        await self._begin(decision, head)
        sender = _Sender(self, decision, head)
        while isinstance(part := await upstream.next_event(), h11.Data):
            if not await sender.send(bytes(part.data)):
                return False
        return await self._end(decision)

    async def _begin(self, decision: Decision, head: h11.Response, *, since_s: float | None = None) -> None:
        """Wait as decided, then say the head; a client that closed its half only still gets it.

        Args:
            since_s: monotonic, from which the wait counts; None = now.
        """
        self.pace.waiting[self.wire] = decision
        try:
            await self.pace.sleep(decision.delay_s, since_s=since_s)
        finally:
            del self.pace.waiting[self.wire]
            self.pace.changed.set()
        if self.wire.peer_closed:
            self.pace.stats.gave_up(decision)
            self.exchange.error = "the client did not wait for the answer"
        self.exchange.began(head, self.pace.now())
        self.pace.stats.statuses[str(head.status_code)] += 1
        await self.wire.send(head)

    async def _end(self, decision: Decision) -> bool:
        await self.wire.send(h11.EndOfMessage())
        self.exchange.ended(self.pace.now())
        if decision.linger_s:
            await self.pace.sleep(decision.linger_s)
            return False
        return True

    async def _bad_gateway(self) -> bool:
        self.pace.stats.statuses[str(BAD_GATEWAY)] += 1
        await self._close_with(BAD_GATEWAY, self._sent(b'{"error": "the target of this proxy does not answer"}'))
        return False

    async def _close_with(self, status: int, body: bytes) -> None:
        headers = [*_json_headers(body), (b"connection", b"close")]
        await self.wire.send(h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage())


class _Sender:
    """A body on its way to the client, as slow and as much of it as decided."""

    def __init__(self, session: HttpSession, decision: Decision, head: h11.Response) -> None:
        self.session = session
        self.bandwidth = decision.bandwidth
        announced = int(dict(head.headers).get(b"content-length", b"0"))
        kept = announced // 2 if decision.keep_bytes is None else decision.keep_bytes
        self.left = kept if decision.truncated else None

    async def send(self, data: bytes) -> bool:
        """One more piece; False when the body was cut in it."""
        sent = data if self.left is None else data[: self.left]
        self.session.exchange.received.add(sent)
        async for piece in self.session.pace.pieces(sent, self.bandwidth):
            await self.session.wire.send(h11.Data(data=piece))
        if self.left is None:
            return True
        self.left -= len(sent)
        if len(sent) < len(data):
            self.session.exchange.error = "truncated"
        return len(sent) == len(data)


def _json_headers(body: bytes) -> Headers:
    return [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]


def _ambiguous(request: h11.Request) -> str | None:
    """What two servers could read in two ways (request smuggling) goes no further."""
    names = {name.lower() for name, _ in request.headers}
    if {b"transfer-encoding", b"content-length"} <= names:
        return "both a length and chunks"
    if not request.target.startswith(b"/") and request.target != b"*":
        return "the target is no path"
    return None
