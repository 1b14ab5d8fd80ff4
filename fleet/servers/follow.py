"""Connections that follow a fleet's primary: the master that sentinels name, or the Cluster node that holds its slot.

All keys of a fleet share one Cluster slot, so one server holds the whole fleet, behind Sentinel and in a Cluster alike.
An ordinary client whose connections ask who that is before they connect therefore serves both: a pipeline is one write,
WAIT counts the replicas of the write before it, SCAN looks only where the fleet lives, no command is parsed for its
keys, and a fail-over of another shard is not noticed. redis-py's RedisCluster has none of this (docs/adr/0004).
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

import redis
import redis.asyncio as aredis
from redis.asyncio.connection import Connection as AsyncConnection
from redis.asyncio.connection import DefaultParser as AsyncDefaultParser
from redis.asyncio.connection import SSLConnection as AsyncSSLConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import Connection, DefaultParser, SSLConnection
from redis.crc import key_slot
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from ...core.clock import SystemClock

Address = tuple[str, int]

ASK_TIMEOUT_S = 1.0
"""For asking a node or a sentinel who the primary is: the next one is asked after it."""
LOOK_EVERY_S = 1.0
"""How often the sentinels are asked whether the master is still the same."""
SENTINEL_QUESTIONS = ("GET-MASTER-ADDR-BY-NAME", "MASTER")
REFUSALS = ("READONLY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN")
"""First words of answers that mean "not here" or "not now"; nothing was written."""
REFUSED_SCRIPTS = ("non local key", "while the cluster is down")
"""What functions answer (after ERR) while their slot is being moved, or its cluster is down."""

CLOCK = SystemClock()


class Refusal(RedisConnectionError):
    """The server answers that it is not the one to ask, or not now: demoted, slot moved or moving, replicas missing.

    A connection error, because the same helps: connect again, to whoever is the primary by then, and repeat. A slot
    that is being moved is never followed with ASKING: functions would see one half of the fleet's keys.
    """


def refusal(text: str) -> Refusal | None:
    """The refusal that an error answer is, if it is one."""
    if text.split(" ", 1)[0] in REFUSALS or any(part in text for part in REFUSED_SCRIPTS):
        return Refusal(text)
    return None


class AsyncParser(AsyncDefaultParser):  # type: ignore[misc,valid-type]
    """Reads answers; refusals break the connection."""

    @classmethod
    def parse_error(cls, response: str) -> Exception:
        """An error answer as the exception to raise."""
        return refusal(response) or super().parse_error(response)


class SyncParser(DefaultParser):  # type: ignore[misc,valid-type]
    """The same for blocking connections."""

    @classmethod
    def parse_error(cls, response: str) -> Exception:
        """An error answer as the exception to raise."""
        return refusal(response) or super().parse_error(response)


class Primary(Protocol):
    """Knows, or can find out, who the primary is."""

    async def locate(self) -> Address:
        """Ask for its address."""
        ...

    def locate_sync(self) -> Address:
        """The same for blocking connections."""
        ...

    def still(self, address: Address) -> bool:
        """False when it is known to be another one by now; called with every command, so it does not wait."""
        ...

    def still_sync(self, address: Address) -> bool:
        """The same for blocking connections; may ask."""
        ...


class AsyncFollowing(AsyncConnection):
    """Asks for the primary's address each time it connects, and leaves a server that is no longer the primary."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        super().__init__(**options)
        self._primary = primary

    async def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:
        """Connect, if it is not connected."""
        if not self.is_connected:
            self.host, self.port = await self._primary.locate()
            await super().connect_check_health(check_health, retry_socket_connect)

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send, unless the primary is another one."""
        if self.is_connected and not self._primary.still((self.host, self.port)):
            await self.disconnect()
            raise Refusal(f"{self.host}:{self.port} is no longer the primary")
        await super().send_packed_command(command, check_health)


class AsyncFollowingSSL(AsyncFollowing, AsyncSSLConnection):
    """The same over TLS."""


def greet(connection: SSLConnection) -> None:
    """Log in and exchange one command, for blocking connections over TLS.

    TLS 1.3 servers send session tickets after the handshake; unread, they look to redis-py 8.1 like an answer that
    nobody asked for, and it refuses the new connection ("Connection not ready").
    """
    connection.on_connect()  # type: ignore[no-untyped-call]
    connection.send_command("PING", check_health=False)  # type: ignore[no-untyped-call]
    connection.read_response()


class SyncFollowing(Connection):
    """The same for blocking connections."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._primary = primary

    def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:
        """Connect, if it is not connected."""
        if not self.is_connected:
            self.host, self.port = self._primary.locate_sync()
            super().connect_check_health(check_health, retry_socket_connect)

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send, unless the primary is another one."""
        if self.is_connected and not self._primary.still_sync((self.host, self.port)):
            self.disconnect()  # type: ignore[no-untyped-call]
            raise Refusal(f"{self.host}:{self.port} is no longer the primary")
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


class SyncFollowingSSL(SyncFollowing, SSLConnection):
    """The same over TLS."""


def follows(client: Any) -> bool:
    """True for a client made of such connections."""
    return "primary" in client.connection_pool.connection_kwargs


class SentinelMaster:
    """Finds the master by asking the sentinels; again every LOOK_EVERY_S while it is in use.

    In a fail-over that somebody asked for, Sentinel names another master at once and tells the old one ten seconds
    later. What is written there meanwhile, over connections in perfect health, is lost.

    Args:
        service: their name of it.
        hosts: the sentinels.
        options: for connections to them.
    """

    def __init__(self, service: str, hosts: Sequence[Address], options: dict[str, Any]) -> None:
        self._service = service
        self._hosts = hosts
        self._options = options
        self._known: Address | None = None
        self._look_at_s = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def locate(self) -> Address:
        """The master's address.

        Raises:
            MasterNotFoundError: no sentinel answers, or none knows a living one.
        """
        failure: Exception | None = None
        for host, port in self._hosts:
            client = aredis.Redis(host=host, port=port, retry=AsyncRetry(NoBackoff(), 0), **self._options)
            try:
                pipeline = client.pipeline(transaction=False)
                for command in SENTINEL_QUESTIONS:
                    pipeline.execute_command(f"SENTINEL {command}", self._service)
                if self._learn(*await pipeline.execute(raise_on_error=False)):
                    return self._named()
            except (RedisConnectionError, RedisTimeoutError) as error:
                failure = failure or error
            finally:
                await client.aclose()
        raise MasterNotFoundError(f"no master {self._service!r} found") from failure

    def locate_sync(self) -> Address:
        """The same for blocking connections."""
        failure: Exception | None = None
        for host, port in self._hosts:
            try:
                with redis.Redis(host=host, port=port, retry=Retry(NoBackoff(), 0), **self._options) as client:
                    pipeline = client.pipeline(transaction=False)
                    for command in SENTINEL_QUESTIONS:
                        pipeline.execute_command(f"SENTINEL {command}", self._service)
                    if self._learn(*pipeline.execute(raise_on_error=False)):
                        return self._named()
            except (RedisConnectionError, RedisTimeoutError) as error:
                failure = failure or error
        raise MasterNotFoundError(f"no master {self._service!r} found") from failure

    def _learn(self, address: Any, state: Any) -> bool:
        """What one sentinel says: the address, in a fail-over already the new one, and the master it had before."""
        if not isinstance(address, tuple) or not isinstance(state, dict):
            return False  # it does not know the name
        named = address[0].decode(), int(address[1])
        if named == (state["ip"], state["port"]) and (state["is_sdown"] or state["is_odown"]):
            return False
        self._known = named
        return True

    def _named(self) -> Address:
        assert self._known is not None
        return self._known

    def still(self, address: Address) -> bool:
        """See `Primary`."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._look_at_s:
            self._look_at_s = loop.time() + LOOK_EVERY_S
            self._looking = loop.create_task(self._look())
        return self._known in (None, address)

    def still_sync(self, address: Address) -> bool:
        """See `Primary`."""
        if CLOCK.monotonic_s() >= self._look_at_s:
            self._look_at_s = CLOCK.monotonic_s() + LOOK_EVERY_S
            with suppress(RedisConnectionError, RedisTimeoutError):
                self.locate_sync()
        return self._known in (None, address)

    async def _look(self) -> None:
        with suppress(RedisConnectionError, RedisTimeoutError):
            await self.locate()


