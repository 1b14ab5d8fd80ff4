"""How surprising each point of a metric is, causally: fourteen views of the series, each held against its own records.

Every view asks the same question, "is this beyond anything this series has shown?", of something else: the value
itself, its short-term mean, how it differs from what is usual at this time of the day or week, for a moment or
lastingly. A view that breaks its own record says by how many times, on a logarithmic scale; the score is the plain sum.
There are no weights and nothing is fitted: docs/benchmarks.md has how far the constants below can be moved without
effect.

O(1) state a series, the same floats whatever the blocks the points come in.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ewma import Ewma
from .record_excess import TopTwo
from .season_profile import DAY_S, WEEK_S, SeasonProfile, day_of

Array = NDArray[np.float64]

NEAREST_SPAN = 3
"""Points that a sudden difference is held against."""
FAST_SPAN = 6
"""Points that a short-term mean looks back on."""
MID_SPAN = 48
"""Points after which a difference is lasting."""
LONG_SPAN = 400
"""Points that a lasting difference is compared with."""
REFERENCE_SPAN = 600
"""Points over which the size of the values is known, for the logarithm."""
SLOTS_A_DAY = 48
WEEKS_TO_KNOW = 3
"""Weeks of a slot before the time of the week says more than the time of the day."""
MEAN_HALF_LIFE_DAYS = 5.0
"""Of the mean and spread that an excess is measured from and in."""
SPREAD_SHARE = 0.6
"""Share of the mean absolute deviation added to the record: where the record is near the mean, noise is no excess."""
OUTLIER = 20.0
"""Mean absolute deviations from the usual value beyond which a point teaches the profile no more."""
LOG_SHARE = 0.3
"""Values below this share of the usual size are about linear in the logarithm, so that 0 is nothing special."""
ROUNDING = 1e-9
"""Differences below this share of the usual size are no differences."""
STILL = 1e-4
"""Share of the usual size that a constant series is taken to change by, so that its drift is not rounding over 0."""
_NOT_ZERO = 1e-300

TWO_SIDED = 6
"""The first rows of the signals count above and below, the others only above."""
SIGNALS = 8
MEMBERS = SIGNALS + TWO_SIDED
RESIDUAL = 2
IN_OWN_UNIT = (4, 7)
"""Signals without the metric's unit: the lasting difference of logarithms, and the drift."""


def _alpha(span: float) -> float:
    return 2.0 / (span + 1.0)


