"""Rows of logs: one log record, one request of an access log."""

from datetime import datetime, timedelta
from typing import NamedTuple

from ..privacy import Id, Ip, Session, Text, Url, User, Word

WITHOUT_YEAR = 1904
"""Year of a time whose source writes none (syslog); a leap year, so that it has a 29 February. Never stored: see
`in_latest_year`.
"""


def in_latest_year(at: datetime, now: datetime) -> datetime:
    """A time without a year in the latest year that does not make it lie ahead by more than a day.

    New Year's Eve, read on 2 January, was last year.
    """
    year = now.year
    while True:
        try:
            found = at.replace(year=year)
        except ValueError:  # 29 February
            year -= 1
            continue
        if found <= now + timedelta(days=1):
            return found
        year -= 1


class LogRow(NamedTuple):
    """One log record; None = the line does not say."""

    at: datetime
    """Aware UTC."""
    level: Text
    """Upper case: DEBUG INFO WARNING ERROR CRITICAL, else as written."""
    message: Text
    logger: Text | None = None
    service: Text | None = None
    release: Id | None = None
    error_type: Text | None = None
    stack_trace: Text | None = None
    """The trace as text, newlines kept."""
    request_method: Text | None = None
    request_path: Url | None = None
    """Path with query, as requested: hostile."""
    status: int | None = None
    user: User | None = None
    session: Session | None = None
    request: Id | None = None
    """Request id, else trace id."""
    region: Text | None = None
    user_agent: Text | None = None
    duration_ms: float | None = None
    """Of the request or job that the record is about."""
    host: Text | None = None
    """Host, pod or log stream that wrote it."""
    trace_id: Id | None = None
    environment: Text | None = None
    """As the record says: `production`, `staging`."""
    tracker: Word | None = None
    """Error tracker that reported it (`sentry`); None = a log of the program's own."""


class AccessRow(NamedTuple):
    """One request of an access log."""

    at: datetime
    method: Word
    """Empty for a request line that could not be read."""
    path: Url
    status: int
    bytes_sent: int | None
    duration_ms: float | None
    """None when the log format has no duration."""
    client: Ip | None
    user_agent: Text | None
    referer: Url | None
    experiment: Text | None = None
    """`name=variant`, several separated by blanks."""
