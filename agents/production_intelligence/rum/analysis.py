"""Real-user monitoring: what visits did, where they left, what they waited for and what they met.

The rows are counted by `DatasetReader.rum_answers`; here the counts become a record, with what they do not tell said.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt

from ....core.errors import NoData
from ....core.records.bulk.rows import RUM
from ....core.records.bulk.rum_answers import ClientVisits, RumAnswers, RumQuestion
from ....core.records.evidence import NotMeasured
from ....core.records.production.rum_analysis import (
    ActionUsage,
    Conversion,
    Funnel,
    PageUsage,
    RumAnalysis,
    Sampling,
    Segment,
    VisitCounts,
    VisitPath,
)
from ...outcome import Outcome
from ..load.visitors import PURCHASE
from ..loaded import Loaded
from .errors import browser_errors
from .funnel import CONFIRMATION, funnel, steps_found, steps_given
from .insights import rum_insights
from .vitals import THRESHOLDS, vitals

MAX_PATHS, MAX_PAGES, MAX_SEGMENTS, MAX_ACTIONS = 20, 100, 20, 10
MAX_STEPS_SHOWN = 20
"""Pages of a path."""
CONFIDENT = 1.96
"""Normal quantile of a 95 % interval."""
NOTHING = "no real-user monitoring in the window: `aqe import` reads Datadog, Faro, web-vitals and others"


def rum_analysis(loaded: Loaded) -> Outcome:
    """The task `rum-analysis`: payload `funnel`, a list of pages or globs of them, in order; else it is found.

    Raises:
        NoData: no row of real-user monitoring in the window, or the funnel has a page that nobody saw.
    """
    if not loaded.datasets.files(RUM, since=loaded.since, until=loaded.until):
        raise NoData(NOTHING)
    known = loaded.datasets.rum_pages(since=loaded.since, until=loaded.until, release=loaded.release)
    pages = [page for page in known if page.views]
    asked = loaded.payload.get("funnel")
    steps = steps_given(asked, pages) if asked is not None and pages else steps_found(pages)
    answers = loaded.datasets.rum_answers(
        RumQuestion(
            since=loaded.since,
            until=loaded.until,
            release=loaded.release,
            purchase=PURCHASE.pattern,
            steps=tuple(step.pages for step in steps) if len(steps) > 1 else (),
            thresholds=THRESHOLDS,
        )
    )
    if not answers.totals.rows:
        raise NoData(NOTHING)
    found = analysed(answers, funnel(answers, steps, given=asked is not None))
    found = found.model_copy(update={"insights": tuple(rum_insights(found, loaded.now))})
    return Outcome(found, {"aqe/production/rum-analysis": found})


def analysed(answers: RumAnswers, way: Funnel | NotMeasured) -> RumAnalysis:
    """The record, without insights."""
    totals, visits = answers.totals, answers.totals.visits
    nobody = NotMeasured(reason="no visit: the rows name neither sessions nor users")
    conversion = _conversion(answers, way)
    measured = isinstance(conversion, Conversion) and conversion.by == PURCHASES
    return RumAnalysis(
        window_from=totals.first,
        window_to=totals.last,
        counts=_counts(answers),
        sampling=_sampling(answers.clients),
        median_visit_s=nobody if totals.median_ms is None else totals.median_ms / 1000,
        bounce_share=sum(client.bounces for client in answers.clients) / visits if visits else nobody,
        conversion=conversion,
        funnel=way,
        pages=_pages(answers),
        paths=tuple(
            VisitPath(
                pages=path.pages[:MAX_STEPS_SHOWN],
                visits=path.visits,
                share=path.visits / visits,
                mean_s=path.mean_ms / 1000,
                conversion_share=path.bought / path.visits if measured else None,
            )
            for path in answers.paths[:MAX_PATHS]
        ),
        devices=_segments(answers.clients, "device", measured),
        browsers=_segments(answers.clients, "browser", measured),
        regions=_segments(answers.clients, "region", measured),
        vitals=vitals(answers),
        errors=browser_errors(answers),
    )


PURCHASES = "purchase events"


def _counts(answers: RumAnswers) -> VisitCounts:
    totals = answers.totals
    return VisitCounts(
        visits=totals.visits,
        by_inactivity=totals.by_inactivity,
        views=totals.views,
        views_without_visit=totals.nameless_views,
        users=totals.users,
        errors=totals.errors,
        errors_without_visit=totals.nameless_errors,
        pages=totals.pages,
        cut_visits=totals.cut,
        machines=totals.machines,
    )


def _sampling(clients: Iterable[ClientVisits]) -> Sampling | NotMeasured:
    visits = views = silent = kept = 0.0
    for client in clients:
        percent = client.sample_percent
        if percent is None or not 0 < percent <= 100:
            silent += client.visits
        else:
            kept += client.visits
            visits += client.visits * 100 / percent
            views += client.views * 100 / percent
    if not silent + kept:
        return NotMeasured(reason="no visit")
    if silent:
        many = f"{silent:.0f} of {silent + kept:.0f} visits do not say"
        return NotMeasured(reason=f"{many} which share of them their source keeps: counts are of what was recorded")
    return Sampling(kept_percent=100 * kept / visits, visits=visits, views=views)


def _conversion(answers: RumAnswers, way: Funnel | NotMeasured) -> Conversion | NotMeasured:
    """By purchase events; else by the last step of a funnel that was asked for, or that ends with a confirmation."""
    bought, visits = sum(client.bought for client in answers.clients), answers.totals.visits
    if bought:
        return _share(PURCHASES, bought, visits)
    if isinstance(way, Funnel) and (way.given or way.steps[-1].step == CONFIRMATION):
        return _share(f"the funnel's last step, {way.steps[-1].step}", way.steps[-1].visits, visits)
    return NotMeasured(
        reason="no visit with a page has an event called a purchase, and no page is called a confirmation"
    )


def _share(by: str, with_it: int, of: int) -> Conversion | NotMeasured:
    """With Wilson's interval (Journal of the American Statistical Association 22, 1927)."""
    if not of:
        return NotMeasured(reason="no visits")
    share, z2 = with_it / of, CONFIDENT**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = CONFIDENT / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return Conversion(by=by, visits=with_it, share=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def _pages(answers: RumAnswers) -> tuple[PageUsage, ...]:
    actions: defaultdict[str, list[ActionUsage]] = defaultdict(list)
    for one in answers.actions:
        actions[one.page].append(ActionUsage(action=one.action, times=one.times, people=one.people))
    return tuple(
        PageUsage(
            page=page.label,
            visits=page.visits,
            visit_share=page.visits / answers.totals.visits,
            views=page.views,
            entries=page.entries,
            exits=page.exits,
            exit_share=page.exits / page.visits,
            bounce_share=page.bounces / page.entries if page.entries else None,
            actions=tuple(actions[page.label][:MAX_ACTIONS]),
        )
        for page in answers.pages[:MAX_PAGES]
    )


def _segments(clients: Sequence[ClientVisits], dimension: str, bought: bool) -> tuple[Segment, ...] | NotMeasured:
    found: defaultdict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for client in clients:
        group = found[getattr(client, dimension)]
        for place, number in enumerate((client.visits, client.bounces, client.bought)):
            group[place] += number
    if not found.keys() - {None}:
        return NotMeasured(reason=f"no visit names a {dimension}")
    total = sum(visits for visits, _, _ in found.values())
    most = sorted(found.items(), key=lambda item: (-item[1][0], item[0] or ""))
    return tuple(
        Segment(
            value=value,
            visits=visits,
            share=visits / total,
            bounce_share=bounces / visits,
            conversion_share=purchases / visits if bought else None,
        )
        for value, (visits, bounces, purchases) in most[:MAX_SEGMENTS]
    )
