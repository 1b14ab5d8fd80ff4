"""`aqe events`: what happened, and who has read it."""

import re
from typing import TYPE_CHECKING, Any

import click

from .common import output_options, print_json, say, with_runtime
from .params import count, duration
from .text import clean, duration_text, facts, table, time_text

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
@click.option("--limit", type=count(1), metavar="N", help="End after N events.")
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
    """Event types that have been published; how often one was refused because its stream was full.

    \b
    Example: aqe events types
    """
    from ..fleet.overview import event_streams

    found = with_runtime(ctx, event_streams)
    if as_json:
        print_json(found)
        return
    rows = [(s.stream.removeprefix("aqe:events:"), s.entries, s.refused, _time_of(s.last_id)) for s in found]
    click.echo(table(("TYPE", "ENTRIES", "REFUSED", "LAST"), rows))


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

    found, dropped = with_runtime(ctx, lambda parts: dead_letters(parts, name))
    for each, number in dropped.items():
        say(f"{clean(each)}: {number:,} older letters were dropped, because there were too many")
    if as_json:
        print_json(found)
        return
    rows = [(d.name, d.id, time_text(d.at), d.group, d.attempts, d.error) for d in found]
    click.echo(table(("NAME", "ID", "AT", "GROUP", "ATTEMPTS", "ERROR"), rows))


@dead.command("show")
@click.argument("name")
@click.argument("letter_id", metavar="ID")
@output_options
@click.pass_context
def show_dead(ctx: click.Context, as_json: bool, name: str, letter_id: str) -> None:
    """One dead letter whole: why, and the entry as it was.

    \b
    Example: aqe events dead show task:submitted 1767225600000-0
    """
    from ..fleet.streams import dead_letter

    letter = with_runtime(ctx, lambda parts: dead_letter(parts, name, letter_id))
    if as_json:
        print_json(letter)
        return
    about = [("Stream", letter.stream), ("Entry", letter.original_id), ("Group", letter.group), ("At", letter.at)]
    click.echo(facts([*about, ("Attempts", letter.attempts), ("Error", letter.error)]))
    click.echo(facts([(f"  {field}", text) for field, text in letter.fields.items()]))


@dead.command("replay")
@click.argument("name")
@click.argument("letter_id", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="All letters of this name, oldest first.")
@click.pass_context
def replay_dead(ctx: click.Context, name: str, letter_id: str | None, every: bool) -> None:
    """Have a dead letter handled once more, its attempts at zero; the letter goes.

    An event goes back to the one group that failed on it; a task is queued again.

    \b
    Examples: aqe events dead replay task:submitted 1767225600000-0
              aqe events dead replay deployment-readiness:high --all
    """
    from ..fleet.streams import give_all_back, give_back

    if every == (letter_id is not None):
        raise click.UsageError("give the ID of one letter, or --all")
    if letter_id is not None:
        say(with_runtime(ctx, lambda parts: give_back(parts, name, letter_id)))
    else:
        say(f"{with_runtime(ctx, lambda parts: give_all_back(parts, name))} letters given back")


@dead.command("drop")
@click.argument("name")
@click.argument("letter_id", metavar="ID")
@click.pass_context
def drop_dead(ctx: click.Context, name: str, letter_id: str) -> None:
    """Delete a dead letter; prints it as JSON, so that nothing is gone unseen.

    \b
    Example: aqe events dead drop task:submitted 1767225600000-0
    """
    from ..fleet.streams import drop

    print_json(with_runtime(ctx, lambda parts: drop(parts, name, letter_id)))


@events.command()
@click.argument("glob", default="*")
@click.option("--since", "since_s", type=duration, metavar="DURATION", required=True, help="Window: from so long ago.")
@click.option("--until", "until_s", type=duration, metavar="DURATION", help="Window: up to so long ago (default: now).")
@click.option("--group", metavar="NAME", help="Name of the group that is made for it (default: one of its own).")
@click.pass_context
def replay(ctx: click.Context, glob: str, since_s: float, until_s: float | None, group: str | None) -> None:
    """A window of the past once more, as a new group: each event one JSON line on stdout.

    Nobody else's position changes.

    \b
    Example: aqe events replay 'signal:*' --since 2h --until 1h | ./rebuild
    """
    from datetime import timedelta

    async def work(parts: "Runtime") -> int:
        from ..core.ids import new_id
        from ..fleet.overview import event_json
        from ..fleet.streams import replay_window

        now = parts.clock.now()
        return await replay_window(
            parts,
            glob,
            group=group or f"replay-{new_id()[:8]}",
            since=now - timedelta(seconds=since_s),
            until=now - timedelta(seconds=until_s or 0),
            handle=lambda event: print_json(event_json(event)),
        )

    say(f"{with_runtime(ctx, work)} events")


@events.group()
def group() -> None:
    """Consumer groups: declare one before its first subscriber comes, remove one."""


@group.command("add")
@click.argument("name")
@click.argument("glob")
@click.option("--durable", is_flag=True, help="Nothing it has not acknowledged is ever dropped.")
@click.option("--from", "start", metavar="ID|0|$", default="0", show_default=True, help="0 = all kept, $ = what comes.")
@click.pass_context
def add_group(ctx: click.Context, name: str, glob: str, durable: bool, start: str) -> None:
    """Make a group on the streams of the event types that match.

    Without --durable it goes again after a day without a consumer.

    \b
    Example: aqe events group add billing 'deployment-readiness:*' --durable
    """
    from ..core.errors import InputError
    from ..fleet.streams import declare_group

    if not re.fullmatch(r"\$|\d+(-\d+)?", start):
        raise InputError(f"--from is {start!r}, expected an entry id such as 1767225600000-0, 0 or $")
    made = with_runtime(ctx, lambda parts: declare_group(parts, name, glob, durable=durable, start=start))
    say(f"group {name} made on {', '.join(made)}" if made else f"group {name} was there already")


@group.command("remove")
@click.argument("name")
@click.argument("glob", default="*")
@click.pass_context
def remove_group(ctx: click.Context, name: str, glob: str) -> None:
    """Remove a group, with what it has pending; exit 2 when there is none.

    \b
    Example: aqe events group remove billing
    """
    from ..core.errors import NotFoundError
    from ..fleet.streams import remove_group as remove

    removed = with_runtime(ctx, lambda parts: remove(parts, name, glob))
    if not removed:
        raise NotFoundError(f"no group {name!r} on any type that matches", hint="`aqe events groups` lists them")
    say(f"group {name} removed from {', '.join(removed)}")


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
