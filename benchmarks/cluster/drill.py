"""Named fleets on a Redis Cluster and behind Sentinel: what a dying primary costs, what is lost, what a fleet costs.

Real servers on loopback (Debian's redis-server), real SIGKILL under load. Every event that was acknowledged to its
producer is looked for in the stream afterwards. On a few cores a cluster cannot be faster than one server; what can be
shown is that a fleet's cost does not depend on how many others there are, and that only its own shard bears it.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from aqe.bus.outbox import Outbox
from aqe.bus.publisher import Confirm
from aqe.core.errors import AqeError

from .. import report
from ..report import Spread, shown, table
from ..servers.nodes import Cluster, Node, Watched, cluster, find_redis_server, until, watched
from .cost import FLEETS, Cost, cost_of, print_costs
from .load import CONFIRM_MS, TAKE_OVER_S, Load, Outcome, an_event, fresh_fleet, open_load, open_parts, outcome

CONFIRM: tuple[Confirm, ...] = ("server", "replicas")


async def kill_in_cluster(made: Cluster, folder: Path, confirm: Confirm, shard: int) -> Outcome:
    """A shard's primary is killed under load, and comes back when its replica has taken over."""
    async with AsyncExitStack() as stack:
        fleets = [fresh_fleet(made, shard), fresh_fleet(made, (shard + 1) % made.shards)]
        loads = [await open_load(stack, made.url, folder, fleet, confirm, pause_s=0.001) for fleet in fleets]
        await asyncio.sleep(1.5)
        victim = made.primary_of(f"{{{fleets[0]}}}")
        since = time.monotonic()
        await asyncio.to_thread(victim.kill)
        await asyncio.to_thread(_until_taken_over, lambda: made.primary_of(f"{{{fleets[0]}}}"), victim)
        await asyncio.to_thread(victim.start)
        await asyncio.sleep(3.0)
        for load in loads:
            await load.stop()
        await asyncio.to_thread(until, made.whole, within_s=30)
        return await outcome(loads[0], since, loads[1])


async def kill_behind_sentinel(made: Watched, folder: Path, confirm: Confirm) -> Outcome:
    """The primary is killed under load; a replica takes over, the other one stays."""
    async with AsyncExitStack() as stack:
        load = await open_load(stack, made.url, folder, f"d{random.randrange(10**6)}", confirm, pause_s=0.001)
        await asyncio.sleep(1.5)
        victim = made.primary()
        since = time.monotonic()
        await asyncio.to_thread(victim.kill)
        await asyncio.to_thread(_until_taken_over, made.primary, victim)
        await asyncio.sleep(2.0)
        await asyncio.to_thread(victim.start)
        await load.stop()
        await asyncio.to_thread(until, lambda: made.in_step(len(made.nodes) - 1), within_s=30)
        return await outcome(load, since)


async def cut_and_kill(folder: Path, confirm: Confirm, min_replicas: int) -> Outcome:
    """The links to the replicas are cut, writes go on for two seconds, then the primary dies: the honest loss."""
    options = {"min_replicas_to_write": str(min_replicas), "min_replicas_max_lag": "1"}
    with watched(folder / f"{confirm}-{min_replicas}", replicas=2, sentinels=3, **options) as made:
        async with AsyncExitStack() as stack:
            load = await open_load(stack, made.url, folder, "", confirm, pause_s=0.005)
            await asyncio.sleep(1.0)
            since = time.monotonic()
            victim = made.primary()
            await asyncio.to_thread(victim.cut_replication)
            await asyncio.sleep(2.0)
            await asyncio.to_thread(victim.kill)
            await asyncio.to_thread(_until_taken_over, made.primary, victim)
            await asyncio.sleep(3.0)
            await load.stop()
            return await outcome(load, since)


async def kill_producers(folder: Path, lives: int) -> Outcome:
    """A producer with an outbox is killed again and again, the primary every fourth time."""
    chance, accepted = random.Random(11), list[str]()
    with watched(folder / "outbox", replicas=2, sentinels=3) as made:
        for life in range(lives):
            words = ("-P", "-m", "aqe.benchmarks.cluster.drill", "--produce", made.url, str(folder), str(life))
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            assert process.stdout is not None
            await process.stdout.readline()
            await asyncio.sleep(chance.uniform(0.02, 0.5))
            if life % 4 == 3:
                victim = made.primary()
                await asyncio.to_thread(victim.kill)
                await asyncio.sleep(chance.uniform(0.0, 1.0))
            process.kill()
            accepted += (await process.stdout.read()).decode().split()
            await process.wait()
            if life % 4 == 3:
                await asyncio.to_thread(_until_taken_over, made.primary, victim)
                await asyncio.to_thread(victim.start)
                await asyncio.to_thread(until, lambda: made.in_step(2), within_s=30)
        async with AsyncExitStack() as stack:
            parts = await open_parts(stack, made.url, folder, "")
            outbox = Outbox(folder / "outbox.db", parts.bus)
            while await outbox.flush():
                await asyncio.sleep(0.1)
            outbox.close()
            stored = await Load(parts, parts, "replicas").stored()
    lost, doubled = len(set(accepted) - set(stored)), sum(n - 1 for n in stored.values())
    return Outcome(0.0, len(accepted), 0, lost, doubled, 0, 0)


