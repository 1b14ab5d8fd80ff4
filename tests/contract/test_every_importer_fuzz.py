"""Samples of every importer of rows or records, damaged: refused with InputError, or read into what can be stored.

Values are exchanged for others of any type, keys and items taken out, bytes changed. `python -m` runs it for longer.
"""

import io
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from aqe.analysis.redaction import Redactor
from aqe.connectors.formats import IMPORTERS
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head, Importer
from aqe.core.records.base import Record
from aqe.core.records.rows import KIND_OF
from aqe.core.records.signals import SignalKind
from aqe.fleet.redact_rows import redact_record, redact_row
from aqe.memory.dataset_sql import column_types

# The others give metrics: test_quality_importers_fuzz.py.
ROW_IMPORTERS = [one for one in IMPORTERS if not set(one.produces) <= set(SignalKind)]
FORMATS = Path(__file__).parents[1] / "formats"
REDACTOR = Redactor(b"key")
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e300, 10**30, "", "x", "-", "NaN", "\x00", "é" * 300, "2026-13-40T99:99:99Z", [], {}, [[]],
    [None], {"a": None}, ["x"], [{"key": 1, "value": 2}], {"value": {"value": []}}, "9" * 5000, "\ud7ff", -(2**63),
)  # fmt: skip
FITS: dict[str, Callable[[Any], bool]] = {
    "VARCHAR": lambda value: isinstance(value, str),
    "BIGINT": lambda value: type(value) is int and abs(value) < 2**63,
    "DOUBLE": lambda value: type(value) in (int, float) and math.isfinite(value),
    "BOOLEAN": lambda value: type(value) is bool,
    "TIMESTAMP": lambda value: isinstance(value, datetime) and value.utcoffset() is not None,
}
"""Type of a dataset's column -> what may stand there."""
ROUNDS = 60


def sample_of(importer: Importer) -> bytes:
    (path,) = (FORMATS / importer.name).glob("sample.*")
    return path.read_bytes()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """JSON with odd values, or any text with odd bytes."""
    if chance.random() < 0.3:
        return with_odd_bytes(data, chance)
    try:
        return json.dumps(with_odd_values(orjson.loads(data), chance)).encode()
    except ValueError:  # lines, or no JSON
        lines = data.splitlines()
        at = chance.randrange(len(lines))
        try:
            lines[at] = json.dumps(with_odd_values(orjson.loads(lines[at]), chance)).encode()
        except ValueError:
            return with_odd_bytes(data, chance)
        return b"\n".join(lines)


def with_odd_values(value: Any, chance: random.Random) -> Any:
    """The value with two places exchanged or taken out."""
    for _ in range(2):
        places = list(containers(value))
        if not places:
            return chance.choice(ODD)
        inside, key = chance.choice(places)
        if chance.random() < 0.2:
            del inside[key]
        else:
            inside[key] = deepcopy(chance.choice(ODD))
    return value if isinstance(value, dict | list) else chance.choice(ODD)


def containers(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from containers(inner)


def with_odd_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed))
        changed[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    return bytes(changed) or b" "


def check(importer: Importer, data: bytes) -> None:
    """Recognise, read, redact, write down."""
    importer.recognises(Head("f", data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES))
    try:
        parsed = importer.parse(io.BytesIO(data))
        rows = list(parsed.rows or ())
    except InputError:
        return
    for row in rows:
        redacted = redact_row(row, REDACTOR)
        orjson.dumps(redacted._asdict())
        for (name, column), value in zip(column_types(KIND_OF[type(row)]).items(), redacted, strict=False):
            assert value is None or FITS[column](value), (name, value)
    for record in parsed.records:
        assert isinstance(redact_record(record, REDACTOR), Record)


@pytest.mark.parametrize("importer", ROW_IMPORTERS, ids=lambda importer: importer.name)
def test_a_damaged_sample_is_refused_or_gives_rows_that_can_be_stored(importer: Importer) -> None:
    """No other error, no value that a dataset has no column for."""
    chance, data = random.Random(importer.name), sample_of(importer)
    for _ in range(ROUNDS):
        changed = damaged(data, chance)
        try:
            check(importer, changed)
        except Exception as error:
            error.add_note(f"the damaged sample: {changed[:2000]!r}")
            raise


if __name__ == "__main__":
    rounds = int(sys.argv[1])
    for one in ROW_IMPORTERS:
        luck, whole = random.Random(rounds), sample_of(one)
        for _ in range(rounds):
            text = damaged(whole, luck)
            try:
                check(one, text)
            except Exception:
                print(one.name, text[:3000])
                raise
