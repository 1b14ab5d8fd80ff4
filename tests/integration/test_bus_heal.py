"""The server loses things: everything, a group, itself. The bus goes on and says so."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from aqe.benchmarks.servers.proxy import Ask, proxied
from aqe.bus.events import Event
from aqe.bus.subscription import Delivery
from aqe.core.writes import Write
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, OwnServer, an_event, eventually, ids_in, pending

STREAM = "aqe:events:weather:changed"
QUICK = Delivery(lease_s=1.0, backoff_s=0.02)
LOSSES: dict[str, Callable[[Redis], Any]] = {
    "FLUSHALL": lambda raw: raw.flushall(),
    "stream deleted": lambda raw: raw.delete(STREAM),
    "group destroyed": lambda raw: raw.xgroup_destroy(STREAM, "g"),
    "replaced by its like": lambda raw: (raw.delete(STREAM), raw.xadd(STREAM, {"junk": "x"})),
}


def recreated(raw: Any) -> list[dict[str, str]]:
    rows: Any = raw.xrange("aqe:events:group:recreated")
    return [fields[b"data"] for _, fields in rows]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("reader_is", ["waiting", "waiting with acks under way"])
async def test_a_lost_group_is_made_again_under_its_reader(
    parts: Runtime, raw: Any, loss: Callable[[Redis], Any], reader_is: str
) -> None:
    """Ten of ten later events are handled within two seconds, without a restart, and an event tells what happened."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await parts.bus.publish_many([an_event(-1), an_event(-2)])
    await eventually(lambda: seen == [-1, -2])
    if reader_is == "waiting":
        await asyncio.sleep(0.3)  # the acknowledgements are through, the next read has begun
    loss(raw)
    await parts.bus.publish_many([an_event(n) for n in range(10)])
    await eventually(lambda: set(range(10)) <= set(seen), within_s=2)
    assert [n for n in seen if n >= 0] == list(range(10)), "in order, once"
    assert [n for n in seen if n < 0] == [-1, -2], "what was handled does not come again"
    [told] = await eventually(lambda: recreated(raw))
    assert b'"group":"g"' in told and b"weather:changed" in told
    await eventually(lambda: pending(raw, STREAM, "g") == 0)


async def test_many_losses_one_after_the_other(parts: Runtime, raw: Any) -> None:
    """Each time it recovers; each time it is told."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    for n in range(8):
        await parts.bus.publish(an_event(n))
        await eventually(lambda n=n: seen == list(range(n + 1)))  # type: ignore[misc]
        raw.xgroup_destroy(STREAM, "g")
        await eventually(lambda n=n: len(recreated(raw)) == n + 1)  # type: ignore[misc]


async def test_what_was_in_hand_when_the_group_went_is_not_lost(parts: Runtime, raw: Any) -> None:
    """One waits for its retry, others are handled already: the new group starts before the one that waits."""
    await parts.memory.store("aqe/x", 1)
    seen: list[int] = []

    async def handler(event: Event) -> list[Write]:
        n = event.data["n"]
        seen.append(n)
        if n == 0 and seen.count(0) == 1:
            raise ValueError("not yet")
        return [parts.memory.prepare_append("aqe/history", n)]

    await parts.bus.publish_many([an_event(n) for n in range(5)])
    delivery = Delivery(lease_s=1.0, backoff_s=1.0)
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    await eventually(lambda: len(seen) == 5)
    raw.xgroup_destroy(STREAM, "g")
    await eventually(lambda: raw.llen("aqe/history") >= 5)
    history: Any = raw.lrange("aqe/history", 0, -1)
    assert set(history) == {b"0", b"1", b"2", b"3", b"4"}


async def test_what_was_in_the_buffer_when_the_group_went_is_handled(parts: Runtime, raw: Any) -> None:
    """Their commits would all be refused; they come again and succeed, each effect once."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handler(event: Event) -> list[Write]:
        started.set()
        await go_on.wait()
        return [parts.memory.prepare_append("aqe/history", event.data["n"])]

    await parts.bus.publish_many([an_event(n) for n in range(10)])
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await started.wait()
    raw.xgroup_destroy(STREAM, "g")
    go_on.set()
    await eventually(lambda: raw.llen("aqe/history") >= 10)
    await asyncio.sleep(0.3)
    history: Any = raw.lrange("aqe/history", 0, -1)
    assert sorted(history) == [str(n).encode() for n in range(10)]


