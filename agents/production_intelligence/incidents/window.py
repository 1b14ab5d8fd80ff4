"""What was recorded around an incident: the rows while it lasted and the rows just before, both bounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.incidents import Incident, OpsRow
from ....core.records.bulk.logs import LogRow
from ....core.records.bulk.rows import ACCESS, LOGS, METRICS, OPS, SPANS
from ..loaded import Loaded

LEAD = timedelta(minutes=1)
"""An incident begins a little before somebody notices."""
LEAST_LENGTH = timedelta(minutes=5)
OPEN_LENGTH = timedelta(hours=1)
"""Of an incident whose end is not known."""
MOST_LENGTH = timedelta(hours=6)
BEFORE = timedelta(hours=1)
DEPLOYED_BEFORE = timedelta(hours=24)
MAX_SPANS = 200_000
MAX_ROWS = 500_000
"""Of any other kind; what is beyond is not looked at, and the finding says so."""


@dataclass(frozen=True)
class Stretch:
    """Rows between two times.

    Args:
        full: whether nothing had to be left out.
    """

    since: datetime
    until: datetime
    spans: tuple[SpanRow, ...]
    metrics: tuple[MetricRow, ...]
    errors: tuple[LogRow, ...]
    requests: int
    full: bool = True

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True)
class Around:
    """An incident with its two stretches and the marks of the day before it."""

    incident: Incident
    before: Stretch
    during: Stretch
    marks: tuple[OpsRow, ...]

    @property
    def usual(self) -> str:
        """What it is compared with, in words: records may begin within the hour before."""
        minutes = round(self.before.seconds / 60)
        return "the hour before" if minutes >= BEFORE.total_seconds() // 60 else f"the {max(minutes, 1)} min before"


def around(loaded: Loaded, incident: Incident) -> Around:
    """Read it."""
    end = incident.resolved_at or incident.started_at + OPEN_LENGTH
    length = min(max(end - incident.started_at, LEAST_LENGTH), MOST_LENGTH)
    since, until = incident.started_at - LEAD, incident.started_at + length
    day = loaded.between(since - DEPLOYED_BEFORE, until)
    marks = tuple(islice(day.rows(OPS), MAX_ROWS))
    began = max(since - BEFORE, min(_began(loaded, since - BEFORE, since), since - LEAD))
    return Around(incident, _stretch(loaded, began, since), _stretch(loaded, since, until), marks)


def _began(loaded: Loaded, since: datetime, until: datetime) -> datetime:
    """When the records begin: what nobody looked at was not quiet."""
    here = loaded.between(since, until)
    return min(
        (datetime.fromtimestamp(row[1], UTC) for kind in (ACCESS, SPANS, METRICS, LOGS) for row in here.tally(kind)),
        default=since,
    )


def _stretch(loaded: Loaded, since: datetime, until: datetime) -> Stretch:
    here = loaded.between(since, until)
    spans = _first(here.rows(SPANS), MAX_SPANS)
    metrics = _first(here.rows(METRICS), MAX_ROWS)
    errors = _first((row for row in here.rows(LOGS) if row.level in ("ERROR", "CRITICAL")), MAX_ROWS)
    return Stretch(
        since,
        until,
        tuple(spans),
        tuple(metrics),
        tuple(errors),
        sum(int(row[0]) for row in here.tally(ACCESS)),
        max(len(spans) - MAX_SPANS, len(metrics) - MAX_ROWS, len(errors) - MAX_ROWS) < 0,
    )


def _first(rows: Iterator[Any], most: int) -> list[Any]:
    return list(islice(rows, most))
