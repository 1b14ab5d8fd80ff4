"""What commands share: settings, the open runtime, output formats."""

import asyncio
import functools
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.columns import folded
from .text import Look, clean, room

if TYPE_CHECKING:
    from ..core.records.base import Record
    from ..fleet.project import Settings
    from ..fleet.runtime import Runtime

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


CANCEL_EVERY_S = 5.0
"""A command that was told to go is told again so often: what it does to leave in good order takes less."""


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


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C, SIGTERM and a terminal that goes away (SIGHUP) cancel it in good order first.

    The second signal of a kind ends it at once. One that the process was started to ignore (`nohup`) stays ignored.

    Raises:
        SystemExit: 128 and the number of the signal, where it was one of the latter two.
    """
    ended: list[int] = []

    async def in_order() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end(number: int) -> None:
            loop.remove_signal_handler(number)
            ended.append(number)
            cancel()

        def cancel() -> None:
            # wait_for of Python 3.11 loses a cancellation that meets its result, and clients of Redis wait so.
            if task is not None and not task.done():
                task.cancel()
                loop.call_later(CANCEL_EVERY_S, cancel)

        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                loop.add_signal_handler(number, end, number)
        return await coroutine

    try:
        return asyncio.run(in_order())
    except asyncio.CancelledError:
        if not ended:
            raise
        say(f"aqe: ended by {signal.Signals(ended[0]).name}")
        sys.exit(128 + ended[0])


def with_runtime(ctx: click.Context, work: Callable[["Runtime"], Coroutine[Any, Any, T]]) -> T:
    """What most commands are: settings, the open parts of the fleet, some work, its result."""
    settings = load(ctx)

    async def inside() -> T:
        from ..fleet.runtime import open_runtime

        async with open_runtime(settings, name="cli") as parts:
            return await work(parts)

    return run(inside())


def look(settings: "Settings") -> Look:
    """What standard output can show."""
    return Look.of(sys.stdout, color=settings.color)


@contextmanager
def verdict(ctx: click.Context, code: int) -> Iterator[None]:
    """Print what is inside, then leave with the verdict's code, also where whoever reads the output has left.

    `set -o pipefail; aqe deploy assess ... | head -1` must not turn a NO-GO into a success.
    """
    try:
        yield
    except BrokenPipeError:
        sys.stdout = None
    ctx.exit(code)


def echo(text: str) -> None:
    """What was asked for, to stdout; on a terminal long lines go on below, at a blank."""
    click.echo(folded(text, room()))


def say(line: str) -> None:
    """Progress and remarks: to stderr, so that stdout stays what was asked for.

    Lost where nobody reads them or the disk is full: the work must not end with them.
    """
    with suppress(OSError):
        click.echo(folded(clean(line), room(sys.stderr)), err=True)


def print_json(value: "Record | object") -> None:
    """One JSON document on stdout."""
    from ..core.records.base import encode

    echo_json(encode(value))


def echo_json(text: str) -> None:
    """JSON text, byte for byte in UTF-8; to a terminal with escapes for everything that it could obey.

    JSON itself escapes only the first 32 control characters.
    """
    if not sys.stdout.isatty():
        click.echo(text.encode(errors="surrogateescape"))
        return
    click.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))
