"""The service under test: a command that is started with the proxies as its dependencies, or one that runs already."""

import asyncio
import contextlib
import os
import re
import shlex
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...config.settings import environment
from ...core.clock import Clock
from ...core.errors import InputError, ServiceUnavailable

START_S = 20.0
"""A service has so long until it listens."""
STOP_S = 5.0


@dataclass(frozen=True)
class Service:
    """Where it listens."""

    host: str
    port: int


def variable_of(dependency: str) -> str:
    """`AQE_UPSTREAM_STRIPE_API` for `stripe-api`."""
    return "AQE_UPSTREAM_" + re.sub(r"[^A-Z0-9]", "_", dependency.upper())


@contextlib.asynccontextmanager
async def service(target: str, settings: Mapping[str, str], clock: Clock) -> AsyncIterator[Service]:
    """The service, listening; a command is started and, at the end, ended.

    Args:
        target: `http://HOST:PORT`, or a command; `{port}` in it, and PORT in its environment, say where to listen.
        settings: environment for a command.

    Raises:
        InputError: the command cannot be started.
        ServiceUnavailable: it ends, or does not listen in time.
    """
    if target.startswith("http://"):
        url = urlsplit(target)
        if url.hostname is None:
            raise InputError(f"--target is {target!r}, expected http://HOST:PORT or a command")
        yield Service(url.hostname, url.port or 80)
        return
    port = _free_port()
    arguments = [part.replace("{port}", str(port)) for part in shlex.split(target)]
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env={**environment(), **settings, "PORT": str(port)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, IndexError) as error:
        raise InputError(f"--target {target!r} cannot be started: {getattr(error, 'strerror', error)}") from error
    try:
        await _listening(process, port, target, clock)
        yield Service("127.0.0.1", port)
    finally:
        await _stopped(process)


async def _listening(process: asyncio.subprocess.Process, port: int, target: str, clock: Clock) -> None:
    until_s = clock.monotonic_s() + START_S
    while clock.monotonic_s() < until_s:
        if process.returncode is not None:
            raise ServiceUnavailable(f"--target {target!r} ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await clock.sleep(0.02)
    raise ServiceUnavailable(
        f"--target {target!r} does not listen on 127.0.0.1:{port} after {START_S:g} s",
        hint="it gets the port as {port} in the command and as PORT in its environment",
    )


async def _stopped(process: asyncio.subprocess.Process) -> None:
    # The whole session that was started for it: a shell or a reloader has children of its own.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 15)
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
