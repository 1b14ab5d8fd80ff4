"""A line on standard error while something long is worked on; nothing where standard error is no terminal."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

LONG_S = 1.5
"""What is over by then needs no line."""


@contextlib.asynccontextmanager
async def working(what: str) -> AsyncIterator[None]:
    """Shows what is worked on, and for how long by now, until the end of the `async with`.

    Args:
        what: for people; text of our own.
    """
    shown = asyncio.ensure_future(_line(what)) if sys.stderr.isatty() else None
    try:
        yield
    finally:
        if shown:
            shown.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shown


async def _line(what: str) -> None:
    await asyncio.sleep(LONG_S)
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(what, total=None)
        await asyncio.Event().wait()
