"""What commands share: settings, the open runtime, output formats."""

import asyncio
import functools
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .text import Look, clean

if TYPE_CHECKING:
    from ..core.records.base import Record
    from ..fleet.project import Settings
    from ..fleet.runtime import Runtime

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def output_options(command: F) -> F:
    """`--format text|json` and `--json`; the command gets `as_json: bool`."""

    @click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format.")
    @click.option("--json", "json_", is_flag=True, help="Same as --format json: stdout holds only the JSON.")
    @functools.wraps(command)
    def wrapped(*args: Any, format_: str, json_: bool, **kwargs: Any) -> Any:
        return command(*args, as_json=json_ or format_ == "json", **kwargs)

    return wrapped  # type: ignore[return-value]


def release_options(command: F) -> F:
    """`--release --commit --env`: which release is meant, where that is not a version to be judged."""
    for option in (
        click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production)."),
        click.option("--commit", metavar="HASH", help="Its commit (default: of the tag, else HEAD of this git clone)."),
        click.option(
            "--release", "version", metavar="VERSION", help="Release (default: `git describe` of this clone)."
        ),
    ):
        command = option(command)
    return command


def load(ctx: click.Context, *, default_log_level: str = "warning", **more: Any) -> "Settings":
    """Settings from the global flags, and logging set up accordingly.

    Args:
        default_log_level: for commands a person waits for; what flag, environment or file say comes first.
        more: settings flags of the command itself.
    """
    from ..fleet.setup import load_and_log

    return load_and_log({**(ctx.find_root().obj or {}), **more}, default_log_level=default_log_level)


@asynccontextmanager
async def runtime(settings: "Settings", name: str = "cli") -> AsyncIterator["Runtime"]:
    """The open parts of the fleet."""
    from ..fleet.runtime import open_runtime

    async with open_runtime(settings, name=name) as parts:
        yield parts


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C cancels it in good order first."""
    return asyncio.run(coroutine)


def with_runtime(ctx: click.Context, work: Callable[["Runtime"], Coroutine[Any, Any, T]]) -> T:
    """What most commands are: settings, the open runtime, some work, its result."""
    settings = load(ctx)

    async def inside() -> T:
        async with runtime(settings) as parts:
            return await work(parts)

    return run(inside())


def look(settings: "Settings") -> Look:
    """What standard output can show."""
    return Look.of(sys.stdout, color=settings.color)


def say(line: str) -> None:
    """Progress and remarks: to stderr, so that stdout stays what was asked for."""
    click.echo(clean(line), err=True)


def print_json(value: "Record | object") -> None:
    """One JSON document on stdout."""
    from ..core.records.base import encode

    click.echo(for_terminal(encode(value)))


def for_terminal(json_text: str) -> str:
    """JSON text as it is; to a terminal with \\u escapes for what the terminal could obey.

    JSON itself escapes only the first 32 control characters.
    """
    if not sys.stdout.isatty():
        return json_text
    return re.sub(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", json_text)
