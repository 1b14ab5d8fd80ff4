"""The server-side function library `aqe`: loaded once per server, called for every write."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from ...core.errors import (
    AqeError,
    ConflictError,
    FencedOutError,
    InputError,
    ServiceUnavailable,
    StreamFullError,
    ValueTooLargeError,
)
from ...core.ports import CommandClient
from .connect import translate

ROOT = Path(__file__).parents[2]
PARTS = ("memory/memory.lua", "bus/bus.lua")
"""Joined in this order: the second part uses names of the first."""
READERS = ("aqe_keys", "aqe_values", "aqe_record")
"""Functions that write nothing: called by FCALL_RO, for which the right to read is enough."""
ANSWERS: dict[str, type[AqeError]] = {
    "CONFLICT": ConflictError,
    "FENCED": FencedOutError,
    "NOTJSON": InputError,
    "STREAMFULL": StreamFullError,
    "TOOLARGE": ValueTooLargeError,
    "WRONGKIND": InputError,
}
"""First word of an error answer -> what it is for a caller."""


@cache
def source() -> str:
    """The library's text; its digest stands in it, so that a changed library is seen to differ."""
    body = "\n".join((ROOT / part).read_text(encoding="utf-8") for part in PARTS)
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f"#!lua name=aqe\n-- {digest}\n{body}"


def load_sync(client: Redis) -> None:
    """Load the library over a blocking connection (`aqe up`, doctor)."""
    client.function_load(source(), replace=True)


def is_current(listing: Any) -> bool:
    """True when FUNCTION LIST ... WITHCODE shows this very library."""
    return source().split("\n", 2)[1].encode() in repr(listing).encode()


class Library:
    """Calls functions of the library; loads it where a server has none (fresh, new shard, FUNCTION FLUSH).

    Replicas get it from their primary, so a fail-over needs nothing.

    Args:
        client: asyncio client that returns bytes.
    """

    def __init__(self, client: CommandClient) -> None:
        self._client = client

    async def load(self) -> None:
        """Load or replace; safe to call from many processes at once.

        Raises:
            ServiceUnavailable: no answer; or this user may not load it, and the server does not have it.
        """
        try:
            await self._client.execute_command("FUNCTION LOAD", "REPLACE", source())
        except NoPermissionError as error:
            if not await self._is_there():
                raise ServiceUnavailable(
                    "the Redis server lacks the function library of aqe, and this user may not load it",
                    hint="`aqe up` and the commander load it; their user needs +function|load",
                ) from error
        except RedisError as error:
            raise translate(error) from error

    async def _is_there(self) -> bool:
        try:
            return is_current(await self._client.execute_command("FUNCTION LIST", "LIBRARYNAME", "aqe", "WITHCODE"))
        except RedisError:
            return False

    async def call(self, name: str, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """See core/ports.Functions."""
        command = ("FCALL_RO" if name in READERS else "FCALL", name, len(keys), *keys, *args)
        try:
            return await self._client.execute_command(*command)
        except ResponseError as error:
            if "Function not found" not in str(error):
                raise answer(error) from error
        except RedisError as error:
            raise translate(error) from error
        await self.load()
        try:
            return await self._client.execute_command(*command)
        except ResponseError as error:
            raise answer(error) from error
        except RedisError as error:
            raise translate(error) from error


def answer(error: ResponseError) -> AqeError:
    """A function's error answer as the error a caller can act on."""
    text = str(error)
    word, _, detail = text.partition(" ")
    if word in ANSWERS:
        # Redis appends " script: ..." to answers of scripts; the caller has no use for it.
        return ANSWERS[word](detail.split(" script: ", 1)[0])
    return translate(error)