async def test_what_is_handled_when_the_loss_is_noticed_is_handled_once(parts: Runtime, raw: Any) -> None:
    """In the middle of a batch: what is done is not repeated, what waits in the buffer comes again and not twice."""
    seen: list[int] = []

    async def slow(event: Event) -> None:
        seen.append(event.data["n"])
        await asyncio.sleep(0.06)

    await parts.bus.publish_many([an_event(n) for n in range(12)])
    await parts.bus.subscribe("weather:changed", slow, group="g", delivery=QUICK)
    await eventually(lambda: seen)
    raw.xgroup_destroy(STREAM, "g")
    await eventually(lambda: recreated(raw))
    await parts.bus.publish(an_event(12))
    await eventually(lambda: 12 in seen)
    assert seen == list(range(13))


async def test_a_process_that_came_later_does_not_replay_the_past(open_parts: Open, raw: Any) -> None:
    """It has acknowledged nothing yet: the lost group starts where it stood when the process came, not at 0."""
    first, second = await open_parts("first"), await open_parts("second")
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    await first.bus.publish_many([an_event(n) for n in range(20)])
    subscription = await first.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    await eventually(lambda: len(seen) == 20)
    await first.bus.unsubscribe(subscription)
    await second.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    raw.xgroup_destroy(STREAM, "g")
    await second.bus.publish(an_event(20))
    await eventually(lambda: 20 in seen)
    assert seen == list(range(21))


async def test_a_group_that_wants_only_what_comes_misses_nothing_when_it_is_lost(parts: Runtime, raw: Any) -> None:
    """Made again at "$", it would skip what was published in between."""
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    await parts.bus.publish(an_event(0))
    delivery = Delivery(lease_s=1.0, start="$")
    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=delivery)
    pipeline = raw.pipeline()
    pipeline.xgroup_destroy(STREAM, "g")
    fields = {"id": "x", "type": "weather:changed", "source": "s", "time": "2026-01-10T12:00:00Z", "data": '{"n":1}'}
    pipeline.xadd(STREAM, fields)
    pipeline.execute()
    await eventually(lambda: seen == [1])


async def test_a_function_library_that_vanished_is_loaded_again(parts: Runtime, raw: Any) -> None:
    """Readers, commits and leases go on."""
    seen: list[int] = []

    async def handler(event: Event) -> list[Write]:
        seen.append(event.data["n"])
        return [parts.memory.prepare_append("aqe/history", event.data["n"])]

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)
    for n in range(3):
        raw.function_flush()
        await parts.bus.publish(an_event(n))
        await eventually(lambda n=n: raw.llen("aqe/history") == n + 1)  # type: ignore[misc]
    assert seen == [0, 1, 2]


async def test_a_delivery_that_got_lost_is_not_waited_for(open_parts: Open, raw: Any) -> None:
    """The connection breaks under a read that has taken entries: they are ours already, and the lease is a minute."""
    url = (await open_parts("publisher")).server.url
    lost = 0

    async def around(command: list[bytes], ask: Ask) -> bytes:
        nonlocal lost
        reply = await ask()
        if command[0] == b"XREADGROUP" and reply != b"*-1\r\n" and not lost:
            lost = raw.xpending(STREAM, "g")["pending"]
            return b""
        return reply

    async with proxied(url, around) as proxy:
        parts = await open_parts("reader", url=proxy.url)
        seen: list[int] = []

        async def handler(event: Event) -> None:
            seen.append(event.data["n"])

        await parts.bus.publish_many([an_event(n) for n in range(5)])
        await parts.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=60.0))
        await eventually(lambda: sorted(seen) == list(range(5)))
        assert lost == 5


@pytest.mark.xdist_group("own server")
async def test_a_server_killed_under_reader_and_publisher_loses_nothing(
    open_parts: Open, own_server: OwnServer
) -> None:
    """SIGKILL twice in the middle: every publish that returned is handled, its effect happened once."""
    url = own_server.url
    publisher, reader = await open_parts("publisher", url=url), await open_parts("reader", url=url)
    done: list[int] = []

    async def handler(event: Event) -> list[Write]:
        done.append(event.data["n"])
        return [reader.memory.prepare_append("aqe/history", event.data["n"])]

    await reader.bus.subscribe("weather:changed", handler, group="g", delivery=QUICK)

    async def publish() -> None:
        for n in range(300):
            await publisher.bus.publish(an_event(n))

    publishing = asyncio.create_task(publish())
    for threshold in (60, 180):
        await eventually(lambda threshold=threshold: len(done) >= threshold)  # type: ignore[misc]
        await asyncio.to_thread(own_server.restart)
    await asyncio.wait_for(publishing, 30)
    with Redis.from_url(own_server.url) as raw:
        await eventually(lambda: raw.llen("aqe/history") >= 300, within_s=20)
        history: Any = raw.lrange("aqe/history", 0, -1)
        assert sorted(map(int, history)) == list(range(300))
        assert len(ids_in(raw, STREAM)) == len(set(ids_in(raw, STREAM))) == 300
        assert pending(raw, STREAM, "g") == 0