@dataclass
class AnomalyScorer:
    """Scores the points of many series that share their times.

    Args:
        series: how many.
        interval_s: usual seconds between two points, > 0.

    >>> scorer = AnomalyScorer(series=1, interval_s=300.0)
    >>> quiet = 10.0 + np.sin(np.arange(2000.0))
    >>> times = 300.0 * np.arange(2001)
    >>> scores = scorer.feed(times, np.append(quiet, 50.0)[None, :])
    >>> float(scores.total[0, 500:2000].max()), float(scores.total[0, 2000]) > 5
    (0.0, True)
    """

    series: int
    interval_s: float
    seen: int = 0
    day: int | None = None
    previous: Array = field(init=False)
    nearest: Ewma = field(init=False)
    fast: Ewma = field(init=False)
    mid: Ewma = field(init=False)
    long: Ewma = field(init=False)
    change: Ewma = field(init=False)
    size: Ewma = field(init=False)
    residuals: Ewma = field(init=False)
    mean: Ewma = field(init=False)
    spread: Ewma = field(init=False)
    records: TopTwo = field(init=False)
    daily: SeasonProfile = field(init=False)
    weekly: SeasonProfile = field(init=False)
    daily_log: SeasonProfile = field(init=False)

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        n = self.series
        points_a_day = DAY_S / self.interval_s
        slots = int(np.clip(points_a_day, 1, SLOTS_A_DAY))
        slow = 1 - 0.5 ** (1 / max(MEAN_HALF_LIFE_DAYS * points_a_day, 20.0))
        self.previous = np.full((n, 1), np.nan)
        self.nearest = Ewma.start(_alpha(NEAREST_SPAN), (n,))
        self.fast = Ewma.start(_alpha(FAST_SPAN), (n,))
        self.mid = Ewma.start(_alpha(MID_SPAN), (n,))
        self.long = Ewma.start(_alpha(LONG_SPAN), (n,))
        self.change = Ewma.start(_alpha(LONG_SPAN), (n,))
        self.size = Ewma.start(_alpha(REFERENCE_SPAN), (n,))
        self.residuals = Ewma.start(_alpha(MID_SPAN), (2, n))
        self.mean = Ewma.start(slow, (SIGNALS, n))
        self.spread = Ewma.start(slow, (SIGNALS, n))
        self.records = TopTwo.start(MEMBERS * n)
        self.daily = SeasonProfile.start(n, period_s=DAY_S, slots=slots, newest=0.1)
        self.daily_log = SeasonProfile.start(n, period_s=DAY_S, slots=slots, newest=0.1)
        self.weekly = SeasonProfile.start(n, period_s=WEEK_S, slots=7 * slots, newest=0.3)

    def feed(self, times_s: Array, values: Array) -> "Scores":
        """Score a block of points; each is compared with what came before it only.

        Args:
            times_s: (time,) seconds since the epoch, not falling.
            values: (series, time), finite.

        Returns:
            0 where nothing is new, which is nearly everywhere.
        """
        days = day_of(times_s)
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        parts = [self._feed_day(int(days[a]), times_s[a:b], values[:, a:b]) for a, b in pairwise(cuts) if b > a]
        if not parts:
            return Scores(*np.zeros((4, self.series, 0)))
        return Scores(*(np.concatenate(rows, axis=1) for rows in zip(*parts, strict=True)))

    def _feed_day(self, day: int, times_s: Array, values: Array) -> "Scores":
        self._turn_to(day)
        size = self.size.feed(np.abs(values))
        usual = self._usual(times_s)
        signals = self._signals(times_s, values, size, usual)
        mean = self.mean.feed_lagged(signals)
        excess = signals - mean
        spread = self.spread.feed_lagged(np.abs(excess))
        self._learn(times_s, values, size, usual, OUTLIER * spread[RESIDUAL])
        total, upward = self._beyond_records(signals, mean, excess, self._margin(spread, size))
        return Scores(total, upward, values - excess[RESIDUAL], spread[RESIDUAL])

    def _turn_to(self, day: int) -> None:
        if self.day is not None and day != self.day:
            for profile in (self.daily, self.weekly, self.daily_log):
                profile.end_day()
        self.day = day

    def _learn(self, times_s: Array, values: Array, size: Array, usual: Array, far: Array) -> None:
        """Add to the profiles; an outlier only as far as it may go, or tomorrow its absence would be one."""
        tame = np.fmin(np.fmax(values, usual - far), usual + far)
        self.daily.collect(times_s, tame)
        self.weekly.collect(times_s, tame)
        self.daily_log.collect(times_s, _logs(tame, size))

    def _signals(self, times_s: Array, values: Array, size: Array, usual: Array) -> Array:
        """(SIGNALS, series, time): what is looked at."""
        change = np.abs(values - _lagged(values, self.previous))
        self.previous = values[:, -1:]
        before = self.mid.last
        mid = self.mid.feed(values)
        middling = _lagged(mid, before)
        residual = values - np.where(np.isnan(usual), middling, usual)
        usual_log = self.daily_log.at(times_s)
        log_residual = np.where(np.isnan(usual_log), 0.0, _logs(values, size) - usual_log)
        lasting = self.residuals.feed(np.stack([residual, log_residual]))
        drift = np.abs(mid - self.long.feed(values)) / (self.change.feed(change) + STILL * size + _NOT_ZERO)
        local = values - self.nearest.feed_lagged(values)
        return np.stack([values, self.fast.feed(values), residual, lasting[0], lasting[1], local, change, drift])

    def _usual(self, times_s: Array) -> Array:
        """What is usual at this time of the week once that is known well enough, else of the day; NaN = not known."""
        well_known = self.weekly.days_at(times_s) >= WEEKS_TO_KNOW
        return np.where(well_known, self.weekly.at(times_s), self.daily.at(times_s))

    def _margin(self, spread: Array, size: Array) -> Array:
        """What a record must be beaten by: part of the spread, and more than rounding."""
        units = np.ones((SIGNALS, 1, 1))
        units[list(IN_OWN_UNIT)] = 0.0
        return SPREAD_SHARE * spread + ROUNDING * np.where(units, size, 1.0)

    def _beyond_records(self, signals: Array, mean: Array, excess: Array, margin: Array) -> tuple[Array, Array]:
        # Nearly no point is beyond its records: all that follows looks at the few that may be.
        known = self.records.feed(np.concatenate([signals, -signals[:TWO_SIDED]]).reshape(-1, signals.shape[-1]))
        member, row = np.divmod(known.row, self.series)
        side = np.where(member < SIGNALS, 1.0, -1.0)
        at = (member % SIGNALS, row, known.time)
        centre, above, margins = side * mean[at], side * excess[at], margin[at]
        nearer = np.maximum(known.second - centre, 0.0) + margins
        beyond = np.flatnonzero(above > nearer)
        over = above[beyond]
        farther = np.maximum(known.first - centre, 0.0)[beyond] + margins[beyond]
        size = np.log1p(np.log(over / nearer[beyond]) + np.maximum(np.log(over / farther), 0.0))
        total, upward = np.zeros(signals.shape[1:]), np.zeros(signals.shape[1:])
        member, row, time = member[beyond], row[beyond], known.time[beyond]
        np.add.at(total, (row, time), size)
        up, down = member < TWO_SIDED, member >= SIGNALS
        np.add.at(upward, (row[up], time[up]), size[up])
        np.add.at(upward, (row[down], time[down]), -size[down])
        self.seen += signals.shape[-1]
        return total, upward


class Scores(NamedTuple):
    """Scores of a block, and what was expected.

    Args:
        total: (series, time), >= 0.
        upward: (series, time): the part of the views that broke a record upwards less that downwards.
        centre: (series, time): the expected value: what is usual at this time, and how far the series is off it lately.
        spread: (series, time): how far values usually are from it, mean absolute deviation.
    """

    total: Array
    upward: Array
    centre: Array
    spread: Array


def _logs(values: Array, size: Array) -> Array:
    return np.copysign(np.log1p(np.abs(values) / (LOG_SHARE * size + _NOT_ZERO)), values)


def _lagged(values: Array, before: Array) -> Array:
    """Each value's predecessor; before the first there is none, and the value itself stands in."""
    return np.concatenate([np.where(np.isnan(before), values[:, :1], before), values[:, :-1]], axis=1)
