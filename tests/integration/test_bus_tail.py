"""Looking at events without a group."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from aqe.bus.events import Event
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, OwnServer, an_event, eventually

STREAM = "aqe:events:weather:changed"


async def past(parts: Runtime, glob: str = "*", start: str = "0") -> list[Any]:
    return [event.data["n"] async for _, event in parts.bus.tail(glob, start=start, follow=False)]


async def test_the_past_is_shown_from_the_beginning(parts: Runtime) -> None:
    """`start="0"` and no following: what is kept, in order of each type, and the end."""
    await parts.bus.publish_many([an_event(n) for n in range(250)])
    await parts.bus.publish_many([an_event(n, "climate:changed") for n in range(1000, 1003)])
    assert await past(parts, "weather:*") == list(range(250))
    assert await past(parts, "climate:changed") == [1000, 1001, 1002]
    assert sorted(await past(parts)) == [*range(250), 1000, 1001, 1002]
    assert await past(parts, "task:*") == []
    assert await past(parts, "nothing:there") == []


async def test_an_empty_fleet_has_no_past(parts: Runtime) -> None:
    """It ends at once."""
    assert await asyncio.wait_for(past(parts), 2) == []


async def test_the_past_is_shown_from_an_entry_on(parts: Runtime) -> None:
    """Without the entry itself; from now on there is nothing yet."""
    ids = await parts.bus.publish_many([an_event(n) for n in range(10)])
    assert await past(parts, start=ids[6]) == [7, 8, 9]
    assert await past(parts, start="$") == []


async def test_looking_changes_nothing(parts: Runtime, raw: Any) -> None:
    """No group, no acknowledgement, nothing that a consumer would notice."""
    await parts.bus.publish(an_event(1))
    await past(parts)
    assert raw.xinfo_groups(STREAM) == []
    assert raw.xlen(STREAM) == 1


@pytest.mark.parametrize("glob", ["*", "weather:*"])
async def test_following_shows_what_comes_and_types_that_appear(parts: Runtime, glob: str) -> None:
    """From now on; the first event of a type that did not exist is not missed."""
    await parts.bus.publish(an_event(-1))
    seen: list[tuple[str, int]] = []

    async def follow() -> None:
        async for _, event in parts.bus.tail(glob):
            seen.append((event.type, event.data["n"]))

    async def it_follows() -> bool:
        await parts.bus.publish(an_event(0))
        return bool(seen)

    task = asyncio.create_task(follow())
    await eventually(it_follows)
    await parts.bus.publish(an_event(1, "weather:forecast"))
    await eventually(lambda: seen[-1] == ("weather:forecast", 1))
    await parts.bus.publish(an_event(2, "weather:forecast"))
    await eventually(lambda: seen[-1] == ("weather:forecast", 2))
    assert [one for one in seen if one[1]] == [("weather:forecast", 1), ("weather:forecast", 2)]
    task.cancel()


async def test_an_entry_that_cannot_be_read_does_not_end_it(parts: Runtime, raw: Any) -> None:
    """What others wrote badly is left out, in the streams and in the set of types."""
    raw.sadd("aqe:events", b"\xff", "No Type")
    await parts.bus.publish(an_event(0))
    raw.xadd(STREAM, {"junk": b"\xff"})
    raw.xadd(STREAM, {"id": "x", "type": "weather:changed", "source": "s", "time": "soon", "data": "{"})
    await parts.bus.publish(an_event(1))
    assert await past(parts) == [0, 1]


async def test_entry_ids_and_events_come_together(parts: Runtime) -> None:
    """The id is where one may go on later."""
    entry_id = await parts.bus.publish(an_event(0))
    found: list[tuple[str, Event]] = [row async for row in parts.bus.tail(start="0", follow=False)]
    assert found == [(entry_id, an_event_as_read(found[0][1].id))]


def an_event_as_read(event_id: str) -> Event:
    event = an_event(0)
    return Event(id=event_id, type=event.type, data=event.data, source=event.source, time=event.time)


@pytest.mark.xdist_group("own server")
async def test_a_server_that_is_killed_and_comes_back_does_not_end_it(open_parts: Open, own_server: OwnServer) -> None:
    """Who follows waits for it and misses nothing; who only looks at the past is told."""
    parts = await open_parts(url=own_server.url)
    await parts.bus.publish(an_event(0))
    seen: list[int] = []

    async def follow() -> None:
        async for _, event in parts.bus.tail("weather:*", start="0"):
            seen.append(event.data["n"])

    task = asyncio.create_task(follow())
    await eventually(lambda: seen == [0])
    own_server.kill()
    with pytest.raises(RedisConnectionError):
        await past(parts)
    await asyncio.to_thread(own_server.start)
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen == [0, 1])
    task.cancel()


async def test_a_flushed_server_does_not_end_it(parts: Runtime, raw: Any) -> None:
    """Ids are times: what comes after the flush is younger than what was seen."""
    await parts.bus.publish(an_event(0))
    seen: list[int] = []

    async def follow() -> None:
        async for _, event in parts.bus.tail("weather:*", start="0"):
            seen.append(event.data["n"])

    task = asyncio.create_task(follow())
    await eventually(lambda: seen == [0])
    raw.flushall()
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen == [0, 1])
    task.cancel()


async def test_an_event_of_a_type_that_nobody_published_yet_is_waited_for(parts: Runtime) -> None:
    """The first event of its type ends the wait at once; those about something else do not."""
    begun = await parts.bus.publish(an_event(0))
    about = ("climate:changed", "climate:failed")
    waiting = asyncio.create_task(parts.bus.wait_for(about, subject="mine", start=begun))
    await parts.bus.publish(replace(an_event(1, "climate:changed"), subject="other"))
    await parts.bus.publish(replace(an_event(2), subject="mine"))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    await parts.bus.publish(replace(an_event(3, "climate:failed"), subject="mine"))
    await asyncio.wait_for(waiting, 5)
