"""Feature usage: which features are used, by whom and how much, and how much their tests matter.

Priority, first rule that holds, by the share of active users (the specification's bands):
1. CRITICAL: 80 % or more.
2. HIGH: 50 % or more, or there is revenue on its events: few may pay, and all depend on it.
3. MEDIUM: 10 % or more.
4. DEPRECATED: below 0.1 %, and every other criterion for removal holds: observed for 30 days, not used more than
   before, no known season in which it is used.
5. LOW: everything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ....analysis.series.daily_change import LEAST_DAYS, daily_change
from ....analysis.series.traffic_profile import DAY_S
from ....core.errors import NoData
from ....core.numbers import counted, fine_percent
from ....core.records.bulk.rows import ACCESS, PRODUCT, RUM
from ....core.records.evidence import NotMeasured
from ....core.records.production.features import (
    Criterion,
    FeaturePriority,
    FeatureReport,
    FeatureTrend,
    FeatureUsage,
    SeasonalPeak,
    UnusedFeature,
)
from ....core.records.production.findings import FindingPriority, Insight, Trend
from ...outcome import Outcome
from ..loaded import CLOCK_TOLERANCE, Loaded
from ..scenario_keys import SCENARIOS
from .counts import MAX_LISTED, PEOPLE, Counts, Daily, Stream, count_features, daily, streams_of
from .coverage import COVERAGE_KEY, FeatureCoverage
from .mapping import FeatureMap, read_rules
from .suites import with_tests

READS = (COVERAGE_KEY, SCENARIOS)
HISTORY_DAYS = 400
"""Looked back over for seasons and for when something was used last."""
CRITICAL_SHARE, HIGH_SHARE, MEDIUM_SHARE, DEPRECATED_SHARE = 0.8, 0.5, 0.1, 0.001
"""Of active users."""
LEAST_OBSERVED_DAYS = 30
"""Before something counts as hardly used."""
LEAST_MONTHS = 6
"""Months with data, below which there is no season."""
LEAST_DAYS_A_MONTH = 7
SEASON_FACTOR = 2.0
"""A month's interactions a day over the median month's, from which it is a season."""
SIGNIFICANCE = 0.01
SMALLEST_CHANGE = 1.1
"""A trend needs both: a small p-value, and a change that somebody would care about."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Found:
    """What was counted, over the window and over the history behind it.

    Args:
        window, before: columns of `history` that are whole days of the window, and of the one before.
    """

    counts: Counts
    history: Daily
    window: slice
    before: slice
    knows_sessions: bool
    coverage: FeatureCoverage

    @property
    def observed_days(self) -> int:
        return int(self.history.observed[self.window.start :].sum())

    def days(self, name: str, part: slice) -> Array:
        """Interactions on the observed days of a part."""
        days: Array = self.history.of.get(name, np.zeros(len(self.history.observed)))[part]
        return days[self.history.observed[part]]


def feature_usage(loaded: Loaded) -> Outcome:
    """The capability `feature-usage-analytics`; payload `features`: name -> paths and events, as in aqe.yaml.

    Raises:
        NoData: nobody did anything in the window.
        InputError: the payload's `features` are none.
    """
    features = FeatureMap(read_rules(loaded.payload.get("features") or {}))
    streams = streams_of(loaded)
    if not streams:
        raise NoData(
            f"no product events, page views or requests in the last {loaded.window.days} days:"
            " `aqe import events.jsonl` brings them in" + loaded.older(PRODUCT, RUM, ACCESS)
        )
    found, listed = _count(loaded, streams, features)
    used = sorted((n for n in listed if found.counts.interactions[n]), key=lambda n: (-found.counts.users[n], n))
    usages = tuple(_usage(name, found, name in features.configured) for name in used)
    report = FeatureReport(
        sources=tuple(dict.fromkeys(stream.kind for stream in streams)),
        users_by="users and sessions" if streams[0] in PEOPLE else "client addresses",
        window_from=loaded.since,
        window_to=loaded.now,
        observed_days=found.observed_days,
        total_users=found.counts.total_users,
        total_sessions=found.counts.total_sessions if found.knows_sessions else _no_sessions(),
        features=usages,
        unlisted=len(found.history.of.keys() - listed) + found.history.displaced,
        unused=tuple(_unused(name, found) for name in features.configured if name not in used),
        insights=tuple(_insights(usages, found.observed_days, loaded.now)),
    )
    report = with_tests(report, loaded.records.get(SCENARIOS), features)
    return Outcome(report, {"aqe/production/feature-usage": report})


