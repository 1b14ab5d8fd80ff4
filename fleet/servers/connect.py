"""Clients for a Redis server, what we ask of it, and its errors as ours.

Bytes come back (`decode_responses` is off), over RESP2: with hiredis both protocols are equally fast (12 000 GET/s and
250 000 stream entries/s read on two cores), and RESP2 needs no HELLO, so that every proxy and hosted server speaks it
and replies to raw commands have one shape.
"""

import os
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import redis.asyncio as aredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import MasterNotFoundError as AsyncMasterNotFoundError
from redis.backoff import ExponentialWithJitterBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from ...config.settings import Settings
from ...core.errors import AqeError, InputError, ServiceUnavailable
from ...core.masking import mask_text
from . import follow
from .redis_url import RedisUrl, parse_url

CONNECT_TIMEOUT_S = 3.0
COMMAND_TIMEOUT_S = 5.0
BLOCKING_TIMEOUT_S = 10.0
"""Well over the 2 s that a blocking read asks for: a reply that is late by more is a broken connection."""
COMMAND_CONNECTIONS = 32
"""More commands at once wait for a free connection instead of failing."""
READING_CONNECTIONS = 1000
"""Each subscription keeps one while it waits: who had to wait for another's would see events a second late."""
RETRIES = 3
"""0.05 s, then doubled; under a second in all. Waiting out a failover (4 s) is the caller's: it knows what may wait."""
NEEDED = "needs Redis or Valkey 7.0 or newer"


@dataclass(frozen=True)
class Clients:
    """Two asyncio clients of one server.

    Args:
        commands: writes and quick reads. It repeats a command after a broken connection or a time-out, also when the
            first try may have been executed. That is safe for what we send: events carry their id, tasks' effects are
            fenced, stores are idempotent. A bare XADD or INCR over it may count twice.
        blocking: for XREADGROUP with BLOCK of 2 s; never repeats, because entries whose delivery got lost are pending
            already and a second `>` would skip them: the reader must look at its pending list first.
        address: for messages, without password.
    """

    commands: aredis.Redis
    blocking: aredis.Redis
    address: str

    async def aclose(self) -> None:
        """Close all connections."""
        await self.commands.aclose()
        await self.blocking.aclose()


def connect(url: str, *, settings: Settings) -> Clients:
    """Clients for a URL; no connection is opened yet.

    Args:
        url: as fleet/servers/redis_url.py describes; `ServerInfo.url` for the embedded server.
        settings: whose fleet it is (a cluster needs a named one) and which file holds the password.

    Raises:
        InputError: a URL that is not ours, or a cluster without a named fleet.
    """
    target = _target(url, settings)
    options = _options(target, url, settings)
    commands = {"socket_timeout": COMMAND_TIMEOUT_S, "retry": _retry(RETRIES), "max_connections": COMMAND_CONNECTIONS}
    reading = {"socket_timeout": BLOCKING_TIMEOUT_S, "retry": _retry(0), "max_connections": READING_CONNECTIONS}
    return Clients(
        commands=_async_client(target, options | commands, settings),
        blocking=_async_client(target, options | reading, settings),
        address=target.address,
    )


async def open_clients(url: str, *, settings: Settings) -> Clients:
    """Clients of a server that answers and can do what we need.

    Raises:
        InputError: as `connect`.
        ServiceUnavailable: as `probe`; an unreachable server is reported after one attempt.
    """
    clients = connect(url, settings=settings)
    try:
        # The blocking client does not retry, so a dead server is told at once.
        await probe(clients.blocking, prefix=settings.prefix, address=clients.address)
    except BaseException:
        await clients.aclose()
        raise
    return clients


def connect_sync(url: str, *, settings: Settings, retries: int = RETRIES) -> redis.Redis:
    """A blocking client, for threads (lease renewal) and plain functions; same rules and errors as `connect`."""
    target = _target(url, settings)
    options = _options(target, url, settings) | {
        "socket_timeout": COMMAND_TIMEOUT_S,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=1), retries),
    }
    options["parser_class"] = follow.SyncParser
    if target.tls:
        options["redis_connect_func"] = follow.greet
    if primary := _primary(target, options, settings):
        kind = follow.SyncFollowingSSL if target.tls else follow.SyncFollowing
        return redis.Redis.from_pool(
            redis.ConnectionPool(kind, primary=primary, db=target.db, **_followers(target, options))
        )
    return redis.Redis.from_url(_plain_url(target), **options)


