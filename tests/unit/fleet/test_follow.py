"""Reading what nodes and sentinels say, and which answers mean "not here" or "not now"."""

from typing import Any

import pytest
from redis.crc import key_slot
from redis.exceptions import NoPermissionError, ResponseError

from aqe.bus.group import SERVER_GONE
from aqe.fleet.servers.follow import AsyncParser, Refusal, SentinelMaster, SlotOwner, SyncParser

SLOT = key_slot(b"{shop}")


@pytest.mark.parametrize("parser", [AsyncParser, SyncParser])
@pytest.mark.parametrize(
    "answer",
    [
        "MOVED 3999 127.0.0.1:6381",
        "ASK 3999 127.0.0.1:6381",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN The cluster is down",
        "CLUSTERDOWN Hash slot not served",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "READONLY You can't write against a read only replica. script: aqe_commit, on @user_function:1.",
        "NOREPLICAS Not enough good replicas to write.",
        "ERR Script attempted to access a non local key in a cluster node script: aqe_publish, on @user_function:9.",
        "ERR Script attempted to execute a write command while the cluster is down and readonly",
    ],
)
def test_not_here_and_not_now_are_a_server_that_is_gone(parser: Any, answer: str) -> None:
    """So work waits for it and is repeated; no handler has failed, no subscription ends."""
    error = parser.parse_error(answer)
    assert isinstance(error, Refusal)
    assert isinstance(error, SERVER_GONE)
    assert str(error) == answer


@pytest.mark.parametrize("parser", [AsyncParser, SyncParser])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ERR unknown command 'X'", ResponseError),
        ("WRONGTYPE Operation against a key", ResponseError),
        ("NOPERM this user has no permissions to run the 'set' command", NoPermissionError),
        ("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", ResponseError),
        ("FENCED c no longer owns 1-1", ResponseError),
    ],
)
def test_other_answers_stay_what_they_are(parser: Any, answer: str, kind: type[Exception]) -> None:
    error = parser.parse_error(answer)
    assert isinstance(error, kind)
    assert not isinstance(error, SERVER_GONE)


def slots(*ranges: tuple[int, int, bytes | None, int]) -> list[Any]:
    """CLUSTER SLOTS: each range with a primary and a replica on the next port."""
    return [[first, last, [host, port, b"id", []], [host, port + 1, b"id", []]] for first, last, host, port in ranges]


def test_the_owner_of_the_fleets_slot_is_found_and_all_nodes_are_learned() -> None:
    owner = SlotOwner("{shop}", [("seed", 1)], {})
    assert owner._learn(slots((0, SLOT - 1, b"a", 10), (SLOT, 16383, b"b", 20)), "seed") == ("b", 20)
    assert set(owner._known) == {("seed", 1), ("a", 10), ("a", 11), ("b", 20), ("b", 21)}


@pytest.mark.parametrize("host", [b"", None])
def test_a_node_that_does_not_know_its_name_is_where_we_asked(host: bytes | None) -> None:
    assert SlotOwner("{shop}", [("seed", 1)], {})._learn(slots((0, 16383, host, 10)), "asked") == ("asked", 10)


def test_a_slot_that_nobody_serves_has_no_owner() -> None:
    owner = SlotOwner("{shop}", [("seed", 1)], {})
    assert owner._learn([], "seed") is None
    assert owner._learn(slots((0, 16383, b"?", 10)), "seed") is None
    assert owner._known == [("seed", 1)]


def test_another_node_is_asked_first_each_time() -> None:
    """One that was cut off and tells old news leads astray once."""
    owner = SlotOwner("{shop}", [("a", 1), ("b", 2)], {})
    assert {next(owner._in_turn()), next(owner._in_turn())} == {("a", 1), ("b", 2)}


def state(port: int, *, down: bool = False) -> dict[str, Any]:
    return {"ip": "h", "port": port, "is_sdown": down, "is_odown": False}


def test_a_master_that_is_down_is_none_until_another_is_named() -> None:
    master = SentinelMaster("shop", [("s", 1)], {})
    assert master._learn((b"h", 1), state(1))
    assert not master._learn((b"h", 1), state(1, down=True))
    assert master._learn((b"h", 2), state(1, down=True)), "in a fail-over the new address comes first"
    assert master._named() == ("h", 2)
    assert not master._learn(None, ResponseError("No such master with that name"))
