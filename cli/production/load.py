"""`aqe production load-patterns`: traffic by hour and weekday, its peak, endpoints, visitors, and a model of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import echo, load, look, output_options, print_json, with_runtime
from ..sparkline import sparkline
from ..text import Look, cleaned, counted, facts, fine_percent, percent, table, value_text, window_text
from .common import days_option, insight_lines, missing, performed, release_option
from .load_tests import checked, load_test_options, written

if TYPE_CHECKING:
    from ...core.records.evidence import NotMeasured
    from ...core.records.production.load import (
        Arrivals,
        DailyPattern,
        EndpointMix,
        Growth,
        LoadModel,
        LoadPatterns,
        UserClasses,
    )

_PLAIN = Look()
BAR = 40
"""Characters of the longest bar."""
MAX_ENDPOINTS = 10
"""Listed; --json has more."""


@click.command("load-patterns")
@days_option()
@click.option(
    "--source",
    type=click.Choice(["access", "spans", "rum-events"]),
    help="What is counted (default: the first of these that there is).",
)
@release_option
@load_test_options
@output_options
@click.pass_context
def load_patterns(
    ctx: click.Context, /, as_json: bool, days: float, source: str | None, release: str | None, generate: str | None,
    output: Path | None, **how: Any,
) -> None:  # fmt: skip
    """When how much traffic comes, of what and from whom; times are UTC.

    What the window has too little data for says so. The model has the busiest day in at most twelve ramps, for tests
    that follow the rate of arrivals.

    --generate writes such a test: the day in --duration, its recorded mix, limits out of the record.
    A file that somebody edited is never replaced. docs/load-tests.md goes the whole way.

    \b
    Exit codes: 0 done, 1 no traffic in the window, or too little for a model, 2 the test could not be written.
    Examples: aqe import access.log --release v1.4.0 && aqe production load-patterns --days 30
              aqe production load-patterns --days 30 --generate k6 --output tests/load --peak-rps 50 --duration 5m
              aqe production load-patterns --days 30 --json | jq .model.ramps
    """
    from ...core.records.production.load import LoadPatterns

    checked(generate, output, **how)
    payload = {"days": days, "source": source, "release": release}
    result = with_runtime(ctx, lambda parts: performed(parts, "load-pattern-analysis", payload))
    found = LoadPatterns.from_value(result, where="result of the analysis")
    if as_json:
        print_json(result)
    else:
        echo(load_text(found, look(load(ctx))))
    if generate is not None and output is not None:
        ctx.exit(written(found.model, generate, output, **how))


def load_text(found: "LoadPatterns", shows: Look = _PLAIN) -> str:
    """Everything, for people."""
    from ...core.records.production.load import Arrivals, DailyPattern, Growth, LoadModel, UserClasses

    found = cleaned(found)
    peak = found.peak
    rows = [
        ("Window", window_text(found.window_from, found.window_to)),
        ("Observed", f"{counted(found.observed_days, 'day')}, {found.whole_days} of them whole"),
        ("Total", f"{found.total} {found.unit} ({found.source})"),
        ("Mean", f"{value_text(found.mean_rps)} /s"),
        ("Peak", f"{value_text(peak.rps)} /s at {peak.at:%Y-%m-%d %H:%M}, {peak.factor:.1f} times the mean;"
                 f" busiest second {value_text(peak.second_rps)}"),
        ("Day", _line(found.daily, shows)),
        ("Arrivals", _arrivals(found.arrivals) if isinstance(found.arrivals, Arrivals) else missing(found.arrivals)),
        ("Growth", _growth(found.growth) if isinstance(found.growth, Growth) else missing(found.growth)),
    ]  # fmt: skip
    parts = [facts(rows), "", "By hour (UTC)"]
    if isinstance(found.daily, DailyPattern):
        highest = max(hour.rps for hour in found.daily.hourly)
        parts.append(
            _bars(
                [(f"{hour.hour:02}", hour.rps, f"{counted(hour.days, 'day')}") for hour in found.daily.hourly], highest
            )
        )
    else:
        parts.append(missing(found.daily))
    parts += ["", "By weekday", *_series(found.weekly, "weekday", "weeks")]
    parts += ["", "By month", *_series(found.seasonal, "month", "days")]
    parts += ["", "Endpoints", mix_text(found.mix), "", "Visitors"]
    parts.append(_users(found.users) if isinstance(found.users, UserClasses) else missing(found.users))
    parts.append("")
    parts.append(model_text(found.model) if isinstance(found.model, LoadModel) else f"Model  {missing(found.model)}")
    return "\n".join([*parts, *insight_lines(found.insights)])


def _line(daily: "DailyPattern | NotMeasured", shows: Look) -> str | None:
    """The usual day at a glance; a blank for an hour that was never observed."""
    from ...core.records.production.load import DailyPattern

    if not isinstance(daily, DailyPattern):
        return None
    rates = {hour.hour: hour.rps for hour in daily.hourly}
    line = sparkline([rates.get(hour) for hour in range(24)], blocks=shows.emoji)
    if len(daily.peak_hours) == len(rates):
        return f"{line}  no hour stands out"
    return f"{line}  peak hours {', '.join(f'{hour:02}' for hour in daily.peak_hours)}"


def _arrivals(found: "Arrivals") -> str:
    return f"{found.process}: variance of a minute over its mean {value_text(found.dispersion)}"


def _growth(found: "Growth") -> str:
    interval = f"95 % interval {found.low_percent:+.2g} to {found.high_percent:+.2g} %"
    return f"{found.weekly_percent:+.2g} % a week, {interval}, {found.weeks} weeks"


def _series(found: Any, name: str, count: str) -> Iterator[str]:
    if not isinstance(found, tuple):
        yield missing(found)
        return
    rows = [(getattr(item, name), item.rps, f"{getattr(item, count)} {count}") for item in found]
    yield _bars(rows, max(item.rps for item in found))


def _bars(rows: list[tuple[str, float, str]], highest: float) -> str:
    return "\n".join(
        f"  {name:<9}  {'#' * round(BAR * rps / highest if highest else 0):<{BAR}}  {value_text(rps)} /s  ({note})"
        for name, rps, note in rows
    )


def mix_text(mix: "EndpointMix") -> str:
    """The most frequent endpoints."""
    shown = mix.endpoints[:MAX_ENDPOINTS]
    given_up = any(e.gave_up_share for e in shown)  # most servers never write it
    rows = [
        (
            percent(e.share),
            e.requests,
            _of_all(e.error_share),
            *([_of_all(e.gave_up_share)] if given_up else []),
            f"{e.method} {e.path}",
        )
        for e in shown
    ]
    heads = ("SHARE", "COUNT", "5XX", *(["GAVE UP (499)"] if given_up else []), "ENDPOINT")
    return table(heads, rows)


def _of_all(share: float | None) -> str:
    return "-" if share is None else fine_percent(share)


def _users(found: "UserClasses") -> str:
    rows = [
        (
            c.name,
            percent(c.share),
            f"{c.session_s:.0f} s",
            f"{c.views:.1f}",
            *(_number(v) for v in (c.actions, c.think_s, c.revenue)),
        )
        for c in found.classes
    ]
    how = f"browsers and bouncers by {found.method.replace('-', ' ')}"
    if found.agreement is not None:
        how += f", as the rule of the single view would have it for {percent(found.agreement)}"
    if found.buyers_by == "nothing":
        how += "; no purchase was recorded, so buyers cannot be told"
    head = ("CLASS", "SHARE", "SESSION", "VIEWS", "ACTIONS", "THINK S", "REVENUE")
    parts = [table(head, rows), f"{counted(found.sessions, 'session')}; {how}"]
    if found.weekly:
        weekly = [
            (one.weekday, one.sessions, percent(one.share), f"{percent(one.low)} to {percent(one.high)}")
            for one in found.weekly
        ]
        parts += ["", "Bought, by the weekday on which the session began (UTC)"]
        parts.append(table(("WEEKDAY", "SESSIONS", "BOUGHT", "95 %"), weekly))
    return "\n".join(parts)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def model_text(model: "LoadModel") -> str:
    """The ramps, one a line."""
    rows = [(f"{r.duration_s // 60} min", value_text(r.start_rps), value_text(r.end_rps)) for r in model.ramps]
    head = f"Model: {model.name}, {model.day} from {model.starts_at:%H:%M} UTC"
    if model.scale != 1:
        head += f", scaled by {model.scale:.3g}"
    fit = f"distance from the minutes {model.fit_nrmse:.3f} of the mean, peak off by {fine_percent(model.peak_error)}"
    return f"{head}\n{table(('FOR', 'FROM /S', 'TO /S'), rows)}\n{fit}"
