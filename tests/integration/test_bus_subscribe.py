"""Subscriptions, on the real server: who sees what, in which order, and what happens with the acknowledgement."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.exceptions import ResponseError

from aqe.bus import group as group_module
from aqe.bus.events import Event, SignalImported
from aqe.bus.subscription import Delivery
from aqe.core.errors import FencedOutError, InputError
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, an_event, eventually, ids_in, pending

STREAM = "aqe:events:weather:changed"
QUICK = Delivery(lease_s=1.0, backoff_s=0.02)


def collector(into: list[Any]) -> Callable[[Event], Awaitable[None]]:
    async def handler(event: Event) -> None:
        into.append(event.data["n"])

    return handler


def consumers(raw: Any, group: str = "g") -> list[str]:
    rows: Any = raw.xinfo_consumers(STREAM, group)
    return [row["name"].decode() for row in rows]


async def test_every_group_sees_all_events_in_order(parts: Runtime) -> None:
    """Two groups, each the whole stream; a new group starts with everything that is kept."""
    await parts.bus.publish_many([an_event(n) for n in range(150)])
    one: list[int] = []
    two: list[int] = []
    await parts.bus.subscribe("weather:changed", collector(one), group="one", delivery=QUICK)
    await parts.bus.subscribe("weather:changed", collector(two), group="two", delivery=QUICK)
    await parts.bus.publish_many([an_event(n) for n in range(150, 250)])
    await eventually(lambda: one == two == list(range(250)))


async def test_consumers_of_one_group_share_its_events(open_parts: Open, raw: Any) -> None:
    """Each event is handled by one of them, and both work."""
    seen: dict[str, list[int]] = {}

    async def slow(into: list[int], event: Event) -> None:
        await asyncio.sleep(0.002)
        into.append(event.data["n"])

    for name in ("a", "b"):
        parts = await open_parts(name)
        into = seen.setdefault(name, [])
        await parts.bus.subscribe(
            "weather:changed",
            lambda event, into=into: slow(into, event),  # type: ignore[misc]
            group="g",
            delivery=Delivery(batch=5),
        )
    await parts.bus.publish_many([an_event(n) for n in range(100)])
    await eventually(lambda: len(seen["a"]) + len(seen["b"]) >= 100)
    assert sorted(seen["a"] + seen["b"]) == list(range(100))
    assert len(seen["a"]) >= 10 and len(seen["b"]) >= 10
    await eventually(lambda: pending(raw, STREAM, "g") == 0)


async def test_a_group_that_wants_only_what_comes_starts_there(parts: Runtime) -> None:
    """`start="$"`: nothing of the past, everything from now on."""
    await parts.bus.publish(an_event(1))
    seen: list[int] = []
    delivery = Delivery(start="$")
    await parts.bus.subscribe("weather:changed", collector(seen), group="g", delivery=delivery)
    await parts.bus.publish(an_event(2))
    await eventually(lambda: seen == [2])


async def test_a_glob_finds_types_that_appear_later(parts: Runtime) -> None:
    """Known ones, one that exists already, one that nobody had heard of; nothing beside the glob."""
    await parts.bus.publish(an_event(1, "weather:changed"))
    seen: list[str] = []

    async def handler(event: Event) -> None:
        seen.append(event.type)

    await parts.bus.subscribe("weather:*", handler, group="g", delivery=QUICK)
    await eventually(lambda: seen == ["weather:changed"])
    await parts.bus.publish(an_event(2, "weather:forecast"))
    await parts.bus.publish(an_event(3, "climate:changed"))
    await eventually(lambda: seen == ["weather:changed", "weather:forecast"])
    await parts.bus.publish(an_event(4, "weather:forecast"))
    await eventually(lambda: len(seen) == 3)
    assert "climate:changed" not in seen


async def test_all_types_at_once(parts: Runtime) -> None:
    """`*` is every type of ours and of others."""
    seen: set[str] = set()

    async def handler(event: Event) -> None:
        seen.add(event.type)

    await parts.bus.subscribe("*", handler, group="g", delivery=QUICK)
    await parts.bus.publish_many([an_event(1), an_event(2, "climate:changed")])
    await eventually(lambda: seen == {"weather:changed", "climate:changed"})


async def test_what_is_neither_type_nor_glob_is_refused(parts: Runtime) -> None:
    """A subscription that could never see anything is a mistake."""
    with pytest.raises(InputError, match="is not an event type"):
        await parts.bus.subscribe("Weather", collector([]), group="g")


async def test_junk_in_the_set_of_types_stops_nobody(parts: Runtime, raw: Any) -> None:
    """Anybody may have written there: what is no type is no stream."""
    raw.sadd("aqe:events", b"\xff\xfe", "", "No Type", "no-stream:deleted")
    seen: list[int] = []
    await parts.bus.subscribe("*", collector(seen), group="g", delivery=QUICK)
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen == [1])
    assert await parts.bus.types() == ["no-stream:deleted", "weather:changed"]


async def test_a_subscription_that_may_not_read_is_told_so(parts: Runtime, raw: Any) -> None:
    """At once, to who asks for it; it does not wait for ever."""
    raw.set(STREAM, "not a stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await asyncio.wait_for(parts.bus.subscribe("weather:changed", collector([]), group="g"), 5)


async def test_an_error_nobody_thought_of_does_not_end_a_subscription(
    parts: Runtime, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours, an answer of a proxy: it goes on when that has passed."""
    seen: list[int] = []
    subscription = await parts.bus.subscribe("weather:changed", collector(seen), group="g", delivery=QUICK)
    read, failures = subscription._reader.read, 0

    async def odd(*args: Any, **kwargs: Any) -> Any:
        nonlocal failures
        failures += 1
        if failures < 4:
            raise (ResponseError("MISCONF disk"), KeyError("a bug"), OSError("odd"))[failures - 1]
        return await read(*args, **kwargs)

    monkeypatch.setattr(subscription._reader, "read", odd)
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen == [1])


