"""Any text stays inside its literal and comes back equal when the file runs."""

import ast
import json
import math
import subprocess
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from aqe.generators.literals import javascript, javascript_prose, python, python_prose, slug
from aqe.tests.servers import require

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
    "<!--<script>",
    "`${process.exit(9)}`",
    "//# sourceMappingURL=/dev/zero",
    "__proto__",
    "@jest-environment ./evil",
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


JSON_VALUES = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


def test_node_evaluates_every_literal_to_the_value() -> None:
    """Hundreds of values in one file that node runs: literals as code against JSON that it parses, key by key."""
    require("node")
    found: list[Any] = [*HOSTILE, {text: [text] for text in HOSTILE}, -0.0, 1e16, 1e-7, 2**53 + 1, 10**400, {}, []]

    @settings(max_examples=300, phases=[Phase.generate])
    @given(JSON_VALUES)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    rows = "\n".join(f"  [{javascript(value)}, JSON.parse({javascript(json.dumps(value))})]," for value in found)
    program = (
        f"/* {javascript_prose(' '.join(HOSTILE))} */\n// {javascript_prose(' '.join(HOSTILE))}\n"
        f"const pairs = [\n{rows}\n];\npairs.forEach(([a, b]) => require('assert').deepStrictEqual(a, b));\n"
        "console.log(pairs.length);\n"
    )
    assert program.isascii() and program.count("\n") == len(found) + 6
    node = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=False, timeout=60)
    assert node.stdout == f"{len(found)}\n", node.stderr[-2000:]


@given(JSON_VALUES)
def test_a_javascript_literal_can_stand_in_a_script_a_comment_and_a_template(value: Any) -> None:
    """Nothing in it ends what is around it."""
    literal = javascript(value)
    assert literal.isascii() and literal.isprintable()
    assert not any(mark in literal for mark in ("*/", "</", "<!--", "<s", "${", "# sourceMappingURL"))


def test_javascript_numbers_are_those_of_the_language() -> None:
    """Without the decimals and signs that Python would write."""
    numbers = (3, 3.0, -2.5, 1e22, 1e-7, math.nan, math.inf, -math.inf)
    assert [*map(javascript, numbers)] == ["3", "3", "-2.5", "1e22", "1e-07", "NaN", "Infinity", "-Infinity"]


def test_a_property_named_proto_stays_a_property() -> None:
    """Written plainly it would set the prototype; names are quoted only where they must be."""
    assert javascript({"__proto__": 1, "a_$1": 2, "1": 3}) == '{ ["__proto__"]: 1, a_$1: 2, "1": 3 }'


@pytest.mark.parametrize("value", [object(), {1: "a"}])
def test_what_has_no_javascript_literal_is_refused(value: object) -> None:
    """A number as key would come back as text."""
    with pytest.raises(TypeError, match="has no literal"):
        javascript(value)


@given(texts)
def test_javascript_prose_ends_no_comment_and_gives_no_orders(text: str) -> None:
    """Runners obey `@jest-environment` and `@ts-nocheck` in comments."""
    prose = javascript_prose(text)
    assert prose.isascii() and prose.isprintable()
    assert not any(mark in prose for mark in ("*/", "@", "</", "# sourceMappingURL"))


@given(texts, st.integers(min_value=3, max_value=60))
def test_prose_that_is_too_long_is_cut_between_escapes(text: str, most: int) -> None:
    """In a docstring, half of an escape is no Python."""
    prose = python_prose(text, most)
    assert len(prose) <= most
    ast.parse(f'"""{prose}."""')
