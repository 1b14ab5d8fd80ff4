"""`aqe production detect-anomalies`: what is not as usual, since when, and how bad."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, load, look, output_options, print_json, say, with_runtime
from ..params import DAYS, count
from ..sparkline import sparkline
from ..text import amount, cleaned, counted, facts, room, table, together, window_text
from .common import performed, release_option
from .generated import target_option, written_tests

if TYPE_CHECKING:
    from ...core.records.production.anomalies import Anomaly, AnomalyReport

MAX_WHERE = 60
"""Characters of a series' name in the table; --json has all."""
LINE = 24
"""Characters of a sparkline."""
WIDE = 120
"""Columns that the whole table takes."""
MAX_OTHERS = 6
"""Series named that went with the worst one; --json has all."""


def threshold(text: str) -> float | str:
    """`3-sigma` or a score, as the type of an option."""
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?[ -]?sigmas?", text):
        return text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise click.BadParameter(f"{text!r} is no threshold, expected such as 3-sigma, or a score above 0 such as 0.3")
    return value


@click.command("detect-anomalies")
@click.option(
    "--threshold", "limit", type=threshold, metavar="N|N-sigma", help="Least score (default: 0.3), or 3-sigma."
)
@click.option(
    "--method",
    type=click.Choice(["score", "3sigma"]),
    help="How surprise is measured (default: score; 3sigma with a threshold in sigmas).",
)
@click.option(
    "--days",
    type=DAYS,
    default=7.0,
    show_default=True,
    help="Window back from now; the four weeks before it are learnt from.",
)
@release_option
@click.option("--max-anomalies", type=count(1, 50), metavar="N", help="Keep the worst N (default: 50).")
@click.option("--generate", is_flag=True, help="Write a test for every anomaly that requests can show into --output.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder for --generate."
)
@target_option
@output_options
@click.pass_context
def detect_anomalies(
    ctx: click.Context, as_json: bool, limit: float | str | None, method: str | None, days: float,
    release: str | None, max_anomalies: int | None, generate: bool, output: Path | None, target: str,
) -> None:  # fmt: skip
    """Error rates, latencies, traffic, conversion and metrics that are not as usual; times are UTC.

    Every series is held against its own past, by weekday and time of day where that is known; one event is one
    anomaly. A series with too little data says so and raises nothing. The fixed rule of --threshold 3-sigma is there
    for comparison: it raises many times more false alarms.

    With --release the answer is all: the state of production in memory, which is of all releases, stays as it was.

    --generate writes tests that send what failed or was slow, as often as it takes to tell the anomaly from what was
    usual, and says of the other anomalies why they have none.

    \b
    Exit codes: 0 done, 1 nothing was imported, 2 a test could not be written.
    Examples: aqe import metrics.json && aqe production detect-anomalies
              aqe production detect-anomalies --generate --output tests/production
              aqe production detect-anomalies --days 1 --json | jq '.anomalies[] | select(.status == "open")'
    """
    from ...core.errors import InputError
    from ...core.records.production.anomalies import AnomalyReport

    if generate != (output is not None):
        raise InputError("--generate and --output DIR go together")
    payload = {
        "threshold": limit, "method": method, "days": days, "release": release, "maxAnomalies": max_anomalies,
    }  # fmt: skip
    result = with_runtime(ctx, lambda parts: performed(parts, "anomaly-detection", payload))
    report = AnomalyReport.from_value(result, where="result of the detection")
    if as_json:
        print_json(result)
    else:
        echo(anomalies_text(report, blocks=look(load(ctx)).emoji))
    if release is not None:
        say(f"of release {release} alone: the state of production (aqe/production/status) stays as it was")
    if output is not None:
        for line in together(((one.series, one.reason) for one in cleaned(report).untested), "series"):
            say(f"no test of {line}")
        ctx.exit(written_tests(result["scenarios"], output, "no anomaly that requests could show", target))


