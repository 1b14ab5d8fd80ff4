"""Several writes at once: all of them or none, in order."""

import pytest

from aqe.core.errors import AqeError, InputError
from aqe.core.writes import Write
from aqe.memory.store import MemoryStore
from aqe.tests.contract.memory.places import KEY


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
