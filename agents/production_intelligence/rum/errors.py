"""Errors of browsers: how many visits met them, where, with what, and where more than elsewhere.

An error's page is the one seen last before it in its visit. What is compared are visits: those with a browser, device
or region against all others, those that saw a page against those that saw any other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from ....core.records.bulk.rum_answers import ERROR_DIMENSIONS, NOT_SAID, ErrorTimes, ErrorVisits, RumAnswers
from ....core.records.evidence import NotMeasured
from ....core.records.production.rum_analysis import BrowserError, ErrorPlace
from .compare import Compared, Group, differences

LISTED = 50
MAX_PLACES = 5
"""Pages, browsers, devices and regions of an error that are named and compared, those with most visits."""


class _Place(ErrorPlace):
    """With the name of its error, until it joins that error's record."""

    error: str


def browser_errors(answers: RumAnswers) -> tuple[BrowserError, ...]:
    """The most frequent errors."""
    exposed = {"page": Counter({page.label: page.visits for page in answers.pages})}
    for dimension in ERROR_DIMENSIONS[1:]:
        exposed[dimension] = Counter()
        for client in answers.clients:
            exposed[dimension][getattr(client, dimension) or ""] += client.visits
    met: defaultdict[str, list[ErrorVisits]] = defaultdict(list)
    for one in answers.error_visits:
        met[one.error].append(one)
    compared = [
        one
        for error, visits in met.items()
        for dimension, of in exposed.items()
        for one in _compared(error, dimension, _by(dimension, visits), of)
    ]
    places: defaultdict[str, list[ErrorPlace]] = defaultdict(list)
    for place in differences(compared, _Place):
        places[place.error].append(ErrorPlace(**place.model_dump(exclude={"error"})))
    return tuple(
        _error(one, met[one.error], places[one.error], answers.totals.visits) for one in answers.errors[:LISTED]
    )


def _by(dimension: str, visits: Iterable[ErrorVisits]) -> dict[str, int]:
    """Page, browser, device or region -> visits that met the error there, most first."""
    found = {one.value or "": one.visits for one in visits if one.dimension == dimension}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _compared(error: str, dimension: str, met: Mapping[str, int], exposed: Mapping[str, int]) -> Iterator[Compared]:
    known = {value: times for value, times in met.items() if value in exposed}
    with_it, all_visits = sum(known.values()), sum(exposed.values())
    for value, times in islice(known.items(), MAX_PLACES):
        if value:
            rest = Group(with_it - times, all_visits - exposed[value])
            what = {"error": error, "dimension": dimension, "value": value}
            yield Compared(Group(times, exposed[value]), rest, what)


def _error(
    error: ErrorTimes, met: Sequence[ErrorVisits], places: Sequence[ErrorPlace], all_visits: int
) -> BrowserError:
    visits = next((one.visits for one in met if one.dimension is None), None)
    unknown = NotMeasured(reason="beyond the errors that are counted by visit, or of rows that name no visit")
    return BrowserError(
        error=error.error,
        times=error.times,
        users=error.users or NotMeasured(reason="its rows name no user"),
        visits=unknown if visits is None else visits,
        visit_share=unknown if visits is None else visits / all_visits,
        pages=_first(_by("page", met)),
        browsers=_first(_by("browser", met)),
        devices=_first(_by("device", met)),
        regions=_first(_by("region", met)),
        places=tuple(places),
    )


def _first(visits: Mapping[str, int]) -> dict[str, int]:
    return {value or NOT_SAID: times for value, times in islice(visits.items(), MAX_PLACES)}
