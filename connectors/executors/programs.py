"""A program is run: an argument list, a time-out, what it printed. No shell is involved."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ...core.errors import ServiceUnavailable
from ...core.masking import mask_text

MAX_SHOWN = 300
KILLED_S = 1.0
"""A killed program is waited for so long."""
MAX_OUTPUT = 4_000_000
"""Bytes of what it prints that are kept: one that never stops printing must not fill the memory."""


async def run_program(
    arguments: Sequence[str], *, timeout_s: float = 60.0, environment: Mapping[str, str] | None = None
) -> str:
    """What it printed on standard output.

    It is a process group of its own: at the time-out, or when the caller is cancelled, its children end with it.

    Args:
        arguments: the program first.
        timeout_s: above 0; after that it is killed.
        environment: of the program; None = this process's.

    Raises:
        ServiceUnavailable: it cannot be started, fails, or does not end in time.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
        raise ServiceUnavailable(f"{arguments[0]}: {getattr(error, 'strerror', None) or error}") from error
    try:
        async with asyncio.timeout(timeout_s):
            out, err, _ = await asyncio.gather(_printed(process.stdout), _printed(process.stderr), process.wait())
    except TimeoutError as error:
        await _kill(process)
        raise ServiceUnavailable(f"{arguments[0]} did not end within {timeout_s:g} s") from error
    except asyncio.CancelledError:
        await _kill(process)
        raise
    if process.returncode:
        said = mask_text(" ".join(err.decode(errors="replace").split()))[-MAX_SHOWN:]
        raise ServiceUnavailable(f"{arguments[0]} ended with {process.returncode}: {said or 'it said nothing'}")
    return out.decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # One that made itself a daemon may go on holding the pipes.
    with suppress(TimeoutError):
        async with asyncio.timeout(KILLED_S):
            await process.wait()


async def _printed(stream: asyncio.StreamReader | None) -> bytes:
    kept = bytearray()
    while stream is not None and (part := await stream.read(65536)):
        kept += part[: max(0, MAX_OUTPUT - len(kept))]
    return bytes(kept)
