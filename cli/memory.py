"""`aqe memory`: values at their keys."""

from typing import TYPE_CHECKING, Any

import click

from .common import echo_json, output_options, print_json, say, with_runtime
from .params import duration, read_json
from .text import clean

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
