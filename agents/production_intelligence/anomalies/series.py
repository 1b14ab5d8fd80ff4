"""What is watched: error shares, latencies, traffic and conversion by service and endpoint, and metrics as they are."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....core import jsontext
from ....core.records.bulk.levels import MAX_ENDPOINTS, Level, LevelSource, MetricPoint, Scope

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
BUCKET_S = 300
PER_BUCKET = "per bucket"
"""Unit of traffic; texts say how long a bucket is."""
SESSION_BUCKET_S = 3600
"""Sessions are few and long."""
LARGEST = 1e100
"""Size of a value that is looked at; beyond it their sums would be infinite."""
LEAST_KNOWN_SHARE = 0.5
"""Of a series' buckets that must have a value of their own; between them the last one stands in, silently."""


class Measure(StrEnum):
    """What a series is of; it decides what is worse and what is said about it."""

    ERRORS = "error share"
    P50 = "p50 latency"
    P95 = "p95 latency"
    P99 = "p99 latency"
    TRAFFIC = "requests"
    GAVE_UP = "share of clients that gave up (499)"
    CONVERSION = "share of sessions that bought"
    METRIC = "metric"


class About(NamedTuple):
    """What a series is of."""

    name: str
    """For people, unique."""
    source: str
    """Of core/records/bulk/levels.LevelSource, or `metric-points`."""
    measure: Measure
    scope: Scope
    unit: str | None
    """Of the values."""
    interval_s: float
    """Usual seconds between two points."""


@dataclass(frozen=True)
class Series:
    """One series.

    Args:
        times_s: (time,) begin of the bucket, or the moment of the point; rising.
        values: (time,) finite.
        known: (time,) False = a stand-in.
        totals: (time,) of shares, how many each is a share of.
        heard_s: the last time that is no silence.
    """

    about: About
    times_s: Array
    values: Array
    known: Flags
    totals: Array | None = None
    heard_s: float = -math.inf


class _Figure(NamedTuple):
    """How a measure is read from levels, as columns; NaN = not known."""

    measure: Measure
    unit: str
    value: Callable[["_Columns"], Array]
    least: Callable[["_Columns"], Flags]
    """Where there is enough to tell it."""


class _Columns(NamedTuple):
    total: Array
    hits: Array
    timed: Array
    p50: Array
    p95: Array
    p99: Array
    gave_up: Array


_SHARE = "share"
LEAST_TOTAL = 5
"""Requests of a bucket before it says anything about a share."""
LEAST_TIMED = {Measure.P50: 5, Measure.P95: 20, Measure.P99: 100}
"""Durations of a bucket before a percentile of them says anything."""


def _errors(columns: _Columns) -> Array:
    return columns.hits / np.maximum(columns.total, 1.0)


def _enough(columns: _Columns) -> Flags:
    return columns.total >= LEAST_TOTAL


_ERRORS = _Figure(Measure.ERRORS, _SHARE, _errors, _enough)
_GAVE_UP = _Figure(Measure.GAVE_UP, _SHARE, lambda c: c.gave_up / np.maximum(c.total, 1.0), _enough)
"""Of a service as a whole: watched of each endpoint it would make every look a fifth longer."""
_TRAFFIC = _Figure(Measure.TRAFFIC, PER_BUCKET, lambda c: c.total, lambda c: np.ones(len(c.total), dtype=bool))
_CONVERSION = _Figure(Measure.CONVERSION, _SHARE, _errors, _enough)


def _latency(measure: Measure, name: str) -> _Figure:
    def timed(columns: _Columns) -> Flags:
        return columns.timed >= LEAST_TIMED[measure]

    return _Figure(measure, "ms", attrgetter(name), timed)


_LATENCIES = (_latency(Measure.P50, "p50"), _latency(Measure.P95, "p95"), _latency(Measure.P99, "p99"))
FIGURES: dict[LevelSource, tuple[_Figure, ...]] = {
    LevelSource.ACCESS: (_ERRORS, _GAVE_UP, _TRAFFIC, *_LATENCIES),
    LevelSource.SPANS: (_ERRORS, _GAVE_UP, _TRAFFIC, *_LATENCIES),
    LevelSource.LOG_REQUESTS: (_ERRORS, _GAVE_UP, _TRAFFIC, *_LATENCIES),
    LevelSource.LOG_RECORDS: (_ERRORS,),
    LevelSource.PAGE_VIEWS: (_ERRORS, _TRAFFIC, *_LATENCIES),
    LevelSource.SESSIONS: (_CONVERSION,),
}
"""Source -> what is watched of it."""


def bucket_s(source: LevelSource) -> int:
    """Length of a bucket, seconds."""
    return SESSION_BUCKET_S if source is LevelSource.SESSIONS else BUCKET_S


Begun = Mapping[Scope, Mapping[Measure, float]]
"""Series of one source that were watched before -> their first point, seconds since the epoch."""


