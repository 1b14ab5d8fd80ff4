"""How the tests of a format read a text: the importer by its name, the text recognised by it alone."""

import io
import json
from typing import Any

from aqe.connectors.formats.table import IMPORTERS, recognise
from aqe.core.importing import HEAD_BYTES, Head, Parsed
from aqe.core.records.signals import Finding, Outcome, SignalPart
from aqe.core.registry import by_name


def read(name: str, content: object) -> Parsed:
    """What the importer makes of it; anything but text and bytes is written as JSON."""
    return by_name(IMPORTERS, name, "format").parse(io.BytesIO(as_bytes(content)))


def as_bytes(content: object) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def claimed_by(content: object) -> str:
    """The one importer that recognises it."""
    data = as_bytes(content)
    return recognise(Head("file", data[:HEAD_BYTES], whole=len(data) <= HEAD_BYTES)).name


def part(name: str, content: object) -> SignalPart:
    """The one signal part of it."""
    ((_, found),) = read(name, content).signals
    return found


def metrics(name: str, content: object) -> dict[str, Any]:
    """All metrics of all its parts."""
    return {key: value for _, found in read(name, content).signals for key, value in found.metrics.items()}


def findings(name: str, content: object) -> list[Finding]:
    return [finding for _, found in read(name, content).signals for finding in found.findings]


def outcome(name: str, content: object) -> Outcome:
    return read(name, content).outcome
