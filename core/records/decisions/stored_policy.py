"""A policy as the fleet keeps it."""

from datetime import datetime

from ..base import Record


class StoredPolicy(Record):
    """An item of the history at `aqe/policies/<name>`; the last one is in force."""

    name: str
    digest: str
    """SHA-256 of the text."""
    text: str
    """The YAML, as it was given."""
    configured_at: datetime
    configured_by: str
    """As the configuring process says; not authenticated."""


class PolicyView(Record):
    """One line of `aqe deploy policies`."""

    name: str
    digest: str
    origin: str
    """Where it comes from: a file, the fleet's memory, or aqe itself."""
    gates: tuple[str, ...]
    freeze_windows: tuple[str, ...]
    waivers: int
    versions: int
    """In the fleet's memory; 0 = it is not from there."""
    configured_at: datetime | None = None
    configured_by: str | None = None