def anomalies_text(report: "AnomalyReport", *, blocks: bool = False) -> str:
    """Everything, for people.

    Args:
        blocks: the terminal can show blocks.
    """
    from ...core.records.production.anomalies import by_event

    report = cleaned(report)
    point = "new point" if report.continued else "point"
    rows = [
        ("Window", window_text(report.window_from, report.window_to)),
        ("Judged", f"{report.series} series, {counted(report.points, point)}, by {_method(report)}"),
        ("Not judged", _unjudged(report)),
        ("Left out", _left_out(report)),
        ("Gone on with", f"{report.continued} series, where the last look stopped" if report.continued else None),
        ("Learnt anew", "; ".join(report.not_continued) or None),
    ]
    parts = [facts(rows), ""]
    if report.anomalies:
        events = by_event(report.anomalies)
        parts += [_table(events, blocks), ""]
        parts += [f"{_found(events)}; the worst series of each is told.", ""]
        telling = [event for event in events if event[0].severity != "LOW"] or events
        parts += map(_words, telling)
        if low := len(events) - len(telling):
            parts.append(f"LOW  {counted(low, 'more', 'more')}, in the table alone; --json has them in words.")
    else:
        parts.append("nothing unusual" if report.series else "nothing could be judged: this is no all-clear")
    if report.improvements:
        parts += ["", "Better than expected", *(f"  {a.explanation}" for a in report.improvements)]
    return "\n".join(parts)


def _method(report: "AnomalyReport") -> str:
    named = "score" if report.method == "score" else "the fixed rule, sigmas"
    return f"{named} from {report.threshold:g}"


def _unjudged(report: "AnomalyReport") -> str | None:
    if not report.unjudged:
        return None
    first = report.unjudged[0]
    return f"{report.unjudged_series} series; {first.series}: {first.reason}"


def _left_out(report: "AnomalyReport") -> str | None:
    said = []
    if report.by_chance:
        said.append(f"{counted(report.by_chance, 'event')} that chance explains")
    if report.held_back:
        said.append(f"the mildest {counted(report.held_back, 'anomaly', 'anomalies')}")
    return ", ".join(said) or None


def _found(events: list[list["Anomaly"]]) -> str:
    of_all = [anomaly for event in events for anomaly in event]
    return f"{counted(len(events), 'event')} in {len(_series(of_all))} series"


def _series(anomalies: list["Anomaly"]) -> dict[str, None]:
    """Each once: a series may show several events."""
    return dict.fromkeys(name for anomaly in anomalies for name in (anomaly.series, *anomaly.also))


def _words(event: list["Anomaly"]) -> str:
    """The worst series of an event, and which others went with it."""
    worst = event[0]
    others = _series(event)
    others.pop(worst.series, None)
    said = [f"{worst.severity}  {worst.explanation}."]
    if others:
        more = f" and {len(others) - MAX_OTHERS} more, see --json" if len(others) > MAX_OTHERS else ""
        named = ", ".join(list(others)[:MAX_OTHERS])
        said.append(f"  One event, {len(others) + 1} series: with it {named}{more}.")
    return "\n".join([*said, f"  {worst.recommendation}"])


def _table(events: list[list["Anomaly"]], blocks: bool) -> str:
    """An event a row, by its worst series; a narrow terminal leaves to the words what these tell too."""
    narrow = (room() or WIDE) < WIDE
    left_out = {"EXPECTED", "USERS", "COURSE"} if narrow else set()
    rows = [{name: cell for name, cell in _cells(e, blocks).items() if name not in left_out} for e in events]
    return table(list(rows[0]), [list(row.values()) for row in rows])


def _cells(event: list["Anomaly"], blocks: bool) -> dict[str, object]:
    anomaly = event[0]
    users = anomaly.affected_users
    name = anomaly.series if len(anomaly.series) <= MAX_WHERE else anomaly.series[: MAX_WHERE - 1] + "…"
    return {
        "SEVERITY": anomaly.severity,
        "STATUS": anomaly.status,
        "BEGAN": f"{anomaly.began_at:%Y-%m-%d %H:%M}",
        "OBSERVED": _value(anomaly.observed, anomaly),
        "EXPECTED": _range(anomaly),
        "USERS": users if isinstance(users, int) else "-",
        "COURSE": sparkline(anomaly.recent, width=LINE, blocks=blocks),
        "SERIES": len(_series(event)),
        "WHERE": name,
    }


def _range(anomaly: "Anomaly") -> str:
    """`26 to 59 ms`; both with their units where those differ."""
    low, high = _value(anomaly.lowest_expected, anomaly), _value(anomaly.expected_high, anomaly)
    return f"{low.removesuffix(' ' + high.partition(' ')[2])} to {high}"


def _value(value: float, of: "Anomaly") -> str:
    return amount(value, None if of.unit == "per bucket" else of.unit)
