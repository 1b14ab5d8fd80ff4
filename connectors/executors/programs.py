"""A program is run: an argument list, a time-out, what it printed. No shell is involved."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from ...core.errors import ServiceUnavailable
from ...core.masking import mask_text

MAX_SHOWN = 300
KILLED_S = 1.0
"""A killed program is waited for so long."""
REST_S = 0.2
"""For what an ended program has printed; what it left running may hold its output open for ever."""
LAST_WORDS = 20 * MAX_SHOWN
"""Bytes of its errors that are kept: more than is shown, so that a secret keeps the name that tells it is one."""
MAX_OUTPUT = 4_000_000
"""Bytes of what it prints that are kept: one that never stops printing must not fill the memory."""


async def run_program(
    arguments: Sequence[str], *, timeout_s: float = 60.0, environment: Mapping[str, str] | None = None
) -> str:
    """What it printed on standard output.

    It is a process group of its own: at the time-out, or when the caller is cancelled, its children end with it. One
    that it made a daemon goes on, and is not waited for.

    Args:
        arguments: the program first.
        timeout_s: above 0; after that it is killed.
        environment: of the program; None = this process's.

    Raises:
        ServiceUnavailable: it cannot be started, fails, or does not end in time.
    """
    async with _output(first=MAX_OUTPUT) as (out, out_end), _output(last=LAST_WORDS) as (err, err_end):
        process = await _started(arguments, out_end, err_end, environment)
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError as error:
            await _kill(process)
            raise ServiceUnavailable(f"{arguments[0]} did not end within {timeout_s:g} s") from error
        except asyncio.CancelledError:
            await _kill(process)
            raise
        await asyncio.wait({out.ended, err.ended}, timeout=REST_S)
    if process.returncode:
        said = mask_text(" ".join(err.kept.decode(errors="replace").split()))[-MAX_SHOWN:]
        raise ServiceUnavailable(f"{arguments[0]} ended with {process.returncode}: {said or 'it said nothing'}")
    return out.kept.decode(errors="replace")


async def _started(
    arguments: Sequence[str], out: int, err: int, environment: Mapping[str, str] | None
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
        raise ServiceUnavailable(f"{arguments[0]}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        os.close(out)
        os.close(err)


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(KILLED_S):
            await process.wait()


class _Output(asyncio.Protocol):
    """What comes out of a pipe: the first of it, or the last."""

    def __init__(self, first: int | None, last: int | None) -> None:
        self.kept = bytearray()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._first, self._last = first, last

    def data_received(self, data: bytes) -> None:
        self.kept += data
        if self._first is not None:
            del self.kept[self._first :]
        if self._last is not None:
            del self.kept[: -self._last]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


@asynccontextmanager
async def _output(*, first: int | None = None, last: int | None = None) -> AsyncIterator[tuple[_Output, int]]:
    """A pipe that is read here, and its other end for the program; asyncio's own cannot be let go before it is closed
    there."""
    ours, theirs = os.pipe()
    transport, output = await asyncio.get_running_loop().connect_read_pipe(
        lambda: _Output(first, last), os.fdopen(ours, "rb", 0)
    )
    try:
        yield output, theirs
    finally:
        transport.close()
