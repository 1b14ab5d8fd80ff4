"""Consumers that die, are told to go, or come and go."""

import asyncio
import contextlib
import signal
import time

from aqe.bus import group
from aqe.bus.events import Event
from aqe.bus.subscription import Delivery

from .libraries.aqe_bus import GROUP, TYPE
from .stage import STREAM, Outcome, Stage, an_event, events, held_by, wait_for

SLACK_S = 1.0
"""What is promised beyond the lease."""
FOR_EVER_S = 3600.0


async def killed_on_a_busy_stream(stage: Stage) -> Outcome:
    """SIGKILL while it holds fifty; others publish and handle all the time."""
    return await _killed(stage, pause_s=0.005)


async def killed_on_an_idle_stream(stage: Stage) -> Outcome:
    """The same, and nobody publishes anything."""
    return await _killed(stage, pause_s=None)


async def _killed(stage: Stage, *, pause_s: float | None) -> Outcome:
    parts, raw = await stage.open(), stage.client()
    held = set(range(50))
    victim = await stage.consumer("victim", seconds=FOR_EVER_S)
    await parts.bus.publish_many(events(held))
    await wait_for(lambda: held_by(raw, "victim") == len(held), within_s=10)
    await stage.consumer("survivor")
    published = len(held)

    async def traffic() -> None:
        nonlocal published
        while pause_s is not None:
            await parts.bus.publish(an_event(published))
            published += 1
            await asyncio.sleep(pause_s)

    busy = asyncio.create_task(traffic())
    await asyncio.sleep(1.3 * stage.lease_s)
    early = len(held & stage.done())
    victim.kill()
    killed_at = time.monotonic()
    await wait_for(lambda: held <= stage.done(), within_s=10 * stage.lease_s)
    busy.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await busy
    await wait_for(lambda: set(range(published)) <= stage.done(), within_s=10)
    took_s = max((n.at for n in stage.notes("E") if n.number in held), default=killed_at) - killed_at
    lost = len(set(range(published)) - stage.done())
    return Outcome(
        not lost and not early,
        f"{len(held)} taken over after {took_s:.1f} s, {lost} of {published:,} lost, {early} taken too early",
        {"took_s": took_s, "lease_s": stage.lease_s, "lost": lost, "early": early, "published": published},
        in_time=took_s <= stage.lease_s + SLACK_S,
    )


async def told_to_go(stage: Stage) -> Outcome:
    """SIGTERM with a buffer full of entries; the lease is long, so waiting for it would show."""
    parts, raw = await stage.open(), stage.client()
    count = 40
    leaving = await stage.consumer("leaving", seconds=0.1)
    await parts.bus.publish_many(events(range(count)))
    await wait_for(lambda: len(stage.notes("E")) >= 3, within_s=10)
    seen: dict[int, float] = {}

    async def handler(event: Event) -> None:
        seen[event.data["n"]] = time.monotonic()

    await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=Delivery(lease_s=60.0))
    leaving.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(leaving.wait, 10)
    left_at, by_it = time.monotonic(), stage.done()
    await wait_for(lambda: by_it | set(seen) == set(range(count)), within_s=20)
    took_s = max(seen.values(), default=left_at) - left_at
    cut, twice = len(stage.notes("S")) - len(by_it), len(by_it & set(seen))
    lost = count - len(by_it | set(seen))
    return Outcome(
        not (code or cut or twice or lost or held_by(raw, "leaving")),
        f"exit {code}, {len(by_it)} done, {len(seen)} handed back and handled {took_s:.1f} s later, {lost} lost, "
        f"{twice} twice, {cut} cut off",
        {"exit": code, "took_s": took_s, "lost": lost, "twice": twice, "cut": cut},
        in_time=took_s <= 2,
    )


async def restarts(stage: Stage) -> Outcome:
    """Most leave in good order, a tenth by SIGKILL; who stays behind sweeps the dead ones' names, here after 2 s."""
    gracefully, killed = stage.size(180, 18), stage.size(20, 2)
    raw, swept_after_s, usual = stage.client(), 2.0, group.SWEEP_IDLE_MS
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    delivery = Delivery(lease_s=swept_after_s / 10)
    for number in range(gracefully):
        async with contextlib.AsyncExitStack() as life:
            parts = await stage.open_in(life)
            await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=delivery)
            await parts.bus.publish(an_event(number))
            await wait_for(lambda number=number: number in seen, within_s=5)  # type: ignore[misc]
    left = len(raw.xinfo_consumers(STREAM, GROUP))
    for number in range(killed):
        process = await stage.consumer(f"killed{number}")
        process.kill()
    dead = len(raw.xinfo_consumers(STREAM, GROUP))
    try:
        group.SWEEP_IDLE_MS = round(swept_after_s * 1000)
        parts = await stage.open()
        await parts.bus.subscribe(TYPE, handler, group=GROUP, delivery=delivery)
        await wait_for(lambda: len(raw.xinfo_consumers(STREAM, GROUP)) <= 1, within_s=3 * swept_after_s)
    finally:
        group.SWEEP_IDLE_MS = usual
    names = len(raw.xinfo_consumers(STREAM, GROUP))
    return Outcome(
        names == 1 and not left and len(seen) == gracefully,
        f"{left} names after {gracefully} ends in good order; {dead} after {killed} SIGKILLs, then {names}",
        {"left": left, "dead": dead, "names": names, "handled": len(seen)},
    )
