"""Columns of rows -> sessions: in order of time, split where nothing happened for long, repeats in a row told once.

Everything is whole columns: a session of 100,000 rows costs what 100,000 sessions of one row do. Rows carry no number,
so that their times alone give the order: where a clock went backwards, what it stamped comes too early.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....core.records.bulk.visits import ERROR, GOAL, MONITORED, NAMED, NO_STEP, VisitBatch

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


class _Rows(NamedTuple):
    """Rows of sessions that have a step, in order; `of_row` is the number of a row's session."""

    told: VisitBatch
    of_row: Ints

    @property
    def is_step(self) -> Bools:
        found: Bools = self.told.step != NO_STEP
        return found


class _Moves(NamedTuple):
    """The steps that were made, repeats in a row once.

    Args:
        places: of all rows that are a step.
        fresh, changed: of those: the first of its session; another step than the one before.
    """

    places: Ints
    fresh: Bools
    changed: Bools


def sessions_of(batch: VisitBatch, *, idle_s: float, steps: int) -> Sessions:
    """Put a batch's rows together.

    Args:
        idle_s: a longer pause ends a session.
        steps: how many there are, "other" included.
    """
    rows = _split(_in_order(batch), idle_s)
    told, of_row = rows
    moves = _moves(rows)
    begins = np.flatnonzero(np.diff(of_row, prepend=-1))
    ends = np.append(begins[1:], len(of_row)) - 1
    made, before = moves.places[moves.changed], moves.places[np.flatnonzero(moves.changed) - 1]
    starts = moves.fresh[moves.changed]
    pause = np.where(starts, np.nan, (told.at_us[made] - told.at_us[before]) / 1e6)
    first = np.flatnonzero(starts)
    failed_move = _failed(rows, moves)
    return Sessions(
        person=np.unique(told.person[begins], return_inverse=True)[1].astype(np.int64),
        began_us=told.at_us[begins],
        length_s=(told.at_us[ends] - told.at_us[begins]) / 1e6,
        first=first,
        goal=_any(of_row, (told.marks & GOAL) > 0),
        failed=failed_move[np.append(first[1:], len(made)) - 1] if len(first) else np.zeros(0, bool),
        named=_any(of_row, (told.marks & NAMED) > 0),
        revenue=np.bincount(of_row, weights=told.revenue, minlength=len(begins)).astype(np.float64),
        of_session=of_row[made],
        step=told.step[made].astype(np.int64),
        pause_s=pause,
        idle_s=np.maximum(0.0, pause - told.spent_ms[before] / 1000),
        failed_move=failed_move,
        rows=np.bincount(told.step[moves.places], minlength=steps),
    )


def _split(told: VisitBatch, idle_s: float) -> _Rows:
    """Number the sessions; those without any step are none."""
    starts = np.ones(len(told.key), bool)
    starts[1:] = (told.key[1:] != told.key[:-1]) | (np.diff(told.at_us) > idle_s * 1e6)
    of_row = np.cumsum(starts) - 1
    # Where real users are monitored, product events tell of the same pages and clicks: they add payments only.
    monitored = (told.marks & MONITORED) > 0
    step = np.where(_any(of_row, monitored)[of_row] & ~monitored, NO_STEP, told.step)
    keep = _any(of_row, step != NO_STEP)[of_row]
    kept = VisitBatch._make(column[keep] for column in told._replace(step=step.astype(np.int16)))
    return _Rows(kept, np.cumsum(starts[keep]) - 1)


def _moves(rows: _Rows) -> _Moves:
    places = np.flatnonzero(rows.is_step)
    fresh = np.ones(len(places), bool)
    fresh[1:] = np.diff(rows.of_row[places]) != 0
    changed = fresh.copy()
    changed[1:] |= np.diff(rows.told.step[places]) != 0
    return _Moves(places, fresh, changed)


def _failed(rows: _Rows, moves: _Moves) -> Bools:
    """Of each move that was made: whether an error was met there, before the next one."""
    failed = np.zeros(int(moves.changed.sum()), bool)
    errors = _move_of_row(rows, moves)[(rows.told.marks & ERROR) > 0]
    failed[errors[errors >= 0]] = True
    return failed


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


def _move_of_row(rows: _Rows, moves: _Moves) -> Ints:
    """The move that was being made at each row; -1 before a session's first."""
    latest = np.cumsum(rows.is_step) - 1
    move = np.where(latest >= 0, (np.cumsum(moves.changed) - 1)[np.maximum(latest, 0)], -1)
    other_session = rows.of_row[moves.places[np.maximum(latest, 0)]] != rows.of_row
    return np.where((latest >= 0) & ~other_session, move, -1)
