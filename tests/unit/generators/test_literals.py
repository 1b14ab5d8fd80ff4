"""Any text stays inside its literal and comes back equal when the file runs."""

import ast
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqe.generators.literals import python, python_prose, slug

HOSTILE = (
    "it's",
    '"',
    "'\"",
    "'''",
    '"""',
    "\\",
    "\\'",
    "\n",
    "\r\n",
    "\0",
    "\u2028\u2029\x85\x0b\x0c",
    "${HOME}",
    "{1+1}",
    "*/",
    "</script>",
    "#",
    "\ud800",
    "\ud83d\ude00",
    "\U0001f600",
    "\u202e\u2066",
    "\N{BYTE ORDER MARK}",
    "%s {} %(x)s",
    "\\N{BULLET}",
    "\\x41",
)
texts = st.text(st.characters(codec=None)) | st.lists(st.sampled_from(HOSTILE)).map("".join)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


@given(values)
def test_any_value_comes_back_equal(value: Any) -> None:
    """What the literal evaluates to is the value, half surrogates and null bytes included."""
    literal = python(value)
    assert ast.literal_eval(literal) == value
    assert literal.isascii() and literal.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_equal(text: str) -> None:
    """The cases that have broken generators before."""
    assert ast.literal_eval(python(text)) == text


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_numbers_without_a_literal_are_written_as_calls(value: float) -> None:
    """`inf` alone would be a name."""
    assert eval(python(value)) == value  # our own output


def test_what_has_no_literal_is_refused() -> None:
    """A guess such as its repr could be code."""
    with pytest.raises(TypeError, match="object has no literal"):
        python(object())


@given(texts, texts, texts)
@example('"""', "\nimport os\n", "\\")
def test_a_whole_file_parses_and_holds_nothing_but_the_text(doc: str, comment: str, text: str) -> None:
    """Docstring, comment and literal stay what they are, whatever is put into them."""
    source = f'"""{python_prose(doc)}."""\n\n# {python_prose(comment)}\nVALUE = {python(text)}\n'
    tree = ast.parse(source)
    assert [type(node) for node in tree.body] == [ast.Expr, ast.Assign]
    assert isinstance(tree.body[1], ast.Assign) and ast.literal_eval(tree.body[1].value) == text
    assert source.isascii() and source.count("\n") == 4
    compile(source, "generated.py", "exec")


def test_quotes_are_chosen_as_a_formatter_chooses_them() -> None:
    """Double ones, unless that costs more escapes."""
    assert (python("a"), python("it's"), python('"a"'), python("'\"")) == ('"a"', '"it\'s"', "'\"a\"'", '"\'\\""')


def test_prose_is_one_line_for_people() -> None:
    """Blanks are merged, double quotes become single ones."""
    assert python_prose('a\n\t"b"  c\\') == "a 'b' c\\\\"


@given(texts, st.integers(1, 80))
def test_a_slug_is_a_safe_name_or_nothing(text: str, limit: int) -> None:
    """Only ASCII words; a caller puts a fixed prefix before it."""
    name = slug(text, limit)
    assert len(name) <= limit
    assert f"test_{name}".isidentifier() and f"test_{name}".isascii()
