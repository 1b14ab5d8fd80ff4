"""The audit log's entries: who did what about what, each bound to the one before it by its hash."""

from datetime import datetime
from typing import Any

from pydantic import Field

from .base import Record

GENESIS = "0" * 64
"""Head of an empty log."""


class AuditDraft(Record):
    """What is to be written down; the log gives it its place."""

    action: str
    """`approval:granted`, `gate:overridden`, `policy:configured`, `release:assessed`."""
    actor: str
    """Id of the authenticated approver, else of the process or agent that acted."""
    subject: str
    """What it is about: a version, a policy's name."""
    details: dict[str, Any] = Field(default_factory=dict)
    """JSON; no secrets."""


class AuditEntry(AuditDraft):
    """One item of the log at `aqe/audit/log`."""

    sequence: int
    """From 1, without a gap."""
    at: datetime
    previous: str
    """Hash of the entry before, GENESIS for the first."""
    hash: str
    """SHA-256 over the canonical JSON of the entry without this field, hexadecimal."""


class AuditVerdict(Record):
    """What `aqe audit verify` found."""

    intact: bool
    entries: int
    head: str
    """Hash of the last entry that can be trusted."""
    problem: str | None = None
    """The first thing that is wrong, in one sentence."""
    checked_heads: int = 0
    """Heads known from elsewhere (`--head`, stored decisions) that the log was held against."""