def of_levels(source: LevelSource, levels: Iterable[Level], begun: Begun = MappingProxyType({})) -> Iterator[Series]:
    """The series of one source.

    A bucket in which the whole source says nothing is a gap in the data (nothing was imported), not an outage; one in
    which only this service or endpoint says nothing is one without requests.

    Args:
        levels: in order of scope and time.
        begun: these go on, silent or not.
    """
    step = bucket_s(source)
    tables = {scope: np.array([row[1:] for row in rows], dtype=float) for scope, rows in _by_scope(levels)}
    if not tables:
        return
    # The last bucket is cut by the window, or the file; so is the first, unless it was looked at before.
    grid = np.unique(np.concatenate([table[:, 0] for table in tables.values()]))[:-1]
    if sum(bool(scope.endpoint) for scope in tables) < MAX_ENDPOINTS:
        tables |= {scope: np.zeros((0, len(Level._fields) - 1)) for scope in begun if scope not in tables}
    for scope, table in tables.items():
        # What came late has no history of zeros.
        late = grid[1:][grid[1:] >= table[0, 0]] if len(table) else grid[:0]
        for first_s, figures in _by_begin(source, begun.get(scope, {})).items():
            times = late if first_s is None else grid[grid >= first_s]
            if len(times) > 1 or (first_s is not None and len(times)):
                yield from _of_scope(source, scope, times, table, float(step), figures, first_s is not None)


def _by_begin(source: LevelSource, begun: Mapping[Measure, float]) -> dict[float | None, list[_Figure]]:
    found: dict[float | None, list[_Figure]] = {}
    for figure in FIGURES[source]:
        found.setdefault(begun.get(figure.measure), []).append(figure)
    return found


def _by_scope(levels: Iterable[Level]) -> Iterator[tuple[Scope, list[Level]]]:
    for scope, rows in groupby(levels, key=attrgetter("scope")):
        yield scope, list(rows)


def _of_scope(
    source: LevelSource, scope: Scope, times: Array, table: Array, step: float, figures: list[_Figure], begun: bool
) -> Iterator[Series]:
    at = np.searchsorted(times, table[:, 0])
    inside = (at < len(times)) & (times[np.minimum(at, len(times) - 1)] == table[:, 0])
    full = np.zeros((len(times), table.shape[1] - 1))
    full[:, _Columns._fields.index("p50") :] = np.nan
    full[:, _Columns._fields.index("gave_up")] = 0.0
    full[at[inside]] = table[inside, 1:]
    columns = _Columns(*full.T)
    for figure in figures:
        if figure is _GAVE_UP and scope.endpoint:
            continue
        values = figure.value(columns)
        known = figure.least(columns) & np.isfinite(values)
        if begun or known.any():
            yield Series(
                About(_name(source, scope, figure.measure), source.value, figure.measure, scope, figure.unit, step),
                times_s=times,
                values=_stood_in(values, known),
                known=known,
                totals=columns.total if figure.unit == _SHARE else None,
                heard_s=float(table[-1, 0]) if len(table) else -math.inf,
            )


def _name(source: LevelSource, scope: Scope, measure: Measure) -> str:
    where = " ".join(filter(None, scope)) or "all"
    what = {LevelSource.LOG_RECORDS: "log error share", LevelSource.PAGE_VIEWS: f"browser {measure}"}
    return f"{where}: {what.get(source, measure)} ({source})"


def _stood_in(values: Array, known: Flags) -> Array:
    """Unknown values replaced by the last known one, before the first by the first."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(last < 0, int(np.argmax(known)), last)]


def of_metrics(points: Iterable[MetricPoint]) -> Iterator[Series]:
    """Metric series as they are; a counter as its growth a second, restarts left out.

    Args:
        points: in order of series and time.
    """
    for (name, statistic, service, labels), rows in groupby(
        points, key=lambda p: (p.name, p.statistic, p.service, p.labels)
    ):
        found = list(rows)
        times = np.array([point.at_s for point in found])
        values = np.clip([point.value for point in found], -LARGEST, LARGEST)
        # Of two points at one moment one counts: whatever was imported twice.
        keep = np.append(np.diff(times) > 0, True)
        times, values = times[keep], values[keep]
        counter = found[0].kind == "counter"
        if counter:
            times, values = _growth(times, values)
        if len(times):
            yield Series(
                About(
                    _metric_name(name, statistic, labels),
                    "metric-points",
                    Measure.METRIC,
                    Scope(service or "", ""),
                    f"{found[0].unit or ''}/s" if counter else found[0].unit,
                    float(np.median(np.diff(times))) if len(times) > 1 else float(BUCKET_S),
                ),
                times_s=times,
                values=values,
                known=np.ones(len(times), dtype=bool),
                heard_s=float(times[-1]),
            )


def _growth(times: Array, values: Array) -> tuple[Array, Array]:
    grown = np.diff(values)
    kept = grown >= 0
    return times[1:][kept], (grown / np.diff(times))[kept]


def _metric_name(name: str, statistic: str, labels: str) -> str:
    shown = ",".join(f"{key}={value}" for key, value in jsontext.loads(labels.encode(), where="labels").items())
    return name + (f"{{{shown}}}" if shown else "") + ("" if statistic == "value" else f" {statistic}")
