"""What named days did to traffic, and what is to be expected of the next ones."""

from datetime import date, datetime

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight
from .load import LoadModel


class Multiplier(Record):
    """Traffic over usual traffic, with its 95 % interval."""

    value: float
    low: float
    high: float


class Occurrence(Record):
    """One time that an event came."""

    first_day: date
    last_day: date
    """UTC."""
    rps: float
    """Mean over its days."""
    usual_rps: float | None = None
    """Mean over the same weekdays before; None when there are none."""
    usual_days: int
    """How many of them there are."""
    peak_rps: float
    """Busiest minute."""
    multiplier: Multiplier | NotMeasured


class EventEffect(Record):
    """One event: what it did, and what is expected."""

    event: str
    occurrences: tuple[Occurrence, ...]
    """Those in the data, oldest first."""
    multiplier: Multiplier | NotMeasured
    """Expected the next time."""
    next_first_day: date
    next_last_day: date
    model: LoadModel | NotMeasured
    """The next time, in ramps: the shape of the last time's busiest day at the level of now."""


class SeasonalAnalysis(Record):
    """The value at `aqe/production/seasonal-analysis`."""

    source: str
    unit: str
    window_from: datetime
    window_to: datetime
    observed_days: int
    events: tuple[EventEffect, ...]
    insights: tuple[Insight, ...] = ()
