"""Who visits: browsers, buyers and bouncers, found from what their sessions did.

- A buyer's session holds a purchase: an event or action that is called one, or an event with revenue. Where it names a
  user only, as a server's does, it belongs to the session in which monitoring saw that user then, or lately.
- The others are two kinds, told apart by length and by whether they saw more than one page (analysis/visit_kinds): the
  shorter kind are the bouncers. Where the data show one kind only, a bouncer is who saw a single page.
Nothing is held but sums by length, however many sessions there are.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....analysis.inference.proportions import wilson
from ....analysis.visit_kinds import BINS, cell, visit_kinds
from ....core.records.bulk.rows import PRODUCT, RUM
from ....core.records.evidence import NotMeasured
from ....core.records.production.load import WEEKDAYS, ClassName, UserClass, UserClasses, WeekdayConversion
from ..loaded import Loaded

MAX_NAME_CHARS = 200
"""Of an event's name that are looked at."""
MAX_THINK_S = 1_800.0
"""Mean pause between views, above which a visit was left and taken up again: it tells nothing about thinking."""
PURCHASE = re.compile(
    r"(?:(?:in[_ -]?app|ecommerce|\$)[_ .:-]?)?"
    r"(?:purchased?|transaction|(?:order|checkout|payment)[_ -]?(?:placed?|completed?|succe\w+|confirm\w*)"
    r"|(?:placed?|completed?|confirm\w*)[_ -]?(?:order|checkout|payment|purchase))",
    re.IGNORECASE,
)
"""Names of events that mean that somebody bought; `in_app_purchase`, `Order Completed`, `place_order`."""
PAGE_VIEW = re.compile(r"\$?(?:page|screen)[_ -]?view(?:ed)?|(?:viewed )?(?:page|screen)(?: viewed)?", re.IGNORECASE)
"""Names of events of product analytics that are page views."""

Array = NDArray[np.float64]
# What is summed up of each session, in this order.
_SUMS = ("sessions", "views", "actions", "length_s", "pauses_s", "pauses", "revenue")


@dataclass(slots=True)
class Session:
    """What one session did.

    Args:
        first_s, last_s: time of its first and last event, seconds since the epoch.
        views, actions: counts.
        stay_s: time on pages that the views report.
        view_span_s: from its first view to its last.
    """

    first_s: float = np.inf
    last_s: float = -np.inf
    views: int = 0
    actions: int = 0
    stay_s: float = 0.0
    view_span_s: float = 0.0
    revenue: float = 0.0
    bought: bool = False

    @property
    def length_s(self) -> float:
        """From its first to its last event, or the time on its pages where that is longer."""
        return max(self.last_s - self.first_s, self.stay_s)


def _sums(session: Session) -> tuple[float, ...]:
    pauses = session.views - 1
    thinking = pauses > 0 and session.view_span_s <= pauses * MAX_THINK_S
    return (
        1, session.views, session.actions, session.length_s,
        session.view_span_s if thinking else 0.0, pauses if thinking else 0, session.revenue,
    )  # fmt: skip


class _Summed(NamedTuple):
    buyers: Array
    others: Array
    """By the cells of the histogram."""
    by_weekday: list[list[int]]
    """Sessions, and those of them that bought."""


def _summed(found: Iterable[Session]) -> _Summed:
    # Plain lists: adding seven numbers to an array costs ten times as much.
    buyers = [0.0] * len(_SUMS)
    others: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0] * len(_SUMS))
    by_weekday = [[0, 0] for _ in WEEKDAYS]
    for session in found:
        into = buyers if session.bought else others[cell(session.length_s, session.views)]
        for place, value in enumerate(_sums(session)):
            into[place] += value
        counts = by_weekday[_weekday(session.first_s)]
        counts[0] += 1
        counts[1] += session.bought
    cells = np.zeros((2, BINS, len(_SUMS)))
    for at, sums in others.items():
        cells[at] = sums
    return _Summed(np.array(buyers), cells, by_weekday)


