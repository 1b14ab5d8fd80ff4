"""Names of keys: which there may be, how they are found, and what other programs write beside us."""

import json
from typing import Any

import pytest
from redis.exceptions import ResponseError

from aqe.core.errors import InputError
from aqe.fleet.servers.library import Library
from aqe.memory.store import MemoryStore
from aqe.tests.contract.memory.places import KEY, LET_THROUGH_BY_FAKEREDIS, Place, gone

# Keys ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["", "{fleet}aqe/x", "{", "aqe/\n", "aqe/\x00", "aqe/\x7f", "k" * 513, "ü" * 257, "aqe/\ud800"]
)
async def test_what_cannot_be_a_key_is_refused_everywhere(memory: MemoryStore, key: str) -> None:
    """Reading, writing, appending and deleting agree about names."""
    for operation in (memory.store(key, 1), memory.append(key, 1), memory.delete(key), memory.retrieve(key)):
        with pytest.raises(InputError, match="cannot be a key"):
            await operation
    with pytest.raises(InputError, match="cannot be a key"):
        await memory.retrieve_record(key)


@pytest.mark.parametrize("key", ["k" * 512, "aqe/a b", "aqe/{x}", "test/session/results", "aqe/*", "aqe/ü/\N{SNOWMAN}"])
async def test_unusual_names_are_names(memory: MemoryStore, key: str) -> None:
    """Blanks, braces later on, glob characters and letters of any script are no obstacle."""
    await memory.store(key, 1)
    assert await memory.retrieve(key) == 1
    assert await memory.keys("*") == [key]


# Patterns ------------------------------------------------------------------------------------------------------------


async def test_a_pattern_finds_names_in_order_with_their_values(memory: MemoryStore) -> None:
    """`*` crosses `/`; the result is sorted by name."""
    for n, name in enumerate(["aqe/b/2", "aqe/a/1", "aqe/a", "other/a"]):
        await memory.store(name, n)
    assert await memory.retrieve_pattern("aqe/*") == {"aqe/a": 2, "aqe/a/1": 1, "aqe/b/2": 0}
    assert list(await memory.retrieve_pattern("aqe/*")) == ["aqe/a", "aqe/a/1", "aqe/b/2"]
    assert await memory.keys("*a") == ["aqe/a", "other/a"]
    assert await memory.keys("aqe/a") == ["aqe/a"]
    assert await memory.keys("aqe/?/1") == ["aqe/a/1"]
    assert await memory.keys("aqe/[^a]*") == ["aqe/b/2"]
    assert await memory.keys("nothing*") == []


async def test_a_pattern_pages_through_more_names_than_one_call_looks_at(memory: MemoryStore) -> None:
    """No name is lost or doubled at the edge of a page."""
    names = [f"aqe/n/{n:05}" for n in range(2_500)]
    for start in range(0, len(names), 500):
        await memory.apply([memory.prepare_store(name, 1) for name in names[start : start + 500]])
    assert await memory.keys("aqe/n/*") == names
    assert await memory.keys("aqe/n/*7") == names[7::10]
    assert list(await memory.retrieve_pattern("aqe/n/00*")) == names[:1000]


# Named fleets --------------------------------------------------------------------------------------------------------


async def test_fleets_on_one_server_do_not_see_each_other(place: Place) -> None:
    """Same names, different prefixes: values, metadata, index and deletes stay apart."""
    one, two, default = place.store("{one}"), place.store("{two}"), place.store()
    for n, memory in enumerate((one, two, default)):
        await memory.store(KEY, n)
    assert [await memory.retrieve(KEY) for memory in (one, two, default)] == [0, 1, 2]
    assert await default.keys("*") == [KEY]
    assert await one.retrieve_pattern("*") == {KEY: 0}
    await one.delete(KEY)
    await two.reindex()
    assert await one.keys("*") == []
    assert await two.keys("*") == [KEY]
    assert await place.client.get(f"{{two}}{KEY}") == b"1"


async def test_a_reindex_of_the_default_fleet_leaves_named_ones_alone(place: Place) -> None:
    """`{one}aqe/x` is no key of the fleet without a name."""
    await place.client.set(f"{{one}}{KEY}", "1")
    assert await place.store().reindex() == (0, 0)
    assert await place.store("{one}").reindex() == (1, 0)
    assert await place.store("{one}").keys("*") == [KEY]


# Other programs ------------------------------------------------------------------------------------------------------


