"""What memory promises, on the real server and on fakeredis: where the twin lies, the test is a strict xfail."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from aqe.core.errors import AqeError, ConflictError, InputError, ValueTooLargeError
from aqe.core.records.base import Record
from aqe.core.writes import Write
from aqe.fleet.servers.library import Library
from aqe.memory.store import MemoryStore

KEY = "aqe/quality-signals/security"
LET_THROUGH_BY_FAKEREDIS = ("NaN", '{"a": Infinity}')


class AFinding(Record):
    rule_name: str
    line: int


@dataclass
class Place:
    """A server and the stores on it."""

    name: str
    client: Any

    def store(self, prefix: str = "", writer: str = "a-writer") -> MemoryStore:
        return MemoryStore(self.client, Library(self.client), prefix=prefix, writer=writer)


@pytest.fixture(params=["server", "fakeredis"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "server":
        client: Any = Redis.from_url(request.getfixturevalue("redis_url"), protocol=2)
    else:
        client = FakeAsyncRedis()
    yield Place(request.param, client)
    await client.aclose()


@pytest.fixture
def memory(place: Place) -> MemoryStore:
    return place.store()


# Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, None, True]}, [], "text", 0, False, "", "ünïcödé \N{SNOWMAN}", {"": {"": ""}}, "\x00\x01"]
)
async def test_what_was_stored_is_retrieved(memory: MemoryStore, value: object) -> None:
    """Every JSON value survives the round trip, the falsy ones too."""
    await memory.store(KEY, value)
    assert await memory.retrieve(KEY) == value


async def test_nothing_stored_is_none(memory: MemoryStore) -> None:
    """A key without a value reads as None, and its record too."""
    assert await memory.retrieve(KEY) is None
    assert await memory.retrieve_raw(KEY) is None
    assert await memory.retrieve_record(KEY) is None
    assert await memory.retrieve_pattern("*") == {}
    assert await memory.keys("*") == []


async def test_get_prints_the_value_itself(memory: MemoryStore, place: Place) -> None:
    """The string at a key is compact camelCase JSON, the value and nothing around it."""
    await memory.store(KEY, AFinding(rule_name="S1", line=3))
    assert await place.client.get(KEY) == b'{"ruleName":"S1","line":3}'


async def test_records_inside_lists_are_written_in_camel_case(memory: MemoryStore) -> None:
    """Records nested in plain values are encoded like records."""
    await memory.store(KEY, {"found": [AFinding(rule_name="S1", line=3)]})
    assert await memory.retrieve(KEY) == {"found": [{"ruleName": "S1", "line": 3}]}


async def test_a_record_says_who_wrote_when_and_for_which_task(place: Place) -> None:
    """Metadata stands beside the value: version, time, writer, task."""
    before = datetime.now(UTC)
    memory = place.store(writer="an-agent")
    await memory.store(KEY, 1, task="task-7")
    record = await memory.retrieve_record(KEY)
    assert record is not None
    assert (record.key, record.value, record.version) == (KEY, 1, 1)
    assert (record.updated_by, record.task) == ("an-agent", "task-7")
    assert record.updated_at is not None
    assert abs(record.updated_at - before) < timedelta(seconds=5)


async def test_versions_count_from_one(memory: MemoryStore) -> None:
    """Every store and append raises the version by one."""
    assert [await memory.store(KEY, n) for n in range(3)] == [1, 2, 3]
    record = await memory.retrieve_record(KEY)
    assert record is not None and record.version == 3


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan").__add__, b"bytes", {1: {2}}])
async def test_what_json_has_no_word_for_is_refused(memory: MemoryStore, value: object) -> None:
    """No repr() of an object ever gets into a key."""
    with pytest.raises(InputError):
        await memory.store(KEY, value)
    assert await memory.retrieve(KEY) is None


async def test_a_value_over_one_megabyte_is_refused_with_a_hint(memory: MemoryStore) -> None:
    """A million bytes pass, one more does not, and nothing of it stays."""
    await memory.store(KEY, "x" * (1_000_000 - 2))
    with pytest.raises(ValueTooLargeError, match="1000001 bytes, at most 1000000"):
        await memory.store(KEY, "x" * (1_000_001 - 2))
    record = await memory.retrieve_record(KEY)
    assert record is not None and record.version == 1
    with pytest.raises(ValueTooLargeError):
        await memory.append("aqe/deployment/history", "x" * 1_000_001)
    assert await memory.keys("*") == [KEY]


async def test_size_is_counted_in_bytes(memory: MemoryStore) -> None:
    """A character outside ASCII counts as what it takes."""
    with pytest.raises(ValueTooLargeError):
        await memory.store(KEY, "ü" * 500_000)


# Versions ------------------------------------------------------------------------------------------------------------


async def test_an_expected_version_that_is_stored_is_replaced(memory: MemoryStore) -> None:
    """Optimistic locking: who read the current version may write."""
    version = await memory.store(KEY, "one", expected_version=0)
    assert await memory.store(KEY, "two", expected_version=version) == 2


@pytest.mark.parametrize("expected", [0, 1, 3, 99])
async def test_another_version_than_expected_is_a_conflict(memory: MemoryStore, expected: int) -> None:
    """The error names both versions, and the value stays."""
    await memory.store(KEY, "one")
    await memory.store(KEY, "two")
    with pytest.raises(ConflictError, match=f"has version 2, expected {expected}"):
        await memory.store(KEY, "three", expected_version=expected)
    assert await memory.retrieve(KEY) == "two"


async def test_expecting_a_version_of_nothing_is_a_conflict(memory: MemoryStore) -> None:
    """A key that was deleted is not silently created again by an old reader."""
    version = await memory.store(KEY, "one")
    await memory.delete(KEY)
    with pytest.raises(ConflictError, match="has version 0"):
        await memory.store(KEY, "two", expected_version=version)
    assert await memory.store(KEY, "two", expected_version=0) == 1


async def test_a_key_that_another_program_deleted_counts_as_empty(memory: MemoryStore, place: Place) -> None:
    """A bare DEL leaves the metadata behind; whoever expects nothing there may write."""
    await memory.store(KEY, "one")
    await place.client.delete(KEY)
    assert await memory.retrieve_record(KEY) is None
    with pytest.raises(ConflictError):
        await memory.store(KEY, "two", expected_version=1)
    assert await memory.store(KEY, "two", expected_version=0) >= 1


# Time to live --------------------------------------------------------------------------------------------------------


async def test_an_expired_value_is_gone_with_its_metadata_and_its_name(memory: MemoryStore, place: Place) -> None:
    """TTL is in seconds; globs do not find what has expired."""
    await memory.store(KEY, 1, ttl_s=60)
    assert await memory.keys("*") == [KEY]
    await memory.store(KEY, 1, ttl_s=0.01)
    await _gone(place.client, KEY)
    assert await memory.retrieve_record(KEY) is None
    assert await memory.keys("*") == []
    assert await memory.retrieve_pattern("*") == {}
    assert await memory.store(KEY, 2) == 1


async def test_no_ttl_means_never(memory: MemoryStore, place: Place) -> None:
    """A store without TTL takes away the TTL of the one before, from value and metadata."""
    await memory.store(KEY, 1, ttl_s=100)
    assert 99_000 < await place.client.pttl(KEY) <= 100_000
    assert 99_000 < await place.client.pttl(f"aqe:meta:{KEY}") <= 100_000
    await memory.store(KEY, 2)
    assert await place.client.pttl(KEY) == -1
    assert await place.client.pttl(f"aqe:meta:{KEY}") == -1


@pytest.mark.parametrize("ttl_s", [0, -1, -0.001, float("nan"), float("inf"), 1e30])
async def test_a_ttl_that_is_none_is_refused(memory: MemoryStore, ttl_s: float) -> None:
    """Zero, negative, endless and not-a-number are mistakes, not "never"."""
    with pytest.raises(InputError, match="ttl_s"):
        await memory.store(KEY, 1, ttl_s=ttl_s)
    assert await memory.retrieve(KEY) is None


# Histories -----------------------------------------------------------------------------------------------------------


async def test_a_history_grows_and_is_retrieved_as_a_list(memory: MemoryStore) -> None:
    """Append returns the length; the order is that of appending."""
    assert [await memory.append("aqe/deployment/history", {"n": n}) for n in range(3)] == [1, 2, 3]
    assert await memory.retrieve("aqe/deployment/history") == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert await memory.retrieve_pattern("aqe/deployment/*") == {
        "aqe/deployment/history": [{"n": 0}, {"n": 1}, {"n": 2}]
    }
    assert await memory.retrieve_raw("aqe/deployment/history") == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    record = await memory.retrieve_record("aqe/deployment/history")
    assert record is not None and record.version == 3 and len(record.value) == 3


async def test_a_history_that_keeps_the_newest_only(memory: MemoryStore) -> None:
    for n in range(5):
        (length,) = await memory.apply([memory.prepare_append("aqe/h", n, newest=3)])
        assert length == min(n + 1, 3)
    assert await memory.retrieve("aqe/h") == [2, 3, 4]
    assert await memory.append("aqe/h", 5) == 4


async def test_a_value_is_no_history_and_a_history_no_value(memory: MemoryStore) -> None:
    """The wrong kind is refused by name; nothing is lost."""
    await memory.store(KEY, 1)
    with pytest.raises(InputError, match=f"{KEY} is a string, expected a list"):
        await memory.append(KEY, 2)
    await memory.append("aqe/h", 1)
    with pytest.raises(InputError, match="aqe/h is a list, expected a string"):
        await memory.store("aqe/h", 2)
    assert await memory.retrieve(KEY) == 1
    assert await memory.retrieve("aqe/h") == [1]


async def test_what_is_neither_value_nor_history_is_named(memory: MemoryStore, place: Place) -> None:
    """A set of somebody else's at one of our names is an error when read, and no value in a pattern."""
    await place.client.sadd(KEY, "member")
    with pytest.raises(InputError, match="neither a value nor a history"):
        await memory.retrieve(KEY)
    await memory.reindex()
    assert await memory.retrieve_pattern("*") == {}


