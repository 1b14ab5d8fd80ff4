"""A release judged for each of several regions; the value at `aqe/regional-decisions/<version>`."""

from datetime import datetime

from ..base import Record
from ..evidence import Reading
from .readiness import Decision


class RegionAssessment(Record):
    """One region."""

    region: str
    decision: Decision
    """By the region's own evidence or the environment's, whichever is worse."""
    own: dict[str, Reading]
    """`history` and `signals` of this region alone; NOT_MEASURED where the environment's stand in."""


class RegionalAssessment(Record):
    """All of them."""

    version: str
    environment: str
    commit: str | None = None
    decision: Decision
    """The worst; it is the release's decision."""
    regions: tuple[RegionAssessment, ...]
    assessed_at: datetime

    @property
    def names(self) -> tuple[str, ...]:
        """Of the regions."""
        return tuple(one.region for one in self.regions)
