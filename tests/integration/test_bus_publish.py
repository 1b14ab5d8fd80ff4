"""Publishing, on the real server."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from aqe.bus.events import AgentStopped, Event
from aqe.bus.inspect import stream_infos
from aqe.bus.outbox import REMEMBER_MS
from aqe.bus.publisher import DEDUPE_WINDOW_MS, Publisher
from aqe.bus.subscription import Delivery
from aqe.core.errors import InputError, ServiceUnavailable, StreamFullError
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, an_event, eventually, pending

STREAM = "aqe:events:weather:changed"


def publisher(parts: Runtime, *, cap: int) -> Publisher:
    return Publisher(parts.clients.commands, parts.bus.functions, parts.bus.names, cap=cap)


def numbers(raw: Any, stream: str = STREAM) -> list[int]:
    rows: Any = raw.xrange(stream)
    return [int(fields[b"data"].decode().removeprefix('{"n":').removesuffix("}")) for _, fields in rows]


async def test_a_published_event_stands_in_its_stream_in_plain_text(parts: Runtime, raw: Any) -> None:
    """What redis-cli shows: CloudEvents attributes and JSON; the type joins the set of types."""
    payload = AgentStopped(agent="a-1", agent_type="a")
    event = Event.of(payload, source="a-1", time=parts.clock.now(), subject="a-1", id="e-1")
    entry_id = await parts.bus.publish(event)
    [(found_id, fields)] = raw.xrange("aqe:events:agent:stopped")
    assert found_id.decode() == entry_id
    assert fields[b"id"] == b"e-1"
    assert fields[b"type"] == b"agent:stopped"
    assert fields[b"data"] == b'{"agent":"a-1","agentType":"a"}'
    assert await parts.bus.types() == ["agent:stopped"]


async def test_the_same_id_is_published_once(open_parts: Open, raw: Any) -> None:
    """However often, from however many processes, one after the other or at once: one entry, one answer."""
    one, two = await open_parts("one"), await open_parts("two")
    event = an_event(1)
    first = await one.bus.publish(event)
    answers = await asyncio.gather(*(process.bus.publish(event) for process in (one, two) for _ in range(20)))
    assert set(answers) == {first}
    assert await two.bus.publish_many([event] * 5) == [first] * 5
    assert await two.memory.apply([two.bus.prepare(event)]) == [first.encode()]
    assert raw.xlen(STREAM) == 1


async def test_an_id_is_remembered_for_the_whole_window(parts: Runtime, raw: Any) -> None:
    """Ids are forgotten many at once, but none before its time, and all at some time."""
    taking, next_one = "aqe:dedupe:600000:a", "aqe:dedupe:600000:b"
    one, two = an_event(1), an_event(2)
    first = await parts.bus.publish(one)
    assert DEDUPE_WINDOW_MS < raw.pttl(taking) <= 2 * DEDUPE_WINDOW_MS
    raw.pexpire(taking, DEDUPE_WINDOW_MS)  # as it is after ten minutes
    second = await parts.bus.publish(two)
    assert [raw.hlen(taking), raw.hlen(next_one)] == [1, 1]
    assert [await parts.bus.publish(one), await parts.bus.publish(two)] == [first, second]
    assert 0 < raw.pttl(taking) <= DEDUPE_WINDOW_MS < raw.pttl(next_one) <= 2 * DEDUPE_WINDOW_MS
    raw.delete(taking)  # after ten more
    raw.pexpire(next_one, DEDUPE_WINDOW_MS)
    await parts.bus.publish(an_event(3))
    assert raw.hlen(taking) == 1
    assert set(raw.hkeys(next_one)) == {one.id.encode(), two.id.encode()}, "the first was published again meanwhile"


async def test_ids_are_forgotten_in_time_although_the_clock_was_put_back(parts: Runtime, raw: Any) -> None:
    """By a year: the server counts what is left to live against its clock."""
    taking = "aqe:dedupe:600000:a"
    one = an_event(1)
    first = await parts.bus.publish(one)
    raw.pexpire(taking, 365 * 86_400_000)
    await parts.bus.publish(an_event(2))
    assert DEDUPE_WINDOW_MS < raw.pttl(taking) <= 2 * DEDUPE_WINDOW_MS
    assert await parts.bus.publish(one) == first


async def test_whoever_asks_for_a_longer_window_gets_it(parts: Runtime, raw: Any) -> None:
    """The outbox does; and for ten minutes it is the same whether an id came by it or by a plain publish."""
    event = an_event(1)

    async def from_the_outbox() -> list[str | Exception]:
        return await parts.bus.publisher.publish_each(
            [event], confirm="server", replicas=1, timeout_ms=1000, window_ms=REMEMBER_MS
        )

    first = await parts.bus.publish(event)
    assert await from_the_outbox() == [first]
    raw.delete("aqe:dedupe:600000:a")  # as it is later
    assert await from_the_outbox() == [first]
    assert await parts.bus.publish(event) == first


async def test_every_way_of_publishing_writes_the_same_entry(parts: Runtime, raw: Any) -> None:
    """Alone, among others that have more or fewer attributes, and as part of a transaction."""
    bare = an_event(0)
    full = Event(
        type="weather:changed", data={"n": 0}, source="a-test", time=bare.time, subject="Köln",
        correlation_id="c", causation_id="d", traceparent="00-1-2-01",
    )  # fmt: skip

    def copies() -> list[Event]:
        return [replace(event, id=f"{event.subject}-{raw.xlen(STREAM)}") for event in (bare, full)]

    for event in copies():
        await parts.bus.publish(event)
    await parts.bus.publish_many(copies())
    await parts.memory.apply([parts.bus.prepare(event) for event in copies()])
    rows: Any = raw.xrange(STREAM)
    written = [[(name, value) for name, value in fields.items() if name != b"id"] for _, fields in rows]
    assert written[:2] == written[2:4] == written[4:6]
    assert [name for name, _ in written[0]] == [
        b"type",
        b"specversion",
        b"datacontenttype",
        b"source",
        b"time",
        b"data",
    ]
    assert dict(written[1])[b"subject"].decode() == "Köln"


@pytest.mark.parametrize("missing", ["id", "source"])
async def test_an_event_that_nobody_could_read_is_not_published(parts: Runtime, raw: Any, missing: str) -> None:
    """CloudEvents asks for both."""
    nothing: dict[str, Any] = {missing: ""}
    with pytest.raises(InputError, match=f"no {missing}"):
        await parts.bus.publish(replace(an_event(0), **nothing))
    assert not raw.exists(STREAM)


async def test_many_are_published_in_order(parts: Runtime, raw: Any) -> None:
    """Also beyond one batch; the answers are the entry ids in the same order."""
    ids = await parts.bus.publish_many([an_event(n) for n in range(1_300)])
    assert numbers(raw) == list(range(1_300))
    rows: Any = raw.xrange(STREAM)
    assert [entry_id.decode() for entry_id, _ in rows] == ids
    assert await parts.bus.publish_many([]) == []


async def test_publishers_at_the_same_time_share_a_call(parts: Runtime, raw: Any) -> None:
    """64 at once: the first goes straight out, the others leave together; each gets its own answer, in order."""

    def calls() -> int:
        stats: Any = raw.info("commandstats")
        return int(stats.get("cmdstat_fcall", {"calls": 0})["calls"])

    before = calls()
    ids = await asyncio.gather(*(parts.bus.publish(an_event(n)) for n in range(64)))
    assert calls() - before == 2
    assert len(set(ids)) == 64
    assert numbers(raw) == list(range(64))
    rows: Any = raw.xrange(STREAM)
    assert [entry_id.decode() for entry_id, _ in rows] == ids
    await parts.bus.publish(an_event(64))
    assert calls() - before == 3, "one alone does not wait for others"


async def test_one_refused_publish_does_not_take_its_neighbours_along(parts: Runtime, raw: Any) -> None:
    """In one shared write each has an outcome of its own."""
    raw.set("aqe:events:weather:broken", "not a stream")
    events = [an_event(n, "weather:broken" if n == 30 else "weather:changed") for n in range(64)]
    answers = await asyncio.gather(*(parts.bus.publish(event) for event in events), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Exception)] == [30]
    assert isinstance(answers[30], ServiceUnavailable | InputError)
    assert numbers(raw) == [n for n in range(64) if n != 30]


async def test_a_cancelled_publisher_does_not_take_its_neighbours_along(parts: Runtime, raw: Any) -> None:
    """The others are answered; what was on its way may still arrive."""
    tasks = [asyncio.create_task(parts.bus.publish(an_event(n))) for n in range(20)]
    await asyncio.sleep(0)
    for n in (0, 7):
        tasks[n].cancel()
    answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert [n for n, answer in enumerate(answers) if not isinstance(answer, str)] == [0, 7]
    assert set(numbers(raw)) >= set(range(20)) - {0, 7}
    await parts.bus.publish(an_event(20))


async def test_what_is_no_type_is_refused_before_it_is_sent(parts: Runtime, raw: Any) -> None:
    """A stream nobody would find."""
    with pytest.raises(InputError, match="is not an event type"):
        await parts.bus.publish(an_event(1, "Weather Changed"))
    assert raw.dbsize() == 0


async def test_publishing_goes_on_when_the_server_lost_the_library(parts: Runtime, raw: Any) -> None:
    """It is loaded again; each of several waiting publishes arrives once."""
    raw.function_flush()
    await asyncio.gather(*(parts.bus.publish(an_event(n)) for n in range(10)))
    assert sorted(numbers(raw)) == list(range(10))


# The hard cap --------------------------------------------------------------------------------------------------------


async def test_a_full_stream_that_somebody_needs_refuses(parts: Runtime, raw: Any) -> None:
    """Nothing of what a durable group has not handled is dropped; the error names stream and cap."""
    handling = asyncio.Event()
    seen: list[int] = []

    async def handler(event: Event) -> None:
        await handling.wait()
        seen.append(event.data["n"])

    await parts.bus.subscribe("weather:changed", handler, group="durable", delivery=Delivery(durable=True))
    small = publisher(parts, cap=5)
    events = [an_event(n) for n in range(6)]
    for event in events[:5]:
        await small.publish(event)
    with pytest.raises(StreamFullError, match=f"{STREAM} holds 5 entries"):
        await small.publish(events[5])
    with pytest.raises(StreamFullError):
        await small.publish_many([events[5]])
    with pytest.raises(StreamFullError):
        await parts.memory.apply([parts.memory.prepare_store("aqe/x", 1), small.prepare(events[5])])
    assert await parts.memory.retrieve("aqe/x") is None, "the whole transaction was refused"
    [info] = await stream_infos(parts.clients.commands, parts.bus.names, [STREAM])
    assert info.refused == 3, "each refusal is counted"
    assert numbers(raw) == [0, 1, 2, 3, 4]
    assert await small.publish(events[4]), "a repeated publish of what is there already is no new entry"
    handling.set()
    await eventually(lambda: len(seen) == 5)
    await eventually(lambda: pending(raw, STREAM, "durable") == 0)
    await small.publish(events[5])
    await eventually(lambda: seen == [0, 1, 2, 3, 4, 5])


async def test_a_full_stream_that_nobody_needs_drops_the_oldest(parts: Runtime, raw: Any) -> None:
    """Without a durable group a stream stays below its cap and keeps the newest."""
    small = publisher(parts, cap=10)
    for n in range(35):
        await small.publish(an_event(n))
    assert len(numbers(raw)) <= 10
    assert numbers(raw)[-1] == 34