def _until_taken_over(primary: Callable[[], Node], victim: Node) -> None:
    until(lambda: primary() is not victim, within_s=TAKE_OVER_S, what="a replica to take over")


async def _produce(url: str, folder: Path, life: str) -> None:
    """Says an event's id on standard output once the outbox has accepted it; runs until it is killed."""
    n = 0
    while True:
        with contextlib.suppress(AqeError):
            async with AsyncExitStack() as stack:
                parts = await open_parts(stack, url, folder, "")
                outbox = Outbox(folder / "outbox.db", parts.bus, timeout_ms=CONFIRM_MS)
                print("ready", flush=True)
                sending = asyncio.create_task(outbox.flush())
                while True:
                    event = an_event(f"{life}-{n}", n)
                    await outbox.accept(event)
                    print(event.id, flush=True)
                    n += 1
                    if sending.done():
                        sending = asyncio.create_task(outbox.flush())
                    await asyncio.sleep(0)


# Report ---------------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Run all drills, print tables and one JSON line; 1 when something confirmed was lost or anything doubled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks drill-cluster", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each, three seconds of load")
    parser.add_argument("--rounds", type=int, default=5, help="of each fail-over; default 5")
    options = parser.parse_args(arguments)
    program = find_redis_server()
    if program is None:
        raise SystemExit("no redis-server on PATH (Debian: apt-get install redis-server)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rounds, seconds, lives = (1, 3.0, 4) if options.quick else (options.rounds, 8.0, 24)
    with tempfile.TemporaryDirectory(prefix="aqe-drill-") as name:
        drills, costs = asyncio.run(_all(Path(name), rounds, seconds, lives))
    _print_drills(drills)
    print_costs(costs)
    report.json_line(
        "drill-cluster",
        versions=report.versions(["redis", "hiredis"]),
        drills={name: [each._asdict() for each in outcomes] for name, outcomes in drills.items()},
        fleets=[cost._asdict() for cost in costs],
    )
    bad = [name for name, each in drills.items() if any(_bad(name, one) for one in each)]
    if bad:
        print(f"FAILED: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


def _bad(name: str, one: Outcome) -> bool:
    safe = "confirm=replicas" in name or "outbox" in name
    return bool(one.doubled or one.unhandled or (one.lost and safe))


async def _all(folder: Path, rounds: int, seconds: float, lives: int) -> tuple[dict[str, list[Outcome]], list[Cost]]:
    drills: dict[str, list[Outcome]] = {}

    async def drill(name: str, one: Callable[[int], Awaitable[Outcome]], times: int) -> None:
        for number in range(times):
            drills.setdefault(name, []).append(await one(number))
            print(f"{name}, round {number + 1}: {drills[name][-1]}", file=sys.stderr)

    with cluster(folder / "cluster") as made:
        for confirm in CONFIRM:
            await drill(
                f"cluster, primary killed, confirm={confirm}",
                lambda n, c=confirm: kill_in_cluster(made, folder, c, n % made.shards),  # type: ignore[misc]
                rounds,
            )
    with watched(folder / "watched") as behind:
        for confirm in CONFIRM:
            await drill(
                f"sentinel, primary killed, confirm={confirm}",
                lambda _, c=confirm: kill_behind_sentinel(behind, folder, c),  # type: ignore[misc]
                rounds,
            )
    for confirm, min_replicas in (("server", 0), ("replicas", 0), ("server", 1)):
        wanted = f"links cut 2 s, primary killed, confirm={confirm}" + (", min-replicas-to-write 1" * min_replicas)
        await drill(wanted, lambda _, c=confirm, m=min_replicas: _cut(folder, c, m), rounds)  # type: ignore[misc]
    await drill("outbox, producer and primary killed", lambda _: kill_producers(folder, lives), 1)
    with cluster(folder / "load") as made:
        costs = [await cost_of(made, folder, count, seconds) for count in FLEETS]
    return drills, costs


async def _cut(folder: Path, confirm: Confirm, min_replicas: int) -> Outcome:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return await cut_and_kill(Path(own), confirm, min_replicas)


def _print_drills(drills: dict[str, list[Outcome]]) -> None:
    header = ["drill", "rounds", "pause, s", "other shard, s", "acked", "told", "lost", "doubled", "handled twice"]
    rows = []
    for name, each in drills.items():
        elsewhere = Spread.of(o.elsewhere_pause_s for o in each if o.elsewhere_pause_s is not None)
        sums = [sum(getattr(o, what) for o in each) for what in ("acked", "told", "lost", "doubled", "handled_twice")]
        pause = Spread.of(o.pause_s for o in each if o.pause_s)
        rows.append([name, str(len(each)), shown(pause, 1), shown(elsewhere, 2), *(f"{n:,}" for n in sums)])
    table("Fail-over under load", header, rows)
    print("acked = the publish returned; told = it ended in an error; lost = acked, but not in the stream afterwards.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--produce"]:
        asyncio.run(_produce(sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
    sys.exit(main(sys.argv[1:]))
