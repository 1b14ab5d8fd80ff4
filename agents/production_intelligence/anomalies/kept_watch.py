"""What is kept of all watched series between two looks: taken up, mistrusted, and laid down again.

A look goes on where the last one stopped when that is known to be the same as having looked at everything without a
break. It is not when part of what was kept is lost, damaged or of another version, or when history was imported since:
then the words say so and the series are learnt again from the window.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ....core.errors import InputError
from ....core.numbers import counted
from ....core.records.bulk.levels import LevelSource, Scope
from ....core.records.bulk.rows import METRICS
from ....core.records.production.watch_state import (
    WATCH_KEY,
    WATCH_VERSION,
    KeptSeries,
    WatchedRows,
    WatchIndex,
    WatchPart,
)
from ..loaded import Loaded
from .kept_series import Watched, read, written
from .rules import Method
from .series import SESSION_BUCKET_S, Measure

PARTS = "aqe/production/watch/*"
LEARNING = timedelta(days=28)
"""Time before the window that is only learnt from: four weeks, so that weekends are known. What is kept and has not
been heard of for longer is forgotten."""
PART_CHARS = 600_000
"""Of one key: a memory value must stay below 1 MB."""
LATE_SHARE = 0.01
"""Rows that came for a time that had been looked at, as a share of those before. Stragglers are left out; more than
that is history that was imported afterwards, and everything is learnt again."""
AROUND = timedelta(hours=12)
"""Read before an event that is reported, for its sparkline and for whole buckets."""
MAX_WORDS = 20


@dataclass
class Kept:
    """What a look begins with.

    Args:
        states: name of a series -> what is known of it.
        rows: kind -> rows that they were made of.
        parts: how many keys were read.
        words: what was not taken up, and why.
    """

    states: dict[str, Watched] = field(default_factory=dict)
    rows: dict[str, WatchedRows] = field(default_factory=dict)
    parts: int = 0
    words: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, loaded: Loaded, method: Method) -> "Kept":
        """Out of memory, as far as it can be gone on with."""
        kept = cls(parts=sum(key.startswith(PARTS[:-1]) for key in loaded.records))
        if shared(loaded, method):
            kept._take_up(loaded, method)
        return kept

    def begin(self, kind: str, loaded: Loaded) -> datetime:
        """From when rows of this kind must be read, aware."""
        farthest = loaded.since - LEARNING
        if kind not in self.rows:
            return farthest
        told = [
            event.began_s
            for one in self.states.values()
            if _kind(one.about.source) == kind
            for event in one.events
            if event.ended_s is None or event.ended_s >= loaded.since.timestamp()
        ]
        first = min([loaded.since.timestamp(), self.rows[kind].until - 2 * SESSION_BUCKET_S, *told])
        whole = (datetime.fromtimestamp(first, UTC) - AROUND).replace(minute=0, second=0, microsecond=0)
        return max(farthest, whole)

    def begun(self, source: LevelSource) -> dict[Scope, dict[Measure, float]]:
        """The series of a source that go on, and their first points."""
        found: dict[Scope, dict[Measure, float]] = {}
        for one in self.states.values():
            if one.about.source == source:
                found.setdefault(one.about.scope, {})[one.about.measure] = one.progress.began_s
        return found

    def _take_up(self, loaded: Loaded, method: Method) -> None:
        records = dict(loaded.records)
        index = self._index(records.pop(WATCH_KEY, None))
        if index is None:
            return
        for key in sorted(key for key in records if key.startswith(PARTS[:-1])):
            self._take_part(key, records[key], method)
        counts = _series_of_each_kind(self.states.values())
        for kind, rows in index.kinds.items():
            usable = counts.get(kind, 0)
            reason = _history_changed(kind, rows, loaded)
            if reason is None and usable == rows.series:
                self.rows[kind] = rows
                continue
            self._say(f"{reason or f'{usable} of {rows.series} series of {kind} are usable'}; learnt from the window")
            if reason or usable > rows.series:
                self.states = {name: one for name, one in self.states.items() if _kind(one.about.source) != kind}
        farthest_s = (loaded.since - LEARNING).timestamp()
        self.states = {name: one for name, one in self.states.items() if one.progress.heard_s >= farthest_s}

    def _index(self, value: Any) -> WatchIndex | None:
        if value is None:
            return None
        try:
            index = WatchIndex.from_value(value, where=WATCH_KEY)
        except InputError as error:
            self._say(f"{error}; learnt from the window")
            return None
        if index.version == WATCH_VERSION:
            return index
        self._say(f"{WATCH_KEY} is of version {index.version}, not {WATCH_VERSION}; learnt from the window")
        return None

    def _take_part(self, key: str, value: Any, method: Method) -> None:
        try:
            part = WatchPart.from_value(value, where=key)
        except InputError as error:
            self._say(f"{error}; dropped")
            return
        for one in part.series if part.version == WATCH_VERSION else ():
            try:
                self.states[one.name] = read(one, method)
            except ValueError as error:
                self._say(f"{key}, series {one.name[:100]!r}: {error}; dropped")

    def _say(self, word: str) -> None:
        if len(self.words) < MAX_WORDS:
            self.words.append(word)


def shared(loaded: Loaded, method: Method) -> bool:
    """Whether this look is one that others go on from: everything, with the default rules.

    What somebody asks of one release, or with a threshold of their own, is read afresh and leaves nothing behind.
    """
    return method == Method() and loaded.release is None and loaded.window <= LEARNING


def laid_down(states: Mapping[str, Watched], before: Kept, loaded: Loaded) -> dict[str, Any]:
    """Key -> what is to stand there.

    Args:
        states: of all series now.
        before: what this look began with; its keys that are not needed any more are emptied.
    """
    counts = _series_of_each_kind(states.values())
    rows = {kind: _rows(kind, series, loaded) for kind, series in sorted(counts.items())}
    parts = list(_parts(written(one) for one in states.values()))
    parts += [()] * (before.parts - len(parts))
    stores: dict[str, Any] = {
        f"aqe/production/watch/{number}": WatchPart(version=WATCH_VERSION, series=part)
        for number, part in enumerate(parts)
    }
    return stores | {WATCH_KEY: WatchIndex(version=WATCH_VERSION, kinds=rows)}


def _parts(series: Iterable[KeptSeries]) -> Iterator[tuple[KeptSeries, ...]]:
    part: list[KeptSeries] = []
    chars = 0
    for one in series:
        size = len(one.state) + 4 * (len(one.name) + len(one.endpoint) + len(one.service)) + 300
        if part and chars + size > PART_CHARS:
            yield tuple(part)
            part, chars = [], 0
        part.append(one)
        chars += size
    if part:
        yield tuple(part)


def _kind(source: str) -> str:
    return LevelSource(source).kind if source in tuple(LevelSource) else METRICS


def _series_of_each_kind(states: Iterable[Watched]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in states:
        kind = _kind(one.about.source)
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _rows(kind: str, series: int, loaded: Loaded) -> WatchedRows:
    since = loaded.since - LEARNING
    count, last = 0, since.timestamp()
    for count, _, last in loaded.between(since, loaded.until).tally(kind):  # noqa: B007  # one row, or none
        pass
    until = float(int(last))
    # The second under way is not over: its other rows are not late.
    count = _count(kind, since, datetime.fromtimestamp(until, UTC), loaded)
    return WatchedRows(since=since.timestamp(), until=until, rows=count, series=series)


def _count(kind: str, since: datetime, until: datetime, loaded: Loaded) -> int:
    return sum(count for count, _, _ in loaded.between(since, until).tally(kind))


def _history_changed(kind: str, rows: WatchedRows, loaded: Loaded) -> str | None:
    if rows.until < (loaded.since - LEARNING).timestamp():
        return f"series of {kind} were last looked at more than {LEARNING.days} days before the window"
    since, until = (datetime.fromtimestamp(at, UTC) for at in (rows.since, rows.until))
    late = _count(kind, since, until, loaded) - rows.rows
    if late > LATE_SHARE * rows.rows:
        return f"{counted(late, 'row')} of {kind} came for a time that had been looked at"
    return None
