"""`aqe production mine-errors`: errors in the logs, grouped into bugs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import DAYS, count
from ..text import cleaned, counted, table, window_text
from .common import performed
from .generated import target_option, written_tests

if TYPE_CHECKING:
    from ...core.records.production.findings import ErrorPattern, MiningResult

MAX_REQUESTS = 3
"""Failing requests named a pattern; --json has them all."""


@click.command("mine-errors")
@click.option("--days", type=DAYS, default=7.0, show_default=True, help="Window back from now.")
@click.option("--min-occurrences", type=count(1), metavar="N", help="Leave out rarer patterns (default: 2).")
@click.option("--release", metavar="VERSION", help="Only log records imported for this release.")
@click.option("--generate", is_flag=True, help="Write a test for every scenario into --output.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder for --generate."
)
@target_option
@output_options
@click.pass_context
def mine_errors(
    ctx: click.Context, as_json: bool, days: float, min_occurrences: int | None, release: str | None, generate: bool,
    output: Path | None, target: str,
) -> None:  # fmt: skip
    """Errors in the imported logs, grouped into bugs, the most important first.

    --generate writes tests that fail as long as production would fail. A file that is there and differs is never
    overwritten; a file in which a secret is found is not written.

    \b
    Exit codes: 0 done, 1 no log records in the window, 2 a test could not be written.
    Examples: aqe import app.jsonl --release v1.4.0 && aqe production mine-errors
              aqe production mine-errors --release v1.4.0 --generate --output tests/production
    """
    from ...core.errors import InputError
    from ...core.records.production.findings import MiningResult

    if generate != (output is not None):
        raise InputError("--generate and --output DIR go together")
    payload = {"days": days, "minOccurrences": min_occurrences, "release": release}
    result = with_runtime(ctx, lambda parts: performed(parts, "error-pattern-mining", payload))
    if as_json:
        print_json(result)
    else:
        echo(patterns_text(MiningResult.from_value(result["patterns"], where="result of the mining")))
    if output is not None:
        ctx.exit(written_tests(result["scenarios"], output, "no pattern has a request that could be tested", target))


def patterns_text(result: "MiningResult") -> str:
    """Every pattern, one a line; then what evidence points to."""
    result = cleaned(result)
    head = f"{counted(result.total_errors, 'error')} in {counted(result.total_records, 'log record')}"
    if result.told_twice:
        head += f" ({result.told_twice:,} told by an error tracker, too)"
    if result.window_from and result.window_to:
        head += f", {window_text(result.window_from, result.window_to)}"
    lines = [head]
    if result.patterns:
        headers = ("PRIORITY", "OCCURRENCES", "USERS", "TREND", "TITLE", "WHERE", "REQUESTS")
        lines += ["", table(headers, [_row(pattern) for pattern in result.patterns])]
    lines += [f"\n{p.title}\n  {p.hypothesis}." for p in result.patterns if p.hypothesis]
    lines += [
        f"\n{' + '.join(c.titles)}, correlation {c.correlation:.2f}\n  {c.hypothesis}.\n  {c.recommendation}"
        for c in result.correlations
    ]
    if result.below_threshold:
        lines += ["", f"Left out: {counted(result.below_threshold, 'rarer pattern')}; --min-occurrences 1 shows all"]
    return "\n".join(lines)


def _row(pattern: "ErrorPattern") -> tuple[object, ...]:
    shown = [f"{r.method} {r.path}" for r in pattern.requests[:MAX_REQUESTS]]
    if len(pattern.requests) > MAX_REQUESTS:
        shown.append(f"and {len(pattern.requests) - MAX_REQUESTS} more")
    users = "?" if pattern.affected_users is None else pattern.affected_users
    trend = "-" if pattern.trend == "UNKNOWN" else pattern.trend
    return (
        pattern.priority, pattern.occurrences, users, trend, pattern.title, pattern.culprit or "-",
        ", ".join(shown) or "-",
    )  # fmt: skip
