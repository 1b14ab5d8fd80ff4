"""What a fleet costs on a cluster, alone and among others: CPU an event, CPU when idle, latency."""

import asyncio
import os
import resource
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from ..report import table
from ..servers.nodes import Cluster
from .load import PRODUCERS, fresh_fleet, open_load

FLEETS = (1, 2, 4, 8, 16)
RATE = 50
"""Events a second and fleet: far below what a core can do with 16 of them."""


class Cost(NamedTuple):
    """What fleets cost, each."""

    fleets: int
    events: int
    client_us: float
    """CPU an event in the clients: publish, deliver, acknowledge."""
    server_us: float
    """CPU an event in all servers, replicas and append-only files included."""
    idle_client_ms_s: float
    """CPU a second and fleet without events, in the client."""
    idle_server_ms_s: float
    p50_ms: float
    """From publish to handler."""
    p99_ms: float
    primaries: tuple[float, ...]
    """Share of the primaries' CPU that each of them bore."""


async def cost_of(made: Cluster, folder: Path, count: int, seconds: float) -> Cost:
    """So many fleets, spread over the shards, first idle, then at a fixed rate each; all clients in this process."""
    async with AsyncExitStack() as stack:
        loads = []
        for number in range(count):
            fleet = fresh_fleet(made, number % made.shards)
            loads.append(
                await open_load(stack, made.url, folder, fleet, "server", pause_s=PRODUCERS / RATE, begin=False)
            )
        for load in loads:
            await load.subscribe()
        await asyncio.sleep(1.0)
        idle_client, idle_server = await _cpu_during(made, seconds)
        for load in loads:
            load.publish()
        await asyncio.sleep(1.0)
        shares_before = [node.info("cpu") for node in made.nodes[: made.shards]]
        handled = sum(len(load.handled) for load in loads)
        marks = [len(load.delays_s) for load in loads]
        client, server = await _cpu_during(made, seconds)
        events = sum(len(load.handled) for load in loads) - handled
        delays = sorted(d for load, mark in zip(loads, marks, strict=True) for d in load.delays_s[mark:])
        shares = [_cpu(node.info("cpu")) - _cpu(old) for node, old in zip(made.nodes, shares_before, strict=False)]
        for load in loads:
            await load.stop()
        return Cost(
            fleets=count,
            events=events,
            client_us=1e6 * client / events,
            server_us=1e6 * server / events,
            idle_client_ms_s=1e3 * idle_client / seconds / count,
            idle_server_ms_s=1e3 * idle_server / seconds / count,
            p50_ms=1e3 * delays[len(delays) // 2],
            p99_ms=1e3 * delays[len(delays) * 99 // 100],
            primaries=tuple(round(share / sum(shares), 2) for share in shares),
        )


async def _cpu_during(made: Cluster, seconds: float) -> tuple[float, float]:
    servers = [node.info("cpu") for node in made.nodes]
    own = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.sleep(seconds)
    now = resource.getrusage(resource.RUSAGE_SELF)
    client = now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime
    return client, sum(_cpu(node.info("cpu")) - _cpu(old) for node, old in zip(made.nodes, servers, strict=True))


def _cpu(info: dict[str, Any]) -> float:
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def print_costs(costs: Sequence[Cost]) -> None:
    """As a table."""
    header = ["fleets", "events", "client us", "server us", "p50 ms", "p99 ms"]
    header += ["idle client ms/s", "idle server ms/s", "primaries"]
    rows = []
    for c in costs:
        row = [str(c.fleets), f"{c.events:,}", f"{c.client_us:.0f}", f"{c.server_us:.0f}"]
        row += [f"{c.p50_ms:.2f}", f"{c.p99_ms:.1f}", f"{c.idle_client_ms_s:.1f}", f"{c.idle_server_ms_s:.1f}"]
        rows.append([*row, "/".join(f"{share:.2f}" for share in c.primaries)])
    table(f"What a fleet costs, {RATE} events/s each, CPU an event and CPU a second and idle fleet", header, rows)
    print(f"{os.cpu_count()} cores; 3 primaries, 3 replicas, append-only files; all clients in one process.")
