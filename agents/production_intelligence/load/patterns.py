"""Load patterns: when how much traffic comes, of what and from whom, and the model of it that a load test follows.

Every figure says how many days are behind it; what has too few is NOT_MEASURED. Times are UTC.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from ....analysis.series.growth import LEAST_WEEKS, weekly_growth
from ....analysis.series.traffic_profile import DAY_S, Minutes, medians, week_totals
from ....core.errors import NoData
from ....core.numbers import value_text
from ....core.records.evidence import NotMeasured
from ....core.records.production.findings import FindingPriority, Insight
from ....core.records.production.load import (
    WEEKDAYS,
    DailyPattern,
    Growth,
    HourRate,
    LoadPatterns,
    MonthRate,
    Peak,
    WeekdayRate,
)
from ...outcome import Outcome
from ..loaded import Loaded
from .model import arrivals, day_date, load_model
from .traffic import SOURCES, Traffic, endpoint_mix, highest_second, traffic_of
from .visitors import user_classes

HOUR_S = 3600
PEAK_SHARE = 0.8
"""Of the highest hour: hours at or above it are peak hours."""
LOW_SHARE = 1 / 3
"""Of the highest hour: hours at or below it are of low traffic."""
LEAST_WEEKS_OF_A_WEEKDAY = 2
"""One Sunday cannot tell what Sundays are like."""
LEAST_MONTHS = 12
"""Calendar months of which a year is made."""
SHARP_PEAK = 3.0
"""Busiest minute over the mean rate, from which an insight says so."""
LEAST_SHARP_RPS = 1.0
"""Of the busiest minute; below it the highest of many minutes is mostly chance."""


def load_patterns(loaded: Loaded) -> Outcome:
    """The capability `load-pattern-analysis`.

    Raises:
        NoData: there is no traffic in the window.
    """
    traffic = traffic_of(loaded)
    if traffic is None:
        raise NoData(
            f"no requests, spans or page views in the last {loaded.window.days} days:"
            f" `aqe import access.log` brings them in{loaded.older(*(source.kind for source in SOURCES))}"
        )
    patterns = _patterns(loaded, traffic)
    patterns = patterns.model_copy(update={"insights": tuple(_insights(patterns, loaded.now))})
    return Outcome(patterns, {"aqe/production/load-patterns": patterns})


def _patterns(loaded: Loaded, traffic: Traffic) -> LoadPatterns:
    minutes, unit = traffic.minutes, traffic.source.unit
    mix, users = endpoint_mix(loaded, traffic.source), user_classes(loaded)
    return LoadPatterns(
        source=traffic.source.kind,
        unit=unit,
        total=traffic.total,
        window_from=datetime.fromtimestamp(traffic.first_s, UTC),
        window_to=datetime.fromtimestamp(traffic.last_s, UTC),
        observed_days=int((~np.isnan(minutes.counts)).any(axis=1).sum()),
        whole_days=int(minutes.whole.sum()),
        mean_rps=_mean_rps(minutes),
        daily=_daily(minutes),
        weekly=_weekly(minutes),
        seasonal=_seasonal(minutes),
        peak=_peak(loaded, traffic),
        mix=mix,
        users=users,
        arrivals=arrivals(minutes.counts.reshape(-1)),
        growth=_growth(minutes),
        model=load_model("busiest day", minutes, _busiest_day(minutes), unit=unit, mix=mix, users=users),
    )


def _busiest_day(minutes: Minutes) -> int:
    """The day with the highest minute; a whole one where there is any."""
    highest = np.nan_to_num(minutes.counts).max(axis=1)
    return int(np.where(minutes.whole, highest, -1.0 if minutes.whole.any() else highest).argmax())


def _mean_rps(minutes: Minutes) -> float:
    return float(np.nanmean(minutes.counts)) / 60


def _daily(minutes: Minutes) -> DailyPattern | NotMeasured:
    hours = minutes.hourly() / HOUR_S
    usual, days = medians(hours)
    known = np.flatnonzero(days)
    if not len(known):
        return NotMeasured(reason="no hour was observed from its first minute to its last")
    highest = usual[known].max()
    return DailyPattern(
        hourly=tuple(
            HourRate(hour=int(h), rps=usual[h], highest_rps=np.nanmax(hours[:, h]), days=int(days[h])) for h in known
        ),
        peak_hours=tuple(int(h) for h in known if usual[h] >= PEAK_SHARE * highest),
        low_traffic_hours=tuple(int(h) for h in known if usual[h] <= LOW_SHARE * highest),
    )


def _weekly(minutes: Minutes) -> tuple[WeekdayRate, ...] | NotMeasured:
    table = np.full((len(minutes.totals), 7), np.nan)
    table[np.arange(len(table)), minutes.weekdays] = minutes.totals / DAY_S
    usual, weeks = medians(table)
    if weeks.min() < LEAST_WEEKS_OF_A_WEEKDAY:
        return NotMeasured(
            reason=f"insufficient data: a weekly profile needs {LEAST_WEEKS_OF_A_WEEKDAY} whole days of every weekday,"
            f" the window has {int(minutes.whole.sum())} whole days"
        )
    return tuple(WeekdayRate(weekday=name, rps=usual[i], weeks=int(weeks[i])) for i, name in enumerate(WEEKDAYS))


def _seasonal(minutes: Minutes) -> tuple[MonthRate, ...] | NotMeasured:
    months: dict[str, list[float]] = {}
    for day in np.flatnonzero(minutes.whole):
        months.setdefault(f"{day_date(minutes, int(day)):%Y-%m}", []).append(float(minutes.totals[day]) / DAY_S)
    if len({month[5:] for month in months}) < LEAST_MONTHS:
        return NotMeasured(
            reason=f"insufficient data: a seasonal profile needs days of {LEAST_MONTHS} calendar months,"
            f" the window has {len(months)}"
        )
    return tuple(MonthRate(month=month, rps=float(np.mean(of)), days=len(of)) for month, of in months.items())


def _peak(loaded: Loaded, traffic: Traffic) -> Peak:
    minutes = traffic.minutes
    at = minutes.busiest()
    start_s = minutes.first_day * DAY_S + at * 60
    rps = float(minutes.counts.reshape(-1)[at]) / 60
    return Peak(
        at=datetime.fromtimestamp(start_s, UTC),
        rps=rps,
        factor=rps / _mean_rps(minutes),
        second_rps=highest_second(loaded, traffic.source, start_s // HOUR_S * HOUR_S),
    )


def _growth(minutes: Minutes) -> Growth | NotMeasured:
    totals = week_totals(minutes)
    found = weekly_growth(totals)
    if found is None:
        return NotMeasured(
            reason=f"insufficient data: growth needs {LEAST_WEEKS} whole weeks,"
            f" the window has {int((totals > 0).sum())}"
        )
    return Growth(
        weekly_percent=100 * found.share,
        low_percent=100 * found.low,
        high_percent=100 * found.high,
        weeks=int((totals > 0).sum()),
    )


def _insights(patterns: LoadPatterns, now: datetime) -> Iterator[Insight]:
    """What somebody who plans a load test should know."""
    evidence = ("aqe/production/load-patterns", patterns.source)
    peak = patterns.peak
    if peak.factor >= SHARP_PEAK and peak.rps >= LEAST_SHARP_RPS:
        yield Insight(
            id="insight-load-peak",
            title=f"The busiest minute has {peak.factor:.1f} times the mean traffic",
            detail=f"{value_text(peak.rps)} {patterns.unit} a second at {peak.at:%Y-%m-%d %H:%M} UTC,"
            f" {value_text(peak.second_rps)} in the busiest second of that hour,"
            f" against {value_text(patterns.mean_rps)} on the mean.",
            priority=FindingPriority.MEDIUM,
            evidence=evidence,
            recommendation="Test at the peak's rate, not at the mean.",
            created_at=now,
        )
    if isinstance(patterns.growth, Growth) and patterns.growth.low_percent > 0:
        weeks = np.log(2) / np.log1p(patterns.growth.weekly_percent / 100)
        yield Insight(
            id="insight-load-growth",
            title=f"Traffic grows by {patterns.growth.weekly_percent:.2g} % a week",
            detail=f"95 % interval {patterns.growth.low_percent:.2g} to {patterns.growth.high_percent:.2g} % over"
            f" {patterns.growth.weeks} weeks; if that goes on it doubles in {weeks:.0f} weeks.",
            priority=FindingPriority.MEDIUM,
            evidence=evidence,
            recommendation="Test above the busiest day's rate: it will be passed.",
            created_at=now,
        )
