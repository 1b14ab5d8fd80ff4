"""From alarms to events: where a series left what was expected of it, how far it went, and when it came back.

An alarm is one point. The event around it begins with the first point outside of the expected range that leads up to
the alarm, and ends with the first of CALM points in a row that are inside again. Alarms while it lasts belong to it.
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
        """A point of the event."""
        self.points += 1
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
        self, times_s: Array, values: Array, expected: Array, half: Array, alarms: dict[int, float]
    ) -> list[Excursion]:
        """The events that were under way in this block; the last may still be `open`.

        Args:
            times_s, values, expected: (time,).
            half: (time,) half the width of the expected range, >= 0.
            alarms: position -> score.
        """
        touched = [self.open] if self.open else []
        beyond = np.abs(values - expected) > half
        raised = sorted(alarms)
        at = 0
        while at < len(values):
            if self.open is None:
                start = next((alarm for alarm in raised if alarm >= at), len(values))
                self._pass_by(times_s, beyond, at, start)
                if start == len(values):
                    break
                touched.append(self._begin(times_s, values, expected, half, start, alarms[start]))
                at = start + 1
                continue
            self._go_on(at, times_s, values, expected, half, bool(beyond[at]), alarms.get(at))
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

    def _go_on(
        self, at: int, times_s: Array, values: Array, expected: Array, half: Array, beyond: bool, alarm: float | None
    ) -> None:
        event = self.open
        assert event is not None, "only asked while one is open"
        if beyond or alarm is not None:
            self.calm = 0
            event.score = max(event.score, alarm or 0.0)
        elif self.calm == 0:
            self.calm, self.calm_s = 1, float(times_s[at])
        else:
            self.calm += 1
        event.take(float(times_s[at]), float(values[at]), float(expected[at]), float(half[at]))
        if self.calm == CALM:
            event.ended_s = self.calm_s
            event.points -= CALM
            self.open, self.outside = None, 0
