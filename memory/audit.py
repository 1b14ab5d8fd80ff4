"""The audit log in memory: entries are chained to its end and sent in one transaction with what they speak of."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from ..core.audit import chained
from ..core.errors import ConflictError, InputError
from ..core.records.audit import GENESIS, AuditDraft, AuditEntry
from ..core.writes import Write
from .store import MemoryStore

AUDIT_LOG = "aqe/audit/log"
"""The history that holds the entries."""
MAX_ATTEMPTS = 100
"""Somebody gets through each time, so this many losers in a row means that something else is wrong."""

T = TypeVar("T")


async def audit_head(memory: MemoryStore) -> str:
    """Hash of the last entry; GENESIS when there is none."""
    return (await _end(memory))[1]


async def audited(
    memory: MemoryStore,
    drafts: Sequence[AuditDraft],
    at: datetime,
    send: Callable[[list[Write]], Awaitable[T]],
    *,
    task: str = "",
) -> T:
    """Send a transaction with its audit entries.

    The entries are chained to the end that the log has now. When somebody else was quicker the server refuses the whole
    transaction, and it is chained and sent again: an effect without its entry, or a fork of the chain, cannot be.

    Args:
        drafts: in order; none = just send.
        at: when it happened, aware UTC.
        send: sends the transaction with these writes in it.
        task: id of the task on whose behalf, for the metadata.

    Raises:
        ConflictError: another write of the transaction was refused.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        end = await _end(memory) if drafts else (0, GENESIS)
        try:
            return await send(_writes(memory, drafts, at, *end, task))
        except ConflictError as error:
            # Nothing came in between: it was not the log that refused.
            if not drafts or attempt == MAX_ATTEMPTS or await _end(memory) == end:
                raise error
    raise AssertionError("the last attempt returns or raises")


def _writes(
    memory: MemoryStore, drafts: Sequence[AuditDraft], at: datetime, length: int, head: str, task: str
) -> list[Write]:
    writes = []
    for number, draft in enumerate(drafts):
        entry = chained(draft, sequence=length + number + 1, previous=head, at=at)
        # All writes are checked before the first is applied: one expectation stands for all.
        expected = length if number == 0 else None
        writes.append(memory.prepare_append(AUDIT_LOG, entry, task=task, expected_length=expected))
        head = entry.hash
    return writes


class AuditReader:
    """The log's entries of some kinds; each time only what was added since the last time is read.

    What cannot be read is left out: `aqe audit verify` is who names it.

    Args:
        memory: the store.
        actions: which kinds.
    """

    def __init__(self, memory: MemoryStore, actions: Collection[str]) -> None:
        self._memory, self._actions = memory, frozenset(actions)
        self._marks = [action.encode() for action in self._actions]
        self._read, self._found = 0, list[AuditEntry]()

    async def entries(self) -> tuple[AuditEntry, ...]:
        """The oldest first."""
        length, _ = await self._memory.tail(AUDIT_LOG, 1)
        if length < self._read:  # cut off, or another log
            self._read, self._found = 0, []
        texts = await self._memory.items_from(AUDIT_LOG, self._read) if length > self._read else []
        self._read += len(texts)
        self._found += filter(None, map(self._entry, texts))
        return tuple(self._found)

    def _entry(self, text: bytes) -> AuditEntry | None:
        if not any(mark in text for mark in self._marks):  # most of the log is about something else
            return None
        try:
            entry = AuditEntry.from_json(text, where=AUDIT_LOG)
        except InputError:
            return None
        return entry if entry.action in self._actions else None


async def _end(memory: MemoryStore) -> tuple[int, str]:
    length, last = await memory.tail(AUDIT_LOG, 1)
    return length, AuditEntry.from_value(last[0], where=AUDIT_LOG).hash if last else GENESIS
