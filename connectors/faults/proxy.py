"""A listening proxy: it takes connections, closes its door while `refuse` is at work, and lets its rules be changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import h11

from ...core.clock import Clock
from ...core.errors import InputError
from ...core.log import Logger
from ...core.records.faults import FaultRule, ProxyPlan, address
from .decide import Decider
from .har import Exchange
from .http_session import HttpSession
from .pace import Pace
from .stats import ProxyStats
from .tcp_session import TcpSession
from .wire import TimedReader, Wire

BACKLOG = 1024
"""Connections that may wait to be taken: an incident brings hundreds in one moment."""

REOPEN_S = 1.0
"""Between two tries to listen again after `refuse`."""

log = Logger("fault-proxy")


class FaultProxy:
    """One proxy; use `running` to open and close it.

    Args:
        plan: where it listens, whom it asks, what goes wrong.
        seed: same seed and same order of requests a route: same outcomes.
        clock: the machine's.
        record: gets every HTTP exchange and the proxy's address.
        steady: delays are right on average, in place of never too short.
    """

    def __init__(
        self,
        plan: ProxyPlan,
        *,
        seed: int,
        clock: Clock,
        record: Callable[[Exchange, str], None] | None = None,
        steady: bool = False,
    ) -> None:
        self.plan = plan
        self.seed = seed
        self.host, self.port = address(plan.listen, least_port=0)
        self.problem: str | None = None
        """Why it does not listen though it should."""
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._door_changed = asyncio.Event()
        recorder = None if record is None else lambda exchange: record(exchange, self.url)
        decider = Decider(seed, plan.name, plan.faults)
        self.pace = Pace(decider, ProxyStats(), clock, clock.monotonic_s(), recorder, steady)

    @property
    def url(self) -> str:
        """Where clients go: `http://host:port`, or `host:port` for connections."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}" if self.plan.is_http else f"{host}:{self.port}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FaultProxy"]:
        """Open; at the end every connection is closed.

        Raises:
            InputError: the address is taken or is none of this machine.
        """
        await self._open()
        door = asyncio.create_task(self._keep_door())
        try:
            yield self
        finally:
            door.cancel()
            await asyncio.gather(door, return_exceptions=True)
            await self._close()
            for session in self._sessions:
                session.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    def change(self, rules: Sequence[FaultRule]) -> None:
        """Other faults from the next request on; counting begins anew, the schedule's clock goes on."""
        self.plan = ProxyPlan.from_value({**self.plan.to_dict(), "faults": rules}, where=self.plan.name)
        self.pace.decider = Decider(self.seed, self.plan.name, self.plan.faults)
        self._door_changed.set()

    def reset(self) -> None:
        """Begin anew: counts, the schedule's clock, and which requests the rules have seen."""
        self.pace.stats = ProxyStats()
        self.pace.started_s = self.pace.clock.monotonic_s()
        self.change(self.plan.faults)

    def stats(self) -> dict[str, Any]:
        """JSON-ready."""
        left = dict(sorted(self.pace.left().items()))
        told = {"name": self.plan.name, "listen": self.url, **self.pace.stats.to_dict(), "left": left}
        return {**told, "problem": self.problem} if self.problem else told

    async def _open(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol, self.host, self.port, backlog=BACKLOG)
        except OSError as error:
            raise InputError(f"proxy {self.plan.name}: cannot listen on {self.url}: {error.strerror}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def _reopen(self) -> None:
        """Somebody may have taken the address meanwhile: that is said once, and tried until it is free."""
        try:
            await self._open()
            self.problem = None
        except InputError as error:
            if self.problem is None:
                log.warning("the door stays closed, trying again", problem=error.message)
            self.problem = error.message

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = TimedReader(self.pace.clock.monotonic_s, self.pace.changed.set)
        return asyncio.StreamReaderProtocol(reader, self._taken)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _keep_door(self) -> None:
        """Closed while a rule `refuse` is at work, else open."""
        while True:
            self._door_changed.clear()
            rules = [rule for rule in self.pace.decider.rules if rule.kind == "refuse"]
            elapsed = self.pace.elapsed_s
            closed = any(rule.active(elapsed) for rule in rules)
            if closed and self._server is not None:
                self.pace.stats.faults["refuse"] += 1
                await self._close()
            elif not closed and self._server is None:
                await self._reopen()
            edges = [edge - elapsed for rule in rules for edge in (rule.from_s, rule.to_s) if edge and edge > elapsed]
            if self.problem:
                edges.append(REOPEN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(edges, default=None)):
                    await self._door_changed.wait()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pace.stats.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            if self.plan.is_http:
                wire = Wire(h11.SERVER, reader, writer)
                await HttpSession(self.pace, self.plan.target, self.plan.answer.encode(), wire).serve()
            elif self.plan.target:
                await TcpSession(self.pace, self.plan.target, reader, writer).serve()
        except asyncio.CancelledError:
            # We cancel at the end, and asyncio's streams of Python 3.11 print a traceback for a cancelled task.
            pass
        finally:
            self._sessions.discard(task)
