"""The memory store: JSON at `aqe/...` keys, with version, writer and time beside it and an index for globs.

The string at a key is the value itself, so `GET aqe/deployment/decision` in any client prints the decision. Version,
time, writer and task stand in `aqe:meta:<key>`, names in the sorted set `aqe:keys`. Everything is written by the
server-side library in one step (memory.lua); a bare SET by somebody else is read at once and found by globs after the
next re-index.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from types import TracebackType
from typing import Any, Self

from redis.exceptions import RedisError, ResponseError

from ..core.errors import InputError, ServiceUnavailable
from ..core.ports import CommandClient, Functions
from ..core.records.base import Record, encode
from ..core.writes import Write
from ..core.writes import encode as encode_writes
from .values import check_key, decode

PAGE_NAMES = 1000
"""Index entries looked at per call of a glob query: bounds how long the server is busy with one."""
MAX_TTL_S = 1e10
"""300 years; the same in memory.lua."""


class MemoryRecord(Record):
    """A value with what is known of its writing; version 0 = written by a bare SET."""

    key: str
    value: Any
    version: int
    updated_at: datetime | None
    updated_by: str | None
    task: str | None


class MemoryStore:
    """Store, retrieve, append and find values.

    Args:
        client: asyncio Redis client that returns bytes.
        functions: the server-side library.
        prefix: the fleet's key prefix, "" or "{name}".
        writer: who writes, for the metadata: an agent's id, "cli".
    """

    def __init__(self, client: CommandClient, functions: Functions, *, prefix: str = "", writer: str = "aqe") -> None:
        self._client = client
        self._functions = functions
        self._prefix = prefix
        self._writer = writer
        self._index = f"{prefix}aqe:keys"

    async def store(
        self,
        key: str,
        value: object,
        *,
        ttl_s: float | None = None,
        expected_version: int | None = None,
        task: str = "",
    ) -> int:
        """Write a value; returns its new version, from 1.

        Args:
            key: logical name, `aqe/...`.
            value: record or JSON value; at most 1 MB as text.
            ttl_s: seconds until it expires, > 0; None = never.
            expected_version: write only if this is the stored version (0 = no value yet); None = whatever is there.
            task: id of the task on whose behalf, for the metadata.

        Raises:
            ConflictError: another version is stored.
            ValueTooLargeError: over 1 MB; bulk data belongs in a dataset.
        """
        write = self.prepare_store(key, value, ttl_s=ttl_s, expected_version=expected_version, task=task)
        return int((await self.apply([write]))[0])

    async def append(self, key: str, item: object, *, task: str = "") -> int:
        """Add an item to a history (never rewritten whole); returns its new length."""
        return int((await self.apply([self.prepare_append(key, item, task=task)]))[0])

    async def delete(self, key: str) -> bool:
        """Remove value, metadata and index entry; True when there was a value."""
        # Not a commit: it must also work when the server has no memory left.
        return bool(await self._functions.call("aqe_delete", [self._physical(key)], []))

    def prepare_store(
        self,
        key: str,
        value: object,
        *,
        ttl_s: float | None = None,
        expected_version: int | None = None,
        task: str = "",
    ) -> Write:
        """`store` as a value, to be sent in a transaction or with a task's acknowledgement."""
        if ttl_s is not None and not 0 < ttl_s <= MAX_TTL_S:
            raise InputError(f"ttl_s of {key} is {ttl_s}, expected seconds > 0 or None for never")
        ttl_ms = "" if ttl_s is None else str(max(1, round(ttl_s * 1000)))
        version = "" if expected_version is None else str(expected_version)
        return Write("store", self._physical(key), (encode(value), ttl_ms, version, self._writer, task))

    def prepare_append(
        self, key: str, item: object, *, task: str = "", expected_length: int | None = None, newest: int | None = None
    ) -> Write:
        """`append` as a value.

        Args:
            expected_length: refuse (ConflictError) unless the history has so many items when the writes are checked;
                None = append to whatever is there.
            newest: how many items are kept, >= 1; older ones are cut off. None = all.
        """
        length = "" if expected_length is None else str(expected_length)
        kept = "" if newest is None else str(newest)
        return Write("append", self._physical(key), (encode(item), self._writer, task, length, kept))

    def prepare_delete(self, key: str) -> Write:
        """`delete` as a value."""
        return Write("delete", self._physical(key))

    def transaction(self) -> "Transaction":
        """Several writes, all or none: append prepared writes to it inside `async with`."""
        return Transaction(self)

    async def retrieve(self, key: str) -> Any:
        """The value, or None when there is none; a history comes as a list."""
        return decode(await self.retrieve_raw(key), key)

    async def retrieve_raw(self, key: str) -> bytes | list[bytes] | None:
        """The JSON text as stored; a history as a list of texts."""
        physical = self._physical(key)
        try:
            raw: bytes | None = await self._client.execute_command("GET", physical)
            return raw
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
        try:
            history: list[bytes] = await self._client.execute_command("LRANGE", physical, 0, -1)
        except ResponseError as error:
            raise InputError(f"{key} holds neither a value nor a history") from error
        return history

    async def tail(self, key: str, count: int) -> tuple[int, list[Any]]:
        """How many items a history has, and the last `count` (>= 1) of them; the items may be newer than the number."""
        physical = self._physical(key)
        length = int(await self._client.execute_command("LLEN", physical))
        return length, decode(await self._client.execute_command("LRANGE", physical, -count, -1), key)

    async def items_from(self, key: str, start: int) -> list[bytes]:
        """The JSON texts of a history's items from this place on, 0 = the first."""
        found: list[bytes] = await self._client.execute_command("LRANGE", self._physical(key), start, -1)
        return found

    async def ttl_s(self, key: str) -> float | None:
        """Seconds until the key expires; None = never, or there is none."""
        left_ms = int(await self._client.execute_command("PTTL", self._physical(key)))
        return left_ms / 1000 if left_ms >= 0 else None

    async def retrieve_record(self, key: str) -> MemoryRecord | None:
        """The value with its metadata."""
        # One call: a version read apart from its value would let a stale reader pass for a fresh one.
        raw, flat = await self._functions.call("aqe_record", [self._physical(key)], [])
        if raw is None:
            return None
        meta = dict(zip(flat[::2], flat[1::2], strict=True))
        at = meta.get(b"at")
        return MemoryRecord(
            key=key,
            value=decode(raw, key),
            version=int(meta.get(b"v", 0)),
            updated_at=datetime.fromtimestamp(float(at), UTC) if at else None,
            updated_by=(meta.get(b"by") or b"").decode() or None,
            task=(meta.get(b"task") or b"").decode() or None,
        )

    async def retrieve_pattern(self, glob: str) -> dict[str, Any]:
        """Name -> value of all keys that match, in order of name; see `keys` for the glob."""
        found = [
            (name, decode(raw, name))
            async for names, values in self._pages("aqe_values", glob)
            for name, raw in zip(map(_text, names), values, strict=True)
            if name is not None and raw is not None
        ]
        return dict(sorted(found, key=itemgetter(0)))

    async def keys(self, glob: str) -> list[str]:
        """Names that match Redis's own glob: `*` also crosses `/`, `?`, `[a-z]`, `[^a]`, `\\` escapes.

        Served from the index: the cost follows the names that share the pattern's literal beginning.
        """
        return sorted([
            name async for names, _ in self._pages("aqe_keys", glob) for name in map(_text, names) if name is not None
        ])  # fmt: skip

    async def reindex(self) -> tuple[int, int]:
        """Bring the index in line with the keys: adds what a bare SET wrote, drops what expired.

        Returns:
            Names added, names removed.
        """
        added = removed = 0
        async for names in self._scan("SCAN", "MATCH", f"{_escape(self._prefix)}aqe/*"):
            more, _ = await self._reindex([name[len(self._prefix) :] for name in names])
            added += more
        async for names in self._scan("ZSCAN", self._index):
            _, gone = await self._reindex(names)
            removed += gone
        return added, removed

    async def _reindex(self, names: list[str]) -> tuple[int, int]:
        if not names:
            return 0, 0
        added, removed = await self._functions.call("aqe_reindex", [self._index], names)
        return int(added), int(removed)

    async def _scan(self, command: str, *args: str) -> AsyncIterator[list[str]]:
        key, options = (args[:1], args[1:]) if command == "ZSCAN" else ((), args)
        cursor: int | bytes = 0
        while True:
            answer = await self._client.execute_command(command, *key, cursor, *options, "COUNT", PAGE_NAMES)
            cursor, rows = answer
            # redis-py pairs the rows of ZSCAN: name and score.
            names = [_text(row[0] if isinstance(row, tuple) else row) for row in rows]
            yield [name for name in names if name is not None]
            if int(cursor) == 0:
                return

    async def _pages(self, function: str, glob: str) -> AsyncIterator[tuple[list[bytes], list[Any]]]:
        """Names, and the values where the function gives them."""
        start = b""
        while True:
            start, names, *values = await self._functions.call(function, [self._index], [glob, start, PAGE_NAMES])
            yield names, values[0] if values else []
            if not start:
                return

    async def apply(self, writes: Sequence[Write]) -> list[Any]:
        """Send prepared writes in one transaction; returns their results in order."""
        try:
            results: list[Any] = await self._functions.call(
                "aqe_commit", [self._index], ["", "", "", "0", *encode_writes(writes)]
            )
        except RedisError as error:
            raise ServiceUnavailable(f"memory: {error}") from error
        return results

    def _physical(self, key: str) -> str:
        return self._prefix + check_key(key)


class Transaction(list[Write]):
    """Prepared writes that are sent when the block ends without an exception."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._store = store

    async def __aenter__(self) -> Self:
        """The list itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send, unless the block failed."""
        if error is None and self:
            await self._store.apply(self)


def _text(name: bytes) -> str | None:
    """A name as text; None for what no program of ours can have written."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