# Delete --------------------------------------------------------------------------------------------------------------


async def test_delete_takes_value_metadata_and_name(memory: MemoryStore, place: Place) -> None:
    """Nothing stays behind; deleting nothing says so."""
    await memory.store(KEY, 1)
    assert await memory.delete(KEY) is True
    assert await memory.delete(KEY) is False
    assert await place.client.keys("*") == []


async def test_a_history_can_be_deleted(memory: MemoryStore) -> None:
    """Deleting does not ask for the kind."""
    await memory.append(KEY, 1)
    assert await memory.delete(KEY) is True
    assert await memory.retrieve(KEY) is None


# Transactions --------------------------------------------------------------------------------------------------------


async def test_a_transaction_applies_all_its_writes(memory: MemoryStore) -> None:
    """Stores, appends and deletes in the order given, when the block ends."""
    await memory.store("aqe/old", 0)
    async with memory.transaction() as writes:
        writes.append(memory.prepare_store("aqe/a", 1))
        writes.append(memory.prepare_append("aqe/h", 2))
        writes.append(memory.prepare_delete("aqe/old"))
        assert await memory.retrieve("aqe/a") is None
    assert await memory.retrieve_pattern("aqe/*") == {"aqe/a": 1, "aqe/h": [2]}


async def test_apply_returns_the_results_in_order(memory: MemoryStore) -> None:
    """New version of a store, new length of an append, 0 or 1 of a delete."""
    writes = [memory.prepare_store("aqe/a", 1), memory.prepare_append("aqe/h", 1), memory.prepare_delete("aqe/none")]
    assert await memory.apply(writes) == [1, 1, 0]