async def probe(client: aredis.Redis, *, prefix: str = "", address: str | None = None) -> None:
    """Check by trying that the server can do what bus and memory need.

    Args:
        client: any asyncio client of ours.
        prefix: the fleet's; the probe's own key, which lives for a moment, stands under it.
        address: for messages.

    Raises:
        ServiceUnavailable: unreachable, wrong or no password, still loading, too old (names what is missing), or a
            cluster addressed like a single server.
    """
    key = f"{prefix}aqe:probe:{uuid.uuid4().hex}"
    try:
        # A cluster's node would refuse the rest, if it is addressed like a single server.
        _, cluster = await _all(client, ("PING",), ("INFO", "cluster"))
        if cluster.get("cluster_enabled") and not follow.follows(client):
            raise RedisClusterException("addressed like a single server")
        missing = await _missing(client, key)
    except (RedisError, RedisClusterException, OSError) as error:
        raise translate(error, address) from error
    if missing:
        raise ServiceUnavailable(
            f"{_server(address)} is too old: it lacks {' and '.join(missing)}",
            hint=f"aqe {NEEDED}; without AQE_REDIS_URL it starts its own",
        )


async def _all(client: aredis.Redis, *commands: tuple[str, ...], raises: bool = True) -> list[Any]:
    """The answers to commands that are sent together."""
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[Any] = await pipeline.execute(raise_on_error=raises)
    return answers


async def _missing(client: aredis.Redis, key: str) -> list[str]:
    """What the server lacks; all is asked in one write."""
    functions, created, groups, _ = await _all(
        client,
        ("FUNCTION LIST", "LIBRARYNAME", "aqe"),
        ("XGROUP CREATE", key, "probe", "$", "MKSTREAM"),
        ("XINFO GROUPS", key),
        ("DEL", key),
        raises=False,
    )
    missing = []
    if isinstance(functions, ResponseError):
        missing.append(_unless_unknown(functions, "functions (FUNCTION LIST)"))
    failed = next((answer for answer in (created, groups) if isinstance(answer, ResponseError)), None)
    if isinstance(failed, NoPermissionError) and "run the" in str(failed):
        await client.exists(key)  # who may not write gets no further, but must be able to read here
    elif failed:
        missing.append(_unless_unknown(failed, "consumer groups (XGROUP, XINFO)"))
    elif "lag" not in groups[0]:
        missing.append("the lag of consumer groups (XINFO GROUPS)")
    return missing


def translate(error: Exception, address: str | None = None) -> AqeError:
    """An exception of redis-py as one of ours: what is wrong with which server, and what to do; never a password.

    Args:
        error: what was caught; one of ours is returned as it is.
        address: host and port or socket, where the caller knows it.
    """
    if isinstance(error, AqeError):
        return error
    server = _server(address)
    text = mask_text(" ".join(str(error).split()))
    for kinds, starts, message, hint in _TRANSLATIONS:
        if isinstance(error, kinds) and text.startswith(starts):
            return ServiceUnavailable(message.format(server=server, text=text, reason=_reason(error)), hint=hint)
    return AqeError(f"{server} answers: {text}")


_ANY = ("",)
_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], tuple[str, ...], str, str | None], ...] = (
    # Order matters: the first whose class and first words fit.
    (
        AuthenticationError,
        ("Authentication required", "HELLO must", "NOAUTH"),
        "{server} wants a password",
        "put it into the URL or into the file AQE_REDIS_PASSWORD_FILE names",
    ),
    (
        AuthenticationError,
        ("AUTH <password> called without",),
        "{server} has no password, but one was given",
        "take it out of the URL or unset AQE_REDIS_PASSWORD_FILE",
    ),
    (AuthenticationError, _ANY, "{server} refuses the password or user", "check AQE_REDIS_URL"),
    (NoPermissionError, _ANY, "{server} does not permit it: {text}", "the user needs more rights (ACL SETUSER)"),
    (
        ResponseError,
        ("The user executing the script", "ERR The user executing the script"),
        "{server} does not permit it: {text}",
        "functions run with the rights of who calls them (config/acl/)",
    ),
    (BusyLoadingError, _ANY, "{server} is still loading its data", "try again in a moment"),
    (OutOfMemoryError, _ANY, "{server} has no memory left", "raise its maxmemory or remove data"),
    (ReadOnlyError, _ANY, "{server} is a read-only replica", "give the primary's address, or its sentinels'"),
    (follow.Refusal, ("READONLY",), "{server} is a read-only replica", "give the primary's address, or its sentinels'"),
    (
        follow.Refusal,
        ("NOREPLICAS",),
        "{server} has too few replicas to accept a write",
        "min-replicas-to-write wants more",
    ),
    (follow.Refusal, _ANY, "{server} cannot serve this fleet now: {text}", "look at CLUSTER INFO and at its log"),
    (
        (AskError, ClusterDownError, RedisClusterException),
        _ANY,
        "{server} is a Redis Cluster: {text}",
        "use redis+cluster://HOST:PORT and a named fleet (--fleet NAME), and look at CLUSTER INFO",
    ),
    (ResponseError, ("This instance has cluster support disabled",), "{server} is not a Redis Cluster", "use redis://"),
    (ResponseError, ("MISCONF",), "{server} cannot write to its disk", "look at its log and at the free space"),
    (ResponseError, ("NOREPLICAS",), "{server} has too few replicas to accept a write", None),
    (
        ResponseError,
        ("unknown command", "unknown subcommand", "Unknown subcommand"),
        "{server} is too old: {text}",
        f"aqe {NEEDED}",
    ),
    (InvalidResponse, _ANY, "{server} does not speak Redis's protocol", "is it the right port?"),
    (
        (MasterNotFoundError, AsyncMasterNotFoundError),
        _ANY,
        "no master to be found through {server}",
        "are the sentinels running, and is it the name they know the master by?",
    ),
    (
        (RedisTimeoutError, TimeoutError),
        _ANY,
        "{server} did not answer in time",
        "is it overloaded, behind a firewall, or without the TLS of rediss://?",
    ),
    (
        (RedisConnectionError, OSError),
        _ANY,
        "cannot reach {server}: {reason}",
        "is it running? without AQE_REDIS_URL aqe starts its own",
    ),
)


