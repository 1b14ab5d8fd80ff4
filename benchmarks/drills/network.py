"""Connections that break at the worst moment, and reads that are given up."""

import asyncio
import random
import time
from typing import Any

from aqe.bus.events import Event
from aqe.bus.subscription import Delivery

from ..servers.proxy import Ask, proxied
from .libraries.aqe_bus import GROUP, TYPE
from .stage import STREAM, Outcome, Stage, an_event, events, wait_for

GIVE_UP_S = 3.0


async def reply_lost(stage: Stage) -> Outcome:
    """A proxy loses every third answer to a publish: all of it, half of it, or the command before it is executed."""
    broken, count = 0, stage.size(300, 30)
    chance = random.Random(7)

    async def around(command: list[bytes], ask: Ask) -> bytes:
        nonlocal broken
        if not (command[0] == b"FCALL" and command[1].startswith(b"aqe_publish")) or chance.random() > 1 / 3:
            return await ask()
        broken += 1
        if broken % 3 == 0:
            return b""
        reply = await ask()
        return b"" if broken % 3 == 1 else reply[: len(reply) // 2]

    async with proxied(stage.url, around) as proxy:
        parts = await stage.open(proxy.url)
        bus = parts.bus
        ids = [await bus.publish(an_event(n)) for n in range(count)]
        ids += await asyncio.gather(*[bus.publish(an_event(n)) for n in range(count, 2 * count)])
        for start in range(2 * count, 3 * count, 10):
            ids += await bus.publish_many(events(range(start, start + 10)))
    rows: Any = stage.client().xrange(STREAM)
    kept = [row[0].decode() for row in rows]
    return Outcome(
        broken > 0 and len(kept) == 3 * count and set(kept) == set(ids),
        f"{3 * count} events, {broken} cut: {len(kept)} entries, {len(set(kept) ^ set(ids))} other than told",
        {"events": 3 * count, "broken": broken, "entries": len(kept)},
    )


async def reads_cancelled(stage: Stage) -> Outcome:
    """Blocking reads are cancelled at random moments while events come; afterwards every answer fits its question."""
    parts, chance, rounds, stuck = await stage.open(), random.Random(3), stage.size(200, 40), 0
    given_up = parts.bus.consumer(GROUP, lease_s=stage.lease_s)
    await given_up.ensure([STREAM])
    for number in range(rounds):
        tail = parts.bus.tail(TYPE)
        waiting = [
            asyncio.ensure_future(anext(tail)),
            asyncio.ensure_future(given_up.read([STREAM], count=10, block_ms=1000)),
        ]
        await asyncio.sleep(chance.uniform(0.0, 0.004))
        publishing = asyncio.create_task(parts.bus.publish(an_event(number)))
        await asyncio.sleep(chance.uniform(0.0, 0.004))
        for task in waiting:
            task.cancel()
        stuck += len((await asyncio.wait(waiting, timeout=GIVE_UP_S))[1])
        await publishing
    wrong = 0
    for number in range(rounds):
        await parts.memory.store(f"aqe/drill/{number}", number)
        wrong += await parts.memory.retrieve(f"aqe/drill/{number}") != number
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    begun = time.monotonic()
    await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=Delivery(lease_s=stage.lease_s))
    await wait_for(lambda: set(seen) == set(range(rounds)), within_s=4 * stage.lease_s + 5)
    lost, took_s = rounds - len(set(seen)), time.monotonic() - begun
    told = [event.data["n"] async for _, event in parts.bus.tail(TYPE, start="0", follow=False)]
    return Outcome(
        not (wrong or lost or stuck) and told == list(range(rounds)),
        f"{2 * rounds} reads cancelled, {stuck} did not end; {wrong} of {rounds} later answers wrong, "
        f"{lost} events lost, all handled after {took_s:.1f} s",
        {"cancelled": 2 * rounds, "stuck": stuck, "wrong": wrong, "lost": lost, "took_s": took_s},
        in_time=took_s <= stage.lease_s + 2,
    )
