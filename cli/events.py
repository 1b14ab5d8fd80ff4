"""`aqe events`: what happened, and who has read it."""

import re
from typing import TYPE_CHECKING, Any

import click

from .common import output_options, print_json, say, with_runtime
from .text import clean, duration_text, table, time_text

if TYPE_CHECKING:
    from ..fleet.runtime import Runtime

MAX_DATA_CHARS = 300
"""Of an event's data in one line of text; --json has it all."""


@click.group()
def events() -> None:
    """The event streams."""


@events.command()
@click.argument("glob", default="*")
@click.option(
    "--from", "start", metavar="ID|0", help="After this entry id, or 0 = all that is kept (default: new ones)."
)
@click.option("--no-follow", is_flag=True, help="End with what is there; starts at 0 unless --from says otherwise.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after N events.")
@output_options
@click.pass_context
def tail(ctx: click.Context, as_json: bool, glob: str, start: str | None, no_follow: bool, limit: int | None) -> None:
    """Events as they come, one a line; with --json each is one CloudEvent.

    GLOB is over event types: 'deployment-readiness:*'. Ctrl-C ends it.

    \b
    Examples: aqe events tail 'task:*'
              aqe events tail --from 0 --no-follow
    """
    from ..core.errors import InputError

    start = start or ("0" if no_follow else "$")
    if not re.fullmatch(r"\$|\d+(-\d+)?", start):
        raise InputError(f"--from is {start!r}, expected an entry id such as 1767225600000-0, or 0")

    async def work(parts: "Runtime") -> None:
        from ..fleet.overview import cloud_event
        from ..fleet.overview import tail as entries

        printed = 0
        async for entry in entries(parts, glob, start=start, follow=not no_follow):
            try:
                event = cloud_event(entry)
            except InputError as error:
                say(f"cannot be read: {error.message}")
                continue
            if as_json:
                print_json(event)
            else:
                click.echo(event_line(event))
            printed += 1
            if printed == limit:
                return

    with_runtime(ctx, work)


@events.command()
@output_options
@click.pass_context
def types(ctx: click.Context, as_json: bool) -> None:
    """Event types that have been published.

    \b
    Example: aqe events types
    """
    from ..fleet.overview import event_streams

    found = with_runtime(ctx, event_streams)
    if as_json:
        print_json(found)
        return
    rows = [(s.stream.removeprefix("aqe:events:"), s.entries, _time_of(s.last_id)) for s in found]
    click.echo(table(("TYPE", "ENTRIES", "LAST"), rows))


@events.command()
@output_options
@click.pass_context
def groups(ctx: click.Context, as_json: bool) -> None:
    """Consumer groups: what each has not read, and what it has read and not finished.

    \b
    Example: aqe events groups
    """
    from ..fleet.overview import groups as all_groups

    found = with_runtime(ctx, all_groups)
    if as_json:
        print_json(found)
        return
    rows = [
        (g.group, g.stream, g.consumers, g.pending, "?" if g.lag is None else g.lag, duration_text(g.oldest_pending_s))
        for g in found
    ]
    click.echo(table(("GROUP", "STREAM", "CONSUMERS", "PENDING", "LAG", "OLDEST PENDING"), rows))


@events.group()
def dead() -> None:
    """Dead letters: entries that could not be handled."""


@dead.command("list")
@click.option("--name", metavar="NAME", help="Only of this event type or task lane.")
@output_options
@click.pass_context
def list_dead(ctx: click.Context, as_json: bool, name: str | None) -> None:
    """Dead letters with their reason, newest first.

    \b
    Example: aqe events dead list --name deployment-readiness:high
    """
    from ..fleet.overview import dead_letters

    found = with_runtime(ctx, lambda parts: dead_letters(parts, name))
    if as_json:
        print_json(found)
        return
    rows = [(d.name, d.id, time_text(d.at), d.group, d.attempts, d.error) for d in found]
    click.echo(table(("NAME", "ID", "AT", "GROUP", "ATTEMPTS", "ERROR"), rows))


def event_line(event: dict[str, Any]) -> str:
    """One event as one line: time, type, subject, data, entry id."""
    data = event["data"]
    if isinstance(data, dict):
        shown = " ".join(f"{name}={item if isinstance(item, str) else _json(item)}" for name, item in data.items())
    else:
        shown = _json(data)
    if len(shown) > MAX_DATA_CHARS:
        shown = shown[: MAX_DATA_CHARS - 1] + "…"
    words = (event["time"], event["type"], event.get("subject", "-"), shown, f"[{event['streamid']}]")
    return clean("  ".join(words))


def _json(value: object) -> str:
    from ..core import jsontext

    return jsontext.dumps(value)


def _time_of(entry_id: str | None) -> str:
    from datetime import UTC, datetime

    return "-" if entry_id is None else time_text(datetime.fromtimestamp(int(entry_id.split("-")[0]) / 1000, UTC))