def _server(address: str | None) -> str:
    return f"the Redis server at {address}" if address else "the Redis server"


def _reason(error: BaseException) -> str:
    """What the operating system said, from the bottom of the chain of causes."""
    text = mask_text(str(error))
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            text = f"TLS: {cause.reason or cause}"
        elif isinstance(cause, OSError) and cause.errno:
            text = os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return text


def _unless_unknown(error: ResponseError, feature: str) -> str:
    """The feature's name when the server does not know the command; any other error goes on."""
    if str(error).lower().startswith(("unknown command", "unknown subcommand", "syntax error")):
        return feature
    raise error


def _target(url: str, settings: Settings) -> RedisUrl:
    target = parse_url(url)
    if target.kind == "cluster" and not settings.prefix:
        raise InputError(
            "a Redis Cluster needs a named fleet, whose keys share one slot", hint="--fleet NAME or AQE_FLEET=NAME"
        )
    return target


def _options(target: RedisUrl, url: str, settings: Settings) -> dict[str, Any]:
    password_file = settings.redis.password_file if url == settings.redis.url else settings.server_password_file
    return {
        "protocol": 2,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "credential_provider": _Credentials(target.username, target.password, password_file),
        # No CLIENT SETINFO: two round trips less a connection, and servers before 7.2 refuse it.
        "driver_info": None,
        **({"ssl": True, **dict(target.tls_options)} if target.tls and target.kind in ("sentinel", "cluster") else {}),
    }


def _primary(
    target: RedisUrl, options: dict[str, Any], settings: Settings
) -> follow.SentinelMaster | follow.SlotOwner | None:
    """Who finds the fleet's server when the URL does not name it."""
    pools = ("parser_class", "retry", "max_connections", "timeout")
    asking = {name: value for name, value in options.items() if name not in pools}
    asking |= {"socket_timeout": follow.ASK_TIMEOUT_S, "socket_connect_timeout": follow.ASK_TIMEOUT_S}
    match target.kind:
        case "sentinel":
            # Sentinels have their own passwords, usually none.
            del asking["credential_provider"]
            return follow.SentinelMaster(target.service, target.hosts, asking)
        case "cluster":
            return follow.SlotOwner(settings.prefix, target.hosts, asking)
        case _:
            return None


def _followers(target: RedisUrl, options: dict[str, Any]) -> dict[str, Any]:
    # The connections' class says that it is TLS.
    return {name: value for name, value in options.items() if name != "ssl"}


def _async_client(target: RedisUrl, options: dict[str, Any], settings: Settings) -> aredis.Redis:
    options = options | {"parser_class": follow.AsyncParser, "timeout": COMMAND_TIMEOUT_S}
    if primary := _primary(target, options, settings):
        kind = follow.AsyncFollowingSSL if target.tls else follow.AsyncFollowing
        return aredis.Redis.from_pool(
            aredis.BlockingConnectionPool(
                connection_class=kind,
                primary=primary,
                db=target.db,
                **_followers(target, options),
            )
        )
    return aredis.Redis.from_pool(aredis.BlockingConnectionPool.from_url(_plain_url(target), **options))


def _plain_url(target: RedisUrl) -> str:
    """URL without credentials, as redis-py reads it."""
    query = "".join(f"&{name}={value}" for name, value in target.tls_options)
    if target.kind == "unix":
        return f"unix://{target.path}?db={target.db}"
    host, port = target.hosts[0]
    host = f"[{host}]" if ":" in host else host
    return f"{'rediss' if target.tls else 'redis'}://{host}:{port}?db={target.db}{query}"


def _retry(retries: int) -> AsyncRetry:
    return AsyncRetry(ExponentialWithJitterBackoff(base=0.05, cap=1), retries)


class _Credentials(CredentialProvider):
    """Asked at each connection, so that a password that was set meanwhile (`aqe up --listen`) is found."""

    def __init__(self, username: str | None, password: str | None, file: Path | None) -> None:
        self._username, self._password, self._file = username, password, file

    def get_credentials(self) -> Any:
        password = self._password
        if password is None and self._file is not None:
            try:
                password = self._file.read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                return ()  # No AUTH is sent.
        return ("default" if self._username is None else self._username, password) if password else ()

    async def get_credentials_async(self) -> Any:
        return self.get_credentials()
