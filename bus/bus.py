"""The event bus of one fleet: publish, subscribe, look."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from typing import Any

from ..core.clock import Clock
from ..core.errors import InputError
from ..core.globs import is_glob
from ..core.ports import CommandClient, Functions
from ..core.writes import Write
from .deadletters import DEAD_CAP_ENTRIES
from .events import Event
from .group import GroupConsumer
from .inspect import RawEntry, raw_tail
from .lease import LeaseKeeper
from .names import StreamNames, check_type, valid_types
from .publisher import CONFIRM_TIMEOUT_MS, HARD_CAP_ENTRIES, Confirm, Publisher
from .reading import read_event
from .subscription import DEFAULT_DELIVERY, Delivery, Handler, Subscription
from .wire import Wire


class EventBus:
    """Events of one fleet.

    Args:
        commands: asyncio client for short commands (returns bytes, RESP2).
        blocking: asyncio client for blocking reads; its socket timeout is longer than a block.
        functions: the server-side library.
        keeper: renews leases from its own thread.
        clock: time.
        prefix: the fleet's key prefix.
        name: unique name of this process, the beginning of its consumers' names.
        cap: hard cap of entries a stream.
        dead_cap: dead letters kept of one event type or lane.
    """

    def __init__(
        self,
        commands: CommandClient,
        blocking: CommandClient,
        functions: Functions,
        keeper: LeaseKeeper,
        *,
        clock: Clock,
        prefix: str = "",
        name: str,
        cap: int = HARD_CAP_ENTRIES,
        dead_cap: int = DEAD_CAP_ENTRIES,
    ) -> None:
        self.names = StreamNames(prefix)
        self.publisher = Publisher(commands, functions, self.names, cap=cap)
        self.dead_cap = dead_cap
        self._commands = commands
        self._blocking = blocking
        self._wire = Wire(blocking)
        self.functions = functions
        self._keeper = keeper
        self._clock = clock
        self.name = name
        self._running: dict[Subscription, asyncio.Task[None]] = {}
        self._consumers = itertools.count()

    def publish(
        self, event: Event, *, confirm: Confirm = "server", replicas: int = 1, timeout_ms: int = CONFIRM_TIMEOUT_MS
    ) -> Coroutine[Any, Any, str]:
        """Send one event; see `Publisher.publish`."""
        return self.publisher.publish(event, confirm=confirm, replicas=replicas, timeout_ms=timeout_ms)

    def publish_many(
        self,
        events: Iterable[Event],
        *,
        confirm: Confirm = "server",
        replicas: int = 1,
        timeout_ms: int = CONFIRM_TIMEOUT_MS,
    ) -> Coroutine[Any, Any, list[str]]:
        """Send several; see `Publisher.publish_many`."""
        return self.publisher.publish_many(events, confirm=confirm, replicas=replicas, timeout_ms=timeout_ms)

    def prepare(self, event: Event) -> Write:
        """A publish as a value, for a transaction."""
        return self.publisher.prepare(event)

    def consumer(self, group: str, *, lease_s: float, start: str = "0") -> GroupConsumer:
        """A consumer of a group under this process's name; for loops of their own, such as the task lanes."""
        name = f"{self.name}:{next(self._consumers)}"
        return GroupConsumer(self._blocking, self._wire, self.functions, group, name, lease_s=lease_s, start=start)

    async def subscribe(
        self, glob: str, handler: Handler, *, group: str, delivery: Delivery = DEFAULT_DELIVERY
    ) -> Subscription:
        """Call `handler` for every event whose type matches.

        Args:
            glob: an event type, or a pattern such as `deployment-readiness:*`; types that appear later are found.
            handler: see `Handler`; it must expect to see an event again after a crash, by its `id`.
            group: subscribers of one group share the events, every group sees them all.
            delivery: lease, batch, retries.

        Returns:
            The running subscription, once its groups exist; end it with `unsubscribe`.
        """
        if not is_glob(glob):
            check_type(glob)
        subscription = Subscription(
            glob,
            handler,
            consumer=self.consumer(group, lease_s=delivery.lease_s, start=delivery.start),
            names=self.names,
            publisher=self.publisher,
            client=self._commands,
            delivery=delivery,
            dead_cap=self.dead_cap,
            clock=self._clock,
        )
        self._keeper.add(subscription)
        task = asyncio.get_running_loop().create_task(subscription.run(), name=f"subscription {glob} {group}")
        self._running[subscription] = task
        ready = asyncio.get_running_loop().create_task(subscription.ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            await self.unsubscribe(subscription)
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End it after the event at hand; what it had read and not started goes back at once."""
        subscription.stop()
        task = self._running.pop(subscription, None)
        try:
            if task is not None:
                await task
        finally:
            self._keeper.remove(subscription)

    async def finished(self, subscription: Subscription) -> None:
        """Wait until a subscription with an end (`Delivery.until`) has reached it."""
        task = self._running.get(subscription)
        if task is not None:
            await asyncio.wait({task})
        await self.unsubscribe(subscription)

    async def groups(self, event_type: str) -> list[str]:
        """Names of the groups on a type's stream; none when there is no stream."""
        if not await self._commands.execute_command("EXISTS", self.names.events(event_type)):
            return []
        answer = await self._commands.execute_command("XINFO GROUPS", self.names.events(event_type))
        return [group["name"].decode() for group in answer]

    async def remove_group(self, event_type: str, group: str) -> None:
        """Remove a group with all it has pending; a durable one is no longer waited for."""
        stream = self.names.events(event_type)
        await self._commands.execute_command("SREM", self.names.durable(stream), group)
        await self._commands.execute_command("XGROUP DESTROY", stream, group)

    async def close(self) -> None:
        """End all subscriptions."""
        for subscription in self._running:
            subscription.stop()
        for subscription in list(self._running):
            await self.unsubscribe(subscription)
        await self.publisher.close()
        await self._wire.close()

    async def types(self) -> list[str]:
        """Event types that have a stream."""
        return valid_types(await self._commands.execute_command("SMEMBERS", self.names.types))

    async def wait_for(self, types: Sequence[str], *, subject: str, start: str) -> None:
        """Wait for an event of one of the types that is about the subject.

        Args:
            types: of which no event need have been published yet.
            subject: the events'.
            start: an entry id that is older than what is waited for.
        """
        about = subject.encode()
        async for entry in self._entries(types, start=start, follow=True):
            if entry.fields.get(b"subject") == about:
                return

    async def tail(self, glob: str = "*", *, start: str = "$", follow: bool = True) -> AsyncIterator[tuple[str, Event]]:
        """Events as they come, without a group and without acknowledging.

        Args:
            glob: which types.
            start: "$" = only new ones, "0" = all that is kept, or an entry id: what comes after it.
            follow: wait for more; False = end with what is there.

        Yields:
            Entry id and event, in order of the ids; entries that cannot be read are left out.
        """
        async for entry in self._entries(glob, start=start, follow=follow):
            try:
                event = read_event(entry.fields)
            except InputError:
                continue
            yield entry.id, event

    def _entries(self, wanted: str | Sequence[str], *, start: str, follow: bool) -> AsyncIterator[RawEntry]:
        return raw_tail(
            self._commands, self._blocking, self.names, wanted, start=start, follow=follow, clock=self._clock
        )