async def test_a_bare_set_is_read_at_once_and_found_after_a_reindex(memory: MemoryStore, place: Place) -> None:
    """Version 0, writer unknown: written by somebody without our function."""
    await place.client.set(KEY, '{"a":1}')
    assert await memory.retrieve(KEY) == {"a": 1}
    record = await memory.retrieve_record(KEY)
    assert record is not None and (record.version, record.updated_at, record.updated_by) == (0, None, None)
    assert await memory.keys("*") == []
    assert await memory.reindex() == (1, 0)
    assert await memory.keys("*") == [KEY]


async def test_a_bare_set_of_no_json_is_an_error_that_names_the_key(memory: MemoryStore, place: Place) -> None:
    """It is not None, not text, not a guess."""
    await place.client.set(KEY, "hello")
    with pytest.raises(InputError, match=KEY):
        await memory.retrieve(KEY)


async def test_a_reindex_drops_what_others_deleted_or_let_expire(memory: MemoryStore, place: Place) -> None:
    """Names and metadata of keys that are gone leave; the rest stays."""
    for name in ("aqe/deleted", "aqe/expired", "aqe/stays"):
        await memory.store(name, 1)
    await place.client.delete("aqe/deleted")
    await place.client.pexpire("aqe/expired", 1)
    await gone(place.client, "aqe/expired")
    assert await memory.reindex() == (0, 2)
    assert await place.client.zrange("aqe:keys", 0, -1) == [b"aqe/stays"]
    assert await place.client.keys("aqe:meta:*") == [b"aqe:meta:aqe/stays"]
    assert await memory.reindex() == (0, 0)


async def test_a_reindex_heals_a_lost_index(memory: MemoryStore, place: Place) -> None:
    """DEL of the index costs one re-index, no value."""
    names = [f"aqe/n/{n:04}" for n in range(1_500)]
    await memory.apply([memory.prepare_store(name, 1) for name in names])
    await place.client.delete("aqe:keys")
    assert await memory.reindex() == (1_500, 0)
    assert await memory.keys("*") == names


@pytest.mark.parametrize("lost", ["aqe:keys", "aqe:folders", "aqe:folder-counts", "all of them"])
async def test_every_part_of_the_index_heals(memory: MemoryStore, place: Place, lost: str) -> None:
    """Globs with a wildcard in the middle have an index of their own; a delete afterwards blinds nobody."""
    names = [f"aqe/releases/{version}/signals/{kind}" for version in ("v1", "v2") for kind in ("a", "b")]
    await memory.apply([memory.prepare_store(name, 1) for name in names])
    parts = ["aqe:keys", "aqe:folders", "aqe:folder-counts"]
    await place.client.delete(*(parts if lost == "all of them" else [lost]))
    await memory.reindex()
    assert await memory.keys("aqe/releases/*/signals/b") == [names[1], names[3]]
    await memory.delete(names[0])
    await memory.reindex()
    assert await memory.keys("aqe/releases/*/signals/*") == names[1:]


async def test_names_that_are_no_text_do_not_stop_a_reindex_or_a_pattern(memory: MemoryStore, place: Place) -> None:
    """One key with bytes that are no UTF-8, by whomever, must not blind the fleet."""
    await memory.store(KEY, 1)
    await place.client.set(b"aqe/\xff\xfe", "1")
    await memory.reindex()
    assert await memory.keys("aqe/*") == [KEY]
    await place.client.zadd("aqe:keys", {b"aqe/\xfe": 0})
    await place.client.set(b"aqe/\xfe", "1")
    assert await memory.retrieve_pattern("aqe/*") == {KEY: 1}


async def test_aqe_store_writes_value_metadata_and_index(memory: MemoryStore, place: Place) -> None:
    """The way in for every other language: one FCALL, versioned like our own."""
    await Library(place.client).load()
    assert await place.client.execute_command("FCALL", "aqe_store", 1, KEY, '{"a": 1}') == 1
    assert await place.client.execute_command("FCALL", "aqe_store", 1, KEY, '{"a": 2}', "", "a-go-program") == 2
    record = await memory.retrieve_record(KEY)
    assert record is not None
    assert (record.value, record.version, record.updated_by) == ({"a": 2}, 2, "a-go-program")
    assert await memory.retrieve_pattern("aqe/quality-signals/*") == {KEY: {"a": 2}}
    assert await place.client.get(KEY) == b'{"a": 2}'


