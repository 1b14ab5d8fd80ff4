"""`aqe production journeys`: which ways people take, where they leave, and which of these ways are new."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..common import echo, print_json, with_runtime
from ..params import count
from ..text import cleaned, counted, duration_text, facts, fine_percent, percent, shown, table
from .common import days_option, insight_lines, missing, performed, release_option

if TYPE_CHECKING:
    from ...core.records.evidence import NotMeasured
    from ...core.records.production.journeys import Conformance, Edge, Journey, Journeys, Share, Step

MAX_JOURNEYS = 15
MAX_STEPS = 12
MAX_WAYS = 5
"""Listed of each; --json has more."""
MAX_SHOWN = 8
"""Steps of a journey that are spelt out."""


@click.command("journeys")
@days_option()
@click.option("--min-users", type=count(2), default=5, show_default=True, help="What fewer did is withheld.")
@click.option("--goal", metavar="NAME", help="Event, page or path that counts as conversion (default: a purchase).")
@click.option("--pages-only", is_flag=True, help="Clicks and other named actions are no steps.")
@release_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "dot", "mermaid"]),
    default="text",
    help="Output format; dot and mermaid draw the graph.",
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json: stdout holds only the JSON.")
@click.pass_context
def journeys(
    ctx: click.Context,
    days: float,
    min_users: int,
    goal: str | None,
    pages_only: bool,
    release: str | None,
    format_: str,
    as_json: bool,
) -> None:
    """Which ways people take through pages and actions, where they leave, and which of these ways are new.

    From real-user monitoring and product events, else from logged requests that name sessions or users, else from
    access logs, where one address with one browser stands for a person: an approximation, and said to be. A pause of
    half an hour ends a session; a step repeated in a row is one. What fewer than --min-users people did is withheld,
    and how much that is is said. Each run is the known model that the next one compares new sessions with.

    \b
    Exit codes: 0 done, 1 nothing in the window names sessions, users or addresses.
    Examples: aqe production journeys --days 7
              aqe production journeys --format mermaid
              aqe production journeys --goal /order/confirmation --json | jq '.journeys[0]'
    """
    from ...core.records.production.journeys import Journeys

    payload = {"days": days, "minUsers": min_users, "goal": goal, "release": release, "actions": not pages_only}
    result = with_runtime(ctx, lambda parts: performed(parts, "user-journey-reconstruction", payload))
    if as_json or format_ == "json":
        print_json(result)
        return
    found = cleaned(Journeys.from_value(result, where="result of the analysis"))
    if format_ == "text":
        echo(journeys_text(found))
        return
    from .journey_graph import dot, mermaid

    click.echo(dot(found) if format_ == "dot" else mermaid(found))


def journeys_text(found: "Journeys") -> str:
    """Variants, the graph, drop-offs and conformance; of a `cleaned` record."""
    lines = [
        f"{counted(found.sessions, 'session')} by {counted(found.users, 'user')} (told by {found.users_by}) in"
        f" {found.window_from:%Y-%m-%d} to {found.window_to:%Y-%m-%d}",
        f"{counted(found.events, 'event')} ({', '.join(found.sources)})",
        "",
        facts(_ends(found)),
        "",
        *_variants(found),
        "",
        *_graph(found),
        *_drop_offs(found),
        "",
        *_conformance(found),
        "",
        *(f"Not told: {limit}." for limit in found.limits),
    ]
    return "\n".join([*lines, *insight_lines(found.insights)])


def _ends(found: "Journeys") -> list[tuple[str, object]]:
    ends = found.outcomes

    def told(number: "int | NotMeasured") -> str:
        return f"{number} ({percent(number / found.sessions)})" if isinstance(number, int) else missing(number)

    revenue = ends.revenue
    return [
        ("Converted", told(ends.converted)),
        ("Ended in error", told(ends.errors)),
        ("Bounced", told(ends.bounced)),
        ("Abandoned", told(ends.abandoned)),
        ("Revenue", f"{revenue:.2f} {ends.currency or ''}" if isinstance(revenue, float) else missing(revenue)),
    ]


def _variants(found: "Journeys") -> Iterator[str]:
    titles = {step.id: step.title for step in found.steps}
    names = ("SHARE", "SESSIONS", "USERS", "CONVERTED", "MOSTLY", "MEAN", "JOURNEY")
    shown = found.journeys[:MAX_JOURNEYS]
    yield table(names, [_variant(one, titles) for one in shown]) if shown else "No journey was taken by enough people."
    more = len(found.journeys) - len(shown) + found.journeys_unlisted
    if more:
        yield f"Not listed: {counted(more, 'rarer journey')}"
    if found.journeys_withheld:
        yield (
            f"Withheld: {counted(found.journeys_withheld, 'journey')} ({counted(found.sessions_withheld, 'session')})"
            f" of fewer than {found.min_users} people each"
        )


def _variant(one: "Journey", titles: dict[str, str]) -> tuple[object, ...]:
    way = [titles.get(step, "(withheld)") for step in one.steps]
    cut = [f"... {len(way) - MAX_SHOWN} more"] if len(way) > MAX_SHOWN else ["..."] if one.cut else []
    return (
        _share(one.share),
        one.sessions,
        one.users,
        "-" if one.converted is None else percent(one.converted / one.sessions),
        one.outcome or "-",
        duration_text(one.duration_mean_s),
        " -> ".join([*way[:MAX_SHOWN], *cut]),
    )


def _graph(found: "Journeys") -> Iterator[str]:
    titles = {step.id: step.title for step in found.steps}
    begins = sorted((s for s in found.steps if s.entries), key=lambda s: -(s.entries or 0))[:MAX_WAYS]
    ways = ", ".join(f"{step.title} {percent((step.entries or 0) / found.sessions)}" for step in begins)
    yield f"Sessions begin at {ways or 'no step that enough people began with'}"
    for step in found.steps[:MAX_STEPS]:
        yield f"\n{step.title}  {counted(step.sessions, 'session')}, {counted(step.users, 'user')}"
        edges = [edge for edge in found.edges if edge.source == step.id]
        yield table(("  ", "", "", "", ""), [*_ways(step, edges, titles)]).partition("\n")[2]
    hidden = len(found.steps[MAX_STEPS:])
    if hidden:
        yield f"\n{hidden} rarer steps are not listed"
    if found.edges_withheld:
        yield f"{found.edges_withheld} ways from step to step of fewer than {found.min_users} people each are withheld"


def _ways(step: "Step", edges: "list[Edge]", titles: dict[str, str]) -> Iterator[tuple[object, ...]]:
    for edge in edges[:MAX_WAYS]:
        pause = edge.pause
        times = f"{_pause(pause.p50_s)} (p75 {_pause(pause.p75_s)}, p95 {_pause(pause.p95_s)})"
        idle = f", idle {_pause(pause.idle_p50_s)}" if pause.idle_p50_s is not None else ""
        yield "  ->", percent(edge.share), edge.times, titles.get(edge.target, "(withheld)"), f"after {times}{idle}"
    rest = edges[MAX_WAYS:]
    if rest:
        yield "  ->", percent(sum(edge.share for edge in rest)), sum(edge.times for edge in rest), "others", ""
    if step.exits:
        yield "  ->", "", step.exits, "(end)", ""


def _drop_offs(found: "Journeys") -> Iterator[str]:
    titles = {step.id: step.title for step in found.steps}
    if not found.drop_offs:
        return
    converts = isinstance(found.outcomes.converted, int)
    yield f"\nWhere people leave{' without having converted' if converts else '; nothing tells who had converted'}"
    names = ("LEFT", "OF", "SHARE", "ERRORS IF LEFT", "IF STAYED", "STEP")
    rows = [
        (
            drop.left,
            drop.sessions,
            _share(drop.share),
            "-" if drop.error_share_left is None else percent(drop.error_share_left),
            "-" if drop.error_share_stayed is None else percent(drop.error_share_stayed),
            titles[drop.step],
        )
        for drop in found.drop_offs
    ]
    yield table(names, rows)


def _conformance(found: "Journeys") -> Iterator[str]:
    from ...core.records.evidence import NotMeasured

    own = f"{_share(found.replay)} of these sessions replay on the steps and ways that are told"
    known = found.conformance
    if isinstance(known, NotMeasured):
        yield f"New ways: {missing(known)}"
        yield own
        return
    yield (
        f"{known.sessions} new sessions: {_share(known.replay)} replay on the model of {known.model_from:%Y-%m-%d} to"
        f" {known.model_to:%Y-%m-%d %H:%M}, of its own {_share(known.expected)} did (difference"
        f" {100 * known.difference_low:+.1f} to {100 * known.difference_high:+.1f} points)"
    )
    yield from _new_edges(known)
    yield own


def _new_edges(known: "Conformance") -> Iterator[str]:
    for edge in known.new_edges:
        yield f"  NEW  {_share(edge.share)}  {edge.sessions} sessions  {edge.source_title} -> {edge.target_title}"
    if known.new_edges_withheld:
        yield f"  {known.new_edges_withheld} new ways of too few people are withheld"


def _share(share: "Share") -> str:
    """`12.3 % (11.9-12.8)`."""
    return f"{fine_percent(share.value)} ({shown(100 * share.low)}-{shown(100 * share.high)})"


def _pause(seconds: float) -> str:
    """Seconds up to ten minutes: people's pauses lie there, and whole minutes would hide them."""
    return f"{seconds:.3g} s" if seconds < 600 else duration_text(seconds)
