"""Seeing values change as they change.

Every write of the library names its key on the channel `aqe:changed`. A bare SET by somebody else does not, and what
changes while the connection is down is not repeated: watching is for people and caches; work belongs on the bus.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ..core.errors import ServiceUnavailable
from ..core.globs import compile_glob
from ..core.log import Logger
from ..core.ports import CommandClient
from .store import MemoryRecord, MemoryStore

RECONNECT_S = 0.5
TROUBLE = (RedisConnectionError, RedisTimeoutError, ServiceUnavailable)

log = Logger(__name__)


class Gone(MemoryRecord):
    """A key that was deleted; its value is null."""


async def watch(
    store: MemoryStore, client: CommandClient, glob: str, *, prefix: str = ""
) -> AsyncIterator[MemoryRecord]:
    """Records as they are written or deleted (`Gone`), for ever, also over restarts and fail-overs of the server.

    Args:
        store: where to read the new value.
        client: asyncio client.
        glob: which keys.
        prefix: the fleet's.
    """
    pattern = compile_glob(glob)
    while True:
        try:
            async with aclosing(_changed(client, prefix)) as names:
                async for name in names:
                    if pattern.fullmatch(name):
                        record = await store.retrieve_record(name)
                        yield record or Gone(
                            key=name, value=None, version=0, updated_at=None, updated_by=None, task=None
                        )
        except TROUBLE as error:
            log.warning("watching waits for the server", error=str(error))
            await asyncio.sleep(RECONNECT_S)


async def changed_names(client: CommandClient, *, prefix: str = "") -> AsyncIterator[str]:
    """Names of keys as they are written or deleted, for ever; as `watch`, for who reads the values elsewhere."""
    while True:
        try:
            async with aclosing(_changed(client, prefix)) as names:
                async for name in names:
                    yield name
        except TROUBLE as error:
            log.warning("watching waits for the server", error=str(error))
            await asyncio.sleep(RECONNECT_S)


async def _changed(client: CommandClient, prefix: str) -> AsyncGenerator[str, None]:
    async with client.pubsub() as subscription:
        await subscription.subscribe(f"{prefix}aqe:changed")
        async for message in subscription.listen():
            if message["type"] == "message":
                yield message["data"].decode()
