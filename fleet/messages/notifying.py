"""Messages out: every channel reads the bus in a group of its own, so a slow or broken one holds up nobody.

A message that its service does not take is tried again, three times at once and then with growing pauses while others
go on; at last its event is a dead letter of the channel's group. What was sent is remembered in the transaction that
acknowledges the event.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ...bus.events import Event
from ...bus.inspect import group_infos
from ...bus.subscription import Delivery, Handler
from ...config.rollout_sections import HEARD_BY
from ...config.sections import Notifier as Section
from ...config.settings import Settings
from ...core.clock import Clock
from ...core.errors import InputError, ServiceUnavailable
from ...core.log import Logger
from ...core.records.base import Record
from ...core.records.notices import ChannelState, Notice, sent_key, state_key
from ...core.writes import Write
from ...memory.store import MemoryStore
from ..runtime import Runtime
from .notices import notice_of
from .notify import Channel, misrouted, named_channel

SINCE = timedelta(minutes=15)
"""How far back a channel that is new begins: a CI job may name it after the event it is to hear of."""
TRIES = 3
MAX_PAUSE_S = 2.0
SPARE_S = 30.0
"""For what is read and stored around the tries."""
DELIVERY = Delivery(max_attempts=8, backoff_s=1.0, max_backoff_s=120.0)

LOOK_EVERY_S = 0.1

_OF_ROLLOUTS = {event for heard, event in HEARD_BY.items() if heard != "alert"}

log = Logger("notify")


async def send(channel: Channel, notice: Notice) -> None:
    """Hand a message on, trying a few times.

    Raises:
        ServiceUnavailable: the last reason why it was not taken.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(ServiceUnavailable),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=MAX_PAUSE_S),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            await channel.notifier.notify(notice)


def handler(channel: Channel, memory: MemoryStore, clock: Clock) -> Handler:
    """What a channel does with an event."""

    async def handle(event: Event) -> Sequence[Write]:
        if not channel.wants(event):
            return ()
        notice = notice_of(event)
        state = await _state(memory, channel.name)
        topic, repeat_after_s = _digest(_topic(notice)), channel.section.repeat_after_s
        if repeat_after_s and await memory.retrieve(sent_key(channel.name, topic)) == _said(notice):
            return [
                memory.prepare_store(state_key(channel.name), state.model_copy(update={"repeated": state.repeated + 1}))
            ]
        try:
            await send(channel, notice)
        except ServiceUnavailable as error:
            log.warning("message was not taken", channel=channel.name, event_type=event.type, error=error.message)
            failed = {"last_failed_at": clock.now(), "last_error": error.message}
            await memory.store(state_key(channel.name), state.model_copy(update=failed))
            raise
        sent = state.model_copy(update={"sent": state.sent + 1, "last_sent_at": clock.now()})
        writes = [memory.prepare_store(state_key(channel.name), sent)]
        if repeat_after_s:
            writes.append(memory.prepare_store(sent_key(channel.name, topic), _said(notice), ttl_s=repeat_after_s))
        return writes

    return handle


async def _state(memory: MemoryStore, name: str) -> ChannelState:
    try:
        return ChannelState.from_value(await memory.retrieve(state_key(name)) or {}, where=state_key(name))
    except InputError:
        return ChannelState()  # somebody else's value; ours takes its place


def _topic(notice: Notice) -> str:
    """What a message is about; a repetition is what was said last of the same.

    So BLOCKED is told again once APPROVED was told after it, and in each environment. Of a rollout each event is a
    message: the next stage, or a second pause, is not what was said before.
    """
    if notice.event in _OF_ROLLOUTS and notice.id:
        return notice.id
    if version := notice.data.get("version"):
        return f"{notice.event.partition(':')[0]}\n{version}\n{notice.data.get('environment')}"
    return _said(notice)


def _said(notice: Notice) -> str:
    return f"{notice.event}: {notice.subject}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def listen(runtime: Runtime, channels: Sequence[Channel]) -> None:
    """Subscribe every channel to what it wants to hear; ends with the bus."""
    for channel in channels:
        handle = handler(channel, runtime.memory, runtime.clock)
        delivery = replace(DELIVERY, start=_start(runtime), max_run_s=longest_s(channel.section))
        for glob in channel.globs:
            await runtime.bus.subscribe(glob, handle, group=channel.group, delivery=delivery)


