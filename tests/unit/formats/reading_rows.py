"""Reading a value as a file of one format, for the tests of formats."""

import io
from typing import Any

import orjson

from aqe.core.importing import Importer, Parsed


def read(importer: Importer, *documents: Any) -> tuple[Parsed, list[Any]]:
    """What came out of a file with these documents, one a line; bytes are taken as they are."""
    data = b"".join(d if isinstance(d, bytes) else orjson.dumps(d) + b"\n" for d in documents)
    parsed = importer.parse(io.BytesIO(data))
    return parsed, [*(parsed.rows or ()), *parsed.records]


def rows(importer: Importer, *documents: Any) -> list[Any]:
    """The rows and records alone."""
    return read(importer, *documents)[1]


def notes(parsed: Parsed) -> str:
    """All notes of a file whose rows were read."""
    return "; ".join((*parsed.notes, *getattr(parsed.rows, "notes", ())))
