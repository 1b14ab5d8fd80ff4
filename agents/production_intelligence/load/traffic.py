"""How much traffic there was, by the minute, and what was asked for: out of the best source that there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from ....analysis.frequent import Frequent
from ....analysis.series.traffic_profile import Minutes
from ....core.errors import TaskVetoed
from ....core.records.bulk.levels import GAVE_UP, LevelSource
from ....core.records.bulk.rows import ACCESS, RUM, SPANS
from ....core.records.production.load import EndpointMix, EndpointShare, Percentile, ResponseTimes
from ....core.registry import did_you_mean
from ..endpoints import endpoint
from ..loaded import Loaded

MINUTE_S = 60
MAX_ENDPOINTS = 4_000
"""Endpoints counted at a time; all that make up more than 1/4,000 of the traffic are among them."""
LISTED_ENDPOINTS = 30
MAX_PATH_CHARS = 500
"""Of a path; what is over is cut: scanners send kilobytes."""
CLIENT_ERROR, SERVER_ERROR = 400, 500
PERCENTS = (50.0, 90.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.5, 99.9)
"""Kept of the response times; close together where the limits of a load test lie."""


@dataclass(frozen=True)
class Source:
    """Rows that say how much traffic there is.

    Args:
        kind: of core/records/bulk/rows.DATASET_ROWS.
        unit: what a row is.
        columns: method, path and status; None = it has none.
        only: which of the rows.
        timed: where its response times are; None = it has none of requests.
    """

    kind: str
    unit: str
    columns: tuple[str | None, str, str | None]
    only: Mapping[str, str | None] = field(default_factory=dict)
    timed: LevelSource | None = None


SOURCES = (
    Source(ACCESS, "requests", ("method", "path", "status"), timed=LevelSource.ACCESS),
    # A trace's first span is the request; those below it are its work. Traces are often a sample.
    Source(SPANS, "requests", ("request_method", "request_path", "status"), {"parent_id": None}, LevelSource.SPANS),
    Source(RUM, "page views", (None, "page", None), {"event": "view"}),
)
"""The best first."""
# A row of a tally by time.
_COUNTED = np.dtype([("start", np.int64), ("rows", np.int64), ("first", np.float64), ("last", np.float64)])


@dataclass(frozen=True)
class Traffic:
    """Counts of one source.

    Args:
        total: rows.
        first_s, last_s: time of the first and of the last, seconds since the epoch.
    """

    source: Source
    minutes: Minutes
    total: int
    first_s: float
    last_s: float


def traffic_of(loaded: Loaded) -> Traffic | None:
    """The traffic of the window; None when there is none.

    Raises:
        TaskVetoed: the payload's `source` is none.
    """
    for source in _asked(loaded):
        # Years of minutes: straight into columns, never a list of rows.
        rows = np.fromiter(loaded.tally(source.kind, bucket_s=MINUTE_S, only=source.only), _COUNTED)
        if len(rows):
            minutes = Minutes.of(rows["start"], rows["rows"].astype(float))
            first_s, last_s = float(rows["first"].min()), float(rows["last"].max())
            return Traffic(source, minutes, int(rows["rows"].sum()), first_s, last_s)
    return None


def _asked(loaded: Loaded) -> tuple[Source, ...]:
    name = loaded.payload.get("source")
    if name is None:
        return SOURCES
    kinds = [source.kind for source in SOURCES]
    if name not in kinds:
        raise TaskVetoed(f"source is {name!r}, expected one of {', '.join(kinds)}{did_you_mean(str(name), kinds)}")
    return tuple(source for source in SOURCES if source.kind == name)


def highest_second(loaded: Loaded, source: Source, hour_s: int) -> int:
    """Rows of the busiest second of an hour.

    Args:
        hour_s: begin of the hour, which has rows; seconds since the epoch.
    """
    since = datetime.fromtimestamp(hour_s, UTC)
    hour = loaded.between(since, since + timedelta(hours=1))
    return max(int(row[1]) for row in hour.tally(source.kind, bucket_s=1, only=source.only))


def endpoint_mix(loaded: Loaded, source: Source) -> EndpointMix:
    """What was asked for, most frequent first; bounded whatever the paths are."""
    columns = [column for column in source.columns if column]
    counted: Frequent[tuple[str, str], list[int]] = Frequent(MAX_ENDPOINTS, lambda: [0, 0, 0])
    times_of = _times(loaded, source)
    total = 0
    for row in loaded.tally(source.kind, columns, only=source.only):
        method, path, status = _parts(source, row)
        times = int(row[len(columns)])
        total += times
        failed = counted.count((method, endpoint(path[:MAX_PATH_CHARS])), times)
        if status == GAVE_UP:
            failed[2] += times
        elif status is not None and status >= CLIENT_ERROR:
            failed[status >= SERVER_ERROR] += times
    listed = [
        EndpointShare(
            method=method,
            path=path,
            requests=times,
            share=times / total,
            error_share=min(1.0, errors / times) if source.columns[2] else None,
            refused_share=min(1.0, refused / times) if source.columns[2] else None,
            gave_up_share=min(1.0, gave_up / times) if source.columns[2] else None,
            times=times_of.get(f"{method} {path}"),
        )
        for (method, path), times, (refused, errors, gave_up) in counted.items()
    ][:LISTED_ENDPOINTS]
    other = max(0.0, 1.0 - sum(share.share for share in listed))
    return EndpointMix(endpoints=tuple(listed), other_share=other, distinct=len(counted), times=times_of.get(""))


def _times(loaded: Loaded, source: Source) -> dict[str, ResponseTimes]:
    """Endpoint -> its response times; "" -> those of all requests."""
    return {
        found.endpoint: ResponseTimes(
            timed=found.timed,
            percentiles=tuple(Percentile(percent=p, ms=ms) for p, ms in zip(PERCENTS, found.ms, strict=True)),
        )
        for found in (loaded.timings(source.timed, PERCENTS) if source.timed else ())
    }


def _parts(source: Source, row: tuple[object, ...]) -> tuple[str, str, int | None]:
    named = iter(row)
    method, path, status = (next(named) if column else None for column in source.columns)
    return str(method or "GET"), str(path or "(none)"), status if isinstance(status, int) else None
