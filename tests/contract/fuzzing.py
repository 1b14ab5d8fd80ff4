"""Samples of every importer, damaged, and what must hold of each: `make fuzz`, and in short with every test run.

Values are exchanged for others of any type, keys, items and lines taken out, doubled and cut, bytes changed; some are
packed first. Each is read as an import reads it: recognised, parsed, redacted, laid out as rows of a dataset.
"""

import argparse
import gzip
import io
import json
import math
import random
import resource
import signal
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import orjson

from aqe.analysis.redaction.redactor import Redactor
from aqe.connectors.formats.table import IMPORTERS
from aqe.core.errors import InputError
from aqe.core.importing import HEAD_BYTES, Head, Importer
from aqe.core.records.base import Record
from aqe.core.records.bulk.rows import KIND_OF
from aqe.core.records.signals import typed_metrics
from aqe.fleet.imports.redact_rows import redact_record, redact_row
from aqe.fleet.imports.unpacking import Content, contents
from aqe.memory.dataset_sql import column_types

FORMATS = Path(__file__).parents[1] / "formats"
REDACTOR = Redactor(b"key")
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e300, -1e308, 10**30, 2**63, -(2**63), "", "x", "-", "NaN", "Infinity", "\x00", "a\nb\0c",
    "é" * 300, "2026-13-40T99:99:99Z", "9" * 5000, "\ud7ff", [], {}, [[]], [None], {"a": None}, {"": None}, ["x"],
    [{"key": 1, "value": 2}], {"value": {"value": []}},
)  # fmt: skip
FITS: dict[str, Callable[[Any], bool]] = {
    "VARCHAR": lambda value: isinstance(value, str),
    "BIGINT": lambda value: type(value) is int and abs(value) < 2**63,
    "DOUBLE": lambda value: type(value) in (int, float) and math.isfinite(value),
    "BOOLEAN": lambda value: type(value) is bool,
    "TIMESTAMP": lambda value: isinstance(value, datetime) and value.utcoffset() is not None,
}
"""Type of a dataset's column -> what may stand there."""
HANG_S = 2
"""CPU seconds that one damaged sample may take."""
MEMORY_MB = 1_000
"""The whole run may grow by so much; the samples have some 100 KB."""


def sample_of(importer: Importer) -> bytes:
    """The format's own sample."""
    (path,) = (FORMATS / importer.name).glob("sample.*")
    return path.read_bytes()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with something wrong."""
    luck = chance.random()
    if luck < 0.25:
        return with_odd_bytes(data, chance)
    if luck < 0.4:
        return with_odd_lines(data, chance)
    if luck < 0.45:
        return with_odd_bytes(packed(data, chance), chance)
    try:
        return json.dumps(with_odd_values(orjson.loads(data), chance)).encode("utf-8", "surrogatepass")
    except ValueError:  # lines, or no JSON
        lines = data.splitlines()
        at = chance.randrange(len(lines))
        try:
            lines[at] = json.dumps(with_odd_values(orjson.loads(lines[at]), chance)).encode("utf-8", "surrogatepass")
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
    """Every place of a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from containers(inner)


def with_odd_bytes(data: bytes, chance: random.Random) -> bytes:
    """Some bytes exchanged, taken out or put in, often many alike."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed)) if changed else 0
        changed[at : at + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 3)) * chance.choice((1, 1, 1, 50))
    return bytes(changed) or b" "


def with_odd_lines(data: bytes, chance: random.Random) -> bytes:
    """Lines doubled, exchanged, taken out, or the end cut off."""
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randint(1, 3)):
        first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                lines[first], lines[second] = lines[second], lines[first]
            case 1:
                lines.insert(first, lines[second] * chance.choice((1, 20)))
            case 2:
                del lines[first]
            case _:
                lines[first] = lines[first][: chance.randint(0, len(lines[first]))]
        if not lines:
            return b"\n"
    whole = b"".join(lines)
    return whole[: chance.randint(1, len(whole))] if whole and chance.random() < 0.3 else whole or b"\n"


def packed(data: bytes, chance: random.Random) -> bytes:
    """In a gzip or a zip."""
    if chance.random() < 0.5:
        return gzip.compress(data, compresslevel=1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b", data)
    return out.getvalue()


def check(importer: Importer, data: bytes) -> str:
    """Read as an import does: refused with one line, or made of what can be stored.

    Returns:
        What came of it: `refused`, or the outcome.
    """
    came = "refused"
    for one in contents(io.BytesIO(data), "f"):
        try:
            if isinstance(one.content, InputError):
                raise one.content
            came = _read(importer, one.content)
        except InputError as error:
            assert "\n" not in error.message
            assert len(error.message) < 500, error.message
    return came


def _read(importer: Importer, content: Content) -> str:
    head = content.head(HEAD_BYTES)
    importer.recognises(Head("f", head, whole=len(head) < HEAD_BYTES))
    parsed = importer.parse(content)
    for row in parsed.rows or ():
        redacted = redact_row(row, REDACTOR)
        orjson.dumps(redacted._asdict())
        for (name, column), value in zip(column_types(KIND_OF[type(row)]).items(), redacted, strict=False):
            assert value is None or FITS[column](value), (name, value)
    for record in parsed.records:
        assert isinstance(redact_record(record, REDACTOR), Record)
    for kind, part in parsed.signals:
        typed_metrics(kind, part.metrics)
        orjson.dumps(part.to_dict())
        assert part.metrics or part.reason
    content.sha256()
    return str(parsed.outcome)


@contextmanager
def no_hang(seconds: int = HANG_S) -> Iterator[None]:
    """TimeoutError when it takes more CPU time."""

    def too_long(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds} s")

    previous = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def fuzz(importer: Importer, rounds: int, seed: object) -> Counter[str]:
    """Damage the sample again and again; outcome -> how often.

    Raises:
        Exception: whatever an importer raised but InputError, with the damaged sample in its notes.
    """
    chance, whole = random.Random(f"{seed}/{importer.name}"), sample_of(importer)
    came: Counter[str] = Counter()
    for _ in range(rounds):
        data = damaged(whole, chance)
        try:
            with no_hang():
                came[check(importer, data)] += 1
        except Exception as error:
            error.add_note(f"{importer.name}, the damaged sample: {data[:3000]!r}")
            raise
    return came


def main() -> None:
    """Over all importers; prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000, help="damaged samples over all importers together")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--only", metavar="FORMAT", help="one importer")
    options = parser.parse_args()
    importers = [one for one in IMPORTERS if options.only in (None, one.name)]
    total: Counter[str] = Counter()
    for importer in importers:  # grows while it learns all formats once
        fuzz(importer, 20, "warm-up")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for importer in importers:
        came = fuzz(importer, -(-options.inputs // len(importers)), options.seed)
        total += came
        print(f"{importer.name:22} {dict(came)}", flush=True)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{total.total():,} inputs over {len(importers)} importers: {dict(total)}; memory grew by {grown:.0f} MB")
    sys.exit(grown > MEMORY_MB)


if __name__ == "__main__":
    main()
