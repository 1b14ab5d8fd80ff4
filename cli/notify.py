"""`aqe notify`: who is told what, and whether the messages arrive."""

from typing import TYPE_CHECKING

import click

from .common import load, output_options, print_json, run, say, with_runtime
from .params import duration
from .text import cleaned, table, time_text

if TYPE_CHECKING:
    from ..fleet.messages.notifying import Sending
    from ..fleet.runtime import Runtime


@click.group()
def notify() -> None:
    """Messages to people: the channels of aqe.yaml."""


@notify.command("list")
@output_options
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """The channels, what each wants to hear, and how it does.

    \b
    Example: aqe notify list
    """
    from ..fleet.messages.notifying import views

    found = with_runtime(ctx, views)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no channel: `notify:` in aqe.yaml names them")
        return
    rows = [
        (v.name, v.kind, ", ".join(v.events) or "-", v.state.sent, time_text(v.state.last_sent_at), v.problem or "-")
        for v in map(cleaned, found)
    ]
    click.echo(table(("CHANNEL", "KIND", "EVENTS", "SENT", "LAST SENT", "PROBLEM"), rows))


@notify.command()
@click.argument("channel")
@click.option("--dry-run", is_flag=True, help="Print what would be sent.")
@click.pass_context
def test(ctx: click.Context, channel: str, dry_run: bool) -> None:
    """Send a test message to CHANNEL.

    \b
    Exit codes: 0 it was taken, 3 it was not.
    Example: aqe notify test engineering-alerts --dry-run
    """
    from ..fleet.messages.notifying import send_test

    run(send_test(load(ctx), channel, say=say, dry_run=dry_run))
    if not dry_run:
        say(f"{channel} took it")


@notify.command()
@click.option("--dry-run", is_flag=True, help="Print what the last 15 minutes would send.")
@click.option(
    "--within", "within_s", type=duration, default="30s", show_default=True, metavar="DURATION", help="Longest time."
)
@output_options
@click.pass_context
def send(ctx: click.Context, as_json: bool, dry_run: bool, within_s: float) -> None:
    """Send what waits for the channels, then end: for CI, where no fleet runs that would send it.

    What is not taken waits for the next one who sends. A new channel begins 15 minutes ago.

    \b
    Exit codes: 0 nothing waits any more, 3 a channel did not take its messages.
    Example: aqe deploy assess --version v1.4.0; verdict=$?; aqe notify send; exit $verdict
    """
    from ..core.errors import EXIT_OK, EXIT_UNAVAILABLE

    async def work(parts: "Runtime") -> "list[Sending]":
        from ..fleet.messages.notify import channels
        from ..fleet.messages.notifying import preview, send_waiting

        if dry_run:
            return await preview(parts, channels(parts.settings, say, dry_run=True))
        return await send_waiting(parts, channels(parts.settings, say), within_s=within_s)

    done = with_runtime(ctx, work)
    if as_json:
        print_json(done)
    for sending in map(cleaned, done):
        if sending.waiting or sending.error:
            say(f"{sending.channel}: {sending.error or 'messages were not taken in time'}")
        elif not as_json:
            click.echo(f"{sending.channel}: {sending.sent} sent, {sending.repeated} repeated and left out")
    ctx.exit(EXIT_UNAVAILABLE if any(sending.waiting or sending.error for sending in done) else EXIT_OK)
