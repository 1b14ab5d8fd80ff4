"""Real users: what happened in their browsers, and the summary of a day."""

from datetime import date, datetime
from typing import NamedTuple

from ..base import Record
from ..privacy import Id, Session, Text, Url, User, Word
from .datasets import DatasetRef


class RumRow(NamedTuple):
    """One event of a visit: a page viewed, something clicked, an error, a resource loaded, a vital measured.

    None = not said, never 0. A view carries the vitals the source reports with it; sources that report each on its own
    (beacons) give rows of event `vital` with one of them set.
    """

    at: datetime
    """Aware UTC."""
    event: Word
    """`view`, `action`, `error`, `resource`, `long-task`, `vital`."""
    session: Session | None = None
    user: User | None = None
    view_id: Id | None = None
    """The page view it belongs to."""
    page: Url | None = None
    """Path of the page, with query."""
    page_group: Text | None = None
    """Path or view name with its variable parts taken out, where the source knows it: `/product/?`."""
    name: Text | None = None
    """What was done or measured: action's target, name of a custom event, of a vital."""
    service: Text | None = None
    release: Id | None = None
    environment: Text | None = None
    region: Text | None = None
    """Country code, else country or region as written."""
    device: Text | None = None
    """`mobile`, `desktop`, `tablet`, else as written in lower case."""
    browser: Text | None = None
    browser_version: Id | None = None
    os: Text | None = None
    duration_ms: float | None = None
    """Time spent on a view; loading time of a resource; length of a long task or of what an action set off."""
    loading_ms: float | None = None
    """Until a view had loaded."""
    fcp_ms: float | None = None
    lcp_ms: float | None = None
    inp_ms: float | None = None
    cls: float | None = None
    """Layout shift, no unit."""
    ttfb_ms: float | None = None
    fid_ms: float | None = None
    """Legacy: superseded by INP in March 2024."""
    error_type: Text | None = None
    message: Text | None = None
    stack_trace: Text | None = None
    request_method: Text | None = None
    request_url: Url | None = None
    status: int | None = None
    trace_id: Id | None = None
    experiment: Text | None = None
    """`name=variant`, several separated by blanks."""
    sample_percent: float | None = None
    """Share of sessions that the source keeps; counts are to be scaled by it."""


class RumData(Record):
    """Real-user monitoring of one day over everything imported; the value at `aqe/rum-data/<yyyy-mm-dd>`, and of the
    latest day at `aqe/production/rum-data`.

    A figure is None when no row tells it; percentiles are exact.
    """

    day: date
    """UTC."""
    total_sessions: int
    """Distinct sessions; rows without one belong to none."""
    total_page_views: int
    total_users: int
    total_errors: int
    fcp_p75_ms: float | None = None
    lcp_p75_ms: float | None = None
    inp_p75_ms: float | None = None
    cls_p75: float | None = None
    ttfb_p75_ms: float | None = None
    datasets: tuple[DatasetRef, ...] = ()
    """Where the rows lie."""
