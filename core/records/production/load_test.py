"""What a load test is to do: an open curve of arrivals, what is asked for, and what it must keep to pass."""

from typing import Literal

from ..base import Record


class LoadStage(Record):
    """A straight line of arrivals, from where the stage before ended."""

    end_rps: float
    duration_s: float


class LoadRequest(Record):
    """One endpoint, and how often it is asked for."""

    name: str
    """Lower-case words with underscores, unique in the test: what its figures are found by."""
    method: str
    path: str
    """ASCII, percent-encoded, begins with `/`; `{slot}` stands for an id. No other brace is in it."""
    share: float
    """Of the test's requests, 0 to 1; all together 1."""


class LoadLimit(Record):
    """Something that the run has to keep."""

    figure: Literal["errors", "refused", "p95", "p99"]
    """Share of no answer or 5xx; share of 4xx; percentiles of the response time."""
    endpoint: str | None = None
    """`name` of a request; None = all of them."""
    most: float
    """Share from 0 to 1, or ms."""
    because: str
    """What was recorded, in words."""


class LoadTest(Record):
    """What every load tool is told, each in its own words."""

    name: str
    """Lower-case words with underscores, for names of files; never empty."""
    title: str
    derived: str
    """Out of which traffic; a sentence."""
    notes: tuple[str, ...] = ()
    """What somebody who reads the result should know: what was left out, and what is not known."""
    start_rps: float
    stages: tuple[LoadStage, ...]
    peak_rps: float
    planned: int
    """Requests of the whole run, 1 or more."""
    requests: tuple[LoadRequest, ...]
    """Most frequent first; 1 or more."""
    slots: tuple[str, ...] = ()
    """Names of all ids in the paths."""
    limits: tuple[LoadLimit, ...] = ()
    in_flight: int
    """Requests at the same time at the peak, by Little's law; 1 or more."""
    in_flight_because: str
