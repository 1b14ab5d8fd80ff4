"""From alarms to events: where a series left what was expected of it, how far it went, and when it came back.

An alarm is one point. The event around it begins with the first point outside of the expected range that leads up to
the alarm, and ends with the first of CALM points in a row that are inside again. Alarms while it lasts belong to it.
Where only one direction is worse, an improvement hides nothing: an alarm of the worse kind ends it, and what an event
came to is looked for on its own side of what was expected, not where the series swings back.
Points come in blocks of any size; the events are the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CALM = 3
"""Points in a row inside the expected range before an event is over; one alone is chance."""
LEAD = 12
"""Points outside right before the alarm that belong to its event; more of them are how the series is."""


@dataclass
class Excursion:
    """One event of one series; times in seconds since the epoch.

    Args:
        began_s: first point of it.
        alarm_s: the point at which it was noticed.
        score: the highest of its alarms.
        ended_s: first point that was inside again for good; None = it lasts.
        peak_s: the point farthest from what was expected; with what was seen and expected there.
        points: of the event so far.
    """

    began_s: float
    alarm_s: float
    score: float
    peak_s: float
    observed: float
    expected: float
    low: float
    high: float
    points: int = 0
    ended_s: float | None = None

    @property
    def deviation(self) -> float:
        """Observed less expected, at the peak."""
        return self.observed - self.expected

    def take(self, at_s: float, value: float, expected: float, half: float) -> None:
        """A point that may be its peak."""
        if abs(value - expected) > abs(self.deviation):
            self.peak_s, self.observed, self.expected = at_s, value, expected
            self.low, self.high = expected - half, expected + half


@dataclass
class Excursions:
    """Follows one series.

    Args:
        open: the event under way.
        calm: points inside since the last one outside, while an event is open.
        calm_s: the first of them.
        outside: points outside in a row up to now.
        outside_s: the first of them.

    >>> follow = Excursions()
    >>> times, usual, half = np.arange(8.0), np.full(8, 5.0), np.ones(8)
    >>> values = np.array([5, 7.0, 9, 5, 9, 5, 5, 5])
    >>> [event] = follow.feed(times, values, usual, half, {2: 3.0})
    >>> event.began_s, event.alarm_s, event.ended_s, event.observed, event.high
    (1.0, 2.0, 5.0, 9.0, 6.0)
    """

    open: Excursion | None = None
    calm: int = 0
    calm_s: float = 0.0
    outside: int = 0
    outside_s: float = 0.0

    def feed(
        self, times_s: Array, values: Array, expected: Array, half: Array, alarms: dict[int, float], worse: int = 0
    ) -> list[Excursion]:
        """The events that were under way in this block; the last may still be `open`.

        Args:
            times_s, values, expected: (time,).
            half: (time,) half the width of the expected range, >= 0.
            alarms: position -> score.
            worse: 1 or -1 where only higher or only lower values are worse; 0 = both may be.
        """
        touched = [self.open] if self.open else []
        beyond = np.abs(values - expected) > half
        raised = sorted(alarms)
        at = 0
        while at < len(values):
            deviation = float(values[at] - expected[at])
            if self.open and at in alarms and deviation * worse > 0 > self.open.deviation * worse:
                self._end(self.open, float(times_s[at]))
            if self.open:
                if worse == 0 or deviation * self.open.deviation >= 0:
                    self.open.take(float(times_s[at]), float(values[at]), float(expected[at]), float(half[at]))
                self._go_on(self.open, float(times_s[at]), bool(beyond[at]), alarms.get(at))
            else:
                start = next((alarm for alarm in raised if alarm >= at), len(values))
                self._pass_by(times_s, beyond, at, start)
                if start == len(values):
                    break
                touched.append(self._begin(times_s, values, expected, half, start, alarms[start]))
                at = start
            at += 1
        return touched

    def _pass_by(self, times_s: Array, beyond: NDArray[np.bool_], begin: int, end: int) -> None:
        """Points without an event: remember how many in a row are outside now."""
        inside = np.flatnonzero(~beyond[begin:end])
        first = begin + int(inside[-1]) + 1 if len(inside) else begin
        if len(inside):
            self.outside = 0
        if self.outside == 0 and first < end:
            self.outside_s = float(times_s[first])
        self.outside += end - first

    def _begin(self, times_s: Array, values: Array, expected: Array, half: Array, at: int, score: float) -> Excursion:
        now, centre, width = float(times_s[at]), float(expected[at]), float(half[at])
        lead = self.outside if self.outside <= LEAD else 0
        event = Excursion(
            began_s=self.outside_s if lead else now,
            alarm_s=now,
            score=score,
            peak_s=now,
            observed=float(values[at]),
            expected=centre,
            low=centre - width,
            high=centre + width,
            points=lead + 1,
        )
        self.open, self.calm, self.outside = event, 0, 0
        return event

    def _go_on(self, event: Excursion, at_s: float, beyond: bool, alarm: float | None) -> None:
        event.points += 1
        if beyond or alarm is not None:
            self.calm = 0
            event.score = max(event.score, alarm or 0.0)
        elif self.calm == 0:
            self.calm, self.calm_s = 1, at_s
        else:
            self.calm += 1
        if self.calm == CALM:
            self._end(event, at_s)

    def _end(self, event: Excursion, at_s: float) -> None:
        """With the first of the points inside that it ends with, or with a point that is of another event."""
        event.ended_s = self.calm_s if self.calm else at_s
        event.points -= self.calm
        self.open, self.calm, self.outside = None, 0, 0
