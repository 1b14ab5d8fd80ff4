"""One watched series between two looks: what it has learnt, as text and back.

The text is of bounded size whatever the series did. It comes from a memory key, which anybody may have written:
nothing of it is run, and what does not have the very shape of a state is refused.
"""

import base64
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np

from ....analysis.series.excursions import Excursion
from ....analysis.series.packing import pack, unpack
from ....analysis.series.series_watch import SeriesWatch
from ....core import jsontext
from ....core.errors import InputError
from ....core.records.bulk.levels import Scope
from ....core.records.production.watch_state import KeptSeries
from .rules import Method
from .series import About, Array, Flags, Measure, Series
from .usual_share import UsualShare

MAX_EVENTS = 40
"""Events of one series that are remembered, the latest: alarms rest for half a day, so that is weeks of them."""
MAX_STATE_BYTES = 200_000
"""Of one series unpacked, ten times what there is to keep."""


@dataclass
class Progress:
    """How far a series has been looked at.

    Args:
        began_s, last_s: its first and last point.
        heard_s: the last time there was anything but silence.
        value: of the last point; stands in for points of which nothing is known.
        known: how many points were known.
        usual: of shares, up to now.
        events: over, the latest MAX_EVENTS.
        before: of shares, what was usual before each of the events, the one under way included.
    """

    began_s: float
    last_s: float
    heard_s: float
    value: float
    usual: UsualShare
    known: int = 0
    events: list[Excursion] = field(default_factory=list)
    before: list[UsualShare] = field(default_factory=list)


@dataclass
class Watched:
    """A series and the watch over it, which is of this series alone."""

    about: About
    progress: Progress
    watch: SeriesWatch

    @property
    def points(self) -> int:
        """Looked at so far."""
        return self.watch.seen

    @property
    def events(self) -> list[Excursion]:
        """What is remembered, in order of time; the last may still be open."""
        under_way = self.watch.excursions[0].open
        return [*self.progress.events, *([under_way] if under_way else [])]

    def usual_before(self, event: Excursion) -> UsualShare:
        """What was usual before one of `events`."""
        return next(usual for usual in self.progress.before if usual.at_s == event.began_s)


def after(series: Series, before: Watched | None, cut: slice, watch: SeriesWatch, touched: list[Excursion]) -> Watched:
    """The series once the points of `cut` were fed.

    Args:
        before: None = they are its first.
        watch: of this series alone, after them.
        touched: the events that were under way.
    """
    first, known, values = float(series.times_s[cut][0]), series.known[cut], series.values[cut]
    done = before.progress if before else Progress(first, first, first, 0.0, UsualShare(first))
    over = [*done.events, *(event for event in touched if event.ended_s is not None)][-MAX_EVENTS:]
    *before_each, usual = _usual(series, done, cut, touched)
    began = {event.began_s for event in [*over, *touched]}
    progress = Progress(
        began_s=done.began_s,
        last_s=float(series.times_s[cut][-1]),
        heard_s=max(done.heard_s, series.heard_s),
        value=float(values[-1]),
        known=done.known + int(known.sum()),
        usual=usual,
        events=over,
        before=[share for share in before_each if share.at_s in began],
    )
    return Watched(series.about, progress, watch)


def _usual(series: Series, done: Progress, cut: slice, touched: list[Excursion]) -> list[UsualShare]:
    """What was usual before each event, the new ones last; and what is usual now."""
    known = {share.at_s for share in done.before}
    times, interval_s = series.times_s[cut], series.about.interval_s
    moments = [event.began_s for event in touched if event.began_s not in known] + [float(times[-1]) + interval_s]
    if series.totals is None:
        return [*done.before, *map(UsualShare, moments)]
    totals = np.where(series.known, series.totals, 0.0)[cut]
    hits = np.round(series.values[cut] * totals)
    return [*done.before, *done.usual.at_each(moments, times, hits, totals, interval_s)]


def gone_on(series: Series, before: Watched) -> Series:
    """The series as it goes on after what is known of it: an unknown point keeps the last value, across looks too."""
    unheard: Flags = ~np.logical_or.accumulate(series.known)
    values: Array = np.where(unheard, before.progress.value, series.values)
    return Series(before.about, series.times_s, values, series.known, series.totals, series.heard_s)


def written(watched: Watched) -> KeptSeries:
    """For a memory key."""
    about = watched.about
    state = {"unit": about.unit, "interval": about.interval_s, "progress": pack(watched.progress)}
    text = jsontext.dumps({**state, "watch": pack(watched.watch)})
    return KeptSeries(
        name=about.name,
        source=about.source,
        measure=about.measure,
        service=about.scope.service,
        endpoint=about.scope.endpoint,
        last_at=datetime.fromtimestamp(watched.progress.last_s, UTC),
        points=watched.points,
        state=base64.b64encode(zlib.compress(text.encode(), 1)).decode(),
    )


def read(kept: KeptSeries, method: Method) -> Watched:
    """What `written` wrote.

    Args:
        method: what a watch of today would go by.

    Raises:
        ValueError: it is damaged, or was kept under other rules.
    """
    state = _unpacked(kept.state)
    interval_s, unit = state["interval"], state["unit"]
    if not (isinstance(interval_s, float) and 1e-3 < interval_s < 1e9 and isinstance(unit, str | None)):
        raise ValueError("its interval is no number of seconds")
    watch, progress = unpack(SeriesWatch, state["watch"]), unpack(Progress, state["progress"])
    fresh = SeriesWatch(1, interval_s, method.rules(interval_s), method.sigmas)
    if (watch.rules, watch.sigmas) != (fresh.rules, fresh.sigmas):
        raise ValueError("kept under other rules")
    scope = Scope(kept.service, kept.endpoint)
    found = Watched(About(kept.name, kept.source, Measure(kept.measure), scope, unit, interval_s), progress, watch)
    if _shape(pack(watch)) != _shape(pack(fresh)) or watch.seen != kept.points or not _sound(found):
        raise ValueError("not the state of one series")
    return found


def _sound(watched: Watched) -> bool:
    """Its numbers are some, and each event has what was usual before it."""
    progress = watched.progress
    numbers = [progress.began_s, progress.last_s, progress.heard_s, progress.value]
    for share in (progress.usual, *progress.before):
        numbers += [share.at_s, share.hits, share.total]
    known = {share.at_s for share in progress.before}
    return all(map(isfinite, numbers)) and all(event.began_s in known for event in watched.events)


def _unpacked(text: str) -> dict[str, Any]:
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(base64.b64decode(text, validate=True), MAX_STATE_BYTES)
        state = jsontext.loads(plain)
    except (ValueError, zlib.error, InputError) as error:
        raise ValueError("damaged") from error
    if not isinstance(state, dict) or not {"unit", "interval", "watch", "progress"} <= state.keys():
        raise ValueError("damaged")
    return state


def _shape(packed: Any) -> Any:
    """Of a packed state: how long each array is, and how many items each list has."""
    if isinstance(packed, dict):
        if "f8" in packed:
            return packed["shape"]
        return {name: _shape(value) for name, value in packed.items() if name != "open"}
    return len(packed) if isinstance(packed, list) and all(isinstance(item, dict) for item in packed) else None
