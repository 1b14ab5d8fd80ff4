"""Leases: who works keeps its entries, who dies loses them soon. Consumers here are real processes that get SIGKILL."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from aqe.bus.events import Event
from aqe.bus.lease import LeaseKeeper, Pulse
from aqe.bus.subscription import Delivery
from aqe.fleet.runtime import open_runtime
from aqe.fleet.servers.server import ServerInfo
from aqe.tests.integration.conftest import Open, Programs, an_event, eventually, pending, settings_for

STREAM = "aqe:events:weather:changed"
LEASE_S = 1.5
SLACK_S = 2.0
"""Beyond the promised lease + 1 s: this machine has two cores and other things to do."""
STARTED = "started"
"""A plain list in which handlers note each start; not part of the bus."""


async def test_a_handler_longer_than_its_lease_runs_once(open_parts: Open, raw: Any) -> None:
    """Awaiting for three leases, and so do the entries in its buffer; the other consumer gets none of them."""
    one, two = await open_parts("one"), await open_parts("two")
    runs: list[tuple[str, int]] = []

    async def slow(event: Event) -> None:
        runs.append(("one", event.data["n"]))
        await asyncio.sleep(1.5 if event.data["n"] == 0 else 0.1)

    async def other(event: Event) -> None:
        runs.append(("two", event.data["n"]))

    delivery = Delivery(lease_s=0.5)
    await one.bus.publish_many([an_event(n) for n in range(5)])
    await one.bus.subscribe("weather:changed", slow, group="g", delivery=delivery)
    await eventually(lambda: runs)
    await two.bus.subscribe("weather:changed", other, group="g", delivery=delivery)
    await eventually(lambda: len(runs) >= 5)
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert runs == [("one", n) for n in range(5)]


async def test_what_waits_for_its_next_attempt_is_kept_too(open_parts: Open) -> None:
    """A backoff longer than the lease: the entry is not taken by somebody else meanwhile."""
    one, two = await open_parts("one"), await open_parts("two")
    runs: list[str] = []

    async def failing(event: Event) -> None:
        runs.append("one")
        if runs == ["one"]:
            raise ValueError("once")

    async def other(event: Event) -> None:
        runs.append("two")

    await one.bus.publish(an_event(1))
    delivery = Delivery(lease_s=0.4, backoff_s=2.0)
    await one.bus.subscribe("weather:changed", failing, group="g", delivery=delivery)
    await eventually(lambda: runs)
    await two.bus.subscribe("weather:changed", other, group="g", delivery=delivery)
    await eventually(lambda: len(runs) == 2)
    assert runs == ["one", "one"]


async def test_a_handler_that_burns_the_cpu_for_three_leases_runs_once(
    open_parts: Open, programs: Programs, raw: Any, redis_url: str
) -> None:
    """It never yields, so only a thread can renew; two consumers in two processes."""
    parts = await open_parts("publisher")
    busy = [await programs.started_up("busy", redis_url) for _ in range(2)]
    await parts.bus.publish(an_event(1))
    await eventually(lambda: raw.llen(STARTED) == 1)
    await eventually(lambda: raw.llen("finished") == 1, what=programs.logs())
    await asyncio.sleep(LEASE_S + 0.5)
    assert raw.llen(STARTED) == 1
    await eventually(lambda: pending(raw, STREAM, "g") == 0)
    assert all(process.poll() is None for process in busy)


@pytest.mark.parametrize("stream_is", ["idle", "busy"])
async def test_entries_of_a_killed_consumer_are_taken_over(
    open_parts: Open, programs: Programs, raw: Any, redis_url: str, stream_is: str
) -> None:
    """SIGKILL while it holds five: all are handled by the other one within lease + 1 s, in one pass, none lost."""
    parts = await open_parts("survivor")
    await parts.bus.publish_many([an_event(n) for n in range(5)])
    victim = await programs.started_up("stuck", redis_url)
    await eventually(lambda: pending(raw, STREAM, "g") == 5)
    await eventually(lambda: raw.llen(STARTED) == 1)
    seen: dict[int, float] = {}  # in order of handling

    async def handler(event: Event) -> None:
        seen[event.data["n"]] = time.monotonic()
        await asyncio.sleep(0.002)

    await parts.bus.subscribe("weather:changed", handler, group="g", delivery=Delivery(lease_s=LEASE_S))
    published = 5
    stopping = asyncio.Event()

    async def traffic() -> None:
        nonlocal published
        while not stopping.is_set():
            await parts.bus.publish(an_event(published))
            published += 1
            await asyncio.sleep(0.003)

    task = asyncio.create_task(traffic()) if stream_is == "busy" else None
    await asyncio.sleep(LEASE_S + 0.5)
    assert not set(range(5)) & set(seen), "it is alive: nothing may be taken from it"
    victim.kill()
    killed_at = time.monotonic()
    await eventually(lambda: set(range(5)) <= set(seen))
    stopping.set()
    if task:
        await task
    took_s = [seen[n] - killed_at for n in range(5)]
    assert max(took_s) < LEASE_S + 1 + SLACK_S
    first = list(seen).index(0)
    assert list(seen)[first : first + 5] == list(range(5)), "one pass: nothing else in between"
    await eventually(lambda: set(seen) == set(range(published)))
    await eventually(lambda: pending(raw, STREAM, "g") == 0)


async def test_a_consumer_with_a_long_batch_takes_over_in_time(
    open_parts: Open, programs: Programs, raw: Any, redis_url: str
) -> None:
    """Forty slow events in its own buffer are no reason to leave a dead colleague's entries lying."""
    parts = await open_parts("survivor")
    await parts.bus.publish_many([an_event(n) for n in range(5)])
    victim = await programs.started_up("stuck", redis_url)
    await eventually(lambda: pending(raw, STREAM, "g") == 5)
    seen: list[int] = []

    async def slow(event: Event) -> None:
        seen.append(event.data["n"])
        await asyncio.sleep(0.15)

    await parts.bus.publish_many([an_event(n) for n in range(5, 45)])
    await parts.bus.subscribe("weather:changed", slow, group="g", delivery=Delivery(lease_s=LEASE_S))
    await eventually(lambda: pending(raw, STREAM, "g") >= 44)
    victim.kill()
    killed_at = time.monotonic()

    def all_are_the_survivors() -> bool:
        rows = raw.xpending_range(STREAM, "g", "-", "+", 100)
        return {row["consumer"].startswith(b"survivor") for row in rows} == {True}

    await eventually(all_are_the_survivors)
    assert time.monotonic() - killed_at < LEASE_S + 1 + SLACK_S
    assert len(seen) < 40, "its own batch is still under way: this shows that it did not wait for its end"


