"""What real users did, waited for and met: visits, funnel, conversion, vitals, errors."""

from datetime import datetime
from enum import StrEnum

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight


class VitalRating(StrEnum):
    """A vital's 75th percentile against Google's thresholds."""

    GOOD = "GOOD"
    NEEDS_IMPROVEMENT = "NEEDS_IMPROVEMENT"
    POOR = "POOR"


class VisitCounts(Record):
    """What was counted. A visit is a session, or what a user did until half an hour without an event."""

    visits: int
    """With a page."""
    by_inactivity: int
    """Of `visits`: of users whose rows name no session."""
    views: int
    views_without_visit: int
    """Rows that name neither session nor user: they are in `views` and `vitals` only."""
    users: int
    """Distinct users that are named."""
    errors: int
    errors_without_visit: int
    pages: int
    """Told apart; at most 1,500, and one for all others."""
    cut_visits: int
    """Longer than 500 events; looked at up to there."""
    machines: int
    """Sessions or users with over a million events, left out; looked for in more than eight million rows only."""


class Sampling(Record):
    """Counts scaled to all visits, by the share that the sources say they keep."""

    kept_percent: float
    visits: float
    views: float


class PageUsage(Record):
    """A page, or the group of pages that differ only in ids."""

    page: str
    visits: int
    """That saw it."""
    visit_share: float
    """Of all visits, 0 to 1."""
    views: int
    entries: int
    """Visits that began there."""
    exits: int
    """Visits that ended there."""
    exit_share: float
    """Of the visits that saw it, 0 to 1."""
    bounce_share: float | None
    """Of the visits that began there, those that saw nothing else; None when none began there."""
    actions: tuple["ActionUsage", ...] = ()
    """The most frequent first."""


class ActionUsage(Record):
    """What was done on a page."""

    action: str
    times: int
    people: int
    """Different sessions, or users where rows name no session."""


class VisitPath(Record):
    """The pages of whole visits, in their order."""

    pages: tuple[str, ...]
    visits: int
    share: float
    """Of all visits, 0 to 1."""
    mean_s: float
    """From the first event to the last."""
    conversion_share: float | None
    """Of these visits; None where conversion is not measured by purchases."""


class Segment(Record):
    """Visits of one device, browser or region."""

    value: str | None
    """None = not said."""
    visits: int
    share: float
    bounce_share: float
    conversion_share: float | None
    """None where conversion is not measured by purchases."""


class Conversion(Record):
    """Visits that bought, with the 95 % interval of their share (Wilson)."""

    by: str
    """`purchase events`, or the page that stands for it."""
    visits: int
    share: float
    low: float
    high: float


class Difference(Record):
    """Something more frequent in one group of visits than in the others."""

    visits: int
    """Of the group, with it."""
    share: float
    """Of the group, 0 to 1."""
    other_share: float
    """Of the others."""
    p_value: float
    """Chance of so large a difference were there none (exact conditional test), corrected for all that was compared
    (Benjamini-Hochberg)."""


class DropReason(Difference):
    """An error met at a step by more of those who left there than of those who went on: an association, no cause."""

    error: str
    excess_visits: float
    """That left with it beyond what those who went on lead to expect."""


class DropSegment(Difference):
    """A device or browser with which more left at a step."""

    dimension: str
    value: str


class FunnelStep(Record):
    """One step; reached only after all steps before it."""

    step: str
    """As asked for, or `product`, `cart`, `checkout`, `confirmation`."""
    pages: tuple[str, ...]
    visits: int
    """That reached it."""
    share: float
    """Of those that reached the first step, 0 to 1."""
    dropped: int | None
    """That never reached the next step; None for the last one."""
    drop_share: float | None
    reasons: tuple[DropReason, ...] | NotMeasured
    """Of the drop, by the errors met between this step and the next; empty = no error goes with it."""
    segments: tuple[DropSegment, ...] = ()
    """Who drops more than others."""


class Funnel(Record):
    """Ordered steps on the way to a purchase."""

    given: bool
    """False = found by the names of pages."""
    steps: tuple[FunnelStep, ...]


class VitalFigures(Record):
    """Percentiles of a vital; milliseconds, CLS without a unit."""

    samples: int
    p50: float
    p75: float
    p95: float
    p99: float
    good_share: float
    """0 to 1."""
    poor_share: float
    rating: VitalRating | NotMeasured


class VitalSegment(VitalFigures):
    """The same of a page, or of a device with or without a browser."""

    page: str | None = None
    device: str | None = None
    browser: str | None = None


class Vital(Record):
    """One web vital."""

    name: str
    legacy: bool
    """FID: INP took its place in March 2024; judged as INP's predecessor, never a target for tests."""
    good: float
    poor: float
    """Google's thresholds: good up to `good`, poor above `poor`."""
    overall: VitalFigures | NotMeasured
    segments: tuple[VitalSegment, ...] = ()
    """With enough samples; the most samples first."""
    approximate: bool = False
    """Percentiles are estimates: too many samples to sort."""


class ErrorPlace(Difference):
    """A page, browser, device or region where an error is met by more visits than elsewhere."""

    dimension: str
    value: str


class BrowserError(Record):
    """Errors of one message, numbers aside; 5xx answers to the page by request."""

    error: str
    times: int
    users: int | NotMeasured
    """Distinct users that are named."""
    visits: int | NotMeasured
    visit_share: float | NotMeasured
    pages: dict[str, int]
    """Page seen last before -> visits, the most frequent ones."""
    browsers: dict[str, int]
    devices: dict[str, int]
    regions: dict[str, int]
    places: tuple[ErrorPlace, ...] = ()
    """Significantly more frequent there; the strongest first."""


class RumAnalysis(Record):
    """The value at `aqe/production/rum-analysis`."""

    window_from: datetime | None
    """Of the first and last row; None when they went while they were read."""
    window_to: datetime | None
    counts: VisitCounts
    sampling: Sampling | NotMeasured
    median_visit_s: float | NotMeasured
    """From a visit's first event to its last."""
    bounce_share: float | NotMeasured
    conversion: Conversion | NotMeasured
    funnel: Funnel | NotMeasured
    pages: tuple[PageUsage, ...]
    """Most visited first."""
    paths: tuple[VisitPath, ...]
    """Most frequent first."""
    devices: tuple[Segment, ...] | NotMeasured
    browsers: tuple[Segment, ...] | NotMeasured
    regions: tuple[Segment, ...] | NotMeasured
    vitals: tuple[Vital, ...]
    errors: tuple[BrowserError, ...]
    """Most frequent first."""
    insights: tuple[Insight, ...] = ()
