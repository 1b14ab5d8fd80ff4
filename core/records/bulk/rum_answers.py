"""What rows of real-user monitoring come down to: counts of visits, as `DatasetReader.rum_answers` gives them."""

from datetime import datetime
from typing import NamedTuple

VITALS: dict[str, str] = {
    "LCP": "lcp_ms", "INP": "inp_ms", "CLS": "cls", "FCP": "fcp_ms", "TTFB": "ttfb_ms", "FID": "fid_ms",
}  # fmt: skip
"""Name of a vital -> its column."""


def vital_title(name: str) -> str:
    """The vital with the unit of its figures, for tables.

    >>> vital_title("LCP"), vital_title("CLS")
    ('LCP (ms)', 'CLS (score)')
    """
    return f"{name} ({'ms' if VITALS.get(name, '').endswith('_ms') else 'score'})"


NOT_SAID, NO_PAGE, OTHER_PAGES, OTHER_ERRORS = "(not said)", "(no page)", "(other pages)", "(other errors)"
"""Labels of rows that name no device or browser, or no page, and of what is beyond what is told apart."""

ERROR_DIMENSIONS = ("page", "browser", "device", "region")
"""By which visits that met an error are counted."""


class RumQuestion(NamedTuple):
    """What is asked.

    Args:
        since, until: window, aware; `until` is not in it; ten years at most.
        release: only rows imported for this release; None = all.
        purchase: regular expression (RE2, any case) for the whole name of an event that is a purchase.
        steps: of the funnel, each the labels of the pages that it is; empty = no funnel.
        thresholds: vital -> up to where it is good, above what it is poor.
    """

    since: datetime
    until: datetime
    release: str | None
    purchase: str
    steps: tuple[frozenset[str], ...]
    thresholds: dict[str, tuple[float, float]]


class PageLabel(NamedTuple):
    """A page or group of pages."""

    label: str
    views: int


class RumTotals(NamedTuple):
    """Of the window; visits are counted only where a page was seen."""

    rows: int
    views: int
    nameless_views: int
    """With neither session nor user: of no visit."""
    errors: int
    """Errors, and resources answered with 5xx."""
    nameless_errors: int
    users: int
    first: datetime | None
    last: datetime | None
    pages: int
    """Different labels."""
    visits: int
    by_inactivity: int
    """Of `visits`: put together from a user's rows."""
    without_views: int
    """Visits besides `visits`."""
    cut: int
    """Longer visits than are looked at; up to there they are."""
    machines: int
    """Sessions or users with more events than people make; left out. Looked for in many millions of rows only."""
    median_ms: float | None
    """From a visit's first event to its last."""


class ClientVisits(NamedTuple):
    """Visits of one device, browser and region; None = not said."""

    device: str | None
    browser: str | None
    region: str | None
    sample_percent: float | None
    visits: int
    views: int
    bounces: int
    """Saw one page."""
    bought: int
    reached: tuple[int, ...]
    """By step of the funnel: visits that reached it after the ones before."""


class PageVisits(NamedTuple):
    """Visits that saw a page."""

    label: str
    views: int
    """In visits."""
    visits: int
    entries: int
    exits: int
    bounces: int


class PathVisits(NamedTuple):
    """Visits that saw exactly these pages in this order."""

    pages: tuple[str, ...]
    visits: int
    mean_ms: float
    """From their first event to their last."""
    bought: int


class VitalLevel(NamedTuple):
    """A vital over all rows (all None), of a page, of a device, or of a device and a browser."""

    vital: str
    page: str | None
    device: str | None
    browser: str | None
    samples: int
    good: int
    poor: int
    p50: float
    p75: float
    p95: float
    p99: float


class StepError(NamedTuple):
    """An error met after a step of the funnel was reached and before the next one was."""

    step: int
    """From 0."""
    error: str
    dropped: int
    """Visits with it that never reached the next step."""
    went_on: int
    """Visits with it that did."""


class ErrorVisits(NamedTuple):
    """Visits that met an error: all of them, or those of one value of a dimension."""

    error: str
    dimension: str | None
    """Of ERROR_DIMENSIONS; None = all of them."""
    value: str | None
    """The page seen last before it, or what it was met with; '' = not said."""
    visits: int


class ErrorTimes(NamedTuple):
    """How often an error was seen, in visits and outside."""

    error: str
    times: int
    users: int
    """Different ones that are named."""


class PageAction(NamedTuple):
    """What was done on a page."""

    page: str
    action: str
    times: int
    people: int
    """Different sessions, or users of rows without one."""


class RumAnswers(NamedTuple):
    """Everything, the most frequent first; what is beyond the limits of memory/rum_sql is in `(other ...)`."""

    totals: RumTotals
    clients: tuple[ClientVisits, ...]
    pages: tuple[PageVisits, ...]
    paths: tuple[PathVisits, ...]
    vitals: tuple[VitalLevel, ...]
    approximate_vitals: bool
    """Percentiles are estimates, for there are too many samples to sort."""
    step_errors: tuple[StepError, ...]
    errors: tuple[ErrorTimes, ...]
    error_visits: tuple[ErrorVisits, ...]
    actions: tuple[PageAction, ...]
