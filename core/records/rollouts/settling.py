"""Whether the served version's metrics are back to what is usual, once its traffic has moved."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record


class Usual(Record):
    """The highest that the old version was seen at while it served beside the new one."""

    looks: Annotated[int, Field(ge=0)] = 0
    """With a value."""
    error_rate_percent: FiniteFloat | None = None
    latency_p95_ms: FiniteFloat | None = None


class SettlingStatus(StrEnum):
    """What is known of it."""

    MEASURING = "MEASURING"
    STABLE = "STABLE"
    NOT_STABLE = "NOT_STABLE"
    """Not within the time that was given."""
    NOT_MEASURED = "NOT_MEASURED"


class Settling(Record):
    """Of a rollout that was taken back or promoted, or has all traffic."""

    status: SettlingStatus = SettlingStatus.MEASURING
    since: AwareDatetime
    """When it was decided to take it back, or it got all traffic."""
    seen_at: AwareDatetime
    """When there was last a value."""
    in_a_row: Annotated[int, Field(ge=0)] = 0
    """Looks that were within what is usual."""
    reason: str = "the metrics are looked at"