async def test_a_process_that_stands_still_loses_its_entries_and_comes_to_no_harm(
    open_parts: Open, programs: Programs, raw: Any, redis_url: str
) -> None:
    """SIGSTOP longer than the lease, then SIGCONT: another has done the work; the sleeper goes on with what is new."""
    parts = await open_parts("survivor")
    sleeper = await programs.started_up("counting", redis_url)
    await parts.bus.publish(an_event(0))
    await eventually(lambda: raw.llen(STARTED) == 1)
    sleeper.send_signal(signal.SIGSTOP)
    seen: list[int] = []

    async def handler(event: Event) -> None:
        seen.append(event.data["n"])

    subscription = await parts.bus.subscribe(
        "weather:changed", handler, group="g", delivery=Delivery(lease_s=LEASE_S)
    )  # fmt: skip
    await eventually(lambda: seen == [0])
    await parts.bus.unsubscribe(subscription)
    sleeper.send_signal(signal.SIGCONT)
    await parts.bus.publish(an_event(1))
    await eventually(lambda: raw.lrange("aqe/history", 0, -1) == [b"1"], what=programs.logs())
    assert sleeper.poll() is None


# The keeper ----------------------------------------------------------------------------------------------------------


class AHolder:
    """Holds what it is told to."""

    def __init__(self, lease_s: float, consumer: str = "c") -> None:
        self.group, self.consumer, self.lease_s = "g", consumer, lease_s
        self.lost_ids: list[str] = []
        self.ids: dict[str, list[str]] = {}

    def held(self) -> dict[str, list[str]]:
        return self.ids

    def lost(self, stream: str, ids: list[str]) -> None:
        self.lost_ids += ids


def an_entry(raw: Any, consumer: str = "c") -> str:
    if not raw.exists(STREAM):
        raw.xgroup_create(STREAM, "g", "0", mkstream=True)
    raw.xadd(STREAM, {"x": "y"})
    [[_, [(entry_id, _)]]] = raw.xreadgroup("g", consumer, {STREAM: ">"})
    return str(entry_id.decode())


def idle_ms(raw: Any, entry_id: str) -> int:
    [row] = raw.xpending_range(STREAM, "g", entry_id, entry_id, 1)
    return int(row["time_since_delivered"])