async def test_a_block_that_fails_writes_nothing(memory: MemoryStore) -> None:
    """An exception inside the block is the end of the transaction."""
    with pytest.raises(ZeroDivisionError):
        async with memory.transaction() as writes:
            writes.append(memory.prepare_store("aqe/a", 1))
            _ = 1 / 0
    assert await memory.keys("*") == []


async def test_an_empty_transaction_is_none(memory: MemoryStore) -> None:
    """No write, no command, no error."""
    async with memory.transaction():
        pass


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("bad", ["conflict", "too large", "wrong kind"])
async def test_one_refused_write_refuses_them_all(memory: MemoryStore, bad: str, position: int) -> None:
    """All or none, wherever the refused one stands: checks come before the first write."""
    await memory.store("aqe/value", "old")
    refused = {
        "conflict": lambda: memory.prepare_store("aqe/value", "new", expected_version=7),
        "too large": lambda: memory.prepare_store("aqe/c", "x" * 1_000_001),
        "wrong kind": lambda: memory.prepare_append("aqe/value", "new"),
    }[bad]()
    writes = [memory.prepare_store("aqe/a", 1), memory.prepare_append("aqe/b", 1)]
    writes.insert(position, refused)
    with pytest.raises(AqeError):
        await memory.apply(writes)
    assert await memory.retrieve_pattern("aqe/*") == {"aqe/value": "old"}


async def test_one_key_cannot_become_value_and_history_in_one_transaction(memory: MemoryStore) -> None:
    """Each write fits what is there, both together do not: neither happens."""
    with pytest.raises(InputError):
        await memory.apply(
            [
                memory.prepare_store("aqe/before", 1),
                memory.prepare_store("aqe/a", 1),
                memory.prepare_append("aqe/a", 2),
            ]
        )
    assert await memory.keys("*") == []


async def test_two_writes_of_one_key_in_one_transaction_happen_in_order(memory: MemoryStore) -> None:
    """The last one stays; both count as versions."""
    assert await memory.apply([memory.prepare_store(KEY, 1), memory.prepare_store(KEY, 2)]) == [1, 2]
    assert await memory.retrieve(KEY) == 2


async def test_an_unknown_operation_is_refused_with_all_others(memory: MemoryStore) -> None:
    """A library older than its caller says so instead of doing half."""
    with pytest.raises(AqeError, match="unknown operation"):
        await memory.apply([memory.prepare_store(KEY, 1), Write("frobnicate", "aqe/x", ("1",))])
    assert await memory.retrieve(KEY) is None


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
    await _gone(place.client, "aqe/expired")
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


async def _gone(client: Any, key: str) -> None:
    while await client.exists(key):
        pass
