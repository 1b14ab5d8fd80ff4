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
        total: of shares, how many all points were shares of.
        events: over, the latest MAX_EVENTS.
    """

    began_s: float
    last_s: float
    heard_s: float
    value: float
    known: int = 0
    total: float = 0.0
    events: list[Excursion] = field(default_factory=list)


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


def after(series: Series, before: Watched | None, cut: slice, watch: SeriesWatch, touched: list[Excursion]) -> Watched:
    """The series once the points of `cut` were fed.

    Args:
        before: None = they are its first.
        watch: of this series alone, after them.
        touched: the events that were under way.
    """
    first, known, values = float(series.times_s[cut][0]), series.known[cut], series.values[cut]
    done = before.progress if before else Progress(first, first, first, 0.0)
    totals = 0.0 if series.totals is None else float(np.where(known, series.totals[cut], 0.0).sum())
    over = [*done.events, *(event for event in touched if event.ended_s is not None)]
    progress = Progress(
        began_s=done.began_s,
        last_s=float(series.times_s[cut][-1]),
        heard_s=max(done.heard_s, series.heard_s),
        value=float(values[-1]),
        known=done.known + int(known.sum()),
        total=done.total + totals,
        events=over[-MAX_EVENTS:],
    )
    return Watched(series.about, progress, watch)


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
    times = (progress.began_s, progress.last_s, progress.heard_s, progress.value)
    if _shape(pack(watch)) != _shape(pack(fresh)) or not all(map(isfinite, times)) or watch.seen != kept.points:
        raise ValueError("not the state of one series")
    scope = Scope(kept.service, kept.endpoint)
    return Watched(About(kept.name, kept.source, Measure(kept.measure), scope, unit, interval_s), progress, watch)


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
