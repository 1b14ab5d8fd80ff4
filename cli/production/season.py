"""`aqe production seasonal-analysis`: what named days did to traffic, and what the next ones will."""

from typing import TYPE_CHECKING

import click

from ...core.occasions import ASKED_BY_DEFAULT, OCCASIONS
from ..common import echo, output_options, print_json, with_runtime
from ..text import cleaned, counted, table, value_text
from .common import days_option, insight_lines, missing, performed, release_option
from .load import model_text

if TYPE_CHECKING:
    from ...core.records.production.season import EventEffect, Multiplier, SeasonalAnalysis


def _events(text: str) -> list[str]:
    """`black-friday,cyber-monday`, as the type of an option."""
    from ...core.registry import did_you_mean

    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in OCCASIONS:
            raise click.BadParameter(f"no event {name!r}{did_you_mean(name, OCCASIONS)}; known: {', '.join(OCCASIONS)}")
    return names


@click.command("seasonal-analysis")
@click.option(
    "--events",
    type=_events,
    metavar="A,B",
    help=f"Of {', '.join(OCCASIONS)} (default: {','.join(ASKED_BY_DEFAULT)}).",
)
@days_option(None)
@release_option
@output_options
@click.pass_context
def seasonal_analysis(
    ctx: click.Context, as_json: bool, events: list[str] | None, days: float | None, release: str | None
) -> None:
    """What named days did to traffic against the same weekdays before, and the load to expect the next time.

    An event that the data do not hold is not measured; old logs can be imported at any time, `retention` in aqe.yaml
    says how long they are kept.

    \b
    Exit codes: 0 done, 1 no traffic at all, 2 an unknown event.
    Examples: aqe production seasonal-analysis --events black-friday,cyber-monday
    """
    from ...core.records.production.season import SeasonalAnalysis

    payload = {"events": events, "days": days, "release": release}
    result = with_runtime(ctx, lambda parts: performed(parts, "seasonal-analysis", payload))
    if as_json:
        print_json(result)
    else:
        echo(season_text(SeasonalAnalysis.from_value(result, where="result of the analysis")))


def season_text(found: "SeasonalAnalysis") -> str:
    """Every event, for people."""
    found = cleaned(found)
    head = (
        f"{found.unit} ({found.source}), {found.window_from:%Y-%m-%d} to {found.window_to:%Y-%m-%d},"
        f" {counted(found.observed_days, 'day')} observed"
    )
    return "\n".join([head, *(_event(event) for event in found.events), *insight_lines(found.insights)])


def _event(event: "EventEffect") -> str:
    from ...core.records.production.load import LoadModel
    from ...core.records.production.season import Multiplier

    expected = _times(event.multiplier) if isinstance(event.multiplier, Multiplier) else missing(event.multiplier)
    last = "" if event.next_last_day == event.next_first_day else f" to {event.next_last_day}"
    lines = [f"\n{event.event}, next {event.next_first_day}{last}: {expected}"]
    if event.occurrences:
        rows = [
            (
                o.first_day,
                value_text(o.rps),
                "-" if o.usual_rps is None else value_text(o.usual_rps),
                o.usual_days,
                value_text(o.peak_rps),
                _times(o.multiplier) if isinstance(o.multiplier, Multiplier) else missing(o.multiplier),
            )
            for o in event.occurrences
        ]
        lines.append(table(("FROM", "MEAN /S", "USUAL /S", "USUAL DAYS", "PEAK /S", "EFFECT"), rows))
    if isinstance(event.model, LoadModel):
        lines.append(model_text(event.model))
    return "\n".join(lines)


def _times(of: "Multiplier") -> str:
    return f"{of.value:.2f} times the usual (95 % interval {of.low:.2f} to {of.high:.2f})"
