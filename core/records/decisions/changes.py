"""What a release changes, as git tells it: the value at `aqe/releases/<version>/changes`."""

from datetime import datetime
from typing import Literal

from ..base import Record

ChangeKind = Literal["feature", "fix", "performance", "other", "unconventional"]
MAX_LISTED = 200
"""Changes kept with their words; all are counted."""


class Change(Record):
    """One commit."""

    commit: str
    kind: ChangeKind
    """By its conventional-commit type; `unconventional` = its subject has none."""
    breaking: bool = False
    scope: str | None = None
    subject: str
    """Without type and scope; redacted."""


class ReleaseChanges(Record):
    """Everything since the previous release."""

    version: str
    commit: str
    previous: str | None
    """Tag it is compared with; None = there is no earlier one, everything is new."""
    commits: int
    """Without merges."""
    features: int
    fixes: int
    performance: int
    other: int
    """Conventional commits of other types: docs, refactor, test, ..."""
    unconventional: int
    breaking: int
    files_changed: int
    lines_added: int
    lines_deleted: int
    changes: tuple[Change, ...]
    """Newest first, MAX_LISTED at most."""
    collected_at: datetime
