"""`aqe audit`: who decided what, and whether that was changed afterwards."""

import click

from .common import output_options, print_json, verdict, with_runtime
from .params import count
from .text import clean, table, time_text


@click.group()
def audit() -> None:
    """Who decided what: the log that cannot be changed unseen."""


@audit.command("log")
@click.option("--subject", metavar="NAME", help="Only about this version, policy or approver.")
@click.option("--limit", type=count(1, 1_000_000), default=50, show_default=True, help="The latest so many.")
@output_options
@click.pass_context
def log(ctx: click.Context, as_json: bool, subject: str | None, limit: int) -> None:
    """Approvals, overrides, attestations and decisions, the oldest first.

    \b
    Example: aqe audit log --subject v1.4.0
    """
    from ..core import jsontext
    from ..fleet.audit import audit_entries

    entries = with_runtime(ctx, lambda parts: audit_entries(parts, subject=subject, limit=limit))
    if as_json:
        print_json(entries)
        return
    rows = [(e.sequence, time_text(e.at), e.action, e.actor, e.subject, jsontext.dumps(e.details)) for e in entries]
    click.echo(table(("NO", "TIME", "ACTION", "WHO", "ABOUT", "DETAILS"), rows))


@audit.command("verify")
@click.option("--head", metavar="HASH", help="A head that was kept: of a decision, a report, an earlier verify.")
@output_options
@click.pass_context
def verify(ctx: click.Context, as_json: bool, head: str | None) -> None:
    """Look for entries that were edited, moved, removed or added.

    The log alone shows what was changed within it. That its end was cut off, or that everything was written anew from
    some entry on, shows only against a head that was kept elsewhere: keep the one this prints, or give --head from a
    decision or report. Heads in the decisions that memory still holds are used by themselves.

    \b
    Exit codes: 0 intact, 1 changed.
    Example: aqe audit verify --head "$(jq -r .auditHead decision.json)"
    """
    from ..core.errors import EXIT_NO_GO, EXIT_OK
    from ..core.numbers import counted
    from ..fleet.audit import verify_audit

    found = with_runtime(ctx, lambda parts: verify_audit(parts, head))
    with verdict(ctx, EXIT_OK if found.intact else EXIT_NO_GO):
        if as_json:
            print_json(found)
        elif found.intact:
            heads = counted(found.checked_heads, "known head")
            known = f"holds {heads}" if found.checked_heads else "no head known: give --head"
            click.echo(f"intact: {found.entries} entries, {known}\nhead: {found.head}")
        else:
            click.echo(f"CHANGED: {clean(found.problem or '')}\nintact up to head: {found.head}")
