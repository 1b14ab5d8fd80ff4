"""Addresses of Redis servers: what the URLs mean and how to say them without the password."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ...core.errors import InputError
from ...core.registry import did_you_mean

Kind = Literal["single", "unix", "sentinel", "cluster"]
SCHEMES: dict[str, tuple[Kind, bool]] = {
    "redis": ("single", False),
    "rediss": ("single", True),
    "unix": ("unix", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
"""Scheme -> kind of server, TLS."""
DEFAULT_PORTS: dict[Kind, int] = {"single": 6379, "sentinel": 26379, "cluster": 6379}
OPTIONS = ("db", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")
"""What may follow a `?`; those of TLS as redis-py names them: CA file, required or none, our certificate and key."""
EXAMPLES = "redis://HOST:PORT/DB, rediss://…, unix:///PATH, redis+sentinel://H1,H2/NAME, redis+cluster://H1,H2"


@dataclass(frozen=True)
class RedisUrl:
    """A parsed URL; printing it shows no password."""

    kind: Kind
    tls: bool = False
    hosts: tuple[tuple[str, int], ...] = ()
    """The server, or the sentinels, or some nodes of the cluster."""
    path: str = ""
    """Of the Unix socket."""
    service: str = ""
    """Sentinel's name of the master."""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_options: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """For messages: `127.0.0.1:6379`, `unix:/run/aqe.sock`, `sentinels a:26379,b:26379 (mymaster)`."""
        hosts = ",".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in self.hosts)
        match self.kind:
            case "single":
                return hosts
            case "unix":
                return f"unix:{self.path}"
            case "sentinel":
                return f"sentinels {hosts} ({self.service})"
            case "cluster":
                return f"cluster {hosts}"


def parse_url(url: str) -> RedisUrl:
    """Read a URL.

    Raises:
        InputError: not one of ours. The message holds no part of the URL that could be a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _refused("it cannot be read") from error
    if parts.scheme not in SCHEMES:
        raise _refused(f"unknown scheme {parts.scheme!r}{did_you_mean(parts.scheme, SCHEMES)}")
    kind, tls = SCHEMES[parts.scheme]
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    for name in options:
        if name not in OPTIONS:
            raise _refused(f"unknown option {name!r}{did_you_mean(name, OPTIONS)}")
    path = unquote(parts.path)
    names = path.strip("/").split("/") if kind != "unix" and path.strip("/") else []
    service = names.pop(0) if kind == "sentinel" and names else ""
    db = names.pop(0) if kind in ("single", "sentinel") and names else options.pop("db", "0")
    if kind == "cluster" and (names or db != "0"):
        raise _refused("a cluster has no numbered databases")
    if names or not db.isdecimal():
        raise _refused("the database is not a number")
    if kind == "sentinel" and not service:
        raise _refused("the master's name is missing after the sentinels")
    if kind == "unix" and (hosts or not path.startswith("/")):
        raise _refused("a socket's path starts with '/': unix:///PATH")
    return RedisUrl(
        kind=kind,
        tls=tls,
        hosts=() if kind == "unix" else tuple(_host(text, DEFAULT_PORTS[kind]) for text in hosts.split(",")),
        path=path if kind == "unix" else "",
        service=service,
        db=int(db),
        username=unquote(username) or None,
        password=unquote(password) or None,
        tls_options=tuple(sorted(options.items())),
    )


def unix_url(path: Path) -> str:
    """URL of a Unix socket."""
    return f"unix://{quote(str(path))}"


def redis_cli(url: RedisUrl, password_file: Path | None = None) -> str:
    """The line that opens redis-cli there; it holds no password.

    Args:
        password_file: file with the password, if the server wants one and it lies in a file.
    """
    words = ["redis-cli"]
    if url.kind == "unix":
        words += ["-s", url.path]
    else:
        host, port = url.hosts[0]
        words += ["-h", host, "-p", str(port)]
    if url.kind == "sentinel":
        return shlex.join([*words, "sentinel", "get-master-addr-by-name", url.service])
    if url.tls:
        words.append("--tls")
    if url.kind == "cluster":
        words.append("-c")
    if url.db:
        words += ["-n", str(url.db)]
    if url.username:
        words += ["--user", url.username]
    if password_file:
        return f'REDISCLI_AUTH="$(cat {shlex.quote(str(password_file))})" {shlex.join(words)}'
    return shlex.join([*words, "--askpass"] if url.password else words)


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused("a port is not a number from 1 to 65535") from error
    if not host:
        raise _refused("a host is missing")
    return host, port or default_port


def _refused(why: str) -> InputError:
    return InputError(f"the Redis URL is not usable: {why}", hint=f"expected {EXAMPLES}")