async def test_an_event_of_an_unknown_type_is_handed_on_plain(parts: Runtime, raw: Any) -> None:
    """As another language writes it, with its own fields."""
    seen: list[Event] = []

    async def handler(event: Event) -> None:
        seen.append(event)

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    fields = {"id": "go-1", "type": "weather:changed", "source": "go", "time": "2026-01-10T12:00:00+01:00",
              "specversion": "1.0", "data": '{"rain": true}', "extra": "ignored"}  # fmt: skip
    raw.xadd(STREAM, fields)
    [event] = await eventually(lambda: seen)
    assert (event.id, event.source, event.data) == ("go-1", "go", {"rain": True})
    assert event.time.isoformat() == "2026-01-10T12:00:00+01:00"


async def test_a_known_payload_arrives_as_its_class(parts: Runtime) -> None:
    """Validated once, typed for the handler."""
    seen: list[Event] = []

    async def handler(event: Event) -> None:
        seen.append(event)

    payload = SignalImported(
        kind="security", version="v1", commit=None, key="aqe/x", tool="trivy", outcome="value"
    )  # fmt: skip
    await parts.bus.subscribe("signal:imported", handler, group="g", delivery=QUICK)
    await parts.bus.publish(Event.of(payload, source="t", time=parts.clock.now()))
    [event] = await eventually(lambda: seen)
    assert event.data == payload


# Effects -------------------------------------------------------------------------------------------------------------


async def test_what_a_handler_returns_happens_with_the_acknowledgement(parts: Runtime, raw: Any) -> None:
    """Value, history, follow-up event and ack: all there, once each."""
    memory, bus = parts.memory, parts.bus

    async def handler(event: Event) -> list[Write]:
        n = event.data["n"]
        follow_up = Event(type="weather:noted", data={"n": n}, source="h", time=event.time, id=f"noted-{n}")
        return [
            memory.prepare_store(f"aqe/w/{n}", n),
            memory.prepare_append("aqe/history", n),
            bus.prepare(follow_up),
        ]

    await bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await bus.publish_many([an_event(n) for n in range(20)])
    await eventually(lambda: raw.llen("aqe/history") == 20)
    assert await memory.retrieve("aqe/history") == list(range(20))
    assert await memory.retrieve_pattern("aqe/w/*") == {f"aqe/w/{n}": n for n in range(20)}
    assert ids_in(raw, "aqe:events:weather:noted") == [f"noted-{n}" for n in range(20)]
    assert pending(raw, STREAM, "g") == 0


async def test_a_commit_of_who_no_longer_owns_the_entry_is_refused_whole(open_parts: Open, raw: Any) -> None:
    """One reads and stalls, the other takes over: only the owner's effects happen, and only once."""
    one, two = await open_parts("one"), await open_parts("two")
    await one.bus.publish(an_event(1))
    slow = one.bus.consumer("g", lease_s=60)
    quick = two.bus.consumer("g", lease_s=60)
    await slow.ensure([STREAM])
    [entry] = await slow.read([STREAM], count=10, block_ms=None)
    assert await quick.take_over([STREAM], set()) == []
    raw.xclaim(STREAM, "g", slow.consumer, 0, [entry.id], idle=61_000, justid=True)  # as it is a minute later
    [taken] = await quick.take_over([STREAM], set())
    assert (taken.id, taken.attempts) == (entry.id, 2)

    def effects(parts: Runtime, name: str) -> list[Write]:
        return [parts.memory.prepare_append("aqe/history", name), parts.bus.prepare(an_event(2, f"weather:{name}"))]

    with pytest.raises(FencedOutError, match="no longer owns"):
        await slow.commit(entry, effects(one, "slow"))
    assert raw.exists("aqe/history", "aqe:events:weather:slow") == 0
    assert pending(raw, STREAM, "g") == 1
    await quick.commit(taken, effects(two, "quick"))
    with pytest.raises(FencedOutError):
        await quick.commit(taken, effects(two, "quick"))
    assert raw.lrange("aqe/history", 0, -1) == [b'"quick"']
    assert pending(raw, STREAM, "g") == 0


