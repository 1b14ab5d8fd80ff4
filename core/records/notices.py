"""Messages to people, before anybody knows how they are sent."""

from .base import Record


class Notice(Record):
    """One message."""

    event: str
    """Type of the event that it tells of: channels choose by it."""
    subject: str
    """One line."""
    lines: tuple[str, ...]
    """What there is to know and to do, plain text."""
    recipients: tuple[str, ...] = ()
    """Ids or addresses of approvers; empty = whoever listens."""
