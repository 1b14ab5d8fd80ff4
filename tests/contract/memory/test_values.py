"""What memory promises, on the real server and on fakeredis: where the twin lies, the test is a strict xfail."""

from datetime import UTC, datetime, timedelta

import pytest

from aqe.core.errors import ConflictError, InputError, ValueTooLargeError
from aqe.memory.store import MemoryStore
from aqe.tests.contract.memory.places import KEY, AFinding, Place, gone

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
    await gone(place.client, KEY)
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
