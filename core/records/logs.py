"""Rows of bulk data: tuples, because there are millions of them. Columns are those of the Parquet datasets."""

from datetime import datetime
from typing import NamedTuple

from .base import Record


class LogRow(NamedTuple):
    """One log record; None = the line does not say."""

    at: datetime
    """Aware UTC."""
    level: str
    """Upper case: DEBUG INFO WARNING ERROR CRITICAL, else as written."""
    message: str
    logger: str | None = None
    service: str | None = None
    release: str | None = None
    error_type: str | None = None
    stack_trace: str | None = None
    """The trace as text, newlines kept."""
    request_method: str | None = None
    request_path: str | None = None
    """Path with query, as requested: hostile."""
    status: int | None = None
    user: str | None = None
    """Pseudonym after redaction."""
    session: str | None = None
    request: str | None = None
    """Request or trace id."""
    region: str | None = None
    user_agent: str | None = None


class AccessRow(NamedTuple):
    """One request of an access log."""

    at: datetime
    method: str
    """Empty for a request line that could not be read."""
    path: str
    status: int
    bytes_sent: int | None
    duration_ms: float | None
    """None when the log format has no duration."""
    client: str | None
    user_agent: str | None
    referer: str | None


LOGS = "logs"
ACCESS = "access"
DATASET_ROWS: dict[str, type[LogRow] | type[AccessRow]] = {LOGS: LogRow, ACCESS: AccessRow}
"""Every bulk kind and its columns."""


class DatasetRef(Record):
    """Where the rows of one import lie, and what they are; stored in memory instead of them."""

    kind: str
    uri: str
    """`file:` URI of the Parquet file."""
    rows: int
    from_at: datetime | None
    to_at: datetime | None
    sha256: str
    """Of the Parquet file."""
    source: str
    """Name of the imported file."""
    release: str | None = None
    imported_at: datetime
