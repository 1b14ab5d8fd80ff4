"""`aqe deploy history`: past deployments, how good predictions were, and what a policy would have said."""

from typing import TYPE_CHECKING

import click

from ..common import load, look, print_json, with_runtime
from ..params import Number

if TYPE_CHECKING:
    from ...core.records.decisions.replay import HistoryReport
    from ...fleet.runtime import Runtime


@click.command()
@click.option("--days", type=Number(0, 36_500, above=True), default=90.0, help="Up to now.")
@click.option("--env", "environment", metavar="NAME", default="production", help="Environment.")
@click.option("--replay-policy", metavar="NAME", help="Judge past releases by this policy as well.")
@click.option(
    "--format", "format_", type=click.Choice(["table", "chart", "json"]), default="table", help="Output format."
)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json: stdout holds only the JSON.")
@click.pass_context
def history(
    ctx: click.Context, /, days: float, environment: str, replay_policy: str | None, format_: str, as_json: bool
) -> None:
    """Past deployments, and how well risk, confidence and rollback predictions agreed with what came.

    \b
    Example: aqe deploy history --days 90 --format chart
    """
    from ..text_history import history_text

    async def work(parts: "Runtime") -> "HistoryReport":
        from ...fleet.decisions.outcomes import history_report

        return await history_report(parts, environment=environment, days=days, replay_policy=replay_policy)

    report = with_runtime(ctx, work)
    if as_json or format_ == "json":
        print_json(report)
    else:
        click.echo(history_text(report, look(load(ctx)), chart=format_ == "chart"))
