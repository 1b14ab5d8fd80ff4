"""Bulk data: the kinds, the columns of each, and the reference that stands in memory instead of the rows."""

from datetime import datetime

from pydantic import Field

from ..base import Record


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
    environment: str | None = None
    imported_at: datetime
    figures: dict[str, float] = Field(default_factory=dict)
    """A summary by kind, such as `services`, `users`, `errors`: counts of distinct values and rows."""
