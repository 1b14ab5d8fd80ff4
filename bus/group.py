"""One consumer of one group over some streams: read, take over, retry, acknowledge, leave.

The primitives that subscriptions and task lanes share. Who owns an entry is Redis's own pending list; every change of
ownership that matters is decided on the server (bus.lua), never by what this process believes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import AskError, ClusterError, ReadOnlyError, ResponseError, TimeoutError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from ..core.errors import AqeError
from ..core.ports import CommandClient, Functions
from ..core.writes import Write
from .commit import commit_entry
from .wire import Command, Wire

SERVER_GONE: tuple[type[Exception], ...] = (
    RedisConnectionError,
    TimeoutError,
    # Connections of fleet/servers/connect.py turn these into connection errors; a plain client of redis-py does not.
    ReadOnlyError,
    ClusterError,
    AskError,
    TryAgainError,
)
"""What a command raises when no server answers, or one that is not (any more) the primary; the work is repeated."""
SERVER_TROUBLE: tuple[type[Exception], ...] = (*SERVER_GONE, AqeError)
"""The same, and what the function library makes of it."""
CLAIM_PAGE = 100
"""Stale entries taken over per call; calls repeat until there are none."""
ANY_LEASE_MS = 86_400_000
"""Idle time that is past the lease of whoever looks: what is given back is taken at once."""
UNDELIVERED = 10_000
"""Pending entries of its own that a consumer looks through; far above any batch."""
_LAST_SEQUENCE = 2**64 - 1
SWEEP_IDLE_MS = 600_000
"""A consumer's name goes when it has nothing pending and was not heard of for this long."""


@dataclass(slots=True)
class Entry:
    """A stream entry in our hands."""

    stream: str
    id: str
    fields: dict[bytes, bytes]
    attempts: int = 1
    """Deliveries as Redis counts them, this one included."""
    counted: bool = True
    """False = taken over: whoever starts on it calls `count_retry` first."""


