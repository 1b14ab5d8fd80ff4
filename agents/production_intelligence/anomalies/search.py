"""From series to events: batches of series that share their times, watched; what is known of each event's series."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ....analysis.series.excursions import Excursion
from ....analysis.series.series_watch import SeriesWatch
from ....analysis.series.side_by_side import apart, times_mark, together
from ....core.numbers import duration_text, percent
from ....core.records.production.anomalies import Unjudged
from .kept_series import Watched, after, gone_on
from .rules import Method, meaning_of
from .series import LEAST_KNOWN_SHARE, About, Array, Series
from .usual_share import UsualShare

MAX_SERIES = 5_000
"""Watched in one task; beyond it series are counted and named as not judged."""
BATCH = 64
"""Series watched side by side: all fit into the processor's cache."""
LISTED_UNJUDGED = 50
RECENT = 40
"""Values kept around an event, for a sparkline."""


@dataclass(frozen=True)
class Found:
    """An event, with what is asked of its series afterwards.

    Args:
        hits, total: during the event, of a share: how many of how many.
        usual: of a share, before the event.
        recent: see records.anomalies.Anomaly.
        last_s: the last point of the series.
    """

    about: About
    event: Excursion
    hits: float
    total: float
    usual: UsualShare
    recent: tuple[float | None, ...]
    last_s: float


class _New(NamedTuple):
    """A series with points that nobody has looked at."""

    series: Series
    before: Watched | None
    cut: slice
    """Those points."""

    @property
    def times_s(self) -> Array:
        """Of them."""
        times: Array = self.series.times_s[self.cut]
        return times


@dataclass
class Search:
    """What was looked at so far.

    Args:
        method: how.
        kept: name of a series -> what was kept of it; it goes on from there.
    """

    method: Method
    kept: Mapping[str, Watched] = field(default_factory=dict)
    series: int = 0
    points: int = 0
    continued: int = 0
    watching: int = field(init=False)
    unjudged: list[Unjudged] = field(default_factory=list)
    unjudged_series: int = 0
    seen: dict[str, float] = field(default_factory=dict)
    """Series that was judged -> its last point, seconds since the epoch."""
    states: dict[str, Watched] = field(default_factory=dict)
    """Series -> what is known of it now."""

    def __post_init__(self) -> None:
        """What is kept is watched, whatever else there is."""
        self.watching = len(self.kept)

    def events(self, series: Iterable[Series]) -> Iterator[Found]:
        """The events of every series that can be judged: those under way in its new points, and those remembered."""
        batch: list[_New] = []
        for one in map(self._new, series):
            if one is None:
                continue
            if batch and (len(batch) == BATCH or not _side_by_side(batch[0], one)):
                yield from self._watched(batch)
                batch = []
            batch.append(one)
        if batch:
            yield from self._watched(batch)
        for name, watched in self.kept.items():
            if name not in self.states:  # nothing was said about it
                self.states[name] = watched
                self._judged(watched)

    def leave(self, name: str, reason: str) -> None:
        """Note a series that cannot be judged."""
        self.unjudged_series += 1
        if len(self.unjudged) < LISTED_UNJUDGED:
            self.unjudged.append(Unjudged(series=name, reason=reason))

    def _new(self, series: Series) -> _New | None:
        """What is to be looked at of this series; None = it is not watched."""
        before = self.kept.get(series.about.name)
        if before is None:
            share = float(series.known.mean())
            if share < LEAST_KNOWN_SHARE:
                self.leave(series.about.name, _hardly_known(share))
            elif self.watching >= MAX_SERIES:
                self.leave(series.about.name, f"more than {MAX_SERIES} series: narrow it down by release")
            else:
                self.watching += 1
                return _New(series, None, slice(0, None))
            return None
        # A point that was seen before, or comes late, is not fed a second time.
        first = int(np.searchsorted(series.times_s, before.progress.last_s, side="right"))
        return _New(gone_on(series, before), before, slice(first, None))

    def _watched(self, batch: list[_New]) -> Iterator[Found]:
        times = batch[0].times_s
        if len(times):
            watch = self._watch_of(batch)
            values = np.stack([new.series.values[new.cut] for new in batch])
            silent = np.stack([~new.series.known[new.cut] for new in batch])
            touched = watch.feed(times, values, silent=silent)
            watches = apart(watch)
            self.points += values.size
        for row, (series, before, cut) in enumerate(batch):
            now = after(series, before, cut, watches[row], touched[row]) if len(times) else before
            assert now is not None, "a new series has points"
            self.states[now.about.name] = now
            self.continued += before is not None
            if self._judged(now):
                yield from (found_of(series, event, now.usual_before(event)) for event in now.events)

    def _watch_of(self, batch: list[_New]) -> SeriesWatch:
        if all(new.before is not None for new in batch):
            return together([new.before.watch for new in batch if new.before])
        interval_s = batch[0].series.about.interval_s
        worse = [meaning_of(new.series.about.measure, new.series.about.name).worse for new in batch]
        return SeriesWatch(len(batch), interval_s, self.method.rules(interval_s), self.method.sigmas, worse)

    def _judged(self, watched: Watched) -> bool:
        name, points, warm_up = watched.about.name, watched.points, watched.watch.rules.warm_up_points
        if points <= warm_up:
            needed = f"more than {warm_up} are needed ({duration_text(warm_up * watched.about.interval_s)})"
            self.leave(name, f"insufficient data: {points} points, {needed} to know what is usual")
            return False
        share = watched.progress.known / points
        if share < LEAST_KNOWN_SHARE:
            self.leave(name, _hardly_known(share))
            return False
        self.series += 1
        self.seen[name] = watched.progress.last_s
        return True


def _hardly_known(share: float) -> str:
    return f"insufficient data: only {percent(share)} of its buckets have enough requests to tell it"


def found_of(series: Series, event: Excursion, usual: UsualShare) -> Found:
    """What is asked of the series about its event.

    Args:
        series: the part that was read; the event is in it.
        usual: of a share, before the event.
    """
    times = series.times_s
    begin = int(np.searchsorted(times, event.began_s))
    end = len(times) if event.ended_s is None else int(np.searchsorted(times, event.ended_s))
    hits = total = 0.0
    if series.totals is not None:
        totals = np.where(series.known, series.totals, 0.0)
        total = float(totals[begin:end].sum())
        hits = float(np.round((series.values * totals)[begin:end].sum()))
    return Found(series.about, event, hits, total, usual, _recent(series, begin, end), float(times[-1]))


def _recent(series: Series, begin: int, end: int) -> tuple[float | None, ...]:
    """The event and as much before and after it, half a day at least."""
    around = max(end - begin, int(43_200 / series.about.interval_s), 10)
    cut = slice(max(0, begin - around), min(len(series.values), end + around))
    values: Array = np.where(series.known[cut], series.values[cut], -np.inf)
    parts = np.array_split(values, min(RECENT, len(values)))
    return tuple(None if not np.isfinite(part.max()) else float(f"{part.max():.6g}") for part in parts)


def _side_by_side(one: _New, other: _New) -> bool:
    a, b = one.series, other.series
    if a.about.interval_s != b.about.interval_s or (one.before is None) != (other.before is None):
        return False
    if one.before and other.before and times_mark(one.before.watch) != times_mark(other.before.watch):
        return False
    if a.times_s is b.times_s and one.cut == other.cut:
        return True
    return np.array_equal(one.times_s, other.times_s)
