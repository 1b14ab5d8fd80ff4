"""How much traffic there is, when, of what and by whom; and the model of it that a load test follows."""

from datetime import date, datetime
from enum import StrEnum

from ..base import Record
from ..evidence import NotMeasured
from .findings import Insight


class HourRate(Record):
    """One hour of the day, UTC."""

    hour: int
    rps: float
    """Median over the days."""
    highest_rps: float
    """Of the days."""
    days: int
    """Days on which all of the hour was observed."""


class DailyPattern(Record):
    """The usual day; hours that were never observed are left out."""

    hourly: tuple[HourRate, ...]
    peak_hours: tuple[int, ...]
    """At least 80 % of the highest hour."""
    low_traffic_hours: tuple[int, ...]
    """At most a third of the highest hour."""


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class WeekdayRate(Record):
    """One day of the week, UTC."""

    weekday: str
    """`monday` to `sunday`."""
    rps: float
    """Median over the weeks."""
    weeks: int


class MonthRate(Record):
    """One calendar month."""

    month: str
    """`2026-11`."""
    rps: float
    """Mean over its observed days."""
    days: int


class Peak(Record):
    """The busiest minute, and the busiest second in its hour."""

    at: datetime
    """Begin of the minute."""
    rps: float
    """Mean over that minute."""
    factor: float
    """Over the mean rate of the whole window."""
    second_rps: float
    """Highest single second of that hour: averages over minutes hide it."""


class Percentile(Record):
    """One point of a distribution of response times."""

    percent: float
    """Of the requests that took at most so long, 0 to 100."""
    ms: float


class ResponseTimes(Record):
    """How long requests took, as the server or its traces saw it."""

    timed: int
    """Requests with a duration."""
    percentiles: tuple[Percentile, ...]
    """In rising order."""


class EndpointShare(Record):
    """One endpoint's part of the traffic."""

    method: str
    path: str
    """Ids taken out: `/api/products/{id}`."""
    requests: int
    share: float
    """0 to 1."""
    error_share: float | None = None
    """Answered with 5xx, 0 to 1; None where the source has no status."""
    refused_share: float | None = None
    """Answered with 4xx, likewise; without those of `gave_up_share`."""
    gave_up_share: float | None = None
    """The client closed the connection before the answer (nginx's 499), likewise: no error, and no refusal."""
    times: ResponseTimes | None = None
    """None where the source has no durations of it."""


class EndpointMix(Record):
    """What is asked for, most frequent first."""

    endpoints: tuple[EndpointShare, ...]
    other_share: float
    """Of all endpoints that are not listed, 0 to 1."""
    distinct: int
    """Distinct endpoints; a lower bound once there are more than are counted at a time."""
    times: ResponseTimes | None = None
    """Of all requests, listed or not; None where the source has no durations."""


class ClassName(StrEnum):
    """Kinds of visitors."""

    BROWSER = "browser"
    BUYER = "buyer"
    BOUNCER = "bouncer"


class UserClass(Record):
    """One kind of visitors."""

    name: ClassName
    share: float
    """Of all sessions, 0 to 1."""
    sessions: float
    """Expected number: a session may belong to two classes in part."""
    session_s: float
    """Mean length."""
    views: float
    """Mean views a session."""
    actions: float | None = None
    """Mean clicks and the like a session; None where the source has none."""
    think_s: float | None = None
    """Mean time from one view to the next; None where no session has two."""
    revenue: float | None = None
    """Mean a session; None where no revenue is known."""


class WeekdayConversion(Record):
    """Sessions that bought, of those that began on one day of the week, UTC."""

    weekday: str
    """`monday` to `sunday`."""
    sessions: int
    share: float
    """0 to 1."""
    low: float
    high: float
    """Wilson's 95 % interval of the share."""


class UserClasses(Record):
    """Visitors by what they did."""

    sessions: int
    method: str
    """How browsers and bouncers were told apart: `mixture` or `single-view`."""
    agreement: float | None = None
    """Share of the visits without a purchase on which the mixture and the rule of the single view agree, 0 to 1."""
    accuracy: NotMeasured
    """Nobody says who bounced; docs/benchmarks.md has what was measured where it is known."""
    buyers_by: str
    """What makes a buyer: `purchase events`, or `nothing` when no purchase was recorded."""
    classes: tuple[UserClass, ...]
    weekly: tuple[WeekdayConversion, ...] = ()
    """Of the weekdays that had sessions; empty when no purchase was recorded."""


class Arrivals(Record):
    """How requests arrive around their rate."""

    process: str
    """`poisson`, `bursty` or `regular`."""
    dispersion: float
    """Variance over mean of the counts, 1 = Poisson."""
    p_value: float
    """Chance of a dispersion this far from 1 if arrivals were a Poisson process."""
    bucket_s: int
    """Length of the steps that were counted."""


class Growth(Record):
    """From week to week, percent, with its 95 % interval."""

    weekly_percent: float
    low_percent: float
    high_percent: float
    weeks: int


class Ramp(Record):
    """A straight line of arrivals: an open model, requests a second, not users."""

    start_rps: float
    end_rps: float
    duration_s: int


class LoadModel(Record):
    """What a load test follows: a day in at most twelve ramps, what is asked for, and by whom."""

    name: str
    unit: str
    """`requests` or `page views`."""
    day: date
    """UTC day that it was taken from."""
    starts_at: datetime
    """Time of the first ramp's begin in what it was taken from."""
    scale: float = 1.0
    """What the observed rates were multiplied with."""
    ramps: tuple[Ramp, ...]
    peak_rps: float
    mean_rps: float
    fit_nrmse: float
    """Root mean squared distance of the ramps from the minutes, over their mean."""
    peak_error: float
    """Of the ramps' peak against the busiest minute, share of it."""
    mix: EndpointMix
    users: UserClasses | NotMeasured
    arrivals: Arrivals | NotMeasured


class LoadPatterns(Record):
    """The value at `aqe/production/load-patterns`."""

    source: str
    """Kind of rows counted: `access`, `spans`, `rum-events`, `product-events`."""
    unit: str
    total: int
    window_from: datetime
    window_to: datetime
    """First and last row."""
    observed_days: int
    """Days with rows."""
    whole_days: int
    """Days that were observed from the first minute to the last."""
    mean_rps: float
    """Over the observed time."""
    daily: DailyPattern | NotMeasured
    weekly: tuple[WeekdayRate, ...] | NotMeasured
    seasonal: tuple[MonthRate, ...] | NotMeasured
    peak: Peak
    mix: EndpointMix
    users: UserClasses | NotMeasured
    arrivals: Arrivals | NotMeasured
    growth: Growth | NotMeasured
    model: LoadModel | NotMeasured
    """Of the busiest day."""
    insights: tuple[Insight, ...] = ()
