"""Which Redis server this fleet uses: the given one, the embedded one that runs, or one we start."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...config.settings import Settings
from ...core.errors import ServiceUnavailable
from .redis_url import parse_url, redis_cli, unix_url

if TYPE_CHECKING:
    from .embedded import Running

Source = Literal["url", "running", "started"]


@dataclass(frozen=True)
class ServerInfo:
    """A server and how to reach it.

    Args:
        url: for `connect`; as given, or the embedded server's socket. May hold the user's password: print `address`.
        source: `url` = given by flag, environment or aqe.yaml; the others are the embedded server.
        pid: of the embedded server.
        data_dir: where the embedded server keeps its data.
        listen: IP-ADDRESS:PORT at which the embedded server answers besides its socket.
        password_file: file with the password, if one is wanted and it lies in a file.
    """

    url: str = field(repr=False)
    source: Source
    pid: int | None = None
    data_dir: Path | None = None
    listen: str | None = None
    password_file: Path | None = None

    @property
    def address(self) -> str:
        """Host and port or socket, without password."""
        return parse_url(self.url).address

    @property
    def redis_cli(self) -> str:
        """The line that opens redis-cli at this server; over TCP when it listens, and never with the password."""
        url = f"redis://{self.listen}" if self.listen else self.url
        return redis_cli(parse_url(url), self.password_file)


def ensure_server(settings: Settings) -> ServerInfo:
    """The server of this fleet; starts the embedded one when none is given and none runs.

    Safe to call from many processes at once: one server results. A given server is not asked whether it answers:
    `open_clients` does. With `redis.listen` set, the embedded server also answers over TCP, with a password, until
    `stop_server`.

    Raises:
        InputError: a URL that is not ours, or `listen` with an address other machines can reach and no `listen_public`.
        ServiceUnavailable: no server can be started here, says why and what to do.
    """
    if info := _given(settings):
        return info
    if sys.platform == "win32":
        raise ServiceUnavailable("there is no embedded server for Windows", hint="set AQE_REDIS_URL, or work in WSL")
    from . import embedded

    running, started = embedded.ensure(settings)
    return _info(running, "started" if started else "running", settings)


def find_server(settings: Settings) -> ServerInfo | None:
    """The given server, or the embedded one if it runs; starts nothing.

    Raises:
        ServiceUnavailable: the embedded server runs but cannot be used (its socket's folder belongs to somebody else,
            its password file is gone).
    """
    if (info := _given(settings)) or sys.platform == "win32":
        return info
    from . import embedded

    running = embedded.find(settings)
    return _info(running, "running", settings) if running else None


def stop_server(settings: Settings) -> bool:
    """Save, stop the embedded server and wait until its process is gone; a given server is left alone.

    It also ends `listen`; the password stays for the next time.

    Returns:
        False when none ran.

    Raises:
        ServiceUnavailable: it did not stop.
    """
    if sys.platform == "win32":
        return False
    from . import embedded

    return embedded.stop(settings)


def _given(settings: Settings) -> ServerInfo | None:
    if settings.redis.url is None:
        return None
    parse_url(settings.redis.url)
    return ServerInfo(settings.redis.url, "url", password_file=settings.redis.password_file)


def _info(running: "Running", source: Source, settings: Settings) -> ServerInfo:
    password_file = settings.server_password_file
    return ServerInfo(
        url=unix_url(running.socket),
        source=source,
        pid=running.pid,
        data_dir=settings.server_dir,
        listen=running.listen,
        password_file=password_file if password_file.exists() else None,
    )


def product(facts: Mapping[str, Any]) -> str:
    """`Valkey 9.1.2` or `Redis 7.0.15`, out of INFO; Valkey's `redis_version` is the Redis it is compatible with."""
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', '(unknown version)')}"