@dataclass
class GroupConsumer:
    """A named consumer.

    Args:
        client: asyncio client for blocking reads (returns bytes, socket timeout above the block time).
        wire: over that client.
        functions: the server-side library.
        group, consumer: names; the consumer's must be unique to this process.
        lease_s: an entry idle for longer may be taken over by another consumer.
        start: where a new group begins: "0" = everything kept, "$" = only what comes.
    """

    client: CommandClient
    wire: Wire
    functions: Functions
    group: str
    consumer: str
    lease_s: float
    start: str = "0"
    acked: dict[str, str] = field(default_factory=dict)
    """Stream -> where a lost group is made again: the highest id acknowledged here, else where it stood at first."""
    _unsure: set[str] = field(default_factory=set)
    """Streams under whose read the connection broke: what was delivered then is ours, and we have not seen it."""

    async def ensure(self, streams: Iterable[str]) -> list[str]:
        """Make the group on every stream where it is missing; returns the streams where it was made."""
        made = []
        for stream in streams:
            try:
                start = self.acked.get(stream, self.start)
                await self.client.execute_command("XGROUP CREATE", stream, self.group, start, "MKSTREAM")
                made.append(stream)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            if stream not in self.acked:
                self.acked[stream] = await self._position(stream)
        return made

    async def _position(self, stream: str) -> str:
        """Up to where the group has acknowledged everything."""
        pending = await self.client.execute_command("XPENDING", stream, self.group)
        if pending["pending"]:
            return preceding(pending["min"].decode())
        groups = await self.client.execute_command("XINFO GROUPS", stream)
        return next((g["last-delivered-id"].decode() for g in groups if g["name"] == self.group.encode()), "0-0")

    async def read(
        self, streams: Sequence[str], *, count: int, block_ms: int | None, acks: dict[str, list[str]] | None = None
    ) -> list[Entry]:
        """New entries of any of the streams; finished ones are acknowledged in the same write.

        Args:
            streams: physical names; the group must exist on all.
            count: at most this many a stream.
            block_ms: how long to wait for one; None = do not wait.
            acks: stream -> ids to acknowledge.

        Raises:
            ResponseError: NOGROUP or UNBLOCKED: call `ensure` and read again.
        """
        reading: list[str | int] = ["XREADGROUP", "GROUP", self.group, self.consumer, "COUNT", count]
        if block_ms is not None:
            reading += ["BLOCK", block_ms]
        reading += ["STREAMS", *streams, *([">"] * len(streams))]
        try:
            answer = await self.wire.last((*self._acknowledging(acks or {}), reading))
        except SERVER_GONE:
            self._unsure.update(streams)
            raise
        self.note(acks)
        return _entries(answer)

    async def acknowledge(self, acks: dict[str, list[str]]) -> None:
        """Acknowledge at once, without reading."""
        await self.wire.last(self._acknowledging(acks))
        self.note(acks)

    def _acknowledging(self, acks: dict[str, list[str]]) -> list[Command]:
        return [("XACK", stream, self.group, *ids) for stream, ids in acks.items()]

    async def take_over(
        self, streams: Iterable[str], mine: set[tuple[str, str]], *, limit: int | None = None
    ) -> list[Entry]:
        """Entries whose owner has not renewed its lease, now ours, and ours whose delivery got lost; all in one pass.

        Args:
            streams: physical names.
            mine: (stream, id) held by this very consumer, never taken from itself.
            limit: take no more than so many from others; None = all.

        Raises:
            ResponseError: NOGROUP: call `ensure`.
        """
        taken: list[Entry] = []
        for stream in streams:
            taken += await self._undelivered(stream, mine)
            cursor = "0-0"
            while limit is None or len(taken) < limit:
                page = CLAIM_PAGE if limit is None else min(CLAIM_PAGE, limit - len(taken))
                cursor, rows = await self._claim(stream, cursor, page)
                for entry_id, flat, deliveries in rows:
                    if (stream, entry_id.decode()) not in mine:
                        taken.append(Entry(stream, entry_id.decode(), _fields(flat), deliveries + 1, counted=False))
                if cursor == "0-0":
                    break
        return taken

    async def _undelivered(self, stream: str, mine: set[tuple[str, str]]) -> list[Entry]:
        if stream not in self._unsure:
            return []
        found = []
        rows = await self.client.execute_command(
            "XPENDING", stream, self.group, "-", "+", UNDELIVERED, self.consumer, parse_detail=True
        )
        for row in rows:  # not XREADGROUP from 0: that would count one more delivery of everything in hand
            entry_id = row["message_id"].decode()
            if (stream, entry_id) not in mine:
                for _, fields in await self.client.execute_command("XRANGE", stream, entry_id, entry_id):
                    found.append(Entry(stream, entry_id, fields, row["times_delivered"]))
        self._unsure.discard(stream)
        return found

    async def _claim(self, stream: str, cursor: str, count: int) -> tuple[str, list[Any]]:
        arguments: list[str | bytes | int] = [self.group, self.consumer, int(self.lease_s * 1000), cursor, count]
        try:
            after, rows = await self.functions.call("aqe_take_over", [stream], arguments)
        except AqeError as error:
            if group_is_gone(error):
                raise ResponseError(str(error)) from error
            raise
        return after.decode(), rows

    async def commit(self, entry: Entry, writes: Sequence[Write], *, delete: bool = False) -> list[object]:
        """Writes and acknowledgement in one transaction; returns the writes' results.

        Args:
            delete: also remove the entry from its stream (task lanes: nobody else reads it).

        Raises:
            FencedOutError: the entry is somebody else's by now; nothing was applied.
        """
        results = await commit_entry(
            self.functions, entry.stream, self.group, self.consumer, entry.id, writes, delete=delete
        )
        self.note({entry.stream: [entry.id]})
        return results

    async def count_retry(self, entry: Entry) -> bool:
        """Count one more delivery of an entry of ours; False when it is somebody else's now."""
        attempts = int(await self.functions.call("aqe_retry", [entry.stream], [self.group, self.consumer, entry.id]))
        entry.attempts, entry.counted = attempts, True
        return attempts > 0

    async def leave(self, streams: Iterable[str]) -> int:
        """Hand back what is still ours, so that it is taken at once, and remove our name; returns how many."""
        handed = 0
        for stream in streams:
            handed += await self.functions.call("aqe_hand_back", [stream], [self.group, self.consumer, ANY_LEASE_MS])
        return handed

    async def sweep(self, streams: Iterable[str]) -> None:
        """Remove names of consumers that died with nothing pending."""
        idle_ms = max(SWEEP_IDLE_MS, int(self.lease_s * 10_000))
        for stream in streams:
            await self.functions.call("aqe_sweep_consumers", [stream], [self.group, idle_ms])

    def note(self, acks: dict[str, list[str]] | None) -> None:
        """Remember the highest ids that are done."""
        for stream, ids in (acks or {}).items():
            self.acked[stream] = max([self.acked.get(stream, "0-0"), *ids], key=entry_order)


def entry_order(entry_id: str) -> tuple[int, int]:
    """Stream entry ids in their true order: as numbers, not as text."""
    time_ms, _, sequence = entry_id.partition("-")
    return int(time_ms), int(sequence or 0)


def preceding(entry_id: str) -> str:
    """The id just before."""
    time_ms, sequence = entry_order(entry_id)
    return f"{time_ms}-{sequence - 1}" if sequence else f"{max(time_ms - 1, 0)}-{_LAST_SEQUENCE if time_ms else 0}"


def group_is_gone(error: Exception) -> bool:
    """True when the answer says that group or stream disappeared under a reader."""
    # Not only at its beginning: redis-py wraps an answer to one of several commands.
    text = str(error)
    return "NOGROUP" in text or "UNBLOCKED" in text or "no longer exists" in text


# The clients speak RESP2 (fleet/servers/connect.py): a list of [stream, [[id, [name, value, ...]], ...]]; for an entry
# that was deleted while it was pending, nothing in place of its fields.
def _entries(answer: list[Any] | None) -> list[Entry]:
    return [
        Entry(stream.decode(), entry_id.decode(), _fields(flat))
        for stream, rows in answer or ()
        for entry_id, flat in rows
    ]


def _fields(flat: list[bytes] | None) -> dict[bytes, bytes]:
    parts = iter(flat or ())
    return dict(zip(parts, parts, strict=True))
