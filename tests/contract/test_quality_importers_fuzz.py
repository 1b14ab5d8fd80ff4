"""Samples of every quality importer, damaged: refused with InputError, or read into metrics that are valid."""

import io
import random
from typing import Any

import orjson
import pytest

from aqe.connectors.formats.quality.table import QUALITY_IMPORTERS
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head, Importer
from aqe.core.records.signals import typed_metrics

from .test_every_importer import sample_of

ROUNDS = 80
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, -1e308, "", "x", "-", "NaN", "Infinity", "é" * 300, "a\nb\0c", [], {}, [[]],
    [None],    {"": None}, "9" * 400, "2026-13-45T99:99:99Z",
)  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A JSON document with one odd value, or any text with a few odd bytes."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        document = None
    return (
        with_odd_bytes(data, chance) if document is None or chance.random() < 0.3 else with_odd_value(document, chance)
    )


def with_odd_value(document: Any, chance: random.Random) -> bytes:
    place = document
    while True:
        inner = [v for v in (place.values() if isinstance(place, dict) else place) if v and isinstance(v, dict | list)]
        if not inner or chance.random() < 0.15:
            break
        place = chance.choice(inner)
    key = chance.choice(list(place)) if isinstance(place, dict) else chance.randrange(len(place))
    if chance.random() < 0.2:
        del place[key]
    else:
        place[key] = chance.choice(ODD)
    return orjson.dumps(document)


def with_odd_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        changed[at : at + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 3)) * chance.choice((1, 1, 50))
    return bytes(changed) or b" "


@pytest.mark.parametrize("importer", QUALITY_IMPORTERS, ids=lambda importer: importer.name)
def test_a_damaged_sample_is_refused_or_gives_metrics_that_are_valid(importer: Importer) -> None:
    """No other error; what comes out is in range and can be stored."""
    chance = random.Random(importer.name)
    for _ in range(ROUNDS):
        data = damaged(sample_of(importer), chance)
        importer.recognises(Head("file", data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES))
        try:
            parsed = importer.parse(io.BytesIO(data))
        except InputError as error:
            assert len(error.message) < 500
            continue
        for kind, part in parsed.signals:
            typed_metrics(kind, part.metrics)
            orjson.dumps(part.to_dict())
            assert part.metrics or part.reason
