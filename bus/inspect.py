"""Looking at streams without taking part: lengths, how far each group is, raw entries as they come."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from ..core.clock import Clock
from ..core.log import Logger
from ..core.ports import CommandClient
from ..core.records.base import Record
from .events import matching_types
from .group import SERVER_GONE, entry_order
from .names import StreamNames, valid_types
from .subscription import BLOCK_MS

PAGE = 500
"""Entries read at once from each stream."""
RECONNECT_S = 0.5
"""Pause while the server cannot be reached."""

log = Logger(__name__)


class StreamInfo(Record):
    """One stream."""

    stream: str
    """Logical name."""
    entries: int
    last_id: str | None
    """Entry id of the newest; its first part is the server's time in ms."""
    refused: int
    """Publishes that were refused because the stream was full."""
    dropped: int = 0
    """Of a dead-letter stream: older letters that are gone because there were too many."""


class GroupInfo(Record):
    """One consumer group on one stream."""

    group: str
    stream: str
    consumers: int
    pending: int
    """Entries handed out and not acknowledged."""
    lag: int | None
    """Entries not handed out yet; None = the server cannot say."""
    oldest_pending_s: float | None
    """Age of the oldest pending entry, seconds; None = nothing is pending."""


class RawEntry(NamedTuple):
    """A stream entry as it stands there."""

    stream: str
    """Logical name."""
    id: str
    fields: dict[bytes, bytes]


async def stream_infos(client: CommandClient, names: StreamNames, streams: Sequence[str]) -> list[StreamInfo]:
    """Those of the streams (physical names) that exist."""
    pipeline = client.pipeline(transaction=False)
    for stream in streams:
        pipeline.execute_command("EXISTS", stream)
        pipeline.execute_command("XLEN", stream)
        pipeline.execute_command("XREVRANGE", stream, "+", "-", "COUNT", 1)
        pipeline.execute_command("HGET", names.refused, names.logical(stream))
        pipeline.execute_command("HGET", names.dropped, names.logical(stream))
    answers = iter(await pipeline.execute() if streams else [])
    return [
        StreamInfo(
            stream=names.logical(stream),
            entries=entries,
            last_id=_text(newest[0][0]) if newest else None,
            refused=int(refused or 0),
            dropped=int(dropped or 0),
        )
        for stream, there, entries, newest, refused, dropped in zip(streams, *[answers] * 5, strict=True)
        if there
    ]


async def group_infos(client: CommandClient, names: StreamNames, streams: Sequence[str]) -> list[GroupInfo]:
    """All groups on the streams (physical names)."""
    seconds, _ = await client.execute_command("TIME")
    found = []
    for info in await stream_infos(client, names, streams):
        stream = f"{names.prefix}{info.stream}"
        for group in await client.execute_command("XINFO GROUPS", stream):
            name = _text(group["name"])
            oldest = (await client.execute_command("XPENDING", stream, name))["min"] if group["pending"] else None
            found.append(
                GroupInfo(
                    group=name,
                    stream=info.stream,
                    consumers=group["consumers"],
                    pending=group["pending"],
                    lag=group.get("lag"),
                    oldest_pending_s=max(0.0, seconds - entry_order(_text(oldest))[0] / 1000) if oldest else None,
                )
            )
    return found


async def raw_tail(
    commands: CommandClient,
    blocking: CommandClient,
    names: StreamNames,
    wanted: str | Sequence[str],
    *,
    start: str,
    follow: bool,
    clock: Clock,
) -> AsyncIterator[RawEntry]:
    """Entries of the event streams whose type matches, in order of their ids over all streams.

    Nothing is decoded, so that an entry somebody else wrote badly does not end it.

    Args:
        commands, blocking: asyncio clients; the second may be waited on for BLOCK_MS.
        wanted: a glob over event types, or names of types, which need not have been seen yet.
        start: "$" = only new ones, "0" = all that is kept, or an entry id: what comes after it.
        follow: wait for more, also for a server that is away; False = end with what is there.
    """
    positions: dict[str, str] = {}
    first = True
    while True:
        try:
            types = wanted
            if isinstance(wanted, str):
                types = matching_types(wanted, valid_types(await commands.execute_command("SMEMBERS", names.types)))
            for stream in map(names.events, types):
                if stream not in positions:
                    # A type that appears while tailing is new altogether: nothing of it may be missed.
                    positions[stream] = await _position(commands, stream, start) if first else "0-0"
            first = False
            rows = await _read(blocking, positions, follow) if positions else []
        except SERVER_GONE as error:
            if not follow:
                raise
            log.warning("waits for the server", error=str(error))
            await clock.sleep(RECONNECT_S)
            continue
        # asyncio.wait_for of Python 3.11, which redis-py puts around each command, swallows a cancellation that comes
        # at the very moment of the answer: who follows for ever would never end.
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError
        for stream, entry_id, fields in rows:
            positions[stream] = entry_id
            yield RawEntry(names.logical(stream), entry_id, fields)
        if not rows:
            if not follow:
                return
            if not positions:
                await clock.sleep(BLOCK_MS / 1000)


async def _read(client: CommandClient, positions: dict[str, str], follow: bool) -> list[tuple[str, str, Any]]:
    wait = ("BLOCK", BLOCK_MS) if follow else ()
    answer = await client.execute_command("XREAD", "COUNT", PAGE, *wait, "STREAMS", *positions, *positions.values())
    pages = {stream.decode(): rows for stream, rows in answer or ()}
    # What comes after a full page is not known yet: entries of other streams beyond its end wait for the next round.
    ends = [entry_order(rows[-1][0].decode()) for rows in pages.values() if len(rows) == PAGE]
    found = [
        (stream, entry_id.decode(), fields or {})
        for stream, rows in pages.items()
        for entry_id, fields in rows
        if not ends or entry_order(entry_id.decode()) <= min(ends)
    ]
    return sorted(found, key=lambda row: entry_order(row[1]))


async def _position(client: CommandClient, stream: str, start: str) -> str:
    if start != "$":
        return start
    newest = await client.execute_command("XREVRANGE", stream, "+", "-", "COUNT", 1)
    return newest[0][0].decode() if newest else "0-0"


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
