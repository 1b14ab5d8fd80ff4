"""Scores into alarms: one an event, not one a point, and never more than people can look at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .season_profile import DAY_S

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AlarmRules:
    """When a score is an alarm.

    Args:
        threshold: smallest score, > 0; docs/benchmarks.md has how the default was chosen.
        rest_points: after an alarm only what is much worse is another one, for so many points.
        much_worse: how many times the score of the last alarm that is, >= 1.
        warm_up_points: before so many points nothing is said: "insufficient data".
        budget_a_day: alarms a series may raise in a day; those beyond are counted, not raised. None = any number.
    """

    threshold: float = 0.3
    rest_points: int = 150
    much_worse: float = 1.5
    warm_up_points: int = 600
    budget_a_day: float | None = None

    @classmethod
    def for_interval(cls, interval_s: float, **changed: Any) -> "AlarmRules":
        """What suits points so many seconds apart: half a day of rest, two days until a day can be compared.

        >>> AlarmRules.for_interval(300.0).rest_points, AlarmRules.for_interval(3600.0).warm_up_points
        (144, 200)
        """
        a_day = DAY_S / interval_s
        usual = {
            "rest_points": int(min(max(a_day / 2, 100), 500)),
            "warm_up_points": int(max(2 * a_day, 200)),
        }
        return cls(**(usual | changed))


@dataclass
class Alarms:
    """Raises the alarms of one series.

    Args:
        rules: when.
        points_a_day: usual number of points, > 0; refills the budget.
        seen: points so far.
        last: point of the last alarm, and its score.
        last_worse: the same of the last that was no improvement.
        allowance: alarms left in the budget.
        held_back: alarms that the budget did not allow.

    >>> alarms = Alarms(AlarmRules(rest_points=5, warm_up_points=2), points_a_day=24)
    >>> alarms.feed(np.array([9.0, 0, 1.0, 1.2, 2.0, 0, 0, 0, 0, 0, 0.4]))
    [2, 4, 10]
    """

    rules: AlarmRules
    points_a_day: float
    seen: int = 0
    last: tuple[int, float] | None = None
    last_worse: tuple[int, float] | None = None
    allowance: float | None = None
    held_back: int = 0

    def feed(self, scores: Array, better: NDArray[np.bool_] | None = None) -> list[int]:
        """Positions in this block at which an alarm is raised.

        Args:
            scores: (time,), >= 0.
            better: (time,) where it would be an improvement: an alarm of that kind gives the others no rest.
        """
        high = np.flatnonzero(scores >= self.rules.threshold).tolist()
        raised = [
            at
            for at in high
            if self._raises(self.seen + at, float(scores[at]), better is not None and bool(better[at]))
        ]
        self.seen += len(scores)
        return raised

    def _raises(self, point: int, score: float, better: bool) -> bool:
        rules = self.rules
        if point < rules.warm_up_points:
            return False
        before = self.last if better else self.last_worse
        if before and point - before[0] <= rules.rest_points and score <= rules.much_worse * before[1]:
            return False
        if not self._afford(point):
            self.held_back += 1
            return False
        self.last = (point, score)
        if not better:
            self.last_worse = self.last
        return True

    def _afford(self, point: int) -> bool:
        budget = self.rules.budget_a_day
        if budget is None:
            return True
        since = point - self.last[0] if self.last else 0
        full = max(budget, 1.0)
        left = full if self.allowance is None else min(full, self.allowance + budget * since / self.points_a_day)
        if left < 1.0:
            return False
        self.allowance = left - 1.0
        return True