def _weekday(at_s: float) -> int:
    """0 = Monday, UTC; the epoch began on a Thursday."""
    return int(at_s // 86_400 + 3) % 7


def user_classes(loaded: Loaded) -> UserClasses | NotMeasured:
    """The classes of the window's sessions."""
    buyers, others, by_weekday = _summed(sessions(loaded))
    everything = buyers + others.sum(axis=(0, 1))
    if everything[0] == 0:
        return NotMeasured(reason="no sessions: real-user monitoring and product events name them, access logs do not")
    visits = others[:, :, 0]
    single_view = np.repeat([[1.0], [0.0]], BINS, axis=1)
    kinds = visit_kinds(visits)
    short = single_view if kinds is None else kinds
    bouncers = (others * short[:, :, None]).sum(axis=(0, 1))
    browsers = others.sum(axis=(0, 1)) - bouncers
    found = ((ClassName.BROWSER, browsers), (ClassName.BUYER, buyers), (ClassName.BOUNCER, bouncers))
    classes = tuple(_class(name, sums, everything) for name, sums in found if sums[0] > 0)
    return UserClasses(
        sessions=int(everything[0]),
        method="single-view" if kinds is None else "mixture",
        agreement=None if kinds is None else float((visits * (1 - abs(short - single_view))).sum() / visits.sum()),
        accuracy=NotMeasured(reason="nothing in the data says who bounced; docs/benchmarks.md: simulated sites"),
        buyers_by="purchase events" if buyers[0] else "nothing",
        classes=classes,
        weekly=tuple(_weekly(by_weekday)) if buyers[0] else (),
    )


def _weekly(counts: list[list[int]]) -> Iterator[WeekdayConversion]:
    for weekday, (visits, bought) in zip(WEEKDAYS, counts, strict=True):
        if visits:
            low, high = wilson(bought, visits)
            yield WeekdayConversion(weekday=weekday, sessions=visits, share=bought / visits, low=low, high=high)


def _class(name: ClassName, sums: Array, everything: Array) -> UserClass:
    of = dict(zip(_SUMS, sums.tolist(), strict=True))
    known = dict(zip(_SUMS, everything.tolist(), strict=True))
    count = of["sessions"]
    return UserClass(
        name=name,
        share=count / known["sessions"],
        sessions=count,
        session_s=of["length_s"] / count,
        views=of["views"] / count,
        actions=of["actions"] / count if known["actions"] else None,
        think_s=of["pauses_s"] / of["pauses"] if of["pauses"] else None,
        revenue=of["revenue"] / count if known["revenue"] else None,
    )


def sessions(loaded: Loaded) -> Iterator[Session]:
    """Every session of the window, put together from real-user monitoring and product events."""
    streams = (
        _facts("view", loaded.tally(RUM, ("session",), only={"event": "view"}, sums=("duration_ms",))),
        _facts("action", loaded.tally(RUM, ("session", "name"), only={"event": "action"})),
        _facts("event", loaded.tally(PRODUCT, ("session", "name"), sums=("revenue",), in_visits=True)),
    )
    for _, facts in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        yield _session(facts)


class _Fact(NamedTuple):
    session: str
    kind: str
    name: str
    times: int
    first_s: float
    last_s: float
    total: float


def _facts(kind: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[_Fact]:
    """Rows of one stream, in order of the session; those without one belong to none."""
    for row in rows:
        if row[0]:
            name = row[1] if kind != "view" else None
            count, first_s, last_s, *totals = row[1 if kind == "view" else 2 :]
            yield _Fact(row[0], kind, name or "", count, first_s, last_s, totals[0] if totals else 0.0)


def _session(facts: Iterable[_Fact]) -> Session:
    session = Session()
    monitored = False
    view_first_s, view_last_s = np.inf, -np.inf
    for fact in facts:
        is_view = fact.kind == "view" or (
            fact.kind == "event" and PAGE_VIEW.fullmatch(fact.name[:MAX_NAME_CHARS]) is not None
        )
        session.first_s, session.last_s = min(session.first_s, fact.first_s), max(session.last_s, fact.last_s)
        if fact.kind != "view" and PURCHASE.fullmatch(fact.name[:MAX_NAME_CHARS]):
            session.bought = True
        if fact.kind == "event":
            session.revenue += fact.total
            if monitored:  # it has seen the same pages and clicks
                continue
        else:
            monitored = True  # these facts come first
        if is_view:
            session.views += fact.times
            session.stay_s += fact.total / 1000 if fact.kind == "view" else 0.0
            view_first_s, view_last_s = min(view_first_s, fact.first_s), max(view_last_s, fact.last_s)
        else:
            session.actions += fact.times
    session.bought = session.bought or session.revenue > 0
    session.view_span_s = max(0.0, view_last_s - view_first_s)
    return session
