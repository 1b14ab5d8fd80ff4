import pytest

from aqe.bus.deadletters import letter_name
from aqe.bus.events import matching_types
from aqe.bus.group import entry_order, group_is_gone
from aqe.bus.names import StreamNames, check_type
from aqe.core.errors import InputError


@pytest.mark.parametrize("name", ["agent:done", "deployment-readiness:assessed", "a1:b2", "a:b:c"])
def test_types_are_agent_and_participle(name: str) -> None:
    """Lower case, digits and dashes, parts joined by colons."""
    assert check_type(name) == name


@pytest.mark.parametrize("name", ["", "agent", ":done", "agent:", "Agent:done", "agent:do ne", "a:b\n", "1a:b", "a::b"])
def test_anything_else_is_no_type(name: str) -> None:
    """It would make a stream nobody finds."""
    with pytest.raises(InputError, match="is not an event type"):
        check_type(name)


def test_names_of_a_fleet_carry_its_prefix_once() -> None:
    """And `logical` takes it away again."""
    names = StreamNames("{blue}")
    assert names.events("a:b") == "{blue}aqe:events:a:b"
    assert names.dead("a:b") == "{blue}aqe:dead:a:b"
    assert names.lane("agent", "high") == "{blue}aqe:tasks:agent:high"
    assert names.types == "{blue}aqe:events"
    assert names.logical(names.events("a:b")) == StreamNames().events("a:b")


@pytest.mark.parametrize(
    ("stream", "name"),
    [("{blue}aqe:events:a:b", "a:b"), ("{blue}aqe:tasks:agent:high", "agent:high"), ("{blue}other", "other")],
)
def test_a_dead_letter_is_filed_under_its_type_or_lane(stream: str, name: str) -> None:
    """What people know it by."""
    assert letter_name(StreamNames("{blue}"), stream) == name


def test_entry_ids_are_ordered_as_numbers() -> None:
    """As text, 9 would come after 10."""
    ids = ["10-0", "9-0", "9-10", "9-9", "0-0", "1700000000000-1"]
    assert sorted(ids, key=entry_order) == ["0-0", "9-0", "9-9", "9-10", "10-0", "1700000000000-1"]
    assert entry_order("7") == (7, 0)


@pytest.mark.parametrize(
    ("glob", "types"),
    [
        ("weather:changed", ["weather:changed"]),
        ("weather:*", ["weather:changed", "weather:forecast"]),
        ("task:c*", ["task:cancelled", "task:completed"]),
        ("agent:[ls]*", ["agent:lost", "agent:started", "agent:stopped"]),
        ("*:assessed", ["deployment-readiness:assessed"]),
        ("nothing:?", []),
    ],
)
def test_a_glob_stands_for_known_types_and_those_with_a_stream(glob: str, types: list[str]) -> None:
    """A plain name stands for itself, known or not."""
    assert matching_types(glob, ["weather:forecast", "weather:changed", "task:completed"]) == types


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        ("NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option", True),
        ("UNBLOCKED the stream key no longer exists", True),
        ("Command # 2 (XREADGROUP ...) of pipeline caused error: ('NOGROUP No such key',)", True),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", False),
        ("BUSYGROUP Consumer Group name already exists", False),
        ("READONLY You can't write against a read only replica.", False),
    ],
)
def test_a_lost_group_is_told_from_other_trouble(answer: str, gone: bool) -> None:
    """Alone or as the answer to one of several commands: redis-py wraps those."""
    assert group_is_gone(Exception(answer)) is gone


def test_what_is_neither_glob_nor_type_stands_for_nothing() -> None:
    """A group name given in its place would make a stream that nobody publishes to."""
    with pytest.raises(InputError, match="'billing' is not an event type"):
        matching_types("billing", [])
