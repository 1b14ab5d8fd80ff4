"""The server loses something: everything, a group, itself, its memory."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable

from redis import Redis

from aqe.bus.events import Event
from aqe.bus.subscription import Delivery
from aqe.core.errors import AqeError
from aqe.core.writes import Write

from .libraries.aqe_bus import GROUP, TYPE
from .stage import STREAM, Outcome, Stage, an_event, events, wait_for

HEALED_S = 2.0
HISTORY = "aqe/drill/history"


async def flushed(stage: Stage) -> Outcome:
    """FLUSHALL under a waiting reader."""
    return await _lost(stage, lambda raw: raw.flushall())


async def group_deleted(stage: Stage) -> Outcome:
    """XGROUP DESTROY under a waiting reader."""
    return await _lost(stage, lambda raw: raw.xgroup_destroy(STREAM, GROUP))


async def _lost(stage: Stage, lose: Callable[[Redis], object]) -> Outcome:
    parts, raw = await stage.open(), stage.client()
    reader = await stage.consumer("reader")
    await parts.bus.publish_many(events(range(10)))
    await wait_for(lambda: len(stage.done()) == 10, within_s=10)
    await asyncio.sleep(0.5)
    lose(raw)
    later = set(range(10, 20))
    begun = time.monotonic()
    await parts.bus.publish_many(events(later))
    await wait_for(lambda: later <= stage.done(), within_s=15)
    took_s, told = time.monotonic() - begun, 0
    await wait_for(lambda: raw.xlen("aqe:events:group:recreated") > 0, within_s=2)
    told = raw.xlen("aqe:events:group:recreated")
    handled, alive = len(later & stage.done()), reader.poll() is None
    again = len(stage.notes("S")) - len({note.number for note in stage.notes("S")})
    return Outcome(
        handled == 10 and told == 1 and alive and not again,
        f"{handled} of 10 within {took_s:.2f} s, group:recreated x {told}, {again} handled again",
        {"handled": handled, "took_s": took_s, "told": told, "alive": alive, "again": again},
        in_time=took_s <= HEALED_S,
    )


async def server_killed(stage: Stage) -> Outcome:
    """SIGKILL of the server under a publisher and a handler with effects, and a restart a second later."""
    publisher, reader = await stage.open(), await stage.open()
    kills, confirmed, ended = stage.size(5, 2), list[tuple[int, float]](), False

    async def handler(event: Event) -> list[Write]:
        return [reader.memory.prepare_append(HISTORY, event.data["n"])]

    async def publish() -> None:
        for n in itertools.count():
            if ended:
                return
            await publisher.bus.publish(an_event(n))
            confirmed.append((n, time.monotonic()))
            await asyncio.sleep(0.002)

    await reader.bus.subscribe(TYPE, handler, group=GROUP, delivery=Delivery(lease_s=stage.lease_s))
    publishing = asyncio.create_task(publish())
    for _ in range(kills):
        await asyncio.sleep(1.0)
        stage.node.kill()
        await asyncio.sleep(stage.size(1, 0))
        await asyncio.to_thread(stage.node.start)
    await asyncio.sleep(1.0)
    ended = True
    await publishing
    raw = stage.client()
    await wait_for(lambda: raw.llen(HISTORY) >= len(confirmed), within_s=2 * stage.lease_s + 10)
    effects = Counter(map(int, raw.lrange(HISTORY, 0, -1)))
    lost = len({n for n, _ in confirmed} - set(effects))
    twice = sum(count > 1 for count in effects.values()) + raw.xlen(STREAM) - len(confirmed)
    pause_s = max(b - a for (_, a), (_, b) in itertools.pairwise(confirmed))
    return Outcome(
        not lost and not twice,
        f"{len(confirmed):,} confirmed over {kills} kills: {lost} lost, {twice} twice; longest pause {pause_s:.1f} s",
        {"confirmed": len(confirmed), "kills": kills, "lost": lost, "twice": twice, "pause_s": pause_s},
    )


async def memory_full(stage: Stage) -> Outcome:
    """`maxmemory` is reached and stays reached: publishing ends, handling does not; then there is room again."""
    parts, raw, seen = await stage.open(), stage.client(), list[int]()
    go_on, room = asyncio.Event(), stage.size(5_000_000, 1_000_000)

    async def handler(event: Event) -> None:
        await go_on.wait()
        seen.append(event.data["n"])

    await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=Delivery(lease_s=stage.lease_s, durable=True))
    raw.config_set("maxmemory", raw.info("memory")["used_memory"] + room)
    confirmed, refusal = 0, ""
    while not refusal:
        try:
            await parts.bus.publish(an_event(confirmed, pad=2000))
            confirmed += 1
        except AqeError as error:
            refusal = error.message
    raw.config_set("maxmemory", raw.info("memory")["used_memory"] - room // 2)  # also for what handling frees
    go_on.set()
    await wait_for(lambda: len(seen) >= confirmed, within_s=20)
    handled, kept = len(seen), raw.xlen(STREAM)
    raw.config_set("maxmemory", 0)
    await parts.bus.publish(an_event(confirmed))
    await wait_for(lambda: len(seen) == confirmed + 1, within_s=10)
    return Outcome(
        "no memory left" in refusal and handled == kept == confirmed and seen == list(range(confirmed + 1)),
        f"{refusal!r} after {confirmed:,}; {kept:,} kept, {handled:,} handled meanwhile; goes on when there is room",
        {"refusal": refusal, "confirmed": confirmed, "kept": kept, "handled": handled},
    )
