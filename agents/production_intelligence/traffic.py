"""How much traffic there was, by the minute, and what was asked for: out of the best source that there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from ...analysis.frequent import Frequent
from ...analysis.traffic_profile import Minutes
from ...core.errors import TaskVetoed
from ...core.records.load import EndpointMix, EndpointShare
from ...core.records.rows import ACCESS, RUM, SPANS
from ...core.registry import did_you_mean
from .endpoints import endpoint
from .loaded import Loaded

MINUTE_S = 60
MAX_ENDPOINTS = 4_000
"""Endpoints counted at a time; all that make up more than 1/4,000 of the traffic are among them."""
LISTED_ENDPOINTS = 30
MAX_PATH_CHARS = 500
"""Of a path; what is over is cut: scanners send kilobytes."""
SERVER_ERROR = 500


@dataclass(frozen=True)
class Source:
    """Rows that say how much traffic there is.

    Args:
        kind: of core/records/rows.DATASET_ROWS.
        unit: what a row is.
        columns: method, path and status; None = it has none.
        only: which of the rows.
    """

    kind: str
    unit: str
    columns: tuple[str | None, str, str | None]
    only: Mapping[str, str | None] = field(default_factory=dict)


SOURCES = (
    Source(ACCESS, "requests", ("method", "path", "status")),
    # A trace's first span is the request; those below it are its work. Traces are often a sample.
    Source(SPANS, "requests", ("request_method", "request_path", "status"), {"parent_id": None}),
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
    counted: Frequent[tuple[str, str], list[int]] = Frequent(MAX_ENDPOINTS, lambda: [0])
    total = 0
    for row in loaded.tally(source.kind, columns, only=source.only):
        method, path, status = _parts(source, row)
        times = int(row[len(columns)])
        total += times
        key = (method, endpoint(path[:MAX_PATH_CHARS]))
        counted.count(key, times)[0] += times if status is not None and status >= SERVER_ERROR else 0
    listed = [
        EndpointShare(
            method=method,
            path=path,
            requests=times,
            share=times / total,
            error_share=min(1.0, errors[0] / times) if source.columns[2] else None,
        )
        for (method, path), times, errors in counted.items()
    ][:LISTED_ENDPOINTS]
    other = max(0.0, 1.0 - sum(share.share for share in listed))
    return EndpointMix(endpoints=tuple(listed), other_share=other, distinct=len(counted))


def _parts(source: Source, row: tuple[object, ...]) -> tuple[str, str, int | None]:
    named = iter(row)
    method, path, status = (next(named) if column else None for column in source.columns)
    return str(method or "GET"), str(path or "(none)"), status if isinstance(status, int) else None
