"""Keeping streams small without losing anything that somebody still needs.

An entry goes when it is older than the window and every durable group has acknowledged it (bus.lua decides, in one
step). A group that is not durable and has had no consumer for a day goes, with an event that names what it missed. A
stream near its cap is announced before publishing to it is refused.
"""

from dataclasses import dataclass

from ..core.clock import Clock
from ..core.log import Logger
from ..core.ports import CommandClient
from .bus import EventBus
from .events import Event, GroupExpired, GroupLagging, Payload

KEEP_S = 7 * 86_400.0
"""Entries are kept this long for late readers and replay."""
GROUP_IDLE_S = 86_400.0
LAGGING_SHARE = 0.8
"""Of the cap."""
TRIM_LIMIT = 100_000
"""Entries dropped a stream and round: bounds how long the server is busy with it."""

log = Logger(__name__)


@dataclass(frozen=True)
class Retention:
    """One round a minute; several commanders may run it.

    Args:
        client: asyncio client.
        bus: whose streams.
        clock: time.
        source: who says so, in events.
        keep_s: age up to which entries are kept.
        group_idle_s: time without a consumer after which a group goes.
    """

    client: CommandClient
    bus: EventBus
    clock: Clock
    source: str
    keep_s: float = KEEP_S
    group_idle_s: float = GROUP_IDLE_S

    async def run(self) -> None:
        """Trim, expire, warn."""
        before = f"{int((self.clock.now().timestamp() - self.keep_s) * 1000)}-0"
        for event_type in await self.bus.types():
            stream = self.bus.names.events(event_type)
            if not await self.client.execute_command("EXISTS", stream):
                continue  # somebody deleted it; its name stays in the set
            dropped = await self.bus.functions.call("aqe_trim", [stream], [before, TRIM_LIMIT])
            if dropped:
                log.info("old entries dropped", stream=stream, entries=dropped)
            await self._groups(stream)

    async def _groups(self, stream: str) -> None:
        length = int(await self.client.execute_command("XLEN", stream))
        durable = await self.client.execute_command("SMEMBERS", self.bus.names.durable(stream))
        for group in await self.client.execute_command("XINFO GROUPS", stream):
            name = group["name"].decode()
            if group["name"] in durable:
                await self._warn(stream, name, length, int(group.get("lag") or 0) + int(group["pending"]))
            else:
                await self._expire(stream, name)

    async def _expire(self, stream: str, group: str) -> None:
        idle_ms = int(self.group_idle_s * 1000)
        gone = await self.bus.functions.call("aqe_expire_group", [stream], [group, idle_ms])
        if gone:
            pending, lag = int(gone[0]), int(gone[1])
            logical = self.bus.names.logical(stream)
            log.warning("group expired", stream=logical, group=group, pending=pending, lag=lag)
            missed = GroupExpired(stream=logical, group=group, pending=pending, lag=None if lag < 0 else lag)
            await self._say(missed, group)

    async def _warn(self, stream: str, group: str, length: int, behind: int) -> None:
        cap = self.bus.publisher.cap
        if cap and behind >= LAGGING_SHARE * cap:
            payload = GroupLagging(stream=self.bus.names.logical(stream), group=group, length=length, cap=cap)
            await self._say(payload, group)

    async def _say(self, payload: Payload, group: str) -> None:
        await self.bus.publish(Event.of(payload, source=self.source, time=self.clock.now(), subject=group))
