"""The fleet's processes: one supervisor that starts commander and agents, and starts again what dies."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..agents.base import BaseAgent
from ..agents.commander.agent import FleetCommander
from ..config.settings import Settings, environment
from ..core.clock import SystemClock
from ..core.errors import AqeError, ServiceUnavailable
from ..core.log import Logger
from .folders import make_data_dir
from .locks import is_locked, locked
from .retention import prune_datasets
from .roster import COMMANDER, GATEWAY, ROLES, agent_class, profiles
from .runtime import open_runtime
from .servers.server import ensure_server

if TYPE_CHECKING:
    from .gateway import Gateway

RESTART_PAUSE_S = (0.2, 10.0)
"""First and longest pause before a dead process is started again; a minute of life resets it."""
STOP_TIMEOUT_S = 40.0
"""A process gets this long to finish the task at hand before it is killed."""
START_TIMEOUT_S = 20.0
SERVER_CHECK_S = 1.0

CLOCK = SystemClock()

log = Logger("supervisor")


async def run_role(settings: Settings, role: str, *, follow_parent: bool = False) -> None:
    """Be one of the fleet's processes until SIGTERM or SIGINT.

    Args:
        settings: the project's.
        role: one of ROLES.
        follow_parent: also end when standard input ends, which is when the supervisor dies.
    """
    async with open_runtime(settings, name=role) as runtime:
        worker: FleetCommander | BaseAgent | Gateway
        if role == COMMANDER:
            worker = FleetCommander(
                runtime.memory,
                runtime.bus,
                runtime.keeper,
                runtime.clock,
                runtime.clients.commands,
                tuple(profiles()),
                partial(prune_datasets, runtime),
            )
        elif role == GATEWAY:
            from . import gateway  # with statistics of 70 MB, which nobody else who imports this module needs

            worker = gateway.Gateway(runtime)
        else:
            worker = agent_class(role)(runtime.services())
        async with _stopping_with(worker.stop, follow_parent=follow_parent):
            await worker.run()


async def supervise(settings: Settings, roles: Sequence[str] = ROLES) -> None:
    """Start the roles as processes, restart those that die, stop them all on SIGTERM or SIGINT.

    Raises:
        ServiceUnavailable: a supervisor of this project runs already.
    """
    with _only_one(settings):
        stopping = asyncio.Event()
        async with _stopping_with(stopping.set, follow_parent=False):
            await asyncio.gather(_keep_server(settings, stopping), *(_keep_running(role, stopping) for role in roles))


def start_detached(settings: Settings) -> int:
    """Start the supervisor in the background, if none runs; returns its process id."""
    running = supervisor_pid(settings)
    if running is not None:
        return running
    process = start_beside(settings, "fleet", "run", "all")
    deadline = CLOCK.monotonic_s() + START_TIMEOUT_S
    while CLOCK.monotonic_s() < deadline:
        if supervisor_pid(settings) is not None:
            return process.pid
        if process.poll() is not None:
            break
        CLOCK.pause(0.02)
    raise ServiceUnavailable("the fleet did not start", hint=f"its log: {log_path(settings)}")


def start_beside(settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start `aqe ARGUMENTS` for the same fleet in a session of its own, with the fleet's log."""
    make_data_dir(settings)
    with log_path(settings).open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "aqe", "--log-format", "json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=settings.project_root,
            env={**environment(), **_same_fleet(settings)},
            start_new_session=True,
        )


def stop_detached(settings: Settings) -> bool:
    """Stop the supervisor and wait for it; False when none ran."""
    pid = supervisor_pid(settings)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = CLOCK.monotonic_s() + STOP_TIMEOUT_S + 5
    while supervisor_pid(settings) is not None:
        if CLOCK.monotonic_s() > deadline:
            raise ServiceUnavailable(f"the fleet (process {pid}) did not stop within {STOP_TIMEOUT_S + 5:.0f} s")
        CLOCK.pause(0.02)
    return True


def supervisor_pid(settings: Settings) -> int | None:
    """Process id of this project's supervisor, or None; known by the lock it holds, not by a stale file."""
    return _holder(_lock_path(settings))


def other_fleets(settings: Settings) -> list[str]:
    """Names of the lock files of other fleets that run over the same data folder, and so over the same server."""
    own = _lock_path(settings)
    return [path.name for path in sorted(settings.data_dir.glob("fleet*.lock")) if path != own and _holder(path)]


def _lock_path(settings: Settings) -> Path:
    return settings.data_dir / f"{_file_stem(settings)}.lock"


def log_path(settings: Settings) -> Path:
    """Where the supervisor and its processes write."""
    return settings.data_dir / f"{_file_stem(settings)}.log"


def _file_stem(settings: Settings) -> str:
    return f"fleet-{settings.fleet.name}" if settings.fleet.name else "fleet"


def _holder(path: Path) -> int | None:
    text = path.read_text(encoding="utf-8") if is_locked(path) else ""
    return int(text) if text.isdigit() else None


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    make_data_dir(settings)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(_lock_path(settings), str(os.getpid())))
        except BlockingIOError as error:
            raise ServiceUnavailable(
                "a fleet of this project runs already", hint="`aqe fleet status`, `aqe down`"
            ) from error
        yield


def _same_fleet(settings: Settings) -> dict[str, str]:
    """Environment that makes a child see the settings its parent has."""
    env = {"AQE_DATA_DIR": str(settings.data_dir)}
    if settings.config_file:
        env["AQE_CONFIG"] = str(settings.config_file)
    if settings.fleet.name:
        env["AQE_FLEET"] = settings.fleet.name
    if settings.redis.url:
        env["AQE_REDIS_URL"] = settings.redis.url
    if settings.redis.password_file:
        env["AQE_REDIS_PASSWORD_FILE"] = str(settings.redis.password_file)
    return env


async def _keep_server(settings: Settings, stopping: asyncio.Event) -> None:
    """The embedded server, when it dies, is started again; a given one is somebody else's."""
    while not stopping.is_set():
        try:
            server = await asyncio.to_thread(ensure_server, settings)
            if server.source == "started":
                log.warning("the embedded server was gone, started again", pid=server.pid)
        except AqeError as error:
            log.error("the embedded server cannot be started", error=error.message)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SERVER_CHECK_S)


async def _keep_running(role: str, stopping: asyncio.Event) -> None:
    pause_s = RESTART_PAUSE_S[0]
    while not stopping.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "aqe", "--log-format", "json", "fleet", "run", role, "--follow-parent",
            stdin=asyncio.subprocess.PIPE,
        )  # fmt: skip
        started = CLOCK.monotonic_s()
        ended = asyncio.ensure_future(process.wait())
        stop = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if stopping.is_set():
            await _stop(process, role)
            return
        if CLOCK.monotonic_s() - started > 60:
            pause_s = RESTART_PAUSE_S[0]
        log.warning("process ended, starting it again", role=role, exit_code=process.returncode, pause_s=pause_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_s)
        pause_s = min(pause_s * 2, RESTART_PAUSE_S[1])


async def _stop(process: asyncio.subprocess.Process, role: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        log.warning("did not stop in time, killed; its task goes to another agent", role=role)
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _stopping_with(stop: Callable[[], None], *, follow_parent: bool) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if follow_parent:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        watcher = loop.create_task(_at_end_of(reader, stop))
    try:
        yield
    finally:
        if follow_parent:
            watcher.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _at_end_of(reader: asyncio.StreamReader, stop: Callable[[], None]) -> None:
    await reader.read()
    log.warning("the supervisor is gone, stopping")
    stop()
