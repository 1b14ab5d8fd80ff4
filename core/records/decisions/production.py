"""What is wrong in production, as far as a release decision needs it.

Whoever writes `aqe/production/{alerts,anomalies,insights,patterns,status}` says more than this: fields that are not
named here are left alone.
"""

from datetime import datetime

from pydantic import AwareDatetime, ConfigDict
from pydantic.alias_generators import to_camel

from ..base import Record
from ..evidence import Status
from ..production.findings import FindingPriority, Trend

_CLOSED = frozenset({"resolved", "closed", "ok", "inactive", "suppressed"})
_MILD = frozenset({"medium", "moderate", "low", "minor", "info", "informational", "warning", "warn", "notice"})
_MILD_NUMBERED = frozenset(f"{word}{number}" for word in ("p", "sev", "s", "sev-") for number in (3, 4, 5))
_WELL = {"healthy": True, "ok": True, "degraded": False, "unhealthy": False, "critical": False, "down": False}


class _Partly(Record):
    """Reads its own fields and leaves the others alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class OpenFinding(_Partly):
    """An alert or an anomaly."""

    title: str | None = None
    severity: str | None = None
    """As its source writes it: `critical`, `P2`, `SEV1`."""
    status: str | None = None
    resolved_at: datetime | None = None

    @property
    def is_unknown(self) -> bool:
        """It is no finding: it says that whoever writes the list could not judge."""
        return self.status == Status.NOT_MEASURED

    @property
    def is_open(self) -> bool:
        """Nobody says that it is over."""
        return not self.is_unknown and self.resolved_at is None and (self.status or "").lower() not in _CLOSED

    @property
    def is_severe(self) -> bool:
        """Not known to be mild: what nobody has rated may be anything."""
        return (self.severity or "").lower() not in _MILD | _MILD_NUMBERED


class RankedFinding(_Partly):
    """An insight or an error pattern."""

    priority: FindingPriority
    trend: Trend = Trend.UNKNOWN


class Health(_Partly):
    """The value at `aqe/production/status`."""

    status: str
    reason: str | None = None
    data_until: AwareDatetime | None = None
    """Where its writer says so: nothing is known of what came later."""

    @property
    def well(self) -> bool | None:
        """None = a word we do not know."""
        return _WELL.get(self.status.lower())
