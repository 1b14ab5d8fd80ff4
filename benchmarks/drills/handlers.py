"""Handlers that take longer than their lease, hang, or cannot handle what they get."""

import asyncio
import time

from aqe.bus.deadletters import list_dead_letters
from aqe.bus.events import AgentStopped, Event
from aqe.bus.subscription import Delivery

from .libraries.aqe_bus import GROUP, TYPE
from .stage import Outcome, Stage, events, wait_for

KNOWN = AgentStopped.event_type
"""A type whose payload is checked."""
ATTEMPTS = 3


async def longer_than_its_lease(stage: Stage) -> Outcome:
    """Awaiting; the second of the two waits in the buffer for as long."""
    return await _long(stage, burn=False)


async def burning_the_processor(stage: Stage) -> Outcome:
    """Never yielding, so that only a thread can renew the lease."""
    return await _long(stage, burn=True)


async def _long(stage: Stage, *, burn: bool) -> Outcome:
    seconds = stage.lease_s * 2.4
    for name in ("one", "two"):
        await stage.consumer(name, seconds=seconds, burn=burn)
    await stage.produce(2)
    await wait_for(lambda: len(stage.done()) == 2, within_s=4 * seconds)
    await asyncio.sleep(stage.lease_s + 1)  # a second run would begin by then
    starts = [sum(note.number == number for note in stage.notes("S")) for number in range(2)]
    return Outcome(
        starts == [1, 1] and stage.done() == {0, 1},
        f"{seconds:.1f} s of work under a lease of {stage.lease_s:g} s: ran {starts[0]} and {starts[1]} times",
        {"seconds": seconds, "lease_s": stage.lease_s, "starts": starts},
    )


async def hanging(stage: Stage) -> Outcome:
    """The first of twenty never comes back; a limit of half a second for each."""
    parts, seen = await stage.open(), list[int]()

    async def handler(event: Event) -> None:
        if event.data["n"] == 0:
            await asyncio.sleep(3600)
        seen.append(event.data["n"])

    delivery = Delivery(lease_s=stage.lease_s, max_run_s=0.5, max_attempts=2, backoff_s=0.05)
    await parts.bus.publish_many(events(range(20)))
    begun = time.monotonic()
    await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=delivery)
    await wait_for(lambda: len(seen) == 19, within_s=20)
    others_s = time.monotonic() - begun
    commands, names = parts.clients.commands, parts.bus.names
    letters = await list_dead_letters(commands, names)
    while not letters and time.monotonic() - begun < 20:
        await asyncio.sleep(0.05)
        letters = await list_dead_letters(commands, names)
    attempts = [letter.attempts for letter in letters]
    return Outcome(
        len(seen) == 19 and attempts == [2],
        f"19 others handled within {others_s:.1f} s; dead letter after {attempts} attempts",
        {"others_s": others_s, "others": len(seen), "attempts": attempts},
        in_time=others_s < 5,
    )


async def poison(stage: Stage) -> Outcome:
    """Bytes that are no event, a known type with a payload that is not its own, a handler that always fails."""
    parts, raw, handled, good = await stage.open(), stage.client(), set[str](), 100
    stream = parts.bus.names.events(KNOWN)

    def stopped(agent: str) -> Event:
        payload = AgentStopped(agent=agent, agent_type="drill")
        return Event.of(payload, source="drill", time=parts.clock.now())

    async def handler(event: Event) -> None:
        if event.data.agent == "cursed":
            raise ValueError("always")
        handled.add(event.data.agent)

    await parts.bus.publish_many([stopped(str(n)) for n in range(good // 2)])
    valid = dict(zip(*[iter(stopped("x").fields())] * 2, strict=True))
    raw.xadd(stream, {b"\xff\xfe": b"\x00\xff"})
    raw.xadd(stream, {**valid, "id": "not-its-own", "data": '{"agent": ["not", "a", "name"]}'})
    await parts.bus.publish_many([stopped("cursed"), *(stopped(str(n)) for n in range(good // 2, good))])
    delivery = Delivery(lease_s=stage.lease_s, max_attempts=ATTEMPTS, backoff_s=0.05)
    begun = time.monotonic()
    await parts.bus.subscribe(KNOWN, handler, group=GROUP, delivery=delivery)
    await wait_for(lambda: len(handled) == good, within_s=10)
    took_s = time.monotonic() - begun
    await wait_for(lambda: raw.xlen(f"aqe:dead:{KNOWN}") == 3, within_s=10)
    letters = await list_dead_letters(parts.clients.commands, parts.bus.names)
    attempts = sorted(letter.attempts for letter in letters)
    return Outcome(
        len(handled) == good and attempts == [1, 1, ATTEMPTS],
        f"{len(handled)} good ones handled within {took_s:.1f} s; dead letters after {attempts} attempts",
        {"handled": len(handled), "took_s": took_s, "attempts": attempts},
        in_time=took_s < 5,
    )
