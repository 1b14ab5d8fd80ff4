"""What a canary came to by another judge's rules; printed by `aqe deploy judge`, stored nowhere."""

from ..base import Record


class JudgedMetric(Record):
    """One metric."""

    name: str
    groups: tuple[str, ...]
    classification: str
    """Pass, High, Low, Nodata, NodataFailMetric."""
    critical: bool
    """True when this alone fails the canary."""
    muted: bool
    reason: str


class JudgedCanary(Record):
    """All of it."""

    score: float
    """0 to 100."""
    classification: str
    """Pass, Marginal, Fail."""
    reason: str
    groups: dict[str, float]
    """Group -> its own score."""
    metrics: tuple[JudgedMetric, ...]
