"""YAML a person wrote: safe to read, and every value's line is known."""

import pytest

from aqe.config.yamlfile import MAX_CHARACTERS, duration_s, load_yaml
from aqe.core.errors import InputError

TEXT = """\
# a comment
first: 1
second:
  inner:
    - a: x
      b: y
    - 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("first",), 2),
        (("second", "inner"), 4),
        (("second", "inner", 0, "b"), 6),
        (("second", "inner", 1), 7),
        (("second", "inner", 7, "z"), 4),
        (("unknown", "deeper"), 2),
    ],
)
def test_a_path_has_a_line_and_an_absent_one_its_ancestors(path: tuple[str | int, ...], line: int) -> None:
    assert load_yaml(TEXT, where="f.yaml").line_of(path) == line


def test_an_empty_document_is_an_empty_mapping() -> None:
    document = load_yaml("# nothing\n", where="f.yaml")
    assert document.value == {}
    assert document.line_of(("a",)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: }", "f.yaml:2: not YAML"),
        ("a: 1\n\tb: 2", "f.yaml:2: not YAML"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", "f.yaml:2: not YAML: could not determine a constructor"),
        ("a: &x [1]\nb: *x", "f.yaml:2: YAML aliases"),
        ("a: 1\nb: " + "[" * 30 + "]" * 30, "f.yaml:2: nested deeper"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: 'a' stands here twice, first in line 1"),
        ("a: 1\nyes: 2", "f.yaml:2: key 'yes' is not text"),
        ("- 1", "f.yaml:1: expected `key: value` lines"),
        ("a: 1\n---\nb: 2", "f.yaml:2: not YAML"),
        ("a: 2026-13-45", "f.yaml: month must be"),
        ("a: \x00", "f.yaml: not YAML"),
        ("a: " + "x" * MAX_CHARACTERS, f"f.yaml: {MAX_CHARACTERS + 3} characters"),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_yaml(text, where="f.yaml")
    assert str(caught.value).startswith(message)


def test_a_laughing_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)
    )
    with pytest.raises(InputError, match="aliases"):
        load_yaml(bomb, where="f.yaml")


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"f\.yaml:4: unknown key 'inner', did you mean 'dinner'\?"):
        load_yaml(TEXT, where="f.yaml").mapping(("second",), ("dinner",))


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("30m", 1800), ("1.5h", 5400), ("7d", 604_800)])
def test_durations_carry_their_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["7", 7, "d", "-1d", "0d", "1w", "1d2h", "1 d", None, "1e3d", "7d\n"])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_s(text)
