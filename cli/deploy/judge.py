"""`aqe deploy judge`: points of a canary and its baseline, judged as Kayenta does."""

from pathlib import Path

import click

from ..common import output_options, print_json, verdict
from ..text import cleaned, table

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--config", type=FILE, required=True, help="Canary configuration of Kayenta's, JSON.")
@click.option("--metrics", type=FILE, required=True, help="Points by metric, JSON: experiment and control.")
@output_options
@click.pass_context
def judge(ctx: click.Context, as_json: bool, config: Path, metrics: Path) -> None:
    """Judge recorded points of a canary and its baseline by Kayenta's rules: for who moves from it or compares.

    Rollouts are judged otherwise, by counts and at every look (docs/operations.md#judging-as-kayenta-does).

    \b
    Exit codes: 0 Pass, 1 Marginal or Fail, 2 wrong input.
    Example: aqe deploy judge --config canary.json --metrics points.json
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...fleet.rollouts.judging import judge_files

    found = judge_files(config, metrics)
    with verdict(ctx, EXIT_OK if found.classification == "Pass" else EXIT_NO_GO):
        if as_json:
            print_json(found)
            return
        shown = cleaned(found)
        click.echo(f"{shown.classification}, score {shown.score:g}: {shown.reason}\n")
        rows = [
            (one.name, ", ".join(one.groups), one.classification + (", muted" if one.muted else ""), one.reason)
            for one in shown.metrics
        ]
        click.echo(table(("METRIC", "GROUPS", "CAME TO", "WHY"), rows))
