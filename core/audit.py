"""The hash chain: an entry's hash covers the entry and the hash before it, so that no past entry can be changed alone.

Editing, reordering, removing from the middle: found by the chain itself. Cutting the end off, or writing everything
anew from some entry on: found only by somebody who kept a later head, which is why decisions and reports print it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256

from . import jsontext
from .errors import InputError
from .records.audit import GENESIS, AuditDraft, AuditEntry, AuditVerdict


def chained(draft: AuditDraft, *, sequence: int, previous: str, at: datetime) -> AuditEntry:
    """The draft as an entry of the log.

    Args:
        sequence: its place, from 1.
        previous: hash of the entry before it, or GENESIS.
        at: aware UTC.
    """
    entry = AuditEntry(**dict(draft), sequence=sequence, at=at, previous=previous, hash="")
    return entry.model_copy(update={"hash": digest(entry)})


def digest(entry: AuditEntry) -> str:
    """What the entry's hash has to be."""
    return sha256(entry.canonical_without("hash")).hexdigest()


def verify(items: Sequence[object], heads: Collection[str] = ()) -> AuditVerdict:
    """Hold a log against itself, and against heads that were known before.

    Args:
        items: the log's items as parsed JSON, the oldest first.
        heads: hashes that the log once had as its last one; each must stand in it still.
    """
    previous, seen, problem = GENESIS, {GENESIS}, None
    for number, item in enumerate(items, 1):
        problem = _problem(item, number, previous)
        if problem is not None:
            break
        assert isinstance(item, dict)
        previous = item["hash"]
        seen.add(previous)
    lost = [head for head in heads if head not in seen]
    if problem is None and lost:
        why = "it was cut off before that entry, written anew, or is that of another store"
        problem = f"head {lost[0]} is not in the log: {why}"
    return AuditVerdict(
        intact=problem is None, entries=len(items), head=previous, problem=problem, checked_heads=len(heads)
    )


def _problem(item: object, number: int, previous: str) -> str | None:
    """What is wrong with the entry that stands at this place; None = nothing."""
    try:
        entry = AuditEntry.from_value(item, where=f"entry {number}")
    except InputError as error:
        return f"{error.message}: edited, or written by another program"
    # As text: to Python, 1 and true are equal.
    if jsontext.canonical(entry.to_dict()) != jsontext.canonical(item):
        return f"entry {number} is not written as it should be: edited"
    if digest(entry) != entry.hash:
        return f"entry {number} does not fit its hash: edited"
    if entry.sequence != number or entry.previous != previous:
        return f"entry {number} does not follow the one before it: reordered, removed or added"
    return None
