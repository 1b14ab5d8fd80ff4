"""`aqe production feature-usage`: which features are used, by whom, and what that means for their tests."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import output_options, print_json, say, with_runtime
from ..text import cleaned, percent, table
from .common import days_option, insight_lines, missing, performed, release_option

if TYPE_CHECKING:
    from typing import Any

    from ...core.records.features import FeatureReport, FeatureUsage
    from ...fleet.runtime import Runtime


@click.command("feature-usage")
@days_option()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the JSON there.")
@release_option
@output_options
@click.pass_context
def feature_usage(ctx: click.Context, as_json: bool, days: float, output: Path | None, release: str | None) -> None:
    """Which features are used, by whom and how much, and how much their tests matter.

    Features are those of `features:` in aqe.yaml; what is not named there is a feature of its own, named after the
    event or the first part of the path. Priority goes by the share of active users: 80 % CRITICAL, 50 % or revenue
    HIGH, 10 % MEDIUM, else LOW; DEPRECATED are candidates for removal, with the criteria.

    \b
    Exit codes: 0 done, 1 nobody did anything in the window, 2 the file cannot be written.
    Examples: aqe production feature-usage --output usage-report.json
    """
    from ...core.records.features import FeatureReport

    result = with_runtime(ctx, lambda parts: _asked(parts, {"days": days, "release": release}))
    if output is not None:
        from ...core.records.base import encode
        from ...fleet.output import write_file

        say(f"wrote {write_file(output, encode(result) + chr(10), overwrite=True)}")
    if as_json:
        print_json(result)
    elif output is None:
        click.echo(usage_text(FeatureReport.from_value(result, where="result of the analysis")))


async def _asked(parts: "Runtime", payload: "dict[str, Any]") -> "Any":
    features = {name: section.model_dump() for name, section in parts.settings.features.items()}
    return await performed(parts, "feature-usage-analytics", {**payload, "features": features or None})


def usage_text(found: "FeatureReport") -> str:
    """Every feature, one a line."""
    found = cleaned(found)
    sessions = found.total_sessions if isinstance(found.total_sessions, int) else "unknown"
    head = (
        f"{found.total_users} active users ({found.users_by}), {sessions} sessions in"
        f" {found.window_from:%Y-%m-%d} to {found.window_to:%Y-%m-%d}, {found.observed_days} days observed"
        f" ({', '.join(found.sources)})"
    )
    names = ("PRIORITY", "USERS", "SHARE", "SESSIONS", "PER SESSION", "CONVERSION", "TREND", "COVERAGE", "FEATURE")
    lines = [head, "", table(names, [_row(usage) for usage in found.features])]
    if found.unlisted:
        lines.append(f"{found.unlisted} rarer features are not listed")
    for unused in found.unused:
        last = f"last used on {unused.last_used}" if unused.last_used else "never used in the data"
        lines.append(f"UNUSED    {unused.name}: {last}; {unused.observed_days} days observed")
    for usage in found.features:
        if usage.deprecation:
            checks = "; ".join(f"{'yes' if c.met else 'NO'}: {c.criterion} ({c.found})" for c in usage.deprecation)
            lines.append(f"{usage.priority:<10}{usage.name}: {checks}")
    if found.features:
        coverage = found.features[0].test_coverage
        lines += [] if isinstance(coverage, float) else ["", f"Test coverage {missing(coverage)}"]
    return "\n".join([*lines, *insight_lines(found.insights)])


def _row(usage: "FeatureUsage") -> tuple[object, ...]:
    from ...core.records.features import FeatureTrend

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
        usage.name,
    )