async def test_aqe_store_takes_seconds_to_live(place: Place) -> None:
    """Also fractions of one."""
    await Library(place.client).load()
    await place.client.execute_command("FCALL", "aqe_store", 1, KEY, "1", "2.5")
    assert 2_000 < await place.client.pttl(KEY) <= 2_500


@pytest.mark.parametrize(
    "text",
    ["1", " [1.5e-3, -0, 1E+5]\n", '"1. \\" \\\\"', '{"a.":"1.","b":[{}]}', '"\x7f ü \N{SNOWMAN} \U0001f600"', "null"],
)
async def test_aqe_store_takes_every_kind_of_json(memory: MemoryStore, place: Place, text: str) -> None:
    """Strict does not mean narrow: dots in strings, escaped quotes and any script are JSON."""
    await Library(place.client).load()
    await place.client.execute_command("FCALL", "aqe_store", 1, KEY, text)
    assert await memory.retrieve(KEY) == json.loads(text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([1, KEY, "{broken"], "NOTJSON"),
        ([1, KEY, ""], "NOTJSON"),
        ([1, KEY, "1 2"], "NOTJSON"),
        ([1, KEY, "NaN"], "NOTJSON"),
        ([1, KEY, '{"a": Infinity}'], "NOTJSON"),
        ([1, KEY, "0x10"], "NOTJSON"),
        ([1, KEY, "01"], "NOTJSON"),
        ([1, KEY, "[1.]"], "NOTJSON"),
        ([1, KEY, "1.e3"], "NOTJSON"),
        ([1, KEY, "-1e400"], "NOTJSON"),
        ([1, KEY, '"a\nb"'], "NOTJSON"),
        ([1, KEY, '{"a\\"b": "\t"}'], "NOTJSON"),
        ([1, KEY, b'"\xff"'], "NOTJSON"),
        ([1, KEY, b'"\xc3"'], "NOTJSON"),
        ([1, KEY, b'"\xe0\x80\x80"'], "NOTJSON"),
        ([1, KEY, b'"\xed\xa0\x80"'], "NOTJSON"),
        ([1, KEY, b'"\xf4\x90\x80\x80"'], "NOTJSON"),
        ([1, KEY, "1", "0"], "ttl_s"),
        ([1, KEY, "1", "-3"], "ttl_s"),
        ([1, KEY, "1", "soon"], "ttl_s"),
        ([1, KEY, "1", "nan"], "ttl_s"),
        ([1, KEY, "1", "1e300"], "ttl_s"),
        ([1, KEY, '"' + "x" * 1_000_000 + '"'], "TOOLARGE"),
        ([1, "", "1"], "key"),
        ([1, "aqe/\n", "1"], "key"),
        ([1, b"aqe/\xff", "1"], "key"),
        ([1, "k" * 513, "1"], "key"),
        ([1, "{fleet}", "1"], "key"),
        ([0, "1"], "usage"),
        ([1, KEY], "usage"),
        ([2, KEY, "aqe/b", "1"], "usage"),
    ],
)
async def test_aqe_store_refuses_what_could_not_be_read_again(
    request: pytest.FixtureRequest, place: Place, arguments: list[Any], says: str
) -> None:
    """What one language writes every other must be able to read; a refusal leaves nothing."""
    if place.name == "fakeredis" and arguments[-1] in LET_THROUGH_BY_FAKEREDIS:
        request.applymarker(pytest.mark.xfail(strict=True, reason="its cjson is Python's json, which reads NaN"))
    await Library(place.client).load()
    with pytest.raises(ResponseError, match=says):
        await place.client.execute_command("FCALL", "aqe_store", *arguments)
    assert await place.client.keys("*") == []


async def test_aqe_store_does_not_overwrite_other_kinds(memory: MemoryStore, place: Place) -> None:
    """A history is not replaced by a value."""
    await memory.append(KEY, 1)
    with pytest.raises(ResponseError, match="WRONGKIND"):
        await place.client.execute_command("FCALL", "aqe_store", 1, KEY, "1")
    assert await memory.retrieve(KEY) == [1]


async def test_the_library_is_loaded_where_it_is_missing(memory: MemoryStore, place: Place) -> None:
    """FUNCTION FLUSH, a fresh server, a new shard: the next call loads it."""
    await memory.store(KEY, 1)
    await place.client.execute_command("FUNCTION", "FLUSH")
    assert await memory.store(KEY, 2) == 2
