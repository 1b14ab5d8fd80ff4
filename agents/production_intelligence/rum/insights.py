"""What real-user monitoring shows, in words: reasons to leave, slow pages, errors of one browser or page."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

from ....core.numbers import percent, value_text
from ....core.records.production.findings import FindingPriority, Insight
from ....core.records.production.rum_analysis import (
    BrowserError,
    Funnel,
    FunnelStep,
    RumAnalysis,
    Vital,
    VitalFigures,
    VitalRating,
)

KEY = "aqe/production/rum-analysis"
MAX_ERRORS = 10
COMMON = 0.01
"""Share of visits from which an error of one browser or page is urgent."""
MUCH = 0.5
"""Share of those at a step that leave, from which an insight speaks of the step where most do."""


def rum_insights(found: RumAnalysis, now: datetime) -> Iterator[Insight]:
    """The most urgent kinds first.

    Args:
        now: aware UTC; becomes `created_at`.
    """
    if isinstance(found.funnel, Funnel):
        yield from _of_funnel(found.funnel, now)
    for vital in found.vitals:
        yield from _of_vital(vital, now)
    for error in [error for error in found.errors if error.places][:MAX_ERRORS]:
        yield _of_error(error, now)


def _of_funnel(funnel: Funnel, now: datetime) -> Iterator[Insight]:
    for step, following in zip(funnel.steps, funnel.steps[1:], strict=False):
        way = f"between {step.step} and {following.step}"
        for reason in step.reasons if isinstance(step.reasons, tuple) else ():
            yield _insight(
                f"drop-{step.step}-{_id(reason.error)}",
                f"Who meets {reason.error} leaves {way}",
                f"{percent(reason.share)} of the {_dropped(step)} met it after {step.step}, and"
                f" {percent(reason.other_share)} of those who went on; p = {reason.p_value:.2g}. An association: what"
                " else these visits have in common was not looked at.",
                FindingPriority.HIGH,
                f"Repair it, and test the way from {step.step} to {following.step}.",
                now,
                occurrences=reason.visits,
                benefit=f"About {reason.excess_visits:,.0f} of {step.visits:,} visits would not leave there,"
                " if it is the cause.",
            )
        for segment in step.segments:
            yield _insight(
                f"drop-{step.step}-{_id(segment.dimension + segment.value)}",
                f"With {segment.value} more leave {way}",
                f"{percent(segment.share)} of the visits with {segment.dimension} {segment.value} that reached"
                f" {step.step} leave there, {percent(segment.other_share)} of the others; p = {segment.p_value:.2g}.",
                FindingPriority.MEDIUM,
                f"Go from {step.step} to {following.step} with {segment.value}, by hand and in a test.",
                now,
                occurrences=segment.visits,
            )
    yield from _of_largest_drop(funnel, now)


def _of_largest_drop(funnel: Funnel, now: datetime) -> Iterator[Insight]:
    step = max(funnel.steps[:-1], key=lambda step: step.drop_share or 0.0)
    if (step.drop_share or 0.0) < MUCH:
        return
    following = funnel.steps[funnel.steps.index(step) + 1]
    known = isinstance(step.reasons, tuple)
    why = "No error is more frequent among them." if step.reasons == () else ""
    yield _insight(
        f"drop-{step.step}",
        f"{percent(step.drop_share or 0.0)} leave between {step.step} and {following.step}",
        f"{_dropped(step)} of {step.visits:,}, the largest share of any step. {why if known else ''}".strip(),
        FindingPriority.MEDIUM,
        f"Look what these visits do instead of going on to {following.step}.",
        now,
        occurrences=step.dropped,
    )


def _dropped(step: FunnelStep) -> str:
    return f"{step.dropped:,} visits that left"


def _of_vital(vital: Vital, now: datetime) -> Iterator[Insight]:
    """One insight a vital: the overall rating, or else the worst device; with the slow pages named."""
    if vital.legacy or not isinstance(vital.overall, VitalFigures):
        return
    devices = [one for one in vital.segments if one.device and not one.browser and not one.page]
    judged = [("all visits", vital.overall), *((f"device {one.device}", one) for one in devices)]
    where, worst = max(judged, key=lambda named: _BADNESS.get(named[1].rating, 0))
    if not _BADNESS.get(worst.rating, 0):
        return
    poor = worst.rating is VitalRating.POOR
    pages = sorted((one for one in vital.segments if one.page and _BADNESS.get(one.rating, 0)), key=lambda p: -p.p75)
    named = ", ".join(f"{one.page} {_amount(vital, one.p75)}" for one in pages[:3])
    yield _insight(
        f"vital-{vital.name}",
        f"{vital.name} {'is poor' if poor else 'needs improvement'} on {where}: {_amount(vital, worst.p75)} at p75",
        f"Good is up to {_amount(vital, vital.good)}, poor above {_amount(vital, vital.poor)};"
        f" {percent(worst.poor_share)} of {worst.samples:,} samples are poor."
        + (f" Slowest pages: {named}." if named else ""),
        FindingPriority.HIGH if poor else FindingPriority.MEDIUM,
        f"Start with {pages[0].page}." if pages else "Look at the slowest pages.",
        now,
    )


def _of_error(error: BrowserError, now: datetime) -> Insight:
    place = error.places[0]
    visits = error.visits if isinstance(error.visits, int) else None
    common = isinstance(error.visit_share, float) and error.visit_share >= COMMON
    return _insight(
        f"error-{_id(error.error)}",
        f"{error.error} belongs to {place.dimension} {place.value}",
        f"{percent(place.share)} of the visits there met it, {percent(place.other_share)} elsewhere;"
        f" p = {place.p_value:.2g}. {error.times:,} times in {visits or 0:,} visits.",
        FindingPriority.HIGH if common else FindingPriority.MEDIUM,
        f"Reproduce it with {place.dimension} {place.value}, and keep that as a test.",
        now,
        occurrences=error.times,
        affected_users=error.users if isinstance(error.users, int) else None,
    )


_BADNESS: dict[object, int] = {VitalRating.NEEDS_IMPROVEMENT: 1, VitalRating.POOR: 2}


def _amount(vital: Vital, value: float) -> str:
    return value_text(value) if vital.name == "CLS" else f"{value:,.0f} ms"


def _id(text: str) -> str:
    return blake2b(text.encode(), digest_size=5).hexdigest()


def _insight(
    id_: str, title: str, detail: str, priority: FindingPriority, advice: str, now: datetime, **more: Any
) -> Insight:
    return Insight(
        id=f"insight-rum-{id_}",
        title=title,
        detail=detail,
        priority=priority,
        evidence=(KEY,),
        recommendation=advice,
        created_at=now,
        **more,
    )
