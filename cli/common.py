"""What commands share: settings, the open runtime, output formats."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..config.settings import Settings
    from ..core.records.base import Record
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


def say(line: str) -> None:
    """Progress and remarks: to stderr, so that stdout stays what was asked for."""
    click.echo(line, err=True)


def print_json(value: "Record | object") -> None:
    """One JSON document on stdout."""
    from ..core.records.base import encode

    click.echo(encode(value))
