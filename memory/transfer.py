"""Export and import: a part of memory as a file that goes from one machine to the next.

A file of JSON lines: a header, then one line a key with its value (or history), time to live and metadata. The header
carries the number of entries and their digest, so that a cut or edited file is refused before anything is written.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from ..core import jsontext
from ..core.errors import InputError
from ..core.records.base import Record
from .audit import AUDIT_LOG
from .store import MemoryStore

FORMAT: Literal["aqe-memory"] = "aqe-memory"


class Header(Record):
    """First line of an export."""

    format: Literal["aqe-memory"]
    version: Literal[1]
    entries: int
    sha256: str
    """Over the lines that follow, newlines included."""


class Entry(Record):
    """One key."""

    key: str
    value: Any = None
    history: tuple[Any, ...] | None = None
    """Items, when the key holds a history."""
    ttl_s: float | None = None
    updated_by: str | None = None


class ImportedKeys(Record):
    """What an import did."""

    written: int
    kept: int
    """Keys that were there already and were left as they are."""
    appended: int
    """Items added to histories."""


async def export_memory(store: MemoryStore, globs: Iterable[str], *, but: str | None = None) -> list[str]:
    """The lines of an export file, newlines included.

    Args:
        store: where from.
        globs: which keys.
        but: which of them are left out.
    """
    found = {name for glob in globs for name in await store.keys(glob)}
    names = sorted(found.difference(await store.keys(but) if but is not None else ()))
    lines = []
    for name in names:
        entry = await _entry(store, name)
        if entry is not None:
            lines.append(entry.to_json() + "\n")
    header = Header(format=FORMAT, version=1, entries=len(lines), sha256=_digest(lines))
    return [header.to_json() + "\n", *lines]


async def import_memory(store: MemoryStore, lines: Iterable[str], *, where: str, keep: bool = False) -> ImportedKeys:
    """Write what an export holds; nothing when the file is cut, edited or of another format.

    Args:
        store: where to.
        lines: of the file.
        where: its name, for errors.
        keep: leave keys that have a value as they are; default is to overwrite them. Histories are never overwritten:
            items that are not there yet are appended.

    Raises:
        InputError: not a whole export.
    """
    entries = list(_checked(list(lines), where))
    forked = any([await _is_fork(store, entry) for entry in entries])
    if forked and not keep:
        raise InputError(
            f"{where} has another audit log than this fleet: one chain cannot hold both",
            hint="import it into a fleet of its own, or keep this fleet's log with --keep",
        )
    written = kept = appended = 0
    for entry in entries:
        if entry.key == AUDIT_LOG and forked:
            kept += 1
        elif entry.history is not None:
            appended += await _append_missing(store, entry)
        elif keep and await store.retrieve_raw(entry.key) is not None:
            kept += 1
        else:
            await store.store(entry.key, entry.value, ttl_s=entry.ttl_s)
            written += 1
    return ImportedKeys(written=written, kept=kept, appended=appended)


async def _entry(store: MemoryStore, name: str) -> Entry | None:
    record = await store.retrieve_record(name)
    if record is None:
        return None
    if isinstance(await store.retrieve_raw(name), list):
        return Entry(key=name, history=tuple(record.value), updated_by=record.updated_by)
    return Entry(key=name, value=record.value, ttl_s=await store.ttl_s(name), updated_by=record.updated_by)


async def _is_fork(store: MemoryStore, entry: Entry) -> bool:
    """Whether this is an audit log that neither continues the one here nor is continued by it."""
    if entry.key != AUDIT_LOG:
        return False
    pairs = zip(await store.retrieve(AUDIT_LOG) or (), entry.history or (), strict=False)
    return any(jsontext.dumps(ours) != jsontext.dumps(theirs) for ours, theirs in pairs)


async def _append_missing(store: MemoryStore, entry: Entry) -> int:
    there = {jsontext.dumps(item) for item in await store.retrieve(entry.key) or ()}
    new = [item for item in entry.history or () if jsontext.dumps(item) not in there]
    await store.apply([store.prepare_append(entry.key, item) for item in new])
    return len(new)


def _checked(lines: list[str], where: str) -> Iterator[Entry]:
    if not lines:
        raise InputError(f"{where} is empty, expected a memory export", hint="write one with `aqe memory export`")
    header = Header.from_json(lines[0], where=f"{where}:1")
    body = lines[1:]
    if len(body) != header.entries or _digest(body) != header.sha256:
        raise InputError(f"{where} is cut or was edited: its digest does not fit", hint="export it again")
    for number, line in enumerate(body, start=2):
        yield Entry.from_json(line, where=f"{where}:{number}")


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()
