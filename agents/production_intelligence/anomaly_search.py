"""From series to events: batches of series that share their times, watched; what is known of each event's series."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ...analysis.alarms import AlarmRules
from ...analysis.excursions import Excursion
from ...analysis.series_watch import SeriesWatch
from ...core.records.anomalies import Unjudged
from .series import LEAST_KNOWN_SHARE, About, Array, Series

MAX_SERIES = 5_000
"""Watched in one task; beyond it series are counted and named as not judged."""
BATCH = 64
"""Series watched side by side: all fit into the processor's cache."""
LISTED_UNJUDGED = 50
RECENT = 40
"""Values kept around an event, for a sparkline."""


@dataclass(frozen=True)
class Method:
    """How events are found.

    Args:
        threshold: of the score, > 0.
        sigmas: with a number the fixed rule decides, and `threshold` is not looked at.
    """

    threshold: float = AlarmRules.threshold
    sigmas: float | None = None

    def rules(self, interval_s: float) -> AlarmRules:
        """For points so many seconds apart."""
        return AlarmRules.for_interval(interval_s, threshold=self.sigmas or self.threshold)


@dataclass(frozen=True)
class Found:
    """An event, with what is asked of its series afterwards.

    Args:
        hits, total: during the event, of a share: how many of how many.
        before: how many there were before it, of which the expectation is known.
        recent: see records.anomalies.Anomaly.
        last_s: the last point of the series.
    """

    about: About
    event: Excursion
    hits: float
    total: float
    before: float
    recent: tuple[float | None, ...]
    last_s: float


@dataclass
class Search:
    """What was looked at so far."""

    method: Method
    series: int = 0
    points: int = 0
    unjudged: list[Unjudged] = field(default_factory=list)
    unjudged_series: int = 0
    seen: dict[str, float] = field(default_factory=dict)
    """Series that was judged -> its last point, seconds since the epoch."""

    def events(self, series: Iterable[Series]) -> Iterator[Found]:
        """The events of every series that can be judged."""
        batch: list[Series] = []
        for one in series:
            reason = self._objection(one)
            if reason:
                self.leave(one.about.name, reason)
                continue
            if batch and (len(batch) == BATCH or not _side_by_side(batch[0], one)):
                yield from self._watched(batch)
                batch = []
            batch.append(one)
            self.series += 1
            self.points += len(one.values)
            self.seen[one.about.name] = float(one.times_s[-1])
        if batch:
            yield from self._watched(batch)

    def leave(self, name: str, reason: str) -> None:
        """Note a series that cannot be judged."""
        self.unjudged_series += 1
        if len(self.unjudged) < LISTED_UNJUDGED:
            self.unjudged.append(Unjudged(series=name, reason=reason))

    def _objection(self, series: Series) -> str | None:
        if self.series >= MAX_SERIES:
            return f"more than {MAX_SERIES} series: narrow it down by release"
        warm_up = self.method.rules(series.about.interval_s).warm_up_points
        if len(series.values) <= warm_up:
            return (
                f"insufficient data: {len(series.values)} points, more than {warm_up} are needed to know what is usual"
            )
        share = float(series.known.mean())
        if share < LEAST_KNOWN_SHARE:
            return f"insufficient data: only {share:.0%} of its buckets have enough requests to tell it"
        return None

    def _watched(self, batch: list[Series]) -> Iterator[Found]:
        first, interval_s = batch[0], batch[0].about.interval_s
        watch = SeriesWatch(len(batch), interval_s, self.method.rules(interval_s), self.method.sigmas)
        values = np.stack([series.values for series in batch])
        silent = np.stack([~series.known for series in batch])
        for series, events in zip(batch, watch.feed(first.times_s, values, silent=silent), strict=True):
            yield from (found_of(series, event) for event in events)


def found_of(series: Series, event: Excursion) -> Found:
    """What is asked of the series about its event."""
    times = series.times_s
    begin = int(np.searchsorted(times, event.began_s))
    end = len(times) if event.ended_s is None else int(np.searchsorted(times, event.ended_s))
    hits = total = before = 0.0
    if series.totals is not None:
        totals = np.where(series.known, series.totals, 0.0)
        total, before = float(totals[begin:end].sum()), float(totals[:begin].sum())
        hits = float(np.round((series.values * totals)[begin:end].sum()))
    return Found(series.about, event, hits, total, before, _recent(series, begin, end), float(times[-1]))


def _recent(series: Series, begin: int, end: int) -> tuple[float | None, ...]:
    """The event and as much before and after it, half a day at least."""
    around = max(end - begin, int(43_200 / series.about.interval_s), 10)
    cut = slice(max(0, begin - around), min(len(series.values), end + around))
    values: Array = np.where(series.known[cut], series.values[cut], -np.inf)
    parts = np.array_split(values, min(RECENT, len(values)))
    return tuple(None if not np.isfinite(part.max()) else float(f"{part.max():.6g}") for part in parts)


def _side_by_side(one: Series, other: Series) -> bool:
    return one.about.interval_s == other.about.interval_s and (
        one.times_s is other.times_s or np.array_equal(one.times_s, other.times_s)
    )
