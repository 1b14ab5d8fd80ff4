"""A subscription: events of some types to one handler, at least once, in order per stream.

The loop reads up to a batch, has a crew of one or more (crew.py) call the handler for each event, and acknowledges what
is done together with the next read: per-message handlers at the price of a batch. What fails is set aside and tried
again with growing pauses while the rest goes on; what fails too often, or cannot be read, becomes a dead letter.
Entries of a consumer that died are taken over once its lease has run out, on busy and on idle streams alike.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from redis.exceptions import ResponseError

from ..core.clock import Clock
from ..core.errors import AqeError, FencedOutError, ServiceUnavailable
from ..core.log import Logger
from ..core.ports import CommandClient
from ..core.writes import Write
from .calling import Handler, HandlerCall
from .crew import Crew
from .deadletters import dead_letter
from .delivery import DEFAULT_DELIVERY, Delivery, Retries, worth_gathering
from .events import Event, GroupRecreated, matching_types
from .group import SERVER_TROUBLE, Entry, GroupConsumer, entry_order, group_is_gone, preceding
from .names import StreamNames, valid_types
from .publisher import Publisher
from .reading import read_event

__all__ = ["DEFAULT_DELIVERY", "Delivery", "Handler", "Subscription"]

log = Logger(__name__)


BLOCK_MS = 1000
"""Longest wait of one read: bounds how late a stop, a new event type or a stale entry is noticed."""
ACK_AFTER_S = 0.02
"""Finished entries are acknowledged after this long, even in the middle of a batch with slow handlers: what a consumer
has finished and not acknowledged when it is killed is handled again."""
RECONNECT_S = (0.05, 2.0)
"""First and longest pause while the server cannot be reached."""


class Subscription:
    """Runs until stopped; made by `EventBus.subscribe`."""

    def __init__(
        self,
        glob: str,
        handler: Handler,
        *,
        consumer: GroupConsumer,
        names: StreamNames,
        publisher: Publisher,
        client: CommandClient,
        delivery: Delivery,
        dead_cap: int,
        clock: Clock,
    ) -> None:
        self.glob = glob
        self.group = consumer.group
        self.consumer = consumer.consumer
        self.lease_s = delivery.lease_s
        self._crew = Crew(
            delivery.concurrency, delivery.batch, self._handle, lambda: HandlerCall(handler, delivery.max_run_s, clock)
        )
        self._reader = consumer
        self._names = names
        self._publisher = publisher
        self._client = client
        self._delivery = delivery
        self._dead_cap = dead_cap
        self._clock = clock
        self._streams: list[str] = []
        self._held: dict[tuple[str, str], Entry] = {}
        self._gone: set[tuple[str, str]] = set()
        self._acks: dict[str, list[str]] = {}
        self._acked_at = 0.0
        self._retries = Retries(delivery)
        self._upkeep_at = 0.0
        self._read_at = 0.0
        self._busy = False
        self._reading = False
        self._flushing: asyncio.Task[None] | None = None
        self._stopping = False
        self.ready = asyncio.Event()
        self.handled = 0
        """Events whose handler returned."""

    # What the lease keeper asks, from its own thread -----------------------------------------------------------------

    def held(self) -> dict[str, list[str]]:
        """Entries to renew; none of a handler that has run past its time, so that somebody else gets its chance."""
        overdue = self._crew.overdue()
        if overdue is None:
            return {}
        out: dict[str, list[str]] = {}
        for stream, entry_id in list(self._held):
            if (stream, entry_id) not in overdue:
                out.setdefault(stream, []).append(entry_id)
        return out

    def lost(self, stream: str, ids: list[str]) -> None:
        """These were taken over: do not start them, do not acknowledge them."""
        # What was acknowledged while the renewal was under way is not pending any more, but not lost either. The loop
        # may let go of an entry at any moment, and forgets it in both places: look once more after the mark is set.
        for entry_id in ids:
            key = (stream, entry_id)
            if key in self._held:
                self._gone.add(key)
                if key not in self._held:
                    self._gone.discard(key)

    # Life ------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Read and handle until `stop`; survives a lost server and a lost group."""
        try:
            await self._read_and_handle()
            await self._leave()
        finally:
            await self._crew.give_up()

    async def _read_and_handle(self) -> None:
        pause_s = RECONNECT_S[0]
        while not self._stopping:
            try:
                await self._turn_or_recreate()
                pause_s = RECONNECT_S[0]
            except Exception as error:  # whatever it is: a subscription that ends unseen is worse
                if not (self.ready.is_set() or isinstance(error, SERVER_TROUBLE)):
                    raise  # it never worked: no right to subscribe, for one
                log.warning("subscription cannot go on, tries again", group=self.group, error=f"{error!r}")
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, RECONNECT_S[1])

    async def _turn_or_recreate(self) -> None:
        try:
            await self._turn()
        except ResponseError as error:
            if not group_is_gone(error):
                raise
            await self._recreate()

    def stop(self) -> None:
        """Finish what is being handled, hand the rest back, end."""
        self._stopping = True
        self._crew.stop()

    async def _leave(self) -> None:
        try:
            while await self._crew.finish():
                with suppress(ResponseError, *SERVER_TROUBLE):
                    await self._flush_acks()
            if self._flushing is not None:
                await self._flushing
            await self._flush_acks()
            self._held.clear()
            self._crew.buffer.clear()
            await self._reader.leave(self._streams)
        except Exception as error:  # whatever it was, leaving goes on
            log.warning("left without handing back; others take over after the lease", error=str(error))

    async def _make(self, streams: list[str]) -> list[str]:
        if self._delivery.durable:  # declared first: between the two nothing may be trimmed
            for stream in streams:
                await self._client.execute_command("SADD", self._names.durable(stream), self.group)
        return await self._reader.ensure(streams)

    async def _recreate(self) -> None:
        self._reader.note(self._acks)  # what was handled does not come again
        for stream in self._streams:
            self._rewind(stream)
            if not await self._make([stream]):
                continue
            self._forget(stream)
            start = self._reader.acked.get(stream, self._reader.start)
            log.warning("consumer group was gone, made again", stream=stream, group=self.group, start=start)
            lost = GroupRecreated(stream=self._names.logical(stream), group=self.group, start=start)
            await self._publisher.publish(
                Event.of(lost, source=self.consumer, time=self._clock.now(), subject=self.group)
            )

    def _rewind(self, stream: str) -> None:
        """A group that is made again starts before the oldest entry in hand: handled ones may be younger."""
        done = self._acks.get(stream, ())
        waiting = [entry_id for held, entry_id in list(self._held) if held == stream and entry_id not in done]
        if waiting:
            before = preceding(min(waiting, key=entry_order))
            self._reader.acked[stream] = min(self._reader.acked.get(stream, before), before, key=entry_order)

    def _forget(self, stream: str) -> None:
        """What was in hand comes again."""
        self._acks.pop(stream, None)
        self._crew.forget(stream)
        self._retries.forget(stream)
        for key in [key for key in list(self._held) if key[0] == stream and not self._crew.works_on(key)]:
            self._drop(key)

    # One turn --------------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        if self._clock.monotonic_s() >= self._upkeep_at:
            await self._upkeep()
        await self._run_due_retries()
        await self._work_off()
        if not self._streams:
            await self._clock.sleep(BLOCK_MS / 1000)
            return
        if self._busy:
            await self._clock.sleep(self._delivery.gather_s)
        with self._acknowledging() as acks:
            self._reading = True
            try:
                entries = await self._reader.read(
                    self._streams, count=self._delivery.batch, block_ms=self._block_ms(), acks=acks
                )
            finally:
                self._reading = False
        self._note_pace(len(entries))
        taken = self._hold(entries)
        await self._work_off()
        if self._delivery.until and not (taken or self._retries or self._crew.running):
            self.stop()

    def _note_pace(self, entries: int) -> None:
        now, before = self._clock.monotonic_s(), self._read_at
        self._read_at = now
        self._busy = entries < self._delivery.batch and worth_gathering(entries, now - before, self._delivery.gather_s)

    def _hold(self, entries: list[Entry]) -> int:
        """Take entries into the buffer; returns how many (those after `until` are only acknowledged)."""
        taken = 0
        for entry in entries:
            if self._delivery.until and entry_order(entry.id) > entry_order(self._delivery.until):
                self._acks.setdefault(entry.stream, []).append(entry.id)
                continue
            key = (entry.stream, entry.id)
            self._held[key] = entry
            if self._crew.works_on(key):  # delivered again, by a group that was made again
                self._gone.discard(key)
            else:
                self._crew.buffer.append(entry)
            taken += 1
        return taken

    async def _upkeep(self) -> None:
        began_s = self._clock.monotonic_s()
        types = valid_types(await self._client.execute_command("SMEMBERS", self._names.types))
        wanted = [self._names.events(t) for t in matching_types(self.glob, types)]
        new = [stream for stream in wanted if stream not in self._streams]
        if new:
            await self._make(new)
            self._streams += new
        self.ready.set()
        self._hold(await self._reader.take_over(self._streams, set(self._held)))
        await self._reader.sweep(self._streams)
        self._upkeep_at = began_s + min(1.0, self.lease_s / 5)

    def _block_ms(self) -> int:
        if self._delivery.until:  # what a replay wants is there already
            return int(ACK_AFTER_S * 1000) if self._crew.running else 1
        wait_s = min(BLOCK_MS / 1000, self.lease_s / 5)
        if self._retries:
            wait_s = min(wait_s, max(0.001, self._retries.next_due_s() - self._clock.monotonic_s()))
        return max(1, int(wait_s * 1000))

    async def _work_off(self) -> None:
        while not self._stopping and await self._crew.step():
            now_s = self._clock.monotonic_s()
            if now_s >= self._upkeep_at:  # a batch of slow handlers may take minutes
                await self._upkeep()
            if now_s - self._acked_at > ACK_AFTER_S:
                await self._flush_acks()

    async def _flush_acks(self) -> None:
        with self._acknowledging() as acks:
            if acks:
                await self._reader.acknowledge(acks)

    @contextmanager
    def _acknowledging(self) -> Iterator[dict[str, list[str]]]:
        """What is to be acknowledged; kept when the server may not have it: acknowledging twice does no harm."""
        acks, self._acks = self._acks, {}  # others finish meanwhile
        self._acked_at = self._clock.monotonic_s()
        try:
            yield acks
        except BaseException:
            for stream, ids in acks.items():
                self._acks.setdefault(stream, []).extend(ids)
            raise
        self._release(acks)

    def _release(self, acks: dict[str, list[str]]) -> None:
        for stream, ids in acks.items():
            for entry_id in ids:
                self._drop((stream, entry_id))

    # One entry -------------------------------------------------------------------------------------------------------

    async def _handle(self, entry: Entry, call: HandlerCall) -> None:
        key = (entry.stream, entry.id)
        if key in self._gone:
            self._drop(key)
            return
        if not entry.fields:  # trimmed while pending: nothing left to handle
            self._done(entry)
            return
        if not entry.counted and not await self._reader.count_retry(entry):
            self._drop(key)
            return
        if entry.attempts > self._delivery.max_attempts:
            await self._bury(entry, "its handlers died or were taken over before they finished")
            return
        try:
            event = read_event(entry.fields)
        except AqeError as error:
            await self._bury(entry, error.message)
            return
        try:
            writes = await call.run(event)
        except Exception as error:
            await self._failed(entry, error)
            return
        self.handled += 1
        if writes:
            await self._commit(entry, writes)
        elif key in self._gone:
            self._drop(key)
        else:
            self._done(entry)

    def _done(self, entry: Entry) -> None:
        self._acks.setdefault(entry.stream, []).append(entry.id)
        if self._reading and self._flushing is None:  # one of several, while the read that would take it along blocks
            self._flushing = asyncio.get_running_loop().create_task(self._flush_meanwhile())

    async def _flush_meanwhile(self) -> None:
        try:
            await asyncio.sleep(0)  # who finishes in this very moment goes along
            with suppress(ResponseError, *SERVER_TROUBLE):
                await self._flush_acks()
        finally:
            self._flushing = None

    async def _commit(self, entry: Entry, writes: Sequence[Write]) -> None:
        try:
            await self._reader.commit(entry, writes)
        except FencedOutError as error:
            log.warning("somebody else took the entry over; nothing was applied", error=error.message)
        except ServiceUnavailable:
            raise
        except AqeError as error:  # a conflict, a full stream: this entry's trouble, not that of those behind it
            await self._failed(entry, error)
            return
        self._drop((entry.stream, entry.id))

    async def _failed(self, entry: Entry, error: Exception) -> None:
        hopeless = isinstance(error, AqeError) and not error.retryable
        if hopeless or entry.attempts >= self._delivery.max_attempts:
            await self._bury(entry, f"{type(error).__name__}: {error}")
            return
        log.warning(
            "handler failed, will try again",
            group=self.group, entry=entry.id, attempt=entry.attempts, error=f"{type(error).__name__}: {error}",
        )  # fmt: skip
        self._retries.add(entry, self._clock.monotonic_s())

    async def _run_due_retries(self) -> None:
        while not self._stopping and (entry := self._retries.pop_due(self._clock.monotonic_s())) is not None:
            if await self._reader.count_retry(entry):
                self._crew.buffer.append(entry)
            else:
                self._drop((entry.stream, entry.id))

    async def _bury(self, entry: Entry, error: str) -> None:
        log.error("dead letter", group=self.group, stream=entry.stream, entry=entry.id, error=error)
        try:
            await self._reader.commit(
                entry, [dead_letter(self._names, entry, self.group, error, self._clock.now(), cap=self._dead_cap)]
            )
        except FencedOutError:
            log.info("already somebody else's", entry=entry.id)
        self._drop((entry.stream, entry.id))

    def _drop(self, key: tuple[str, str]) -> None:
        self._held.pop(key, None)
        self._gone.discard(key)
