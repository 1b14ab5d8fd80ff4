"""`aqe deploy configure-gates`, `policies`: which policies decide."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..common import output_options, print_json, say, with_runtime
from ..text import table, time_text

if TYPE_CHECKING:
    from ...core.records.decisions.stored_policy import PolicyView


@click.command("configure-gates")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE", required=True, help="The policy, YAML."
)
@click.option("--name", metavar="NAME", default="default", show_default=True, help="How --policy names it.")
@output_options
@click.pass_context
def configure_gates(ctx: click.Context, /, as_json: bool, file: Path, name: str) -> None:
    """Check a policy and make it the fleet's: every agent uses it from its next task on.

    Each version is kept, with who configured it and when, and written into the audit log. A policy file that aqe.yaml
    names goes before it.

    \b
    Example: aqe deploy configure-gates --config deployment-gates.yaml
    """
    from ...fleet.decisions.configuring import configure
    from ...fleet.decisions.situations import asking_person

    stored, changed = with_runtime(ctx, lambda parts: configure(parts, file, name, asking_person(Path.cwd())))
    if as_json:
        print_json(stored)
    else:
        what = f"version {stored.versions}{'' if changed else ', unchanged'}"
        click.echo(f"policy {name}: {what}, sha256 {stored.digest[:12]}, gates: {', '.join(stored.gates) or 'none'}")
    in_force = next(one for one in _views(ctx) if one.name == name)
    if in_force.digest != stored.digest:
        say(
            f"it is not in force here: aqe.yaml names {in_force.origin}, which goes before it; change that file instead"
        )


@click.command()
@output_options
@click.pass_context
def policies(ctx: click.Context, /, as_json: bool) -> None:
    """Every policy that --policy can name, and where it comes from.

    \b
    Example: aqe deploy policies
    """
    views = _views(ctx)
    if as_json:
        print_json(views)
        return
    rows = [
        (v.name, v.digest[:12], v.origin, v.versions or "-", ", ".join((*v.gates, *v.freeze_windows)) or "none",
         time_text(v.configured_at) if v.configured_at else "-", v.configured_by or "-")
        for v in views
    ]  # fmt: skip
    click.echo(table(("POLICY", "SHA-256", "FROM", "VERSIONS", "GATES", "CONFIGURED", "BY"), rows))


def _views(ctx: click.Context) -> "list[PolicyView]":
    from ...fleet.decisions.configuring import describe_policies

    return with_runtime(ctx, describe_policies)
