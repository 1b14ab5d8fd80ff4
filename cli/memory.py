"""`aqe memory`: values at their keys."""

from typing import TYPE_CHECKING, Any

import click

from .common import echo_json, output_options, print_json, say, with_runtime
from .params import count, duration, read_json
from .text import clean, counted

if TYPE_CHECKING:
    from ..fleet.runtime import Runtime


@click.group()
def memory() -> None:
    """Values in memory: JSON at keys such as aqe/deployment/decision."""


@memory.command()
@click.argument("key")
@click.option("--meta", is_flag=True, help="With version, time, writer and task.")
@click.pass_context
def get(ctx: click.Context, key: str, meta: bool) -> None:
    """Print the JSON text at a key as it is stored; a history as an array.

    \b
    Example: aqe memory get aqe/deployment/decision | jq .decision
    """
    from ..core.errors import NotFoundError

    async def work(parts: "Runtime") -> str:
        found = await (parts.memory.retrieve_record(key) if meta else parts.memory.retrieve_raw(key))
        if found is None:
            raise NotFoundError(f"no value at {key}", hint="`aqe memory ls` lists the keys")
        if isinstance(found, list):
            return f"[{','.join(item.decode(errors='surrogateescape') for item in found)}]"
        return found.decode(errors="surrogateescape") if isinstance(found, bytes) else found.to_json()

    echo_json(with_runtime(ctx, work))


@memory.command()
@click.argument("glob", default="*")
@output_options
@click.pass_context
def ls(ctx: click.Context, as_json: bool, glob: str) -> None:
    """Names of keys, one a line; GLOB as Redis has it, `*` also crosses `/`.

    \b
    Example: aqe memory ls 'aqe/releases/*/decision'
    """
    names = with_runtime(ctx, lambda parts: parts.memory.keys(glob))
    if as_json:
        print_json(names)
    else:
        for name in names:
            click.echo(clean(name))


@memory.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a value
@click.argument("key")
@click.argument("value", metavar="JSON|-")
@click.option(
    "--ttl", "ttl_s", type=duration, metavar="DURATION", help="Goes by itself after this: 1h (default: never)."
)
@click.pass_context
def set_(ctx: click.Context, key: str, value: str, ttl_s: float | None) -> None:
    """Store a JSON value; - reads it from standard input.

    \b
    Example: aqe memory set team/note '{"text": "hello"}' --ttl 1h
    """
    document = read_json(value, where="the value")
    version = with_runtime(ctx, lambda parts: parts.memory.store(key, document, ttl_s=ttl_s))
    say(f"stored {key}, version {version}")


@memory.command()
@click.argument("key")
@click.pass_context
def rm(ctx: click.Context, key: str) -> None:
    """Delete a value; exit 2 when there is none.

    \b
    Example: aqe memory rm team/note
    """
    from ..core.errors import NotFoundError

    if not with_runtime(ctx, lambda parts: parts.memory.delete(key)):
        raise NotFoundError(f"no value at {key}", hint="`aqe memory ls` lists the keys")
    say(f"deleted {key}")


@memory.command()
@output_options
@click.pass_context
def reindex(ctx: click.Context, as_json: bool) -> None:
    """Bring the index in line with the keys, after a bare SET or DEL by another program.

    The commander does it every minute.

    \b
    Example: aqe memory reindex
    """
    added, removed = with_runtime(ctx, lambda parts: parts.memory.reindex())
    counts: dict[str, Any] = {"added": added, "removed": removed}
    if as_json:
        print_json(counts)
    else:
        click.echo(f"index: {added} added, {removed} removed")


@memory.command()
@click.argument("glob", default="*")
@click.option("--limit", type=count(1), metavar="N", help="End after N changes.")
@click.pass_context
def watch(ctx: click.Context, glob: str, limit: int | None) -> None:
    """Values as they change, one JSON line each; a deleted one has version 0. Ctrl-C ends it.

    A bare SET by another program is not seen.

    \b
    Example: aqe memory watch 'aqe/deployment/*'
    """

    async def work(parts: "Runtime") -> None:
        from ..fleet.overview import watch_memory

        seen = 0
        async for record in watch_memory(parts, glob):
            print_json(record)
            seen += 1
            if seen == limit:
                return

    with_runtime(ctx, work)


@memory.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--glob", "globs", multiple=True, metavar="GLOB", help="Keys that match; may be given several times.")
@click.option("--release", "version", metavar="VERSION", help="All that is known of this release.")
@click.pass_context
def export(ctx: click.Context, file: str, globs: tuple[str, ...], version: str | None) -> None:
    """Write keys with their values to a file, for another machine; - writes to standard output.

    Without --glob and --release: all but the fleet's records of agents and tasks.

    \b
    Example: aqe memory export release.aqe --release v2.5.0
    """
    from pathlib import Path

    from ..fleet.output import write_file
    from ..fleet.transfer import export_text

    text = with_runtime(ctx, lambda parts: export_text(parts, globs, version))
    if file == "-":
        click.echo(text, nl=False)
    else:
        write_file(Path(file), text, overwrite=True)
    say(counted(len(text.splitlines()) - 1, "key"))


@memory.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--keep", is_flag=True, help="Leave keys that have a value as they are (default: overwrite).")
@output_options
@click.pass_context
def import_(ctx: click.Context, as_json: bool, file: str, keep: bool) -> None:
    """Write what an export holds; a cut or edited file is refused whole. Histories are only added to.

    \b
    Example: aqe memory import release.aqe
    """
    from ..fleet.transfer import import_text

    with click.open_file(file, encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    done = with_runtime(ctx, lambda parts: import_text(parts, text, where=file, keep=keep))
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done.written} written, {done.kept} kept, {done.appended} items added to histories")
