"""What people did, as columns: what millions of rows come down to before sessions are made of them.

Named tuples of arrays, not records: a batch holds a million rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VISIT_PAUSE_S = 1_800
"""Seconds without a sign that end a visit; as Google Analytics has it."""
NO_STEP = -1
"""Among `VisitBatch.step`: an error, a payment, an action that is none of the steps."""
OTHER_STEP = 0
"""Among `VisitBatch.step`: too few people did it, or it was beyond the bound."""
BY_SESSION, BY_USER, BY_CLIENT = "session", "user", "client"
"""What the rows of a kind are put together by: `VisitSource.by`."""
ERROR, GOAL, MONITORED, NAMED = 1, 2, 4, 8
"""Bits of `VisitBatch.marks`: it failed; it is the goal; seen by real-user monitoring; its person is a user."""


class StepText(NamedTuple):
    """What a step is, before it is counted. `kind` is one of core/records/production/journeys.StepKind."""

    kind: str
    page: str | None
    action: str | None
    path: str | None = None
    """The page's path with ids as `{id}`; None where no path was seen by enough people."""


class VisitQuestion(NamedTuple):
    """Which visits, and what is a step among them.

    Args:
        since, until: aware; `until` is not in it.
        release: only rows imported for it; None = all.
        purchase: regular expression (RE2, any case) for the whole name of an event that is a purchase.
        page_view: the same, of a product event that is a page view.
        goal: name of an event, or group or path of a page, that is the goal instead of a purchase.
        actions: False = only pages are steps.
        min_users: a step of fewer people is OTHER_STEP.
        known: steps to be told apart whoever took them.
    """

    since: datetime
    until: datetime
    release: str | None
    purchase: str
    page_view: str
    goal: str | None
    actions: bool
    min_users: int
    known: tuple[StepText, ...] = ()


class VisitBatch(NamedTuple):
    """All rows of some people, in no order; the other people are in other batches. Columns of equal length."""

    key: NDArray[np.uint64]
    """Which session, or the user where no row of the source names one."""
    person: NDArray[np.uint64]
    """The user, or the session where it names none."""
    at_us: NDArray[np.int64]
    """Microseconds since the epoch."""
    step: NDArray[np.int16]
    """Index into `Visits.steps`."""
    marks: NDArray[np.uint8]
    spent_ms: NDArray[np.float32]
    """On the page, as the source says; NaN = it does not."""
    revenue: NDArray[np.float64]


class VisitSource(NamedTuple):
    """One kind of rows that was looked at."""

    kind: str
    """See core/records/bulk/rows."""
    by: str
    """BY_SESSION (rows without one by their user, where it is the only kind), BY_USER, or BY_CLIENT: by address and
    browser, an approximation."""
    ignored: int
    """Rows that do not say whose they are."""


class Visits(NamedTuple):
    """The answer but for its rows."""

    sources: tuple[VisitSource, ...]
    """None = nothing that names sessions or users."""
    steps: tuple[StepText, ...] = ()
    """The first is OTHER_STEP."""
    currencies: tuple[str, ...] = ()
    """Of the payments, those that say one."""
    tells_goal: bool = False
    """Whether any row is the goal or a payment."""
    tells_errors: bool = False
    """Whether any row failed."""
    machines: int = 0
    """People who were left out because they did more than a person does."""
