"""Memory under concurrency, and what other languages may hand in, on the real server."""

import asyncio
import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from aqe.core.errors import ConflictError
from aqe.fleet.runtime import Runtime
from aqe.fleet.servers.library import source
from aqe.tests.integration.conftest import Open

KEY = "aqe/fleet/counter"


async def test_counting_with_expected_versions_loses_nothing(open_parts: Open) -> None:
    """Four processes add one fifty times each: read, write what was read plus one, read again after a conflict."""

    async def count(memory: Any) -> int:
        conflicts = 0
        for _ in range(50):
            while True:
                record = await memory.retrieve_record(KEY)
                value, version = (record.value, record.version) if record else (0, 0)
                try:
                    await memory.store(KEY, value + 1, expected_version=version)
                    break
                except ConflictError:
                    conflicts += 1
        return conflicts

    processes = [await open_parts(f"p{n}") for n in range(4)]
    conflicts = sum(await asyncio.gather(*(count(process.memory) for process in processes)))
    record = await processes[0].memory.retrieve_record(KEY)
    assert record is not None
    assert (record.value, record.version) == (200, 200)
    assert conflicts > 0, "nobody met anybody: this test shows nothing"


async def test_value_and_version_of_a_record_belong_together(open_parts: Open) -> None:
    """Read while somebody writes without a pause: never the value of one version with the number of another."""
    writer, reader = await open_parts("writer"), await open_parts("reader")
    writing = True

    async def write() -> None:
        version = 0
        while writing:
            version = await writer.memory.store(KEY, version + 1)

    task = asyncio.create_task(write())
    seen = set()
    for _ in range(500):
        record = await reader.memory.retrieve_record(KEY)
        if record is not None:
            assert record.value == record.version
            seen.add(record.version)
    writing = False
    await task
    assert len(seen) > 50


async def test_a_reindex_beside_writers_loses_no_name(open_parts: Open) -> None:
    """Names that come while the index is healed stay in it; those that go do not come back."""
    one, two = await open_parts("one"), await open_parts("two")
    done = asyncio.Event()

    async def reindex() -> None:
        while not done.is_set():
            await two.memory.reindex()

    task = asyncio.create_task(reindex())
    for n in range(300):
        await one.memory.store(f"aqe/n/{n:03}", n)
        if n % 3 == 0:
            await one.memory.delete(f"aqe/n/{n:03}")
    done.set()
    await task
    assert await one.memory.keys("aqe/n/*") == [f"aqe/n/{n:03}" for n in range(300) if n % 3]


async def test_many_processes_may_load_the_library_at_once(open_parts: Open, raw: Any) -> None:
    """After FUNCTION FLUSH everybody's next write works."""
    processes = [await open_parts(f"p{n}") for n in range(5)]
    raw.function_flush()
    await asyncio.gather(*(process.memory.store(f"aqe/{n}", n) for n, process in enumerate(processes)))
    assert await processes[0].memory.retrieve_pattern("aqe/?") == {f"aqe/{n}": n for n in range(5)}


async def test_what_expires_leaves_the_index_with_the_next_reindex(parts: Runtime, raw: Any) -> None:
    """Expired names cost no memory for ever."""
    await parts.memory.apply([parts.memory.prepare_store(f"aqe/short/{n}", n, ttl_s=0.001) for n in range(50)])
    await asyncio.sleep(0.02)
    assert raw.zcard("aqe:keys") == 50
    assert await parts.memory.keys("aqe/short/*") == []
    assert await parts.memory.reindex() == (0, 50)
    assert raw.dbsize() == 0


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_aqe_store_takes_all_json_there_is(raw: Any) -> None:
    """Property: what a JSON encoder writes is stored byte for byte, with or without escapes and blanks."""
    raw.function_load(source(), replace=True)

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(json_values, st.booleans(), st.sampled_from([None, 2]))
    def check(value: object, ascii_: bool, indent: int | None) -> None:
        try:
            text = json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()
            orjson.loads(text)
        except (UnicodeEncodeError, orjson.JSONDecodeError):
            return  # half a surrogate pair: no text in any language
        raw.fcall("aqe_store", 1, KEY, text)
        assert raw.get(KEY) == text

    check()


def test_what_aqe_store_takes_can_be_read(raw: Any) -> None:
    """Property over broken JSON: whatever passes is JSON to a strict reader too."""
    raw.function_load(source(), replace=True)
    words = [*'10.-eE+x"\\un[]{}:, \n\t\0é', "NaN", "inf", "null", "true"]
    pieces = st.sampled_from([*map(str.encode, words), b"\xff", b"\xc3", b"\xed\xa0\x80"])
    broken = st.lists(pieces, max_size=8).map(b"".join)

    @settings(max_examples=1_500, deadline=None, derandomize=True)
    @given(broken | broken.map(lambda text: b'["' + text + b'"]') | broken.map(lambda text: b"[" + text + b"]"))
    def check(text: bytes) -> None:
        try:
            raw.fcall("aqe_store", 1, KEY, text)
        except ResponseError:
            return
        orjson.loads(text)

    check()
