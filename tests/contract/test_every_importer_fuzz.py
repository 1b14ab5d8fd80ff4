"""Hostile files for every importer: damaged, bottomless, endless, exploding."""

import io
import random
import re
import resource
from collections import Counter
from typing import Any

import pytest

from aqe.connectors.formats.documents import XmlFormat
from aqe.connectors.formats.table import IMPORTERS
from aqe.core.errors import InputError
from aqe.core.importing import Importer

from .fuzzing import check, fuzz, no_hang, sample_of

ROUNDS = 60
XML = [importer for importer in IMPORTERS if isinstance(importer, XmlFormat)]
JSON = [importer for importer in IMPORTERS if sample_of(importer).lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[")]
BINARY = [importer for importer in IMPORTERS if b"\0" in sample_of(importer)]
ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{ENTITIES}]>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_a_damaged_sample_is_refused_or_gives_what_can_be_stored(importer: Importer) -> None:
    """No other error than InputError, no hang, no value that a signal or a dataset has no place for."""
    fuzz(importer, ROUNDS, "suite")


@pytest.mark.parametrize("importer", BINARY, ids=lambda importer: importer.name)
def test_damage_that_keeps_the_lengths_is_refused_or_gives_what_can_be_stored(importer: Importer) -> None:
    """In a format of lengths a byte more or less leaves nothing to read; exchanged ones reach what lies inside."""
    chance, came = random.Random("suite"), Counter[str]()
    for _ in range(3 * ROUNDS):
        data = bytearray(sample_of(importer))
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.choice((chance.randrange(256), 0, 0x80, 0xFF))
        with no_hang():
            came[check(importer, bytes(data))] += 1
    assert came["value"] > ROUNDS, came


@pytest.mark.parametrize("prologue", [LAUGHS, OUTSIDE], ids=["billion laughs", "external entity"])
@pytest.mark.parametrize("importer", XML, ids=lambda importer: importer.name)
def test_an_xml_bomb_is_refused(importer: Importer, prologue: str) -> None:
    """An entity is refused where it is declared, before anything is expanded or fetched."""
    assert isinstance(importer, XmlFormat)
    root = importer.roots[0]
    with no_hang(), pytest.raises(InputError, match="declares an entity"):
        importer.parse(io.BytesIO(f"{prologue}<{root}>&a9;</{root}>".encode()))


@pytest.mark.parametrize("importer", XML, ids=lambda importer: importer.name)
def test_xml_nested_without_end_is_refused(importer: Importer) -> None:
    """And takes no time or memory for it."""
    sample = sample_of(importer)
    root = re.search(rb"<[A-Za-z][^>]*>", sample)
    assert root
    with no_hang(), pytest.raises(InputError, match="nested deeper than 256"):
        importer.parse(io.BytesIO(sample[: root.end()] + b"<a>" * 500_000))


@pytest.mark.parametrize("open_", ['{"a":', "[", '[{"a":['], ids=["objects", "lists", "both"])
@pytest.mark.parametrize("importer", JSON, ids=lambda importer: importer.name)
def test_json_nested_without_end_gives_nothing(importer: Importer, open_: str) -> None:
    """Refused; a format of lines may pass over the line, and says so."""
    data = open_.encode() * 200_000
    with no_hang():
        try:
            parsed = importer.parse(io.BytesIO(data))
            assert not list(parsed.rows or ())
            assert not parsed.signals or all(not part.metrics for _, part in parsed.signals)
        except InputError as error:
            assert len(error.message) < 500


class EndlessLine(io.RawIOBase):
    """A file whose one line has a gigabyte, made while it is read."""

    def __init__(self, start: bytes, size: int = 1_000_000_000) -> None:
        self._start, self._left = start, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        buffer[:count] = b"a" * count
        buffer[: min(count, len(self._start))], self._start = self._start[:count], self._start[count:]
        self._left -= count
        return count


@pytest.mark.parametrize(
    ("name", "start"),
    [("json-lines", b'{"level":"info","message":"'), ("access-log", b'1.1.1.1 - - [22/Nov/2026:01:55:21 +0000] "GET /'),
     ("plain-log", b"2026-11-22 01:55:21 INFO "), ("otlp-json", b'{"resourceSpans":[{"a":"'),
     ("otlp-protobuf", bytes.fromhex("0afa93ebdc0312f493ebdc0312ee93ebdc030a10") + b"t" * 16 + b"\x12\x08spanspan\x39"),
     ("lcov", b"TN:\nSF:"),
     ("mixpanel", b'{"event":"'), ("junit-xml", b'<testsuite name="'), ("sarif", b'{"version":"2.1.0","runs":["')],
)  # fmt: skip
def test_a_line_of_a_gigabyte_is_refused_in_little_memory(name: str, start: bytes) -> None:
    """Whatever it begins like: no row, no metric, and at most as much memory as a document may take."""
    (importer,) = (one for one in IMPORTERS if one.name == name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        parsed = importer.parse(io.BufferedReader(EndlessLine(start)))
        assert not list(parsed.rows or ())
        assert not any(part.metrics for _, part in parsed.signals)
    except InputError as error:
        assert len(error.message) < 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000