async def test_a_subscription_that_lost_an_entry_applies_nothing(open_parts: Open, raw: Any) -> None:
    """Its keeper stalls past the lease while the handler works: the successor's effects stay the only ones."""
    stalled, other = await open_parts("stalled"), await open_parts("other")
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(event: Event) -> list[Write]:
        started.set()
        await go_on.wait()
        return [stalled.memory.prepare_append("aqe/history", "stalled")]

    async def quick(event: Event) -> list[Write]:
        return [other.memory.prepare_append("aqe/history", "other")]

    delivery = Delivery(lease_s=0.4)
    subscription = await stalled.bus.subscribe("weather:changed", slow, group="g", delivery=delivery)
    await stalled.bus.publish(an_event(1))
    await started.wait()
    stalled.keeper.remove(subscription)
    await other.bus.subscribe("weather:changed", quick, group="g", delivery=delivery)
    await eventually(lambda: raw.llen("aqe/history") == 1)
    go_on.set()
    await stalled.bus.publish(an_event(2))
    await eventually(lambda: raw.llen("aqe/history") == 2)
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    history: Any = raw.lrange("aqe/history", 0, -1)
    assert history[0] == b'"other"', "the first event's effect is that of its new owner"


async def test_who_lost_an_entry_does_not_acknowledge_it(open_parts: Open, raw: Any) -> None:
    """A handler without writes: its successor, who is still at work, must get it back should it die."""
    parts = await open_parts("stalled")
    go_on = asyncio.Event()

    async def slow(event: Event) -> None:
        await go_on.wait()

    subscription = await parts.bus.subscribe("weather:changed", slow, group="g", delivery=QUICK)
    entry_id = await parts.bus.publish(an_event(1))
    await eventually(lambda: pending(raw, STREAM, "g") == 1)
    raw.xclaim(STREAM, "g", "successor", 0, [entry_id])
    await eventually(lambda: subscription._gone)
    go_on.set()
    await eventually(lambda: not subscription._held)
    await parts.bus.unsubscribe(subscription)
    [row] = raw.xpending_range(STREAM, "g", "-", "+", 10)
    assert row["consumer"] == b"successor"


# Leaving -------------------------------------------------------------------------------------------------------------


async def test_who_leaves_hands_back_what_it_had_not_started(open_parts: Open, raw: Any) -> None:
    """A lease of 30 s, ten events in the buffer, one under way: that one is finished, the others go on at once."""
    leaver, stayer = await open_parts("leaver"), await open_parts("stayer")
    started, go_on = asyncio.Event(), asyncio.Event()
    mine: list[int] = []
    theirs: list[int] = []

    async def slow(event: Event) -> None:
        started.set()
        await go_on.wait()
        mine.append(event.data["n"])

    await leaver.bus.publish_many([an_event(n) for n in range(10)])
    subscription = await leaver.bus.subscribe("weather:changed", slow, group="g")
    await started.wait()
    await stayer.bus.subscribe("weather:changed", collector(theirs), group="g")
    assert pending(raw, STREAM, "g") == 10
    go_on.set()
    subscription.stop()
    await leaver.bus.unsubscribe(subscription)
    assert mine == [0]
    await eventually(lambda: theirs == list(range(1, 10)), within_s=5)
    assert not [name for name in consumers(raw) if name.startswith("leaver")]


@pytest.mark.parametrize("how", ["trimmed", "deleted one by one"])
async def test_entries_that_vanish_while_they_are_pending_hold_nobody_up(parts: Runtime, raw: Any, how: str) -> None:
    """Somebody shortens the stream by hand: leaving ends, taking over ends, the next event is handled."""
    ids = await parts.bus.publish_many([an_event(n) for n in range(5)])
    holder, taker = parts.bus.consumer("g", lease_s=0.02), parts.bus.consumer("g", lease_s=0.02)
    await holder.ensure([STREAM])
    assert len(await holder.read([STREAM], count=5, block_ms=None)) == 5
    if how == "trimmed":
        raw.xtrim(STREAM, maxlen=0, approximate=False)
    else:
        raw.xdel(STREAM, *ids[1:])
    await asyncio.sleep(0.03)
    assert len(await taker.take_over([STREAM], set())) == (0 if how == "trimmed" else 1)
    await asyncio.wait_for(holder.leave([STREAM]), 5)
    await asyncio.wait_for(taker.leave([STREAM]), 5)
    seen: list[int] = []
    await parts.bus.subscribe("weather:changed", collector(seen), group="g", delivery=QUICK)
    await parts.bus.publish(an_event(5))
    await eventually(lambda: 5 in seen)
    await eventually(lambda: pending(raw, STREAM, "g") == 0)


