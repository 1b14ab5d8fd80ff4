"""Whether requests have really left a version, by the executor's own counters."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record

Total = Annotated[FiniteFloat, Field(ge=0)]


class TrafficStatus(StrEnum):
    """What the counters say."""

    WAITING = "WAITING"
    """Not enough was seen."""
    CONFIRMED = "CONFIRMED"
    STILL_ARRIVES = "STILL_ARRIVES"
    """The weights say none, and requests reach it all the same."""
    NO_COUNTERS = "NO_COUNTERS"
    """The executor counts nothing: nobody can say."""


class TrafficCheck(Record):
    """Of the version that is to get no requests any more."""

    arm: Literal["canary", "baseline"]
    status: TrafficStatus
    reason: str
    began_at: AwareDatetime
    """When the weights first said so."""
    quiet_since: AwareDatetime
    """When its counter last changed, as far as was seen."""
    count: Total | None = None
    """Of it, since then."""
    other: Total | None = None
    """Of the version that gets everything, at that moment."""
