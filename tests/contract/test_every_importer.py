"""What holds for every importer: a new line in IMPORTERS is tested by this the day it is written."""

import contextlib
import io
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from aqe.connectors.formats.table import IMPORTERS, UnknownFormat, recognise
from aqe.connectors.formats.unread import unread
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head, Importer, Parsed
from aqe.core.records.base import Record
from aqe.core.records.bulk.imported import IMPORTED_RECORDS
from aqe.core.records.bulk.rows import DATASET_ROWS, KIND_OF, Row
from aqe.core.records.signals import MAX_FINDINGS, SIGNAL_METRICS, MetricValue, Outcome, SignalKind, typed_metrics

FORMATS = Path(__file__).parents[1] / "formats"
NAMES = [importer.name for importer in IMPORTERS]

every_importer = pytest.mark.parametrize("importer", IMPORTERS, ids=NAMES)


def sample_of(importer: Importer) -> bytes:
    """The file tests/formats/<name>/sample.*: every importer has one."""
    (path,) = (FORMATS / importer.name).glob("sample.*")
    return path.read_bytes()


def head_of(data: bytes) -> Head:
    return Head("file", data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES)


def read(importer: Importer, data: bytes) -> tuple[Parsed, list[Row | Record]]:
    parsed = importer.parse(io.BytesIO(data))
    return parsed, [*(parsed.rows or ()), *parsed.records]


def hostile() -> Iterator[tuple[str, bytes]]:
    random.seed(7)
    yield "random bytes", random.randbytes(5_000)
    yield "10 kB of [", b"[" * 10_000
    yield "deep JSON object", b'{"a":' * 100_000
    yield "deep closed JSON", b'{"runs":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    yield "deep XML", b"<testsuites>" * 100_000
    yield "deep Cobertura", b'<coverage line-rate="1">' + b"<packages>" * 100_000
    bomb = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10 if i else b"&a;" * 10) for i in range(9)
    )
    yield "XML bomb in JUnit", bomb + b"]><testsuites><testcase name='&a8;'/></testsuites>"
    yield "XML bomb in Cobertura", bomb + b"]><coverage line-rate='1'>&a8;</coverage>"
    yield "external entity", b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuites>&x;</testsuites>'
    yield "one endless attribute", b'<testsuites name="' + b"x" * 20_000_000
    yield "one endless line", b'{"a": "' + b"x" * 5_000_000
    yield "NUL bytes", b"\0" * 100_000
    yield "UTF-16", "<testsuites/>".encode("utf-16")
    yield "unknown encoding", b'<?xml version="1.0" encoding="gbk"?><testsuites/>'
    yield "JSON of the wrong types", b'{"meta": 3, "totals": [1], "runs": {"a": 1}, "version": 2}'
    yield "JSON null", b"null"
    yield "huge numbers", b'{"runs": [], "totals": {"covered_lines": 1e400, "num_statements": 9999999999999999999999}}'
    yield "lone surrogate", b'{"message": "\\ud800", "time": "2026-01-01T00:00:00Z"}\n'


HOSTILE = dict(hostile())


def test_each_of_the_fourteen_pitfalls_of_real_files_has_a_test_of_its_number() -> None:
    """A reader who knows the list finds what is done about each."""
    tests = " ".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert {int(number) for number in re.findall(r"def test_pitfall_(\d+)_", tests)} == set(range(1, 15))


def test_names_are_unique() -> None:
    """`--as NAME` means one importer."""
    assert len(set(NAMES)) == len(NAMES)


@every_importer
def test_it_says_what_it_is(importer: Importer) -> None:
    """Name, products and the words about it stand in the docs and in `aqe import formats`; metrics are of its kinds."""
    assert importer.name == importer.name.lower()
    for name, words in asdict(importer.about).items():
        assert name == "metrics" or (words and "\n" not in words), name
    assert importer.produces
    assert set(importer.produces) <= {*SignalKind, *DATASET_ROWS, *IMPORTED_RECORDS}
    kinds = [SignalKind(kind) for kind in importer.produces if kind in set(SignalKind)]
    assert set(importer.about.metrics) <= {name for kind in kinds for name in SIGNAL_METRICS[kind].model_fields}
    assert bool(kinds) == bool(importer.about.metrics)


@every_importer
def test_its_own_sample_is_claimed_by_it_alone(importer: Importer) -> None:
    """Exactly one importer may claim a file."""
    assert recognise(head_of(sample_of(importer))).name == importer.name


TEXTS = [importer for importer in IMPORTERS if b"\0" not in sample_of(importer)]
"""A file of another format is none that an editor saves."""


@pytest.mark.parametrize("importer", TEXTS, ids=lambda importer: importer.name)
@pytest.mark.parametrize("hint", ["BOM", "CRLF", "blank lines first"])
def test_the_sample_is_read_however_an_editor_saved_it(importer: Importer, hint: str) -> None:
    """A byte order mark, Windows line ends and leading blank lines change nothing."""
    data = sample_of(importer)
    changed = {
        "BOM": b"\xef\xbb\xbf" + data,
        "CRLF": data.replace(b"\n", b"\r\n"),
        "blank lines first": b"\n\n" + data,
    }[hint]
    assert recognise(head_of(changed)).name == importer.name
    expected, expected_rows = read(importer, data)
    parsed, rows = read(importer, changed)
    assert [dict(part.metrics) for _, part in parsed.signals] == [dict(part.metrics) for _, part in expected.signals]
    assert rows == expected_rows


