"""`aqe production feature-usage`: which features are used, by whom, and what that means for their tests."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, say, with_runtime
from ..text import cleaned, counted, percent, table
from .common import days_option, insight_lines, missing, performed, release_option
from .generated import say_written

if TYPE_CHECKING:
    from typing import Any

    from ...core.records.production.features import FeatureReport, FeatureUsage
    from ...fleet.runtime import Runtime

SCENARIOS = "aqe/production/test-scenarios"


@click.command("feature-usage")
@days_option()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the JSON there.")
@click.option(
    "--generate",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the tests there are (pytest), a folder for each priority.",
)
@release_option
@output_options
@click.pass_context
def feature_usage(
    ctx: click.Context, as_json: bool, days: float, output: Path | None, generate: Path | None, release: str | None
) -> None:
    """Which features are used, by whom and how much, and how much their tests matter.

    Features are those of `features:` in aqe.yaml; what is not named there is a feature of its own, named after the
    event or the first part of the path. Priority goes by the share of active users: 80 % CRITICAL, 50 % or revenue
    HIGH, 10 % MEDIUM, else LOW; DEPRECATED are candidates for removal, with the criteria.

    --generate writes the test scenarios on offer into DIR/critical, high, medium, low and deprecated, by the most
    important feature that each goes through; those of deprecated features are skipped, with the reason.

    \b
    Exit codes: 0 done, 1 nobody did anything in the window, 2 a file cannot be written.
    Examples: aqe production feature-usage --output usage-report.json
              aqe production feature-usage --generate tests/features
    """
    from ...core.records.production.features import FeatureReport

    result, offered = with_runtime(ctx, lambda parts: _asked(parts, {"days": days, "release": release}))
    report = FeatureReport.from_value(result, where="result of the analysis")
    if output is not None:
        from ...core.records.base import encode
        from ...fleet.output import write_file

        say(f"wrote {write_file(output, encode(result) + chr(10), overwrite=True)}")
    if as_json:
        print_json(result)
    elif output is None:
        echo(usage_text(report))
    if generate is not None:
        ctx.exit(_written(report, offered, generate))


async def _asked(parts: "Runtime", payload: "dict[str, Any]") -> "tuple[Any, Any]":
    """The report, and the test scenarios on offer."""
    features = {name: section.model_dump() for name, section in parts.settings.features.items()}
    result = await performed(parts, "feature-usage-analytics", {**payload, "features": features or None})
    return result, await parts.memory.retrieve(SCENARIOS)


def _written(report: "FeatureReport", offered: "Any", folder: Path) -> int:
    """Write the suites, say what became of each file; returns the exit code."""
    from ...core.errors import EXIT_OK, EXIT_USAGE
    from ...fleet.suites.feature_suites import write_suites
    from ...fleet.suites.generated_tests import scenarios_of

    scenarios, problems = scenarios_of(offered, SCENARIOS)
    tests, told = write_suites(report, scenarios, folder)
    for test in tests:
        say_written(test)
    for line in (*problems, *told):
        say(line)
    if not tests and not told:
        say("no test scenario is on offer; nothing was written")
    return EXIT_USAGE if any(test.problem for test in tests) else EXIT_OK


def usage_text(found: "FeatureReport") -> str:
    """Every feature, one a line."""
    found = cleaned(found)
    sessions = found.total_sessions if isinstance(found.total_sessions, int) else "unknown"
    head = (
        f"{counted(found.total_users, 'active user')} ({found.users_by}), {sessions} sessions in"
        f" {found.window_from:%Y-%m-%d} to {found.window_to:%Y-%m-%d}, {counted(found.observed_days, 'day')} observed"
        f" ({', '.join(found.sources)})"
    )
    names = (
        "PRIORITY",
        "USERS",
        "SHARE",
        "SESSIONS",
        "PER SESSION",
        "CONVERSION",
        "TREND",
        "COVERAGE",
        "TESTS",
        "FEATURE",
    )
    lines = [head, "", table(names, [_row(usage) for usage in found.features])]
    if found.unlisted:
        lines.append(f"{found.unlisted} rarer features are not listed")
    if found.untested:
        untested = ", ".join(f"{one.name} ({one.priority})" for one in found.untested)
        lines.append(f"UNTESTED  {untested}: no test scenario goes through; {found.untested[0].recommendation}")
    for unused in found.unused:
        last = f"last used on {unused.last_used}" if unused.last_used else "never used in the data"
        lines.append(f"UNUSED    {unused.name}: {last}; {counted(unused.observed_days, 'day')} observed")
    for usage in found.features:
        if usage.deprecation:
            checks = "; ".join(f"{'yes' if c.met else 'NO'}: {c.criterion} ({c.found})" for c in usage.deprecation)
            lines.append(f"{usage.priority:<10}{usage.name}: {checks}")
    if found.features:
        coverage = found.features[0].test_coverage
        lines += [] if isinstance(coverage, float) else ["", f"Test coverage {missing(coverage)}"]
    return "\n".join([*lines, *insight_lines(found.insights)])


def _row(usage: "FeatureUsage") -> tuple[object, ...]:
    from ...core.records.production.features import FeatureTrend

    trend: object = "-"
    if isinstance(usage.trend, FeatureTrend):
        change = usage.trend.change_percent
        trend = f"{usage.trend.trend} {'' if change is None else f'{change:+.0f} %'}"
    return (
        usage.priority,
        usage.active_users,
        percent(usage.user_share),
        usage.sessions if isinstance(usage.sessions, int) else "-",
        f"{usage.interactions_per_session:.1f}" if isinstance(usage.interactions_per_session, float) else "-",
        percent(usage.conversion_share) if isinstance(usage.conversion_share, float) else "-",
        trend,
        f"{usage.test_coverage:.1f} %" if isinstance(usage.test_coverage, float) else "-",
        len(usage.scenarios),
        usage.name,
    )
