"""Messages to people, before anybody knows how they are sent."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from .base import Record


class Level(StrEnum):
    """How urgent a message is; channels colour it, pagers choose their severity by it."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


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
    level: Level = Level.INFO
    id: str | None = None
    """Of the event."""
    at: datetime | None = None
    """When it happened, aware UTC."""
    data: Mapping[str, Any] = Field(default_factory=dict)
    """The event's payload, camelCase, for receivers that are programs."""


class ChannelState(Record):
    """How a channel does."""

    sent: int = 0
    """Messages handed on since the key was made."""
    repeated: int = 0
    """Not sent, because the same one had been shortly before."""
    last_sent_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = None

    @property
    def failing(self) -> bool:
        """True when the latest message was not taken."""
        return self.last_failed_at is not None and (
            self.last_sent_at is None or self.last_failed_at > self.last_sent_at
        )


def state_key(channel: str) -> str:
    """Where a channel's state stands."""
    return f"aqe/notify/{channel}"


def sent_key(channel: str, digest: str) -> str:
    """Where it stands what was said last about something, for as long as it is not to be repeated."""
    return f"aqe/notify-sent/{channel}/{digest}"
