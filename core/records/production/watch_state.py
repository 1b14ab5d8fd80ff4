"""What the watch over production's series has learnt, so that the next look goes on where the last one stopped."""

from pydantic import AwareDatetime, Field, FiniteFloat

from ..base import Record

WATCH_KEY = "aqe/production/watch"
WATCH_VERSION = 1
"""Of what is kept; anything else is learnt again."""


class KeptSeries(Record):
    """One series, after its last point."""

    name: str
    source: str
    """As of an anomaly: `access`, `metric-points`, ..."""
    measure: str
    service: str
    endpoint: str
    last_at: AwareDatetime
    """Of the last point that was looked at; points up to then are not looked at again."""
    points: int = Field(ge=1)
    state: str
    """Base64 of compressed JSON: means, spreads, records and profiles, exact to the last bit; of one size for all."""


class WatchPart(Record):
    """`aqe/production/watch/<n>`: part of the series, below 1 MB."""

    version: int
    series: tuple[KeptSeries, ...]


class WatchedRows(Record):
    """Rows of one kind that the series were made of, to notice when history was imported afterwards."""

    since: FiniteFloat
    """Seconds since the epoch."""
    until: FiniteFloat
    rows: int
    series: int
    """Made of them, and kept."""


class WatchIndex(Record):
    """`aqe/production/watch`: what its parts must add up to."""

    version: int
    kinds: dict[str, WatchedRows]
    """Kind of rows, see core/records/bulk/rows -> which of them."""
