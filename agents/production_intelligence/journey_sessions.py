"""Columns of rows -> sessions: in order of time, split where nothing happened for long, repeats in a row told once.

Everything is whole columns: a session of 100,000 rows costs what 100,000 sessions of one row do. Rows carry no number,
so that their times alone give the order: where a clock went backwards, what it stamped comes too early.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.records.visits import ERROR, GOAL, MONITORED, NAMED, NO_STEP, VisitBatch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sessions:
    """The sessions of some people, and their steps in order; columns.

    Those of a session have one value each (`of_session` is their number), those of a move one a step that was made.

    Args:
        person: number of the person, from 0, in these columns only.
        began_us: microseconds since the epoch.
        length_s: from the first to the last sign of it, seconds.
        first: place of its first move; its moves follow.
        goal, failed, named: it reached the goal; its last step ended in an error; its person is a user.
        revenue: what was paid in it.
        step: of a move.
        pause_s: since the last sign of the step before; NaN for the first of a session.
        idle_s: of it, what is beyond the time that the source says was spent on the page; NaN = it does not say.
        failed_move: an error was met there.
        rows: of each step, repeats included, told twice counted once.
    """

    person: Ints
    began_us: Ints
    length_s: Floats
    first: Ints
    goal: Bools
    failed: Bools
    named: Bools
    revenue: Floats
    of_session: Ints
    step: Ints
    pause_s: Floats
    idle_s: Floats
    failed_move: Bools
    rows: Ints

    @property
    def is_first(self) -> Bools:
        """Of a move: it is the first of its session."""
        found: Bools = np.isnan(self.pause_s)
        return found

    @property
    def last(self) -> Ints:
        """Place of each session's last move."""
        return np.append(self.first[1:], len(self.step)) - 1

    @property
    def moves(self) -> Ints:
        """How many steps each session has."""
        return np.diff(np.append(self.first, len(self.step)))


def sessions_of(batch: VisitBatch, *, idle_s: float, steps: int) -> Sessions:
    """Put a batch's rows together.

    Args:
        idle_s: a longer pause ends a session.
        steps: how many there are, "other" included.
    """
    told = _in_order(batch)
    at, step, marks = told.at_us, told.step.astype(np.int64), told.marks
    starts = np.ones(len(at), bool)
    starts[1:] = (told.key[1:] != told.key[:-1]) | (np.diff(at) > idle_s * 1e6)
    of_row = np.cumsum(starts) - 1
    # Where real users are monitored, product events tell of the same pages and clicks: they add payments only.
    watched = _any(of_row, (marks & MONITORED) > 0)
    step[watched[of_row] & ((marks & MONITORED) == 0)] = NO_STEP
    # A session without any step is none.
    keep = _any(of_row, step != NO_STEP)[of_row]
    at, step, marks, of_row = at[keep], step[keep], marks[keep], of_row[keep]
    starts, person, paid, spent = starts[keep], told.person[keep], told.revenue[keep], told.spent_ms[keep]
    of_row = np.cumsum(starts) - 1
    begins = np.flatnonzero(starts)
    ends = np.append(begins[1:], len(at)) - 1

    places = np.flatnonzero(step != NO_STEP)
    fresh = np.ones(len(places), bool)
    fresh[1:] = np.diff(of_row[places]) != 0
    changed = fresh.copy()
    changed[1:] |= np.diff(step[places]) != 0
    made, before = places[changed], places[np.flatnonzero(changed) - 1]
    pause = np.where(fresh[changed], np.nan, (at[made] - at[before]) / 1e6)
    move_of_row = _move_of_row(step != NO_STEP, places, changed, of_row)
    first = np.flatnonzero(fresh[changed])
    failed_move = np.zeros(len(made), bool)
    errors = move_of_row[(marks & ERROR) > 0]
    failed_move[errors[errors >= 0]] = True
    last = np.append(first[1:], len(made)) - 1
    return Sessions(
        person=np.unique(person[begins], return_inverse=True)[1].astype(np.int64),
        began_us=at[begins],
        length_s=(at[ends] - at[begins]) / 1e6,
        first=first,
        goal=_any(of_row, (marks & GOAL) > 0),
        failed=failed_move[last] if len(first) else np.zeros(0, bool),
        named=_any(of_row, (marks & NAMED) > 0),
        revenue=np.bincount(of_row, weights=paid, minlength=len(begins)).astype(np.float64),
        of_session=of_row[made],
        step=step[made],
        pause_s=pause,
        idle_s=np.maximum(0.0, pause - spent[before] / 1000),
        failed_move=failed_move,
        rows=np.bincount(step[places], minlength=steps),
    )


def _in_order(batch: VisitBatch) -> VisitBatch:
    """By session and time, views before what is no step; what is told twice once."""
    rank = np.where(batch.step == NO_STEP, np.iinfo(np.int16).max, batch.step)
    minor = rank.astype(np.int32) * 256 + batch.marks
    payments = (batch.revenue,) if batch.revenue.any() else ()
    order = np.lexsort((*payments, minor, batch.at_us, batch.key))
    told = VisitBatch._make(column[order] for column in batch)
    same = np.zeros(len(order), bool)
    same[1:] = np.logical_and.reduce(
        [column[1:] == column[:-1] for column in (told.key, told.at_us, told.step, told.marks, told.revenue)]
    )
    return VisitBatch._make(column[~same] for column in told) if same.any() else told


def _any(of_row: Ints, holds: Bools) -> Bools:
    """Whether it holds for any row of each session; `of_row` counts from 0 without gaps."""
    found = np.zeros(int(of_row[-1]) + 1 if len(of_row) else 0, bool)
    found[of_row[holds]] = True
    return found


def _move_of_row(is_step: Bools, places: Ints, changed: Bools, of_row: Ints) -> Ints:
    """The move that was being made at each row; -1 before a session's first."""
    latest = np.cumsum(is_step) - 1
    move = np.where(latest >= 0, (np.cumsum(changed) - 1)[np.maximum(latest, 0)], -1)
    other_session = of_row[places[np.maximum(latest, 0)]] != of_row
    return np.where((latest >= 0) & ~other_session, move, -1)
