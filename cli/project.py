"""`aqe init` and `aqe config`: the project's own files."""

import click

from .common import load, output_options, print_json, say
from .text import clean, table


@click.command()
@click.pass_context
def init(ctx: click.Context) -> None:
    """Look at this repository and write aqe.yaml and a policy.

    Reports are told by their names, logs by their first lines. What is there already stays as it is.

    \b
    Example: aqe init
    """
    from ..fleet.project import initialize

    root = load(ctx).project_root
    plan, written = initialize(root)
    for path, report in plan.found:
        say(f"found {path}: {report.title}")
    if not plan.found:
        say("found no reports; every gate of the policy is switched off until there are some")
    for name, fresh in written.items():
        say(f"{'wrote' if fresh else 'left alone, it is there:'} {root / name}")
    click.echo("Next:")
    for command in plan.next_commands:
        click.echo(f"  {clean(command)}")


@click.group()
def config() -> None:
    """Show or check the configuration."""


@config.command()
@output_options
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Every setting in force, and where it comes from; secrets are masked.

    \b
    Example: aqe config show
    """
    from ..fleet.project import shown

    settings = load(ctx)
    lines = shown(settings)
    if as_json:
        print_json(lines)
        return
    say(f"configuration: {settings.config_file or 'no aqe.yaml found, defaults'}")
    click.echo(table(("SETTING", "VALUE", "FROM"), [(line["key"], line["value"], line["origin"]) for line in lines]))


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Read aqe.yaml and what it names; exit 2 and one line about the first mistake.

    \b
    Example: aqe config check
    """
    from ..fleet.project import check as check_settings

    settings = load(ctx)
    for remark in check_settings(settings):
        say(f"warning: {remark}")
    click.echo(clean(f"{settings.config_file or 'defaults, no aqe.yaml found'}: ok"))
