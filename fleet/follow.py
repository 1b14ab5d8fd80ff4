"""Connections that follow a fleet's primary: the master that sentinels name, or the Cluster node that holds its slot.

All keys of a fleet share one Cluster slot, so one server holds the whole fleet, behind Sentinel and in a Cluster alike.
An ordinary client whose connections ask who that is before they connect therefore serves both: a pipeline is one write,
WAIT counts the replicas of the write before it, SCAN looks only where the fleet lives, no command is parsed for its
keys, and a fail-over of another shard is not noticed. redis-py's RedisCluster has none of this (docs/adr/0004).
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import redis
import redis.asyncio as aredis
from redis.asyncio.connection import Connection as AsyncConnection
from redis.asyncio.connection import DefaultParser as AsyncDefaultParser
from redis.asyncio.connection import SSLConnection as AsyncSSLConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.connection import Connection, DefaultParser, SSLConnection
from redis.crc import key_slot
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

Address = tuple[str, int]

ASK_TIMEOUT_S = 1.0
"""For asking a node or a sentinel who the primary is: the next one is asked after it."""
REFUSALS = ("READONLY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN")
"""First words of answers that mean "not here" or "not now"; nothing was written."""
REFUSED_SCRIPTS = ("non local key", "while the cluster is down")
"""What functions answer (after ERR) while their slot is being moved, or its cluster is down."""


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


class AsyncFollowing(AsyncConnection):
    """Asks `locate` for the address each time it connects."""

    def __init__(self, *, locate: Callable[[], Awaitable[Address]], **options: Any) -> None:
        super().__init__(**options)
        self._locate = locate

    async def connect(self) -> None:
        """Connect, if it is not connected."""
        await self.retry.call_with_retry(self._follow, lambda _: self.disconnect())

    async def _follow(self) -> None:
        if not self.is_connected:
            self.host, self.port = await self._locate()
            await self.connect_check_health(retry_socket_connect=False)


class AsyncFollowingSSL(AsyncFollowing, AsyncSSLConnection):
    """The same over TLS."""


class SyncFollowing(Connection):
    """The same for blocking connections."""

    def __init__(self, *, locate: Callable[[], Address], **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._locate = locate

    def connect(self) -> None:
        """Connect, if it is not connected."""
        self.retry.call_with_retry(self._follow, lambda _: self.disconnect())  # type: ignore[no-untyped-call]

    def _follow(self) -> None:
        if not self.is_connected:
            self.host, self.port = self._locate()
            self.connect_check_health(retry_socket_connect=False)


class SyncFollowingSSL(SyncFollowing, SSLConnection):
    """The same over TLS."""


def follows(client: Any) -> bool:
    """True for a client made of such connections."""
    return "locate" in client.connection_pool.connection_kwargs


class SentinelMaster:
    """Finds the master by asking the sentinels.

    Args:
        service: their name of it.
        hosts: the sentinels.
        options: for connections to them.
    """

    def __init__(self, service: str, hosts: Sequence[Address], options: dict[str, Any]) -> None:
        self._service = service
        self._hosts = hosts
        self._options = options

    async def locate(self) -> Address:
        """The master's address.

        Raises:
            MasterNotFoundError: no sentinel answers, or none knows a living one.
        """
        asking = {**self._options, "retry": AsyncRetry(NoBackoff(), 0)}
        async with AsyncSentinel(self._hosts, sentinel_kwargs=asking) as sentinel:  # type: ignore[no-untyped-call]
            host, port = await sentinel.discover_master(self._service)
        return str(host), int(port)

    def locate_sync(self) -> Address:
        """The same for blocking connections."""
        asking = {**self._options, "retry": Retry(NoBackoff(), 0)}
        with Sentinel(self._hosts, sentinel_kwargs=asking) as sentinel:  # type: ignore[no-untyped-call]
            host, port = sentinel.discover_master(self._service)
        return str(host), int(port)


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
