import pytest

from aqe.core.errors import InputError
from aqe.memory.values import MAX_KEY_BYTES, check_key, decode


def test_a_string_is_one_document_and_a_list_a_history() -> None:
    """Nothing is nothing, not null."""
    assert decode(None, "aqe/x") is None
    assert decode(b"null", "aqe/x") is None
    assert decode(b'{"a":[1]}', "aqe/x") == {"a": [1]}
    assert decode([b"1", b'"two"'], "aqe/x") == [1, "two"]
    assert decode([], "aqe/x") == []


@pytest.mark.parametrize("raw", [b"", b"hello", b"NaN", b"\xff", [b"1", b"{"]])
def test_what_is_no_json_is_an_error_that_names_the_key(raw: bytes | list[bytes]) -> None:
    """Never text in place of a value."""
    with pytest.raises(InputError, match="aqe/quality-signals/security"):
        decode(raw, "aqe/quality-signals/security")


@pytest.mark.parametrize("key", ["a", "aqe/x", "aqe/a b{c}", "ü" * (MAX_KEY_BYTES // 2), "x" * MAX_KEY_BYTES])
def test_a_name_is_what_people_can_read(key: str) -> None:
    """Returned as it is."""
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", "{x}", "{", "a\tb", "a\x00", "\x7f", "x" * (MAX_KEY_BYTES + 1), "\ud800"])
def test_what_cannot_be_a_name_is_refused_with_an_example(key: str) -> None:
    """Braces at the beginning belong to fleets; long ones are shown cut."""
    with pytest.raises(InputError, match="cannot be a key") as caught:
        check_key(key)
    assert caught.value.hint and len(caught.value.message) < 200
