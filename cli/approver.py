"""`aqe approver`: who may approve, and the hash that aqe.yaml holds of their secret."""

from pathlib import Path

import click

from .common import load, output_options, print_json, say
from .text import table


@click.group()
def approver() -> None:
    """Who may approve, override and attest."""


@approver.command("hash")
@click.option("--secret-file", type=click.Path(path_type=Path), metavar="FILE", help="Holds the secret.")
def hash_(secret_file: Path | None) -> None:
    """Make the secret_hash for aqe.yaml of a personal secret.

    The secret comes from --secret-file, from AQE_APPROVER_SECRET or is asked for; 12 characters or more. The hash can
    check the secret and the owner's signatures, and nothing more: it may stand in the repository.

    \b
    Example: openssl rand -base64 24 > ~/.aqe-secret && aqe approver hash --secret-file ~/.aqe-secret
    """
    from ..fleet.decisions.approvers import new_secret_hash
    from .secret import read_secret

    click.echo(new_secret_hash(read_secret(secret_file, confirm=True)))
    say("put this line under the approver in aqe.yaml, as secret_hash:")


@approver.command("list")
@output_options
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Who may approve, by aqe.yaml.

    \b
    Example: aqe approver list
    """
    from ..fleet.decisions.approvers import known_approvers

    found = known_approvers(load(ctx)).values()
    if as_json:
        print_json([{**a.to_dict(), "secretHash": a.secret_hash is not None} for a in found])
        return
    rows = [
        (a.id, a.name or "-", ", ".join(a.roles), "yes" if a.secret_hash else "no: aqe approver hash") for a in found
    ]
    click.echo(table(("APPROVER", "NAME", "ROLES", "CAN APPROVE"), rows))
