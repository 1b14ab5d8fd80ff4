"""Open parts of a fleet on the session's real server, and on servers of a test's own that may be killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis import Redis

from aqe.bus.events import Event
from aqe.config.settings import Settings, load_settings
from aqe.fleet.runtime import Runtime, open_runtime
from aqe.fleet.servers.server import ServerInfo, ensure_server, stop_server


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """One line a log entry: structlog's default renders a traceback with all local variables, for seconds."""
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.configure(**before)


Open = Callable[..., Awaitable[Runtime]]
"""Opens the parts of one more process of the fleet: `await open_parts("name", fleet="")`."""


def settings_for(url: str, folder: Path, *, fleet: str = "") -> Settings:
    """Of a fleet on this server; nothing of the machine's own environment."""
    return load_settings(flags={"redis_url": url, "data_dir": folder, "fleet": fleet or None}, env={}, cwd=folder)


@pytest.fixture
async def open_parts(redis_url: str, tmp_path: Path) -> AsyncIterator[Open]:
    """What every process of a fleet has, as often as a test needs it; closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(name: str = "test", *, fleet: str = "", url: str = redis_url) -> Runtime:
            settings = settings_for(url, tmp_path, fleet=fleet)
            return await stack.enter_async_context(open_runtime(settings, name=name, server=ServerInfo(url, "url")))

        yield open_one


@pytest.fixture
async def parts(open_parts: Open) -> Runtime:
    """The parts of one process."""
    return await open_parts()


@pytest.fixture
def raw(redis_url: str) -> Iterator[Any]:
    """A plain client, as any other program has one."""
    with Redis.from_url(redis_url) as client:
        yield client


@dataclass
class OwnServer:
    """A server that one test may kill and start again."""

    settings: Settings
    url: str = ""
    pid: int = 0

    def start(self) -> None:
        """Start it, on the data it left."""
        info = ensure_server(self.settings)
        assert info.pid is not None
        self.url, self.pid = info.url, info.pid
        # "everysec" puts a write off while the last sync is under way, and a SIGKILL then takes confirmed writes along
        # (seen with a plain client on a busy disk). What these tests ask is whether we lose anything.
        with Redis.from_url(self.url) as client:
            client.config_set("appendfsync", "always")

    def kill(self) -> None:
        """SIGKILL, and wait until the kernel has taken it away."""
        os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while lives(self.pid) and time.monotonic() < deadline:
            time.sleep(0.005)

    def restart(self) -> None:
        """Kill and start."""
        self.kill()
        self.start()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """A server of the test's own, with an append-only file."""
    folder = tmp_path_factory.mktemp("own")
    server = OwnServer(load_settings(env={"XDG_RUNTIME_DIR": str(folder)}, cwd=folder))
    server.start()
    yield server
    stop_server(server.settings)


@dataclass
class Programs:
    """Processes that a test starts from the `__main__` part of its own file; none of them outlives it."""

    file: str
    folder: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, *args: object, **environment: str) -> "subprocess.Popen[str]":
        """Start one; its standard output is a pipe, its log goes to a file beside the test's data."""
        with (self.folder / f"program-{len(self.started)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", self.file, *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={**os.environ, **environment},
            )
        self.started.append(process)
        return process

    async def started_up(self, *args: object, **environment: str) -> "subprocess.Popen[str]":
        """Start one and wait for its first line."""
        process = self.start(*args, **environment)
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, self.logs()
        return process

    def logs(self) -> str:
        """What they wrote, for a failing test."""
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("program-*.log")))


@pytest.fixture
def programs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Programs]:
    """Starts this file as a program of its own."""
    started = Programs(str(request.path), tmp_path)
    yield started
    for process in started.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def eventually(condition: Callable[[], Any], *, within_s: float = 10.0, what: str = "") -> Any:
    """Wait until the condition (plain or awaitable) holds; returns what it returned."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what or condition}")
        await asyncio.sleep(0.01)


def lives(pid: int) -> bool:
    """True while a process runs; where nobody reaps orphans a killed one stays as a zombie."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def an_event(n: int, event_type: str = "weather:changed") -> Event:
    """An event of a type nobody registered."""
    return Event(type=event_type, data={"n": n}, source="a-test", time=datetime(2026, 1, 10, tzinfo=UTC))


def pending(client: Any, stream: str, group: str) -> int:
    """Entries that a group was given and has not acknowledged."""
    answer: Any = client.xpending(stream, group)
    return int(answer["pending"])


def ids_in(client: Any, stream: str) -> list[str]:
    """Ids of the events in a stream."""
    rows: Any = client.xrange(stream)
    return [fields[b"id"].decode() for _, fields in rows]
