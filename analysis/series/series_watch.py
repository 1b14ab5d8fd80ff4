"""Many series that share their times, watched for events: score, alarms, expected range, events.

What is kept is O(1) a series and can be packed into JSON: watching goes on in another process where it stopped, with
the same result as one pass over everything.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .alarms import AlarmRules, Alarms
from .anomaly_score import AnomalyScorer
from .excursions import Excursion, Excursions
from .season_profile import DAY_S
from .three_sigma import ThreeSigma

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SIGMA_OF_DEVIATION = 1.2533
"""Standard deviation over mean absolute deviation, of a normal distribution (the square root of pi / 2)."""
RANGE_SIGMAS = 3.0
"""Half the width of the expected range, in standard deviations."""
_RANGE = RANGE_SIGMAS * SIGMA_OF_DEVIATION
FAR_OUTSIDE = 2.0
"""Half widths of the expected range from what was expected, on the worse side."""
FAR_POINTS = 3
"""So many points in a row far outside are an alarm whatever their score: a score asks what the series has never shown,
and the second outage of a week is as bad as the first.
"""
FAR_SCORE = 2.0
"""Score of that alarm in thresholds: enough to be heard while an alarm that chance had brought about still rests."""


@dataclass
class SeriesWatch:
    """Watches a batch of series.

    Args:
        series: how many.
        interval_s: usual seconds between two points, > 0.
        rules: when a score is an alarm.
        sigmas: with a number alarms come from the fixed rule of so many standard deviations (analysis/three_sigma)
            and not from the score; expected ranges are the same.
        worse: of each series 1 or -1 where only higher or only lower values are worse, 0 where both may be; empty = 0
            for all.

    >>> watch = SeriesWatch(1, 3600.0, AlarmRules.for_interval(3600.0))
    >>> usual = 10.0 + np.sin(np.arange(300.0))
    >>> times = 3600.0 * np.arange(310)
    >>> [[event]] = watch.feed(times, np.concatenate([usual, [90.0, 95.0], usual[:8]])[None, :])
    >>> event.began_s / 3600, event.ended_s / 3600, event.observed
    (300.0, 302.0, 95.0)
    """

    series: int
    interval_s: float
    rules: AlarmRules
    sigmas: float | None = None
    worse: list[int] = field(default_factory=list)
    seen: int = 0
    scorer: AnomalyScorer = field(init=False)
    fixed: list[ThreeSigma] = field(init=False)
    alarms: list[Alarms] = field(init=False)
    excursions: list[Excursions] = field(init=False)
    far: list[int] = field(init=False)
    """Of each series, points far outside in a row up to now."""

    def __post_init__(self) -> None:
        """Nothing seen yet."""
        self.worse = self.worse or [0] * self.series
        self.scorer = AnomalyScorer(self.series, self.interval_s)
        self.fixed = [ThreeSigma() for _ in range(self.series)] if self.sigmas else []
        self.alarms = [Alarms(self.rules, DAY_S / self.interval_s) for _ in range(self.series)]
        self.excursions = [Excursions() for _ in range(self.series)]
        self.far = [0] * self.series

    def feed(self, times_s: Array, values: Array, *, silent: NDArray[np.bool_] | None = None) -> list[list[Excursion]]:
        """The events of each series that were under way in this block, in order of time.

        Args:
            times_s: (time,) seconds since the epoch, not falling.
            values: (series, time), finite.
            silent: (series, time) points that raise no alarm: stand-ins for values that are not there.
        """
        scores = self.scorer.feed(times_s, values)
        self.seen += len(times_s)
        surprise = scores.total
        if self.fixed:
            surprise = np.stack([rule.feed(row) for rule, row in zip(self.fixed, values, strict=True)])
        half = _RANGE * scores.spread
        if silent is None:
            silent = np.zeros(values.shape, dtype=bool)
        return [
            self._events(row, times_s, values[row], surprise[row], scores.centre[row], half[row], silent[row])
            for row in range(self.series)
        ]

    def _events(
        self, row: int, times_s: Array, values: Array, surprise: Array, centre: Array, half: Array, silent: Flags
    ) -> list[Excursion]:
        worse, better = self.worse[row], None
        if worse:
            above = (values - centre) * worse
            better = above < 0
            if not self.fixed:
                stays = self._stays(row, (above > FAR_OUTSIDE * half) & ~silent)
                surprise = np.where(stays, np.maximum(surprise, FAR_SCORE * self.rules.threshold), surprise)
        surprise = np.where(silent, 0.0, surprise)
        alarms = {at: float(surprise[at]) for at in self.alarms[row].feed(surprise, better)}
        return self.excursions[row].feed(times_s, values, centre, half, alarms, worse)

    def _stays(self, row: int, far: Flags) -> Flags:
        """Where FAR_POINTS in a row or more are far outside."""
        points = np.arange(1, len(far) + 1)
        last_near = np.maximum.accumulate(np.where(far, 0, points))
        in_a_row = points - last_near + np.where(last_near == 0, self.far[row], 0)
        self.far[row] = int(in_a_row[-1]) if len(far) else self.far[row]
        stays: Flags = in_a_row >= FAR_POINTS
        return stays