async def test_handing_back_is_no_attempt(open_parts: Open) -> None:
    """A deployment that restarts a consumer ten times must not make a dead letter of what it never started."""
    parts = await open_parts("p")
    await parts.bus.publish(an_event(1))
    for _ in range(10):
        consumer = parts.bus.consumer("g", lease_s=30)
        await consumer.ensure([STREAM])
        entries = await consumer.read([STREAM], count=1, block_ms=None) or await consumer.take_over([STREAM], set())
        assert [entry.attempts for entry in entries] == [1]
        assert await consumer.leave([STREAM]) == 1


async def test_fifty_restarts_leave_no_consumer_names(open_parts: Open, raw: Any) -> None:
    """Each under a name of its own, each gone afterwards; nothing handled twice or left behind."""
    parts = await open_parts("p")
    seen: list[int] = []
    for n in range(50):
        subscription = await parts.bus.subscribe(
            "weather:changed", collector(seen), group="g", delivery=Delivery(lease_s=0.2)
        )  # fmt: skip
        await parts.bus.publish(an_event(n))
        await eventually(lambda n=n: len(seen) == n + 1)  # type: ignore[misc]
        await parts.bus.unsubscribe(subscription)
    assert seen == list(range(50))
    assert set(consumers(raw)) <= {"handed-back"}


async def test_names_of_consumers_that_were_killed_go_in_time(
    open_parts: Open, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cannot take themselves away; with nothing pending and no sign of life others do it."""
    monkeypatch.setattr(group_module, "SWEEP_IDLE_MS", 10)
    parts = await open_parts("p")
    dead = parts.bus.consumer("g", lease_s=0.02)
    await dead.ensure([STREAM])
    await parts.bus.publish(an_event(1))
    await dead.read([STREAM], count=1, block_ms=None)
    alive = parts.bus.consumer("g", lease_s=0.02)
    await asyncio.sleep(0.3)
    await alive.sweep([STREAM])
    assert consumers(raw) == [dead.consumer], "it still has something pending"
    assert len(await alive.take_over([STREAM], set())) == 1
    await alive.sweep([STREAM])
    assert consumers(raw) == [alive.consumer]


async def test_one_subscription_ending_does_not_disturb_another_of_its_group(parts: Runtime, raw: Any) -> None:
    """Three in one process, the first ends: the names of the others stay theirs alone."""
    seen: list[int] = []
    go_on = asyncio.Event()

    async def slow(event: Event) -> None:
        seen.append(event.data["n"])
        await go_on.wait()

    first = await parts.bus.subscribe("weather:changed", slow, group="g", delivery=Delivery(batch=1))
    second = await parts.bus.subscribe("weather:changed", slow, group="g", delivery=Delivery(batch=1))
    await parts.bus.unsubscribe(first)
    third = await parts.bus.subscribe("weather:changed", slow, group="g", delivery=Delivery(batch=1))
    assert len({first.consumer, second.consumer, third.consumer}) == 3
    await parts.bus.publish_many([an_event(n) for n in range(2)])
    await eventually(lambda: sorted(seen) == [0, 1])
    third.stop()
    go_on.set()
    await parts.bus.unsubscribe(third)
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert sorted(seen) == [0, 1]


async def test_what_is_done_leaves_nothing_behind_in_the_consumer(parts: Runtime) -> None:
    """Acknowledgements ride with a read that waits; what is renewed meanwhile must not be remembered as lost."""
    seen: list[int] = []
    delivery = Delivery(lease_s=0.3)
    subscription = await parts.bus.subscribe("weather:changed", collector(seen), group="g", delivery=delivery)
    for n in range(40):
        await parts.bus.publish(an_event(n))
        await asyncio.sleep(0.03)
    await eventually(lambda: len(seen) == 40)
    await eventually(lambda: not subscription._held)
    assert not subscription._gone


async def test_closing_a_bus_ends_all_subscriptions_at_once(parts: Runtime) -> None:
    """Ten of them take no longer than one: the longest wait of one read."""
    for n in range(10):
        await parts.bus.subscribe("weather:changed", collector([]), group=f"g{n}")
    await asyncio.wait_for(parts.bus.close(), 3)
