"""Many series watched together as watches of one series each, and back: what is kept is kept for each series alone.

Series that share all their times are fed side by side because that is many times faster; which series share their
times may change from one feed to the next, what each of them has learnt may not.
"""

import copy
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from .record_excess import TopTwo
from .series_watch import SeriesWatch

_AXIS = {"numerator": -2, "last": -2, "previous": 0, "mean": 0, "sums": 0}
"""Name of an array of the state -> its axis of the series; the other arrays are about the times, which are shared."""


def apart(watch: SeriesWatch) -> list[SeriesWatch]:
    """One watch a series; `watch` is not to be fed any more.

    >>> from .alarms import AlarmRules
    >>> two = SeriesWatch(2, 300.0, AlarmRules())
    >>> _ = two.feed(np.array([0.0, 300.0]), np.array([[1.0, 2.0], [5.0, 7.0]]))
    >>> [float(one.scorer.previous[0, 0]) for one in apart(two)]
    [2.0, 7.0]
    """
    return [_row(watch, row, watch.series) for row in range(watch.series)]


def together(watches: Sequence[SeriesWatch]) -> SeriesWatch:
    """One watch of all, which goes on as each of them would.

    Args:
        watches: one or more of one series each, `same_times` for all of them; they are not to be fed any more.
    """
    joined: SeriesWatch = _joined(watches)
    return joined


def times_mark(watch: SeriesWatch) -> tuple[object, ...]:
    """What two watches have in common if, and only if, all that depends on their times is the same."""
    scorer = watch.scorer
    profile = scorer.weekly
    return (
        watch.interval_s, watch.rules, watch.sigmas, watch.seen, scorer.day, profile.days.tobytes(),
        profile.counts.tobytes(), scorer.daily.days.tobytes(),
    )  # fmt: skip


def _row(state: Any, row: int, series: int) -> Any:
    made = copy.copy(state)
    for field in fields(state):
        value = getattr(state, field.name)
        if isinstance(value, np.ndarray):
            setattr(made, field.name, _cut(state, field.name, value, row, series))
        elif isinstance(value, list):  # one item a series
            setattr(made, field.name, value[row : row + 1])
        elif is_dataclass(value) and field.name != "rules":
            setattr(made, field.name, _row(value, row, series))
        elif field.name == "series":
            made.series = 1
    return made


def _cut(state: Any, name: str, value: Any, row: int, series: int) -> Any:
    if isinstance(state, TopTwo):  # its rows are members times series
        return value.reshape(-1, series)[:, row : row + 1].copy()
    return np.take(value, [row], axis=_AXIS[name]) if name in _AXIS else value.copy()


def _joined(states: Sequence[Any]) -> Any:
    made = copy.copy(states[0])
    for field in fields(made):
        name, values = field.name, [getattr(state, field.name) for state in states]
        if isinstance(values[0], np.ndarray):
            if isinstance(made, TopTwo):
                setattr(made, name, np.concatenate(values, axis=1).reshape(-1, 1))
            elif name in _AXIS:
                setattr(made, name, np.concatenate(values, axis=_AXIS[name]))
        elif isinstance(values[0], list):
            setattr(made, name, [item for value in values for item in value])
        elif is_dataclass(values[0]) and name != "rules":
            setattr(made, name, _joined(values))
        elif name == "series":
            made.series = len(states)
    return made
