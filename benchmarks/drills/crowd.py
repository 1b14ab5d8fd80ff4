"""Many subscribers, and a slow one among fast ones."""

import asyncio
import time

from aqe.bus.events import Event
from aqe.bus.inspect import group_infos
from aqe.bus.subscription import Delivery

from .libraries.aqe_bus import TYPE
from .stage import STREAM, Outcome, Stage, an_event, events, wait_for

SUBSCRIBERS = 50


async def fifty_subscribers(stage: Stage) -> Outcome:
    """Each a group of its own, all in one process."""
    parts, publisher, raw = await stage.open(), await stage.open(), stage.client()
    count, sent = stage.size(500, 50), dict[int, float]()
    seen: list[list[int]] = [[] for _ in range(SUBSCRIBERS)]
    delays_s: list[float] = []

    def handler(number: int):  # type: ignore[no-untyped-def]
        async def handle(event: Event) -> None:
            seen[number].append(event.data["n"])
            delays_s.append(time.monotonic() - sent[event.data["n"]])

        return handle

    for number in range(SUBSCRIBERS):
        await parts.bus.subscribe(
            TYPE, handler(number), group=f"group-{number}", delivery=Delivery(lease_s=stage.lease_s)
        )
    for n in range(count):
        sent[n] = time.monotonic()
        await publisher.bus.publish(an_event(n))
        await asyncio.sleep(0.01)
    await wait_for(lambda: all(len(each) == count for each in seen), within_s=30)
    connections = raw.info("clients")["connected_clients"]
    delays_s.sort()
    p50_ms, p99_ms = (1000 * delays_s[int(share * (len(delays_s) - 1))] for share in (0.5, 0.99))
    right = sum(each == list(range(count)) for each in seen)
    return Outcome(
        right == SUBSCRIBERS,
        f"{right} of {SUBSCRIBERS} saw all {count} in order; p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms, "
        f"{connections} connections",
        {"right": right, "events": count, "p50_ms": p50_ms, "p99_ms": p99_ms, "connections": connections},
        in_time=p99_ms < 1000,
    )


async def a_slow_one(stage: Stage) -> Outcome:
    """It needs 20 ms an event; the others do not wait for it, it holds a batch at most, and nothing is dropped."""
    parts, count = await stage.open(), stage.size(500, 60)
    slow, fast, delivery = list[int](), list[int](), Delivery(lease_s=stage.lease_s, batch=20, durable=True)

    async def handle_slowly(event: Event) -> None:
        await asyncio.sleep(0.02)
        slow.append(event.data["n"])

    async def handle(event: Event) -> None:
        fast.append(event.data["n"])

    await parts.bus.subscribe(TYPE, handle_slowly, group="slow", delivery=delivery)
    await parts.bus.subscribe(TYPE, handle, group="fast", delivery=delivery)
    begun = time.monotonic()
    await parts.bus.publish_many(events(range(count)))
    await wait_for(lambda: len(fast) == count, within_s=30)
    fast_s = time.monotonic() - begun
    infos = {info.group: info for info in await group_infos(parts.clients.commands, parts.bus.names, [STREAM])}
    held, told = infos["slow"].pending, infos["slow"].pending + (infos["slow"].lag or 0)
    behind = count - len(slow)  # after it was asked: it goes on meanwhile
    await wait_for(lambda: len(slow) == count, within_s=60)
    return Outcome(
        slow == fast == list(range(count)) and behind > 0 and held <= 20 and told >= behind,
        f"the fast one done after {fast_s:.2f} s, the slow one then {behind} behind (pending and lag say {told}, it "
        f"held {held}); in the end it had all {len(slow)}",
        {"fast_s": fast_s, "behind": behind, "held": held, "told": told, "slow": len(slow), "events": count},
        in_time=fast_s < 2,
    )