async def renewed(raw: Any, entry_id: str) -> None:
    """Wait until its idle time begins anew."""
    before = 0

    def begins_anew() -> bool:
        nonlocal before
        before, last = idle_ms(raw, entry_id), before
        return before < last

    await eventually(begins_anew)


async def test_the_keeper_renews_what_is_held_and_tells_what_was_lost(open_parts: Open, raw: Any) -> None:
    """The idle time of held entries begins anew again and again; somebody else's are reported, not renewed."""
    parts = await open_parts()
    await parts.memory.store("aqe/x", 1)  # loads the library
    mine, theirs = an_entry(raw), an_entry(raw, "another")
    holder = AHolder(0.3)
    holder.ids = {STREAM: [mine, theirs]}
    parts.keeper.add(holder)
    await eventually(lambda: theirs in holder.lost_ids)
    for _ in range(3):
        await renewed(raw, mine)
    assert mine not in holder.lost_ids
    await eventually(lambda: idle_ms(raw, theirs) > 300)
    parts.keeper.remove(holder)
    await eventually(lambda: idle_ms(raw, mine) > 400)


async def test_a_short_lease_is_kept_beside_a_long_one(open_parts: Open, raw: Any) -> None:
    """Added while the thread pauses for its longer neighbour, and under a name that was used before."""
    parts = await open_parts()
    await parts.memory.store("aqe/x", 1)
    for _ in range(5):
        long = AHolder(60.0)
        parts.keeper.add(long)
        await asyncio.sleep(0.01)
        parts.keeper.remove(long)
        del long  # the next holder may well get its address
        entry_id = an_entry(raw)
        short = AHolder(0.3)
        short.ids = {STREAM: [entry_id]}
        parts.keeper.add(short)
        await renewed(raw, entry_id)
        parts.keeper.remove(short)


async def test_the_keeper_survives_whatever_goes_wrong(open_parts: Open, raw: Any) -> None:
    """A holder with a bug, a connection that cannot be made at first: the others are renewed all the same."""
    parts = await open_parts()
    await parts.memory.store("aqe/x", 1)
    attempts = 0

    def connect() -> Redis:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise OSError("no route to host")
        return Redis.from_url(parts.server.url)

    keeper = LeaseKeeper(connect, time.monotonic)
    broken, holder = AHolder(0.3), AHolder(0.3)
    broken.held = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    entry_id = an_entry(raw)
    holder.ids = {STREAM: [entry_id]}
    keeper.add(holder)
    keeper.add(broken)
    await eventually(lambda: attempts == 3)
    await renewed(raw, entry_id)
    await asyncio.to_thread(keeper.stop)


async def test_a_pulse_beats_until_the_keeper_stops(open_parts: Open, raw: Any) -> None:
    """With a time to live, so that it ends with its process, and removed when it leaves in good order."""
    parts = await open_parts()
    parts.keeper.pulse(Pulse("aqe:heartbeat:x", "an-agent", every_s=0.05, ttl_s=0.5))
    await eventually(lambda: raw.get("aqe:heartbeat:x") == b"an-agent")
    await asyncio.sleep(0.7)
    await eventually(lambda: 0 < raw.pttl("aqe:heartbeat:x") <= 500)
    await asyncio.to_thread(parts.keeper.stop)
    assert raw.exists("aqe:heartbeat:x") == 0


# The programs --------------------------------------------------------------------------------------------------------


async def main(what: str, url: str) -> None:
    """A consumer in a process of its own, for ever."""
    folder = Path.cwd()
    plain = Redis.from_url(url)
    async with open_runtime(settings_for(url, folder), name=what, server=ServerInfo(url, "url")) as parts:

        async def busy(event: Event) -> None:
            plain.rpush(STARTED, parts.bus.names.prefix)
            end = time.monotonic() + 3 * LEASE_S
            while time.monotonic() < end:
                pass
            plain.rpush("finished", 1)

        async def stuck(event: Event) -> None:
            plain.rpush(STARTED, 1)
            await asyncio.sleep(3600)

        async def counting(event: Event) -> list[object]:
            plain.rpush(STARTED, 1)
            await asyncio.sleep(0.3)
            return [parts.memory.prepare_append("aqe/history", event.data["n"])]

        handlers = {"busy": busy, "stuck": stuck, "counting": counting}
        delivery = Delivery(lease_s=LEASE_S)
        await parts.bus.subscribe("weather:changed", handlers[what], group="g", delivery=delivery)  # type: ignore[arg-type]
        print("ready", flush=True)
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
