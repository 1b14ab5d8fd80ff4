"""`aqe production rum-analysis`: what real users did, where they left, what they waited for and what they met."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..text import (
    cleaned,
    counted,
    duration_text,
    facts,
    fine_percent,
    percent,
    shown,
    table,
    value_text,
    window_text,
)
from .common import days_option, insight_lines, missing, performed, release_option

if TYPE_CHECKING:
    from ...core.records.evidence import NotMeasured
    from ...core.records.production.rum_analysis import (
        BrowserError,
        Conversion,
        Funnel,
        FunnelStep,
        RumAnalysis,
        Segment,
        Vital,
        VitalFigures,
    )

SHOWN = 10
"""Pages, paths, errors and segments listed; --json has more."""


def _steps(text: str) -> list[str]:
    """`/product*,/cart,/checkout`, as the type of an option."""
    steps = [step.strip() for step in text.split(",")]
    if len(steps) < 2 or not all(steps):
        raise click.BadParameter(f"{text!r}: expected two pages or more, by comma: '/product*,/cart,/checkout'")
    return steps


@click.command("rum-analysis")
@click.option(
    "--funnel",
    type=_steps,
    metavar="A,B,C",
    help="Pages in order, as the command lists them or as globs (default: those called product, cart, checkout,"
    " confirmation).",
)
@days_option()
@release_option
@output_options
@click.pass_context
def rum_analysis(ctx: click.Context, as_json: bool, funnel: list[str] | None, days: float, release: str | None) -> None:
    """What real users did, where they left, what they waited for and what they met.

    A visit is what one session, else one user, did until half an hour without an event. Ids in paths are `{id}`.
    Reasons to leave are errors that more of those met who left than of those who went on: associations that chance
    does not explain. Web vitals are judged at the 75th percentile.

    \b
    Exit codes: 0 done, 1 no rows in the window or a funnel with a page that nobody saw, 2 wrong usage.
    Examples: aqe production rum-analysis --days 7
              aqe production rum-analysis --funnel '/product*,/cart,/checkout,/thanks' --json | jq .funnel.steps
    """
    from ...core.records.production.rum_analysis import RumAnalysis

    payload = {"days": days, "release": release, "funnel": funnel}
    result = with_runtime(ctx, lambda parts: performed(parts, "rum-analysis", payload))
    if as_json:
        print_json(result)
    else:
        echo(rum_text(RumAnalysis.from_value(result, where="result of the analysis")))


def rum_text(found: "RumAnalysis") -> str:
    """Everything, for people."""
    found = cleaned(found)
    parts = [facts(_facts(found)), *_funnel(found.funnel)]
    parts += [
        "",
        "Web vitals",
        table(("VITAL", "RATING", "P50", "P75", "P95", "P99", "POOR", "SAMPLES"), _vitals(found)),
    ]
    rows = [
        (p.visits, percent(p.visit_share), p.views, p.entries, percent(p.exit_share), _share(p.bounce_share), p.page)
        for p in found.pages[:SHOWN]
    ]
    parts += ["", "Pages", table(("VISITS", "SHARE", "VIEWS", "ENTRIES", "EXIT", "BOUNCE", "PAGE"), rows)]
    actions = [(a.times, a.people, a.action, p.page) for p in found.pages for a in p.actions]
    if actions:
        most = sorted(actions, key=lambda row: -row[0])[:SHOWN]
        parts += ["", "Actions", table(("TIMES", "PEOPLE", "ACTION", "PAGE"), most)]
    paths = [
        (p.visits, percent(p.share), duration_text(p.mean_s), _share(p.conversion_share), " > ".join(p.pages))
        for p in found.paths[:SHOWN]
    ]
    parts += ["", "Paths", table(("VISITS", "SHARE", "MEAN", "BOUGHT", "PATH"), paths)]
    for name in ("devices", "browsers", "regions"):
        parts += ["", *_segments(name.capitalize(), getattr(found, name))]
    if found.errors:
        head = ("TIMES", "USERS", "VISITS", "SHARE", "ERROR", "MORE THAN ELSEWHERE")
        parts += ["", "Errors", table(head, [_error(error) for error in found.errors[:SHOWN]])]
    return "\n".join([*parts, *insight_lines(found.insights)])


def _facts(found: "RumAnalysis") -> list[tuple[str, object]]:
    from ...core.records.evidence import NotMeasured

    counts, sampling = found.counts, found.sampling
    known = found.window_from and found.window_to and window_text(found.window_from, found.window_to)
    length, bounced = found.median_visit_s, found.bounce_share
    return [
        ("Window", known),
        ("Visits", f"{counts.visits:,}{_of_them(counts.by_inactivity, 'of users whose rows name no session')}"),
        ("Users", f"{counts.users:,} named"),
        ("Views", f"{counts.views:,} of {counted(counts.pages, 'page')}"
         f"{_of_them(counts.views_without_visit, 'of no visit')}"),
        ("Errors", f"{counts.errors:,}{_of_them(counts.errors_without_visit, 'of no visit')}"),
        ("Left out", counted(counts.machines, "machine") if counts.machines else None),
        ("Cut", f"{counted(counts.cut_visits, 'visit')} of more than 500 events" if counts.cut_visits else None),
        (
            "Scaled",
            missing(sampling)
            if isinstance(sampling, NotMeasured)
            else f"{sampling.visits:,.0f} visits, {sampling.views:,.0f} views; {sampling.kept_percent:.3g} % are kept",
        ),
        ("Median visit", missing(length) if isinstance(length, NotMeasured) else f"{length:.0f} s"),
        ("Bounces", missing(bounced) if isinstance(bounced, NotMeasured) else percent(bounced)),
        ("Conversion", _conversion(found.conversion)),
    ]  # fmt: skip


def _of_them(number: int, what: str) -> str:
    return f", {number:,} of them {what}" if number else ""


def _conversion(found: "Conversion | NotMeasured") -> str:
    from ...core.records.evidence import NotMeasured

    if isinstance(found, NotMeasured):
        return missing(found)
    interval = f"95 % interval {shown(100 * found.low)} to {fine_percent(found.high)}"
    return f"{fine_percent(found.share)} ({interval}), {counted(found.visits, 'visit')}, by {found.by}"


def _funnel(funnel: "Funnel | NotMeasured") -> Iterator[str]:
    from ...core.records.evidence import NotMeasured

    if isinstance(funnel, NotMeasured):
        yield f"\nFunnel  {missing(funnel)}"
        return
    yield "\nFunnel"
    rows = [(step.visits, percent(step.share), _share(step.drop_share), _pages(step)) for step in funnel.steps]
    yield table(("REACHED", "SHARE", "DROP", "STEP"), rows)
    for step in funnel.steps[:-1]:
        if isinstance(step.reasons, NotMeasured):
            yield f"  why after {step.step}: {missing(step.reasons)}"
        elif not step.reasons:
            yield f"  why after {step.step}: no error is more frequent among those who left"
        else:
            for reason in step.reasons:
                yield (
                    f"  why after {step.step}: {reason.error}: {percent(reason.share)} of those who left,"
                    f" {percent(reason.other_share)} of those who went on, p = {reason.p_value:.2g}"
                )


def _pages(step: "FunnelStep") -> str:
    pages = ", ".join(step.pages[:3]) + (f" and {len(step.pages) - 3} more" if len(step.pages) > 3 else "")
    return step.step if step.pages == (step.step,) else f"{step.step}: {pages}"


def _vitals(found: "RumAnalysis") -> Iterator[tuple[object, ...]]:
    """Each vital over all, and below it by device."""
    from ...core.records.bulk.rum_answers import NOT_SAID, vital_title
    from ...core.records.production.rum_analysis import VitalFigures

    for vital in found.vitals:
        name = f"{vital_title(vital.name)}, legacy" if vital.legacy else vital_title(vital.name)
        if not isinstance(vital.overall, VitalFigures):
            yield (name, missing(vital.overall), *[""] * 6)
            continue
        yield _figures(name, vital, vital.overall)
        devices = [one for one in vital.segments if one.device and not one.browser]
        if any(one.device != NOT_SAID for one in devices):
            yield from (_figures(f"  {one.device}", vital, one) for one in devices)


def _figures(name: str, vital: "Vital", of: "VitalFigures") -> tuple[object, ...]:
    from ...core.records.production.rum_analysis import VitalRating

    rating = of.rating if isinstance(of.rating, VitalRating) else missing(of.rating)
    amounts = [value_text(round(value, 3)) for value in (of.p50, of.p75, of.p95, of.p99)]
    return (
        name,
        rating,
        *amounts,
        percent(of.poor_share),
        f"{of.samples}{' (estimated)' if vital.approximate else ''}",
    )


def _segments(title: str, segments: "tuple[Segment, ...] | NotMeasured") -> Iterator[str]:
    from ...core.records.bulk.rum_answers import NOT_SAID

    if not isinstance(segments, tuple):
        yield f"{title}  {missing(segments)}"
        return
    rows = [
        (s.visits, percent(s.share), percent(s.bounce_share), _share(s.conversion_share), s.value or NOT_SAID)
        for s in segments[:SHOWN]
    ]
    yield table(("VISITS", "SHARE", "BOUNCE", "BOUGHT", title.upper()), rows)


def _error(error: "BrowserError") -> tuple[object, ...]:
    visits = error.visits if isinstance(error.visits, int) else "-"
    share = percent(error.visit_share) if isinstance(error.visit_share, float) else "-"
    places = ", ".join(
        f"{place.dimension} {place.value} ({percent(place.share)}, elsewhere {percent(place.other_share)})"
        for place in error.places
    )
    users = error.users if isinstance(error.users, int) else "-"
    return error.times, users, visits, share, error.error, places or "-"


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share)
