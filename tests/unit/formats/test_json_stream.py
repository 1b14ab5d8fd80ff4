"""JSON in pages, in lines, in one long document: the same items, in bounded memory."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.connectors.formats import json_stream
from aqe.connectors.formats.json_stream import JsonStream
from aqe.core.errors import InputError

Piece = tuple[Any, Any]
TEXT = st.text(alphabet=st.sampled_from('ab"\\{}[]:, é\u2028'), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.sampled_from(["data", "hits"]), inner, max_size=3)
    ),
    max_leaves=8,
)
ITEMS = st.lists(st.dictionaries(TEXT, VALUES, max_size=3) | st.lists(VALUES, max_size=3), max_size=4)


def pieces(data: bytes, *ways: tuple[str, ...]) -> list[Piece]:
    return list(JsonStream(io.BytesIO(data), "JSON", *ways).pieces())


@given(pages=st.lists(st.tuples(ITEMS, ITEMS, VALUES), min_size=1, max_size=3), indent=st.sampled_from([None, 1]))
@pytest.mark.parametrize("block", [1, 7, 4096])
def test_a_long_document_gives_the_same_items_as_one_that_is_parsed_whole(
    block: int, pages: list[Any], indent: int | None
) -> None:
    """Wherever its blocks end: inside of strings, escapes, between documents."""
    documents = [{"x": x, "data": data, "hits": {"n": x, "hits": hits}} for data, hits, x in pages]
    text = "\n".join(json.dumps(document, indent=indent) for document in documents).encode()
    expected: list[Piece] = []
    for document in documents:
        expected += [(("data",), item) for item in document["data"]]
        expected += [(("hits", "hits"), item) for item in document["hits"]["hits"]]
        left = {"n": document["x"], "hits": []}
        expected.append((None, {"x": document["x"], "data": [], "hits": left}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "MAX_WHOLE_BYTES", 4)
        patch.setattr(json_stream, "_FIRST_BLOCK_BYTES", block)
        patch.setattr(json_stream, "_BLOCK_BYTES", block)
        assert pieces(text, ("data",), ("hits", "hits")) == expected


def test_a_document_that_is_parsed_whole_keeps_its_arrays() -> None:
    """And its items come all the same."""
    assert pieces(b'[{"a": 1}]', ()) == [((), {"a": 1}), (None, [{"a": 1}])]


def test_lines_that_are_no_json_are_counted_among_lines_that_are() -> None:
    """A program that was killed leaves half a line."""
    stream = JsonStream(io.BytesIO(b'{"a": 1}\n\n{"a": \n{"a": 2}\n'), "JSON")
    assert [piece for _, piece in stream.pieces()] == [{"a": 1}, {"a": 2}]
    assert (stream.documents, stream.broken) == (2, 1)


def test_an_item_that_is_no_json_is_counted_and_the_others_of_its_document_come() -> None:
    stream = JsonStream(io.BytesIO(b'{"data": [{"a": 1}, {"a": nil}, {"a": 2}], "n": 3}'), "JSON", ("data",))
    assert [piece for way, piece in stream.pieces() if way] == [{"a": 1}, {"a": 2}]
    assert stream.broken == 1


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "Infinity", "1e999", "-1E+4000"])
@pytest.mark.parametrize("form", ['{{"a": {0}}}\n{{"a": 1}}\n', '[{{"a": {0}}},\n {{"a": 1}}]'])
def test_what_programs_write_for_no_number_is_null_and_counted(number: str, form: str) -> None:
    """Python writes NaN, which JSON does not have: the rest of its line or document is good."""
    stream = JsonStream(io.BytesIO(form.format(number).encode()), "JSON", ())
    found = [piece for _, piece in stream.pieces() if isinstance(piece, dict)]
    assert (found, stream.broken, stream.no_numbers) == ([{"a": None}, {"a": 1}], 0, 1)


def test_a_text_that_only_speaks_of_nan_is_left_alone_and_half_a_surrogate_is_not_let_in() -> None:
    stream = JsonStream(io.BytesIO(b'{"a": "NaN"}\n{"a": NaN, "b": "\\ud800"}\n'), "JSON", ())
    assert [piece for _, piece in stream.pieces()] == [{"a": "NaN"}]
    assert (stream.broken, stream.no_numbers) == (1, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "it begins with b'hello'"),
        (b'{"a": [1,\n 2', "it is cut short"),
        (b'{"data":\n [{"a": 1}], "a" 2}', "not JSON"),
        (b'{"a":\n 1}\n}', "it begins with b'}'"),
    ],
)
def test_what_is_no_json_is_refused(data: bytes, words: str) -> None:
    """With where it begins, or that it ends too early."""
    with pytest.raises(InputError, match=words):
        pieces(data, ("data",))


def test_an_item_without_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As are a string and a document without end."""
    monkeypatch.setattr(json_stream, "MAX_WHOLE_BYTES", 1000)
    monkeypatch.setattr(json_stream, "MAX_ITEM_BYTES", 10_000)
    for data in (b'{"data": [{"a": "' + b"x" * 20_000, b'"' + b"x" * 20_000, b'{"data": [' + b"[" * 20_000):
        with pytest.raises(InputError, match=r"larger than|it begins with"):
            pieces(data, ("data",))


def test_many_small_documents_over_several_lines_take_time_in_proportion() -> None:
    """`curl` of many pages through `jq`: each is found without looking at the rest of the file again."""
    page = json.dumps({"data": [{"a": 1}]}, indent=1).encode() + b"\n"
    reads = []

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            reads.append(len(data))
            return data

    assert len(list(JsonStream(Counting(page * 3000), "JSON", ("data",)).pieces())) == 6000
    assert sum(reads) <= 2 * len(page) * 3000
