"""`aqe deploy approve-request`, `approvals`, `approve`, `reject`, `override`, `emergency-approve`: people decide."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..common import output_options, print_json, say, with_runtime
from ..secret import approver_options, read_secret, required
from ..text import clean, table, time_text

if TYPE_CHECKING:
    from ...core.records.decisions.approvals import ApprovalView
    from ...core.records.decisions.approvers import AuthenticatedApprover
    from ...fleet.runtime import Runtime

T = TypeVar("T")
_AFTER = {
    "pending": '`aqe deploy approve` (or `reject`) --version VERSION --approver ID --justification "..." decides',
    "refused": "nothing passes until `aqe deploy approve-request --version VERSION` asks again",
    "expired": "nothing passes until `aqe deploy approve-request --version VERSION` asks again",
    "lapsed": "it counts no more; `aqe deploy assess`, then `approve-request`, asks again",
}
"""State of an approval -> what leads on."""
version_option = click.option("--version", "version", metavar="VERSION", required=True, help="Release, as tagged.")


@click.command("approve-request")
@version_option
@click.option(
    "--recipients", metavar="LIST", help="Approvers, by id or address, parted by commas (default: all who may)."
)
@click.option("--requester", metavar="WHO", help="Who asks (default: git's user.email, else the login).")
@output_options
@click.pass_context
def approve_request(
    ctx: click.Context, /, as_json: bool, version: str, recipients: str | None, requester: str | None
) -> None:
    """Ask for a release to be approved, as it was last assessed.

    The approval is for this commit, environment and policy, and holds while nothing gets worse.

    \b
    Example: aqe deploy approve-request --version v1.4.0 --recipients vp-eng@example.org
    """
    from ...fleet.decisions.approvals import request_approval
    from ...fleet.messages.notify import console

    asked = with_runtime(
        ctx,
        lambda parts: request_approval(
            parts,
            version,
            recipients=[name.strip() for name in (recipients or "").split(",") if name.strip()],
            requested_by=requester,
            folder=Path.cwd(),
            notifiers=[console(say)],
        ),
    )
    if as_json:
        print_json(asked)
    else:
        click.echo(f"asked: {asked.request.id}, waits for {', '.join(asked.request.recipients)}")


@click.command()
@click.option("--version", "version", metavar="VERSION", help="Only of this release.")
@output_options
@click.pass_context
def approvals(ctx: click.Context, /, as_json: bool, version: str | None) -> None:
    """What waits for whom, and what became of the latest request about each release.

    \b
    Example: aqe deploy approvals
    """
    from ...fleet.decisions.approvals import list_approvals

    found = with_runtime(ctx, lambda parts: list_approvals(parts, version))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no approval was asked for; `aqe deploy approve-request` asks")
        return
    rows = [
        (v.version, v.environment, v.state, v.detail, ", ".join(v.waits_for) or "-", v.request.requested_by,
         time_text(v.request.expires_at))
        for v in found
    ]  # fmt: skip
    click.echo(table(("RELEASE", "ENVIRONMENT", "STATE", "DETAIL", "WAITS FOR", "ASKED BY", "WAITS UNTIL"), rows))
    for state, words in _AFTER.items():
        if any(v.state == state for v in found):
            say(f"{state}: {words}")


@click.command()
@version_option
@approver_options
@output_options
@click.pass_context
def approve(ctx: click.Context, /, as_json: bool, version: str, **person: Any) -> None:
    """Grant the latest request about a release, in your name.

    \b
    Example: aqe deploy approve --version v1.4.0 --approver vp-eng@example.org --justification "load test seen"
    """
    _vote(ctx, as_json, version, person, granted=True)


@click.command()
@version_option
@approver_options
@output_options
@click.pass_context
def reject(ctx: click.Context, /, as_json: bool, version: str, **person: Any) -> None:
    """Refuse the latest request about a release, or take back what was granted.

    \b
    Example: aqe deploy reject --version v1.4.0 --approver vp-eng@example.org --justification "not before the audit"
    """
    _vote(ctx, as_json, version, person, granted=False)


@click.command()
@version_option
@click.option(
    "--gate", "names", metavar="NAME", multiple=True, required=True, help="Failed gate, or vetoing dimension."
)
@approver_options
@output_options
@click.pass_context
def override(ctx: click.Context, /, as_json: bool, version: str, names: tuple[str, ...], **person: Any) -> None:
    """Let a failed gate or a veto not count; every decision names it, and it is at best APPROVED_WITH_WARNINGS.

    Who may is in the policy (gate_overrides). What was not measured cannot be overridden.

    \b
    Example: aqe deploy override --version v1.4.0 --gate performance --approver cto --justification "known, see OPS-12"
    """
    _override(ctx, as_json, version, person, names, emergency=False)


@click.command("emergency-approve")
@version_option
@approver_options
@output_options
@click.pass_context
def emergency_approve(ctx: click.Context, /, as_json: bool, version: str, **person: Any) -> None:
    """Override whatever failed in the latest assessment and approve the release, in one signed step.

    What was not measured stays open: assess with --fast-track, a narrower policy, where there is no time to measure.

    \b
    Example: aqe deploy emergency-approve --version v1.4.1 --approver cto --justification "payments are down"
    """
    _override(ctx, as_json, version, person, (), emergency=True)


def _vote(ctx: click.Context, as_json: bool, version: str, person: dict[str, Any], *, granted: bool) -> None:
    async def work(parts: "Runtime", who: "AuthenticatedApprover", why: str) -> "ApprovalView":
        from ...fleet.decisions.approvals import vote

        return await vote(parts, who, version, granted=granted, justification=why)

    view = signed(ctx, person, work)
    if as_json:
        print_json(view)
    else:
        waits = f"; waits for {', '.join(view.waits_for)}" if view.waits_for else ""
        click.echo(clean(f"{view.version} for {view.environment}: {view.state}, {view.detail}{waits}"))
        say(f"what that comes to: aqe deploy assess --version {version}")


def _override(
    ctx: click.Context, as_json: bool, version: str, person: dict[str, Any], names: tuple[str, ...], *, emergency: bool
) -> None:
    async def work(parts: "Runtime", who: "AuthenticatedApprover", why: str) -> Any:
        from ...fleet.decisions.overrides import override

        return await override(
            parts, who, version, names=names, justification=why, folder=Path.cwd(), emergency=emergency
        )

    lifted = signed(ctx, person, work)
    if as_json:
        print_json(lifted)
    else:
        what = ", ".join(lifted.names) or "nothing, nothing had failed"
        click.echo(clean(f"overridden: {what}; by {lifted.approver} until {time_text(lifted.expires_at)}"))
        again = " (--fast-track, where it was judged so)" if emergency else ""
        say(f"what that comes to: aqe deploy assess --version {version}{again}")


def signed(
    ctx: click.Context,
    person: dict[str, Any],
    work: Callable[["Runtime", "AuthenticatedApprover", str], Coroutine[Any, Any, T]],
) -> T:
    """Ask who decides and why, have them prove it, then do the work in their name."""
    name = required(person["approver"], "--approver", "Approver")
    why = required(person["justification"], "--justification", "Why")
    secret = read_secret(person["secret_file"])

    async def authenticated(parts: "Runtime") -> T:
        from ...fleet.decisions.approvers import authenticate

        return await work(parts, await authenticate(parts, name, secret), why)

    return with_runtime(ctx, authenticated)