def longest_s(section: Section) -> float:
    """Seconds that all tries of a message may take; one that is cut short would be a failure without a reason."""
    return TRIES * (section.timeout_s + MAX_PAUSE_S) + SPARE_S


class Sending(Record):
    """What became of a channel's messages."""

    channel: str
    sent: int
    repeated: int
    waiting: bool
    """True when some were not taken in time; they are tried again by whoever sends next."""
    error: str | None = None
    """Why the last one was not taken, if it was not."""


async def send_waiting(runtime: Runtime, channels: Sequence[Channel], *, within_s: float) -> list[Sending]:
    """Send what waits for the channels, then end; what is not sent by then waits on.

    Args:
        runtime: the open parts.
        channels: who is told.
        within_s: longest time.

    Returns:
        What became of the messages of each.
    """
    before = {channel.name: await _state(runtime.memory, channel.name) for channel in channels}
    await listen(runtime, channels)
    names, deadline = runtime.bus.names, runtime.clock.monotonic_s() + within_s
    waiting = {channel.group for channel in channels if channel.globs}
    while waiting and runtime.clock.monotonic_s() < deadline:
        await runtime.clock.sleep(LOOK_EVERY_S)
        infos = await group_infos(runtime.clients.commands, names, [names.events(t) for t in await runtime.bus.types()])
        waiting &= {info.group for info in infos if info.pending or info.lag}
    return [
        _sending(channel, before[channel.name], await _state(runtime.memory, channel.name), channel.group in waiting)
        for channel in channels
    ]


def _sending(channel: Channel, before: ChannelState, after: ChannelState, waiting: bool) -> Sending:
    return Sending(
        channel=channel.name,
        sent=after.sent - before.sent,
        repeated=after.repeated - before.repeated,
        waiting=waiting,
        error=after.last_error if after.failing and after.last_failed_at != before.last_failed_at else None,
    )


async def preview(runtime: Runtime, channels: Sequence[Channel]) -> list[Sending]:
    """Hand the messages of the last SINCE to channels that only print them; nobody's position changes."""
    counts = dict.fromkeys((channel.name for channel in channels), 0)
    async for _, event in runtime.bus.tail("*", start=_start(runtime), follow=False):
        for channel in channels:
            if channel.wants(event):
                await channel.notifier.notify(notice_of(event))
                counts[channel.name] += 1
    return [Sending(channel=name, sent=count, repeated=0, waiting=False) for name, count in counts.items()]


async def send_test(settings: Settings, name: str, *, say: Callable[[str], None], dry_run: bool) -> None:
    """Send a test message to one channel.

    Raises:
        InputError: there is no such channel, or it lacks what it needs.
        ServiceUnavailable: it was not taken.
    """
    channel = named_channel(settings, name, say, dry_run=dry_run)
    line = f"channel {name} of the fleet {settings.fleet.name or '(default)'}: messages arrive here"
    notice = Notice(event="aqe:test", subject="test message of aqe", lines=(line,), data={"channel": name})
    try:
        await send(channel, notice)
    except ServiceUnavailable as error:
        raise ServiceUnavailable(f"{name}: {error.message}", hint=error.hint) from error


class ChannelView(Record):
    """A channel as people see it."""

    name: str
    kind: str
    events: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]]
    state: ChannelState
    problem: str | None
    """Why it cannot be used, or why its last message was not taken."""


async def views(runtime: Runtime) -> list[ChannelView]:
    """All of aqe.yaml, usable or not."""
    found = []
    for name, section in runtime.settings.notify.items():
        problem = None
        try:
            named_channel(runtime.settings, name, print)
            problem = misrouted(section)
        except InputError as error:
            problem = error.message
        state = await _state(runtime.memory, name)
        found.append(
            ChannelView(
                name=name,
                kind=section.kind,
                events=section.events,
                only=section.only,
                state=state,
                problem=problem or (state.last_error if state.failing else None),
            )
        )
    return found


def _start(runtime: Runtime) -> str:
    return f"{int((runtime.clock.now() - SINCE).timestamp() * 1000)}-0"
