"""Task lanes: one stream a priority per agent type, the higher read first, the lower not starved.

An entry holds only `taskId`; the task itself is a record in memory. What an agent takes stays its own by lease, and
goes to another one within the lease plus a second when it dies.
"""

from collections import deque
from collections.abc import Sequence

from redis.exceptions import ResponseError

from ..core.clock import Clock
from ..core.errors import FencedOutError
from ..core.records.tasks import Priority
from ..core.writes import Write
from .group import Entry, GroupConsumer, group_is_gone
from .names import StreamNames
from .publisher import DEDUPE_WINDOW_MS

GROUP = "agents"
FAIR_EVERY = 8
"""Every so many picks the lanes are looked at from the lowest up: a lower lane gets at least this share."""
UPKEEP_S = 1.0


def enqueue(names: StreamNames, agent_type: str, priority: Priority, task_id: str) -> Write:
    """The write that puts a task into its lane; doing it twice adds it once."""
    return into_lane(names.lane(agent_type, priority), task_id)


def into_lane(lane: str, task_id: str, *, again: str = "") -> Write:
    """The same for a lane given by its physical name.

    Args:
        again: sets a second time apart from the first, for a task that was given up on.
    """
    return Write("enqueue", lane, (f"lane:{lane}:{task_id}:{again}", str(DEDUPE_WINDOW_MS), "taskId", task_id))


class LaneConsumer:
    """Takes tasks one by one.

    Args:
        consumer: a consumer of the group `agents`.
        lanes: physical stream names, highest priority first.
        clock: time.
    """

    def __init__(self, consumer: GroupConsumer, lanes: Sequence[str], clock: Clock) -> None:
        self.group = consumer.group
        self.consumer = consumer.consumer
        self.lease_s = consumer.lease_s
        self._reader = consumer
        self._lanes = list(lanes)
        self._clock = clock
        self._buffer: deque[Entry] = deque()
        self._held: dict[tuple[str, str], Entry] = {}
        self._picks = 0
        self._upkeep_at = 0.0
        self._made = False

    def held(self) -> dict[str, list[str]]:
        """For the lease keeper."""
        out: dict[str, list[str]] = {}
        for stream, entry_id in list(self._held):
            out.setdefault(stream, []).append(entry_id)
        return out

    def lost(self, stream: str, ids: list[str]) -> None:
        """For the lease keeper: the commit will find out; only what was not started is forgotten here."""
        for entry_id in ids:
            self._held.pop((stream, entry_id), None)

    async def next(self, wait_s: float) -> Entry | None:
        """The next task entry, or None after `wait_s` seconds without one."""
        try:
            return await self._next(wait_s)
        except ResponseError as error:
            if not group_is_gone(error):
                raise
            # What lies in a lane is not done, whoever had it: a group that is made again begins at the beginning.
            self._reader.acked.clear()
            self._forget()
            await self._reader.ensure(self._lanes)
            return None

    async def _next(self, wait_s: float) -> Entry | None:
        if not self._made:
            await self._reader.ensure(self._lanes)
            self._made = True
        if not self._buffer:
            await self._poll()
        if not self._buffer:
            wait_ms = max(1, int(min(wait_s, UPKEEP_S) * 1000))
            self._hold(await self._reader.read(self._lanes, count=1, block_ms=wait_ms))
        while self._buffer:
            entry = self._buffer[0]  # stays there when the server goes away under it
            key = (entry.stream, entry.id)
            if key in self._held and not entry.counted and not await self._reader.count_retry(entry):
                self._held.pop(key, None)
            self._buffer.popleft()
            if key in self._held:
                return entry
        return None

    async def finish(self, entry: Entry, writes: Sequence[Write]) -> None:
        """Apply the task's effects and take the entry out of its lane, in one step.

        Raises:
            FencedOutError: somebody else took the task over; nothing was applied.
        """
        try:
            await self._reader.commit(entry, writes, delete=True)
        except FencedOutError:
            self._held.pop((entry.stream, entry.id), None)
            raise
        self._held.pop((entry.stream, entry.id), None)

    def put_back(self, entry: Entry) -> None:
        """Hand out an entry again that the server's absence kept from being finished; no attempt is counted."""
        self._held[(entry.stream, entry.id)] = entry
        self._buffer.appendleft(entry)

    async def again(self, entry: Entry) -> bool:
        """Count one more attempt of an entry in hand; False when it is somebody else's now."""
        return await self._reader.count_retry(entry)

    async def leave(self) -> None:
        """Hand back what was not finished."""
        self._forget()
        if self._made:
            await self._reader.leave(self._lanes)

    def _forget(self) -> None:
        self._held.clear()
        self._buffer.clear()

    async def _poll(self) -> None:
        """One entry of the first lane that has any, a dead agent's before a new one.

        Never more than one: a second would wait behind the first while other agents are idle.
        """
        self._picks += 1
        now = self._clock.monotonic_s()
        upkeep = now >= self._upkeep_at
        for lane in self._lanes[::-1] if self._picks % FAIR_EVERY == 0 else self._lanes:
            if upkeep:
                self._hold(await self._reader.take_over([lane], set(self._held), limit=1))
            if not self._buffer:
                self._hold(await self._reader.read([lane], count=1, block_ms=None))
            if self._buffer:
                return
        if upkeep:
            await self._reader.sweep(self._lanes)
            self._upkeep_at = now + min(UPKEEP_S, self.lease_s / 5)

    def _hold(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._held[(entry.stream, entry.id)] = entry
        self._buffer.extend(entries)
