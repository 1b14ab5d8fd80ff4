"""`aqe production detect-anomalies`: what is not as usual, since when, and how bad."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, load, look, output_options, print_json, say, with_runtime
from ..params import DAYS, count
from ..sparkline import sparkline
from ..text import cleaned, counted, facts, table, value_text, window_text
from .common import performed, release_option
from .generated import target_option, written_tests

if TYPE_CHECKING:
    from ...core.records.anomalies import Anomaly, AnomalyReport

MAX_WHERE = 60
"""Characters of a series' name in the table; --json has all."""
LINE = 24
"""Characters of a sparkline."""


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
    from ...core.records.anomalies import AnomalyReport

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
        for one in cleaned(report).untested:
            say(f"no test of {one.series}: {one.reason}")
        ctx.exit(written_tests(result["scenarios"], output, "no anomaly that requests could show", target))


def anomalies_text(report: "AnomalyReport", *, blocks: bool = False) -> str:
    """Everything, for people.

    Args:
        blocks: the terminal can show blocks.
    """
    report = cleaned(report)
    rows = [
        ("Window", window_text(report.window_from, report.window_to)),
        ("Judged", f"{report.series} series, {counted(report.points, 'point')}, by {_method(report)}"),
        ("Not judged", _unjudged(report)),
        ("Left out", _left_out(report)),
        ("Gone on with", f"{report.continued} series, where the last look stopped" if report.continued else None),
        ("Learnt anew", "; ".join(report.not_continued) or None),
    ]
    parts = [facts(rows), ""]
    if report.anomalies:
        head = ("SEVERITY", "STATUS", "BEGAN", "OBSERVED", "EXPECTED", "USERS", "COURSE", "WHERE")
        parts += [table(head, [_row(anomaly, blocks) for anomaly in report.anomalies]), ""]
        telling = [a for a in report.anomalies if a.severity != "LOW"] or list(report.anomalies)
        parts += [f"{a.severity}  {a.explanation}.\n  {a.recommendation}" for a in telling]
        if low := len(report.anomalies) - len(telling):
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


def _row(anomaly: "Anomaly", blocks: bool) -> tuple[object, ...]:
    users = anomaly.affected_users
    name = anomaly.series if len(anomaly.series) <= MAX_WHERE else anomaly.series[: MAX_WHERE - 1] + "…"
    return (
        anomaly.severity,
        anomaly.status,
        f"{anomaly.began_at:%Y-%m-%d %H:%M}",
        _value(anomaly.observed, anomaly.unit),
        f"{_value(anomaly.expected_low, anomaly.unit)} to {_value(anomaly.expected_high, anomaly.unit)}",
        users if isinstance(users, int) else "-",
        sparkline(anomaly.recent, width=LINE, blocks=blocks),
        name,
    )


def _value(value: float, unit: str | None) -> str:
    """As the sentences have it: a share or a time below 0 is none that anybody expects."""
    if unit == "share":
        return f"{value_text(100 * max(value, 0.0))} %"
    return f"{value_text(max(value, 0.0))} ms" if unit == "ms" else value_text(value)
