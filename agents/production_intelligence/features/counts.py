"""Counting features: sessions, users, interactions and days, out of rows that may be millions.

Rows come counted and in order of their session, or of their user, so that distinct ones are counted exactly with one of
them held at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....analysis.frequent import Frequent
from ....analysis.series.traffic_profile import DAY_S
from ....core.records.bulk.rows import ACCESS, PRODUCT, RUM
from ..load.visitors import MAX_NAME_CHARS, PURCHASE
from ..loaded import Loaded
from .mapping import FeatureMap

MAX_TRACKED = 2_000
"""Features counted by day at a time; all that make up more than 1/2,000 of what is done are among them."""
MAX_LISTED = 200
"""Features in a result, besides those of aqe.yaml."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """Rows that tell of features.

    Args:
        kind: of core/records/bulk/rows.DATASET_ROWS.
        event, path, session, user: columns; None = it has none.
        by_event: an event is a feature of its own.
        only: which of the rows.
    """

    kind: str
    path: str
    user: str
    event: str | None = None
    session: str | None = None
    by_event: bool = True
    only: Mapping[str, str | None] = field(default_factory=dict)


PEOPLE = (
    Stream(PRODUCT, "page", "user", "name", "session"),
    Stream(RUM, "page", "user", None, "session", only={"event": "view"}),
    Stream(RUM, "page", "user", "name", "session", by_event=False, only={"event": "action"}),
)
"""Know users and sessions; the same act may stand in both kinds."""
REQUESTS = (Stream(ACCESS, "path", "client"),)
"""Looked at only where there is nothing of PEOPLE."""


def streams_of(loaded: Loaded) -> tuple[Stream, ...]:
    """Those that have rows in the window; empty when none has."""
    for streams in (PEOPLE, REQUESTS):
        found = tuple(s for s in streams if next(loaded.tally(s.kind, only=s.only), None))
        if found:
            return found
    return ()


class Daily(NamedTuple):
    """Interactions by UTC day."""

    first_day: int
    """Days since 1970-01-01 of the first column."""
    of: dict[str, Array]
    """Feature -> interactions a day."""
    observed: NDArray[np.bool_]
    """(days,): anything was counted."""
    displaced: int
    """Features that are no longer counted."""


def daily(loaded: Loaded, streams: tuple[Stream, ...], features: FeatureMap) -> Daily:
    """Features by day, over the whole of the window of `loaded`; of an act seen by two kinds the larger count."""
    first = int(loaded.since.timestamp() // DAY_S)
    count = int(loaded.until.timestamp() // DAY_S) - first + 1
    kinds = list(dict.fromkeys(stream.kind for stream in streams))
    displaced = 0

    def forget(_: Array) -> None:
        nonlocal displaced
        displaced += 1

    counted: Frequent[str, Array] = Frequent(MAX_TRACKED, lambda: np.zeros((len(kinds), count)), forget)
    observed = np.zeros(count, dtype=bool)
    for stream in streams:
        columns = [column for column in (stream.event, stream.path) if column]
        for row in loaded.tally(stream.kind, columns, bucket_s=DAY_S, only=stream.only):
            *values, start, times, _, _ = row
            day = start // DAY_S - first
            observed[day] = True
            name = features.of(values[0] if stream.event else None, values[-1], by_event=stream.by_event)
            if name is not None:
                counted.count(name, times)[kinds.index(stream.kind), day] += times
    return Daily(first, {name: by_kind.max(axis=0) for name, _, by_kind in counted.items()}, observed, displaced)


@dataclass
class Counts:
    """Of each listed feature; distinct users are those named, and sessions that name none."""

    users: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)
    interactions: Counter[str] = field(default_factory=Counter)
    in_sessions: Counter[str] = field(default_factory=Counter)
    """Interactions inside sessions."""
    converted: Counter[str] = field(default_factory=Counter)
    """Sessions with a purchase."""
    revenue: dict[str, float] = field(default_factory=dict)
    total_users: int = 0
    total_sessions: int = 0
    purchases: int = 0
    """Sessions with one."""
    lost_purchases: bool = False
    """There is one of which nobody knows the session."""


_Fact = tuple[str | None, str | None, str | None, int, int, float, bool]
# Session or user, user, feature, number of the kind, times, revenue, whether it is a purchase. A plain tuple: there are
# millions of them.


def count_features(loaded: Loaded, streams: tuple[Stream, ...], features: FeatureMap, listed: frozenset[str]) -> Counts:
    """Count the listed features over the window."""
    counts = Counts()
    knows_sessions = all(stream.session for stream in streams)
    if knows_sessions:
        for session, facts in _grouped(loaded, streams, features, by_session=True):
            _add_session(counts, session, facts, listed)
    for user, facts in _grouped(loaded, streams, features, by_session=False):
        used: dict[str, list[int]] = {}
        for _, _, feature, kind, times, _, _ in facts:
            if feature in listed:
                used.setdefault(feature, [0, 0])[kind] += times
        for name, by_kind in used.items():
            counts.users[name] += user is not None
            counts.interactions[name] += 0 if knows_sessions else max(by_kind)
        counts.total_users += user is not None
    return counts


def _add_session(counts: Counts, session: str | None, facts: Iterator[_Fact], listed: frozenset[str]) -> None:
    used: dict[str, list[int]] = {}
    named, bought = False, False
    for _, user, feature, kind, times, revenue, purchase in facts:
        named, bought = named or user is not None, bought or purchase
        if feature in listed:
            used.setdefault(feature, [0, 0])[kind] += times
            if revenue:
                counts.revenue[feature] = counts.revenue.get(feature, 0.0) + revenue
    known = session is not None  # of events of no session nobody knows of how many
    anonymous = known and not named
    for name, by_kind in used.items():
        times = max(by_kind)
        counts.interactions[name] += times
        if known:
            counts.sessions[name] += 1
            counts.in_sessions[name] += times
            counts.converted[name] += bought
            counts.users[name] += anonymous
    counts.total_sessions += known
    counts.purchases += known and bought
    counts.lost_purchases |= bought and not known
    counts.total_users += anonymous


def _grouped(
    loaded: Loaded, streams: tuple[Stream, ...], features: FeatureMap, *, by_session: bool
) -> Iterator[tuple[str | None, Iterator[_Fact]]]:
    """Facts of each session, or of each user; those without one come last, together."""
    kinds = list(dict.fromkeys(stream.kind for stream in streams))
    facts = [_facts(loaded, stream, kinds.index(stream.kind), features, by_session) for stream in streams]
    return groupby(merge(*facts, key=_last_if_none) if len(facts) > 1 else facts[0], key=itemgetter(0))


def _last_if_none(fact: _Fact) -> tuple[bool, str]:
    return fact[0] is None, fact[0] or ""


def _facts(loaded: Loaded, stream: Stream, kind: int, features: FeatureMap, by_session: bool) -> Iterator[_Fact]:
    who = (stream.session, stream.user) if by_session else (stream.user,)
    columns = [column for column in (*who, stream.event, stream.path) if column]
    sums = ("revenue",) if stream.kind == PRODUCT else ()
    user, event, path, count = len(who) - 1, len(who), len(columns) - 1, len(columns)
    for row in loaded.tally(stream.kind, columns, sums=sums, only=stream.only, in_visits=by_session):
        name = row[event] if stream.event else None
        revenue = row[-1] if sums else 0.0
        bought = revenue > 0 or (name is not None and PURCHASE.fullmatch(name[:MAX_NAME_CHARS]) is not None)
        feature = features.of(name, row[path], by_event=stream.by_event)
        yield row[0], row[user], feature, kind, row[count], revenue, bought
