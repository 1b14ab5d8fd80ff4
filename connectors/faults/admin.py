"""The endpoint by which a running proxy is watched and changed: on this machine only, and with a token.

`GET /stats`, `POST /reset`, `PUT /faults/<proxy>` with a JSON list of faults.
"""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import h11

from ...core.errors import InputError
from ...core.records.faults import FaultRule, address
from .proxy import FaultProxy
from .wire import Wire

MAX_BODY = 1_000_000
LOOPBACK = ("127.0.0.1", "::1", "localhost")
Answer = tuple[int, Any]


class Admin:
    """The endpoint.

    Args:
        listen: `127.0.0.1:PORT`.
        token: what every request carries, as `Authorization: Bearer ...`.
        proxies: by name.
        stats: all of them.

    Raises:
        InputError: other machines could reach the address.
    """

    def __init__(
        self, listen: str, token: str, proxies: Mapping[str, FaultProxy], stats: Callable[[], dict[str, Any]]
    ) -> None:
        try:
            self.host, self.port = address(listen, least_port=0)
        except ValueError as error:
            raise InputError(f"the admin address {error}") from error
        if self.host not in LOOPBACK:
            raise InputError(f"the admin address is {listen}, expected one of this machine: 127.0.0.1:PORT")
        self.token = token
        self.proxies = proxies
        self.stats = stats

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Admin"]:
        """Open.

        Raises:
            InputError: the address is taken.
        """
        try:
            server = await asyncio.start_server(self._taken, self.host, self.port)
        except OSError as error:
            raise InputError(f"cannot listen on {self.host}:{self.port}: {error.strerror}") from error
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(h11.SERVER, reader, writer)
        try:
            request = await wire.next_event()
            if isinstance(request, h11.Request):
                status, value = self._answer(request, await self._body(wire))
                await _send(wire, status, value)
        except (h11.ProtocolError, ConnectionError):
            pass  # who speaks no HTTP, or has left, gets no answer
        finally:
            await wire.close()

    async def _body(self, wire: Wire) -> bytes:
        parts, size = [], 0
        while isinstance(part := await wire.next_event(), h11.Data):
            size += len(part.data)
            if size > MAX_BODY:
                raise ConnectionError("too long")
            parts.append(bytes(part.data))
        return b"".join(parts)

    def _answer(self, request: h11.Request, body: bytes) -> Answer:
        given = next((value for name, value in request.headers if name == b"authorization"), b"")
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return 401, {"error": "expected Authorization: Bearer TOKEN"}
        method, path = request.method.decode("ascii"), request.target.decode("latin-1")
        if (method, path) == ("GET", "/stats"):
            return 200, self.stats()
        if (method, path) == ("POST", "/reset"):
            for proxy in self.proxies.values():
                proxy.reset()
            return 200, self.stats()
        name = path.removeprefix("/faults/")
        if method == "PUT" and name in self.proxies:
            return self._change(self.proxies[name], body)
        return 404, {"error": f"GET /stats, POST /reset, PUT /faults/ one of {', '.join(self.proxies)}"}

    def _change(self, proxy: FaultProxy, body: bytes) -> Answer:
        try:
            proxy.change(_rules(json.loads(body)))
        except InputError as error:
            return 400, {"error": error.message}
        except ValueError as error:
            return 400, {"error": f"no JSON: {error}"}
        return 200, {"faults": [rule.to_dict() for rule in proxy.plan.faults]}


def _rules(value: Any) -> Sequence[FaultRule]:
    if not isinstance(value, list):
        raise InputError("expected a list of faults")
    return [FaultRule.from_value(one, where=f"fault {number}") for number, one in enumerate(value, 1)]


async def _send(wire: Wire, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await wire.send(h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage())
