"""`aqe production compare-environments`: two environments beside each other."""

from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..text import cleaned, counted, fine_percent, percent, table
from .common import days_option, insight_lines, missing, performed

if TYPE_CHECKING:
    from ...core.records.production.environments import EnvironmentComparison, EnvironmentTraffic

LISTED = 15
"""Endpoints of each list; --json has more."""


@click.command("compare-environments")
@click.option("--baseline", metavar="NAME", default="staging", show_default=True, help="Environment to compare with.")
@click.option("--candidate", metavar="NAME", default="production", show_default=True, help="Environment to look at.")
@days_option()
@output_options
@click.pass_context
def compare_environments(ctx: click.Context, as_json: bool, baseline: str, candidate: str, days: float) -> None:
    """Two environments by their access logs: what only one is asked for, and where it fails more often.

    An import says with --env which environment a log is of.

    \b
    Exit codes: 0 done, 1 no requests of one of them.
    Examples: aqe import staging.log --env staging && aqe import access.log --env production
              aqe production compare-environments --baseline staging
    """
    from ...core.records.production.environments import EnvironmentComparison

    payload = {"baseline": baseline, "candidate": candidate, "days": days}
    result = with_runtime(ctx, lambda parts: performed(parts, "environment-comparison", payload))
    if as_json:
        print_json(result)
    else:
        echo(comparison_text(EnvironmentComparison.from_value(result, where="result of the comparison")))


def comparison_text(found: "EnvironmentComparison") -> str:
    """Everything, for people."""
    found = cleaned(found)
    headers = ("ENVIRONMENT", "REQUESTS", "ERRORS", "MEAN MS", "ENDPOINTS", "STATUSES")
    lines = [table(headers, [_row(found.candidate), _row(found.baseline)])]
    if found.latency:
        lines.append(missing(found.latency))
    rows = [
        (
            one.endpoint, one.requests, percent(one.share), percent(one.baseline_share), fine_percent(one.error_share),
            fine_percent(one.baseline_error_share), "differs" if one.differs else "-",
        )
        for one in found.endpoints[:LISTED]
    ]  # fmt: skip
    if rows:
        names = ("ENDPOINT", "REQUESTS", "SHARE", "BASELINE", "ERRORS", "BASELINE", "BEYOND CHANCE")
        lines += ["", table(names, rows)]
    for name, alone in (
        (found.candidate.environment, found.only_in_candidate),
        (found.baseline.environment, found.only_in_baseline),
    ):
        if alone:
            shown = [f"  {count:>8}  {endpoint}" for endpoint, count in list(alone.items())[:LISTED]]
            lines += ["", f"Only in {name}: {counted(len(alone), 'endpoint')}", *shown]
    return "\n".join([*lines, *insight_lines(found.insights)])


def _row(of: "EnvironmentTraffic") -> tuple[object, ...]:
    statuses = ", ".join(f"{name} {fine_percent(share)}" for name, share in of.statuses.items())
    errors = "-" if of.error_share is None else fine_percent(of.error_share)
    mean = "-" if of.mean_ms is None else f"{of.mean_ms:.0f}"
    return of.environment, of.requests, errors, mean, of.endpoints, statuses