class SlotOwner:
    """Finds the node that holds a slot by asking any node that answers, a different one first each time.

    So a node that was cut off and tells old news leads astray once, not for ever.

    Args:
        prefix: `{name}`, the fleet's.
        hosts: some nodes; the others are learned.
        options: for connections to nodes.
    """

    def __init__(self, prefix: str, hosts: Sequence[Address], options: dict[str, Any]) -> None:
        self.slot = key_slot(prefix.encode())
        self._hosts = list(hosts)
        self._options = options
        self._known = list(hosts)
        self._first = 0

    async def locate(self) -> Address:
        """The owner's address.

        Raises:
            RedisConnectionError: no node answers, or none knows an owner.
        """
        failure: Exception | None = None
        for host, port in self._in_turn():
            client = aredis.Redis(host=host, port=port, retry=AsyncRetry(NoBackoff(), 0), **self._options)
            try:
                if owner := self._learn(await client.execute_command("CLUSTER SLOTS"), host):  # type: ignore[no-untyped-call]
                    return owner
            except AuthenticationError:
                raise
            except (RedisConnectionError, RedisTimeoutError) as error:
                failure = failure or error
            finally:
                await client.aclose()
        raise self._nobody(failure) from failure

    def locate_sync(self) -> Address:
        """The same for blocking connections."""
        failure: Exception | None = None
        for host, port in self._in_turn():
            try:
                with redis.Redis(host=host, port=port, retry=Retry(NoBackoff(), 0), **self._options) as client:
                    if owner := self._learn(client.execute_command("CLUSTER SLOTS"), host):
                        return owner
            except AuthenticationError:
                raise
            except (RedisConnectionError, RedisTimeoutError) as error:
                failure = failure or error
        raise self._nobody(failure) from failure

    def still(self, address: Address) -> bool:
        """Always: a node that lost the slot says so itself (MOVED), and one that was cut off refuses to write."""
        return True

    still_sync = still

    def _in_turn(self) -> Iterator[Address]:
        known = self._known
        self._first += 1
        start = self._first % len(known)
        yield from (*known[start:], *known[:start])

    def _learn(self, slots: list[Any], asked: str) -> Address | None:
        """Read CLUSTER SLOTS: [first, last, [host, port, ...], replicas...] a range."""
        owner = None
        nodes: dict[Address, None] = dict.fromkeys(self._hosts)
        for first, last, *members in slots:
            # Without a host it is the node that was asked; "?" = it does not know.
            addresses = [((m[0] or b"").decode() or asked, int(m[1])) for m in members]
            nodes.update(dict.fromkeys(a for a in addresses if a[0] != "?"))
            if first <= self.slot <= last and addresses[0] in nodes:
                owner = addresses[0]
        self._known = list(nodes)
        return owner

    def _nobody(self, failure: Exception | None) -> RedisConnectionError:
        return RedisConnectionError(str(failure) if failure else f"no node of the cluster serves slot {self.slot}")