def _count(loaded: Loaded, streams: tuple[Stream, ...], features: FeatureMap) -> tuple[_Found, frozenset[str]]:
    length = max(1, loaded.window.days)
    behind = max(timedelta(days=HISTORY_DAYS), 2 * loaded.window)
    history = daily(loaded.between(loaded.now - behind, loaded.now + CLOCK_TOLERANCE), streams, features)
    # The day of `now` is not over.
    end = int(loaded.now.timestamp() // DAY_S) - history.first_day
    window, before = slice(end - length, end), slice(max(0, end - 2 * length), end - length)
    recent = {name: days[window.start :].sum() for name, days in history.of.items()}
    most = sorted(recent, key=lambda name: (-recent[name], name))[:MAX_LISTED]
    listed = frozenset([*most, *features.configured])
    found = _Found(
        counts=count_features(loaded, streams, features, listed),
        history=history,
        window=window,
        before=before,
        knows_sessions=all(stream.session for stream in streams),
        coverage=FeatureCoverage.of(loaded.records, features.code),
    )
    return found, listed


def _no_sessions() -> NotMeasured:
    return NotMeasured(reason="the rows name no sessions")


def _usage(name: str, found: _Found, configured: bool) -> FeatureUsage:
    counts = found.counts
    users, sessions = counts.users[name], counts.sessions[name]
    share = users / counts.total_users if counts.total_users else 0.0
    trend, peak = _trend(name, found), _season(name, found)
    checks = _removal(share, trend, peak, found.observed_days) if share < DEPRECATED_SHARE else ()
    revenue = counts.revenue.get(name, 0.0)
    priority = _priority(share, revenue, checks)
    return FeatureUsage(
        name=name,
        configured=configured,
        active_users=users,
        user_share=share,
        sessions=sessions if found.knows_sessions else _no_sessions(),
        interactions=counts.interactions[name],
        interactions_per_session=counts.in_sessions[name] / sessions if sessions else _no_sessions(),
        conversion_share=_conversion(counts, name, sessions),
        revenue=revenue,
        last_used=_last_used(name, found.history),
        trend=trend,
        seasonal_peak=peak,
        test_coverage=found.coverage.percent(name),
        satisfaction=NotMeasured(reason="nothing that is imported says how content people were"),
        priority=priority,
        deprecation=checks,
        recommendation=_recommendation(priority, peak),
    )


def _conversion(counts: Counts, name: str, sessions: int) -> float | NotMeasured:
    if not sessions:
        return _no_sessions()
    if not counts.purchases:
        why = ": what was bought names no session, and nobody who was seen then" if counts.lost_purchases else ""
        return NotMeasured(reason=f"no purchase was recorded in any session{why}")
    return counts.converted[name] / sessions


def _trend(name: str, found: _Found) -> FeatureTrend | NotMeasured:
    now, before = found.days(name, found.window), found.days(name, found.before)
    change = daily_change(now, before)
    if change is None:
        return NotMeasured(
            reason=f"insufficient data: {len(now)} observed days now and {len(before)} before, {LEAST_DAYS} of each are"
            " needed"
        )
    significant = change.p_value < SIGNIFICANCE
    rising, falling = change.ratio >= SMALLEST_CHANGE, change.ratio <= 1 / SMALLEST_CHANGE
    trend = (
        Trend.INCREASING if significant and rising else Trend.DECREASING if significant and falling else Trend.STABLE
    )
    percent = 100 * (change.ratio - 1) if np.isfinite(change.ratio) else None
    return FeatureTrend(trend=trend, change_percent=percent, p_value=change.p_value)


def _season(name: str, found: _Found) -> SeasonalPeak | NotMeasured:
    months: dict[str, list[float]] = {}
    uses = found.history.of.get(name, np.zeros(len(found.history.observed)))
    for day in np.flatnonzero(found.history.observed):
        months.setdefault(f"{_day(found.history.first_day + int(day)):%Y-%m}", []).append(float(uses[day]))
    means = {month: float(np.mean(days)) for month, days in months.items() if len(days) >= LEAST_DAYS_A_MONTH}
    if len(means) < LEAST_MONTHS:
        return NotMeasured(reason=f"insufficient data: {len(means)} months of data, {LEAST_MONTHS} are needed")
    highest = max(means, key=lambda month: means[month])
    usual = float(np.median(list(means.values())))
    if means[highest] < SEASON_FACTOR * usual or not usual:
        return NotMeasured(reason=f"no month has {SEASON_FACTOR:g} times the use of the median month")
    return SeasonalPeak(month=highest, factor=means[highest] / usual)


def _removal(
    share: float, trend: FeatureTrend | NotMeasured, peak: SeasonalPeak | NotMeasured, observed_days: int
) -> tuple[Criterion, ...]:
    rising = isinstance(trend, FeatureTrend) and trend.trend is Trend.INCREASING
    season = f"{peak.month}: {peak.factor:.1f} times" if isinstance(peak, SeasonalPeak) else peak.reason
    return (
        Criterion(criterion="used by less than 0.1 % of active users", met=True, found=fine_percent(share)),
        Criterion(
            criterion=f"observed for {LEAST_OBSERVED_DAYS} days",
            met=observed_days >= LEAST_OBSERVED_DAYS,
            found=counted(observed_days, "day"),
        ),
        Criterion(
            criterion="not used more than before",
            met=not rising,
            found=trend.trend if isinstance(trend, FeatureTrend) else trend.reason,
        ),
        Criterion(
            criterion="no known season in which it is used",
            met=not isinstance(peak, SeasonalPeak),
            found=season,
        ),
    )


def _priority(share: float, revenue: float, checks: tuple[Criterion, ...]) -> FeaturePriority:
    """The rule in the module's docstring."""
    if share >= CRITICAL_SHARE:
        return FeaturePriority.CRITICAL
    if share >= HIGH_SHARE or revenue > 0:
        return FeaturePriority.HIGH
    if share >= MEDIUM_SHARE:
        return FeaturePriority.MEDIUM
    return FeaturePriority.DEPRECATED if checks and all(c.met for c in checks) else FeaturePriority.LOW


_RECOMMENDATIONS = {
    FeaturePriority.CRITICAL: "Keep its tests first in line, and add edge cases.",
    FeaturePriority.HIGH: "Test its main paths and its errors before each release.",
    FeaturePriority.MEDIUM: "Test its main path.",
    FeaturePriority.LOW: "A smoke test is enough for so little use.",
    FeaturePriority.DEPRECATED: "Ask its owner whether it may go; `aqe production dead-code` looks at the code behind.",
}


def _recommendation(priority: FeaturePriority, peak: SeasonalPeak | NotMeasured) -> str:
    season = f" Test more before its season ({peak.month})." if isinstance(peak, SeasonalPeak) else ""
    return _RECOMMENDATIONS[priority] + season


def _unused(name: str, found: _Found) -> UnusedFeature:
    return UnusedFeature(name=name, last_used=_last_used(name, found.history), observed_days=found.observed_days)


def _last_used(name: str, history: Daily) -> date | None:
    used = np.flatnonzero(history.of.get(name, np.zeros(0)))
    return _day(history.first_day + int(used[-1])) if len(used) else None


def _day(number: int) -> date:
    return datetime.fromtimestamp(number * DAY_S, UTC).date()


def _insights(usages: tuple[FeatureUsage, ...], observed_days: int, now: datetime) -> Iterator[Insight]:
    """Important features that lose users, and those that hardly anybody uses."""
    for usage in usages:
        important = usage.priority in (FeaturePriority.CRITICAL, FeaturePriority.HIGH)
        if important and isinstance(usage.trend, FeatureTrend) and usage.trend.trend is Trend.DECREASING:
            yield Insight(
                id=f"insight-feature-{usage.name}",
                title=f"{usage.name} is used less: {usage.trend.change_percent:+.0f} % a day",
                detail=f"{usage.active_users} active users, {usage.interactions} interactions, priority"
                f" {usage.priority}; p = {usage.trend.p_value:.2g} against the window before.",
                priority=FindingPriority.HIGH if usage.priority is FeaturePriority.CRITICAL else FindingPriority.MEDIUM,
                evidence=("aqe/production/feature-usage", usage.name),
                recommendation="Look whether it still works for everybody: errors, latency, what was released.",
                created_at=now,
            )
        if usage.priority is FeaturePriority.DEPRECATED:
            yield Insight(
                id=f"insight-feature-{usage.name}",
                title=f"Hardly anybody uses {usage.name}",
                detail=f"{usage.active_users} active users in {observed_days} observed days, last on"
                f" {usage.last_used}.",
                priority=FindingPriority.LOW,
                evidence=("aqe/production/feature-usage", usage.name),
                recommendation=usage.recommendation,
                created_at=now,
            )
