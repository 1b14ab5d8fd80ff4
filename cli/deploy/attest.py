"""`aqe deploy attest`: somebody vouches for what no tool measures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common import output_options, print_json
from ..params import duration
from ..secret import approver_options
from ..text import clean
from .approvals import signed, version_option

if TYPE_CHECKING:
    from ...core.records.decisions.approvers import AuthenticatedApprover
    from ...core.records.decisions.attestations import Attestation
    from ...fleet.runtime import Runtime


@click.command()
@version_option
@click.option("--item", metavar="ID", required=True, help="Item of the checklist, or a gate's criterion.")
@click.option("--evidence", metavar="FILE|URL", required=True, help="What was looked at; a file's digest is kept.")
@click.option("--expires", type=duration, metavar="DURATION", required=True, help="How long it counts: 7d, 12h.")
@click.option("--commit", metavar="HASH", help="Commit, where the release's own record does not say.")
@click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production).")
@approver_options
@output_options
@click.pass_context
def attest(
    ctx: click.Context,
    /,
    as_json: bool,
    version: str,
    item: str,
    evidence: str,
    expires: float,
    commit: str | None,
    environment: str | None,
    **person: Any,
) -> None:
    """Vouch for what no tool measures, with evidence, in your name.

    It reads ATTESTED, never PASSED, counts for this version, commit and environment until it expires, and never against
    a measurement.

    \b
    Example: aqe deploy attest --version v1.4.0 --item monitoring --evidence alerts.png --expires 7d --approver sre-lead
    """

    async def work(parts: "Runtime", who: "AuthenticatedApprover", why: str) -> "Attestation":
        from ...fleet.decisions.attestations import attest as vouch

        return await vouch(
            parts,
            who,
            version,
            item=item,
            evidence=evidence,
            justification=why,
            expires_s=expires,
            commit=commit,
            environment=environment,
            folder=Path.cwd(),
        )

    made = signed(ctx, person, work)
    if as_json:
        print_json(made)
    else:
        click.echo(clean(f"ATTESTED {made.item} of {made.release.version}: {made.words}"))
