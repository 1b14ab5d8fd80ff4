"""Which features are used, by whom and how much, and what that means for their tests."""

from datetime import date, datetime
from enum import StrEnum

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight, Trend


class FeaturePriority(StrEnum):
    """How much a feature's tests matter."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    DEPRECATED = "DEPRECATED"
    """A candidate for removal: all criteria hold."""


class FeatureRule(Record):
    """What belongs to a feature: globs in which `*` crosses `/`."""

    paths: tuple[str, ...] = ()
    """Of pages and requests, without query: `/checkout*`."""
    events: tuple[str, ...] = ()
    """Of names of product events and actions: `checkout_*`."""
    code: tuple[str, ...] = ()
    """Of source files; empty = those with a folder or file called as the feature."""


class FeatureTrend(Record):
    """Interactions a day against the window before."""

    trend: Trend
    change_percent: float | None
    """None when there was nothing before."""
    p_value: float


class SeasonalPeak(Record):
    """The month in which it is used most."""

    month: str
    """`2026-12`."""
    factor: float
    """Interactions a day over the median month's."""


class Criterion(Record):
    """One thing that must hold before a feature is a candidate for removal."""

    criterion: str
    met: bool
    found: str


class FeatureUsage(Record):
    """One feature."""

    name: str
    configured: bool
    """From `features` in aqe.yaml; else named after the first part of the path, or after the event."""
    active_users: int
    """Distinct users, and sessions that name none."""
    user_share: float
    """Of all active users, 0 to 1."""
    sessions: int | NotMeasured
    interactions: int
    interactions_per_session: float | NotMeasured
    """In the sessions that used it."""
    conversion_share: float | NotMeasured
    """Of the sessions that used it, those with a purchase, 0 to 1."""
    revenue: float = 0.0
    """Of its events."""
    last_used: date | None
    """UTC; None where its days were not kept."""
    trend: FeatureTrend | NotMeasured
    seasonal_peak: SeasonalPeak | NotMeasured
    test_coverage: float | NotMeasured
    """Percent of the lines of the source files that belong to it."""
    satisfaction: float | NotMeasured
    priority: FeaturePriority
    deprecation: tuple[Criterion, ...] = ()
    """Of a feature that hardly anybody uses."""
    recommendation: str
    scenarios: tuple[str, ...] = ()
    """Ids of the test scenarios on offer that go through it."""


class UntestedFeature(Record):
    """A feature of priority MEDIUM or above that no test scenario goes through."""

    name: str
    priority: FeaturePriority
    recommendation: str
    """What would bring one in."""


class UnusedFeature(Record):
    """A feature of aqe.yaml that nobody used in the window."""

    name: str
    last_used: date | None
    """None = never in the data."""
    observed_days: int
    """In the window."""


class FeatureReport(Record):
    """The value at `aqe/production/feature-usage`."""

    sources: tuple[str, ...]
    """Kinds of rows counted."""
    users_by: str
    """What stands for a user: `users and sessions`, or `client addresses`."""
    window_from: datetime
    window_to: datetime
    observed_days: int
    total_users: int
    total_sessions: int | NotMeasured
    features: tuple[FeatureUsage, ...]
    """Most used first."""
    unlisted: int
    """Rarer features that are not listed; a lower bound once there are more than are counted at a time."""
    untested: tuple[UntestedFeature, ...] = ()
    """The most used first."""
    unused: tuple[UnusedFeature, ...] = ()
    insights: tuple[Insight, ...] = ()