@every_importer
def test_the_sample_gives_valid_values(importer: Importer) -> None:
    """Metrics are known and in range, parts are of the promised kinds, rows have the columns of their dataset."""
    parsed, rows = read(importer, sample_of(importer))
    assert parsed.outcome is Outcome.VALUE
    assert parsed.reason is None
    assert parsed.signals or rows
    for kind, part in parsed.signals:
        assert kind.value in importer.produces
        typed_metrics(kind, part.metrics)
        assert part.metrics
        assert set(part.metrics) <= set(importer.about.metrics)
        assert len(part.findings) <= MAX_FINDINGS
    assert len({kind for kind, _ in parsed.signals}) == len(parsed.signals)
    kinds = KIND_OF | {record: kind for kind, record in IMPORTED_RECORDS.items()}
    assert {kinds[type(row)] for row in rows} <= set(importer.produces)


@every_importer
@pytest.mark.parametrize("data", [b"", b"\n \r\n\t", b"\xef\xbb\xbf"], ids=["no byte", "only blanks", "only a BOM"])
def test_an_empty_file_is_not_measured(importer: Importer, data: bytes) -> None:
    """Nothing in the file is no measurement, and above all not "no problems"."""
    parsed, rows = read(importer, data)
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason
    assert rows == []
    assert all(not part.metrics and part.reason for _, part in parsed.signals)


@every_importer
def test_a_file_cut_anywhere_raises_only_input_errors(importer: Importer) -> None:
    """A run that was killed leaves half a file; it never becomes a crash, and never a better value by accident."""
    data = sample_of(importer)
    for cut in range(1, len(data) - 1, max(1, len(data) // 200)):
        try:
            parsed, _ = read(importer, data[:cut])
        except InputError as error:
            assert error.message
            continue
        assert parsed.outcome in {Outcome.VALUE, Outcome.NOT_MEASURED, Outcome.TOOL_FAILED}
        if data[:1] in b"<{" and b"\n{" not in data:  # a document knows its end, lines do not
            assert parsed.outcome is not Outcome.VALUE


@every_importer
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_raise_only_input_errors(importer: Importer, name: str) -> None:
    """Bombs, depth, noise: one clear error, no crash, no number."""
    data = HOSTILE[name]
    importer.recognises(head_of(data))
    try:
        parsed, rows = read(importer, data)
    except InputError as error:
        assert len(error.message) < 500
        assert "\n" not in error.message
    else:
        assert parsed.outcome in {Outcome.NOT_MEASURED, Outcome.TOOL_FAILED}
        assert rows == []


@every_importer
def test_a_file_of_another_format_gives_no_value(importer: Importer) -> None:
    """`--as` with the wrong name is refused instead of read as nothing found.

    A document with `errors` may pass for what several platforms answer when they failed.
    """
    for other in IMPORTERS:
        if other is not importer:
            with contextlib.suppress(InputError):
                parsed, _ = read(importer, sample_of(other))
                assert parsed.outcome is Outcome.TOOL_FAILED, f"{importer.name} reads the sample of {other.name}"


@every_importer
def test_the_same_bytes_give_the_same_result(importer: Importer) -> None:
    """No clock, no order of a set, nothing left over from the file before."""
    first, first_rows = read(importer, sample_of(importer))
    second, second_rows = read(importer, sample_of(importer))
    assert first.signals == second.signals
    assert first.notes == second.notes
    assert first_rows == second_rows


def test_an_unknown_file_says_where_the_formats_are_listed() -> None:
    """The error says how the file begins and what to do; a hundred names would bury it."""
    with pytest.raises(
        InputError, match=r"notes\.txt: no importer knows this format; it begins with 'hello'"
    ) as caught:
        recognise(Head("notes.txt", b"hello\nworld\n", whole=True))
    assert caught.value.hint == "name it with --as FORMAT; `aqe import formats` lists them"


def test_an_unknown_file_that_is_no_text_is_told_by_its_first_bytes() -> None:
    """A text in an old encoding still is one."""
    with pytest.raises(InputError, match=r"it begins with the bytes 9d 47 e3 00, which are no text"):
        recognise(Head("core.1", b"\x9d\x47\xe3\x00", whole=True))
    with pytest.raises(InputError, match=r"it begins with 'Gr..e aus der Stadt'"):
        recognise(Head("notes.txt", "Grüße aus der Stadt".encode("latin-1"), whole=True))


def test_a_file_two_importers_claim_names_both() -> None:
    """Guessing would be worse than asking."""

    class Twin:
        name = "junit-twin"
        produces: tuple[str, ...] = ("test-results",)
        about = IMPORTERS[0].about

        def recognises(self, head: Head) -> bool:
            return True

        def parse(self, stream: object) -> Parsed:
            raise NotImplementedError

    with pytest.raises(InputError, match="junit-xml and junit-twin claim this file"):
        recognise(head_of(b"<testsuites/>"), (*IMPORTERS, Twin()))


@pytest.mark.parametrize(
    ("data", "advice"),
    [(b"BZh9rest", "unpack"), (b"%PDF-1.7", "XML or JSON"), (b"#Fields: date time", "NCSA"), (b"", "--as"),
     (b"<!DOCTYPE html><html>", "XML or JSON"), (b'<?xml version="1.0"?><checkstyle version="8">', "SARIF")],
)  # fmt: skip
def test_a_file_that_no_importer_reads_says_what_to_do(data: bytes, advice: str) -> None:
    """The commonest reasons why nothing recognises a file are named."""
    with pytest.raises(UnknownFormat) as caught:
        recognise(head_of(data))
    assert caught.value.hint is not None
    assert advice in caught.value.hint


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_no_format_with_an_importer_is_listed_as_one_without(importer: Importer) -> None:
    """The list is for what nobody reads."""
    assert unread(head_of(sample_of(importer))) is None


def test_metric_values_are_plain() -> None:
    """What importers put into metrics is what the record allows."""
    assert set(get_args(MetricValue)) == {bool, int, float, str}
