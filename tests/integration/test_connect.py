"""Clients, the probe and the errors, against real servers and against things that are none."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import redis.exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from aqe.benchmarks.servers.nodes import free_port
from aqe.config.settings import Settings, load_settings
from aqe.core.errors import EXIT_UNAVAILABLE, AqeError, InputError, ServiceUnavailable
from aqe.fleet.servers import embedded
from aqe.fleet.servers.connect import connect, connect_sync, open_clients, probe, translate
from aqe.fleet.servers.redis_url import RedisUrl, parse_url, redis_cli
from aqe.fleet.servers.server import ensure_server, stop_server

PACKAGED = str(embedded._packaged())
Start = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server with options on a free port of this machine; all are ended by their pid."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*options: str, program: tuple[str, ...] = (PACKAGED,), port: int | None = None) -> int:
        port = port or free_port()
        command = [*program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", "", *options]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe_socket:
                if probe_socket.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.01)
        raise AssertionError("did not start")

    yield run
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def fake_server() -> Iterator[Callable[[dict[bytes, bytes]], int]]:
    """A thread that answers commands by their name and everything else with an error."""
    sockets: list[socket.socket] = []

    def serve(answers: dict[bytes, bytes]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def talk(connection: socket.socket) -> None:
            sockets.append(connection)
            while data := _received(connection):
                for name in re.findall(rb"\*\d+\r\n\$\d+\r\n([A-Z]+)", data.upper()):
                    unknown = b"-ERR unknown command `%s`, with args beginning with:\r\n" % name
                    connection.sendall(answers.get(name, unknown))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield serve
    for each in sockets:
        each.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def settings_for(url: str, folder: Path, **flags: str) -> Settings:
    return load_settings({"redis_url": url, **flags}, {}, folder)


async def refusal(url: str, folder: Path, **flags: str) -> AqeError:
    """What `open_clients` says; it must say it quickly and never with the password."""
    begun = time.monotonic()
    with pytest.raises(AqeError) as caught:
        await open_clients(url, settings=settings_for(url, folder, **flags))
    assert time.monotonic() - begun < 2
    assert "geheim" not in f"{caught.value} {caught.value.hint}"
    assert "\n" not in caught.value.message
    return caught.value


async def test_two_clients_that_return_bytes(server_settings: Settings, redis_url: str) -> None:
    clients = await open_clients(redis_url, settings=server_settings)
    await clients.commands.set("k", "v")
    assert await clients.blocking.get("k") == b"v"
    await clients.commands.xadd("s", {"a": "b"}, id="1-1")
    assert await clients.blocking.xread({"s": "0"}, block=10) == [[b"s", [(b"1-1", {b"a": b"b"})]]]
    assert sorted(await clients.commands.keys("*")) == [b"k", b"s"], "the probe has left nothing behind"
    await clients.aclose()


async def test_more_commands_at_once_than_connections_wait(server_settings: Settings, redis_url: str) -> None:
    clients = connect(redis_url, settings=server_settings)
    await asyncio.gather(*(clients.commands.incr("n") for _ in range(500)))
    assert await clients.commands.get("n") == b"500"
    await clients.aclose()


async def test_commands_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    settings = load_settings({}, {"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path)
    info = ensure_server(settings)
    try:
        clients = await open_clients(info.url, settings=settings)
        # Syncing every second it may put a write off while a sync is under way, and a SIGKILL takes it along.
        await clients.commands.config_set("appendfsync", "always")
        await clients.commands.set("k", "v")
        assert info.pid
        os.kill(info.pid, signal.SIGKILL)
        while ensure_server(settings).pid == info.pid:
            pass  # It may still answer for a moment.
        assert await clients.commands.get("k") == b"v"
        await clients.aclose()
    finally:
        stop_server(settings)


async def test_a_password_from_the_url_or_from_a_file(start: Start, tmp_path: Path) -> None:
    port = start("--requirepass", "geheim")
    (tmp_path / "password").write_text("geheim\n")
    by_url = f"redis://:geheim@127.0.0.1:{port}"
    by_file = f"redis://127.0.0.1:{port}"
    for url, flags in ((by_url, {}), (by_file, {"redis_password_file": str(tmp_path / "password")})):
        settings = settings_for(url, tmp_path, **flags)
        clients = await open_clients(url, settings=settings)
        await clients.aclose()
        with connect_sync(url, settings=settings) as client:
            assert client.ping()


async def test_an_unreachable_server_is_told_at_once(tmp_path: Path) -> None:
    port = free_port()
    error = await refusal(f"redis://:geheim@127.0.0.1:{port}", tmp_path)
    assert error.message == f"cannot reach the Redis server at 127.0.0.1:{port}: Connection refused"
    assert error.exit_code == EXIT_UNAVAILABLE
    assert error.retryable

    error = await refusal(f"unix://{tmp_path}/no.sock", tmp_path)
    assert error.message == f"cannot reach the Redis server at unix:{tmp_path}/no.sock: No such file or directory"


async def test_a_wrong_or_missing_password(start: Start, tmp_path: Path) -> None:
    port = start("--requirepass", "secret")
    server = f"the Redis server at 127.0.0.1:{port}"
    assert (await refusal(f"redis://:geheim@127.0.0.1:{port}", tmp_path)).message == (
        f"{server} refuses the password or user"
    )
    missing = await refusal(f"redis://127.0.0.1:{port}", tmp_path)
    assert missing.message == f"{server} wants a password"
    assert "AQE_REDIS_PASSWORD_FILE" in str(missing.hint)


async def test_a_password_for_a_server_without_one_is_no_problem(start: Start, tmp_path: Path) -> None:
    url = f"redis://:geheim@127.0.0.1:{start()}"
    await (await open_clients(url, settings=settings_for(url, tmp_path))).aclose()


async def test_a_server_without_functions_is_too_old(start: Start, tmp_path: Path) -> None:
    port = start("--rename-command", "FUNCTION", "")
    error = await refusal(f"redis://127.0.0.1:{port}", tmp_path)
    assert error.message == (f"the Redis server at 127.0.0.1:{port} is too old: it lacks functions (FUNCTION LIST)")
    assert "7.0 or newer" in str(error.hint)


async def test_a_server_like_redis_6_is_too_old(
    fake_server: Callable[[dict[bytes, bytes]], int], tmp_path: Path
) -> None:
    group = b"*1\r\n*8\r\n+name\r\n+probe\r\n+consumers\r\n:0\r\n+pending\r\n:0\r\n+last-delivered-id\r\n+0-0\r\n"
    answers = {b"PING": b"+PONG\r\n", b"INFO": b"$0\r\n\r\n", b"XGROUP": b"+OK\r\n", b"XINFO": group, b"DEL": b":1\r\n"}
    port = fake_server(answers)
    error = await refusal(f"redis://127.0.0.1:{port}", tmp_path)
    assert error.message.endswith(
        "is too old: it lacks functions (FUNCTION LIST) and the lag of consumer groups (XINFO GROUPS)"
    )


async def test_something_else_behind_the_port(fake_server: Callable[[dict[bytes, bytes]], int], tmp_path: Path) -> None:
    port = fake_server({b"PING": b"HTTP/1.1 400 Bad Request\r\n\r\n"})
    error = await refusal(f"redis://127.0.0.1:{port}", tmp_path)
    assert error.message == f"the Redis server at 127.0.0.1:{port} does not speak Redis's protocol"


async def test_a_user_without_rights_is_told_which(start: Start, tmp_path: Path) -> None:
    port = start("--user", *["guest", "on", ">geheim", "~*", "+ping", "+info", "+client"])
    error = await refusal(f"redis://guest:geheim@127.0.0.1:{port}", tmp_path)
    assert "does not permit it" in error.message
    assert "function" in error.message


async def test_a_cluster_needs_its_scheme_and_a_named_fleet(start: Start, tmp_path: Path) -> None:
    port = start("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis.Redis(port=port) as node:
        node.cluster("ADDSLOTSRANGE", 0, 16383)
        while node.cluster("INFO")["cluster_state"] != "ok":
            time.sleep(0.01)

    single = await refusal(f"redis://127.0.0.1:{port}", tmp_path)
    assert "is a Redis Cluster" in single.message
    assert "redis+cluster://" in str(single.hint)

    url = f"redis+cluster://127.0.0.1:{port}"
    nameless = await refusal(url, tmp_path)
    assert isinstance(nameless, InputError)
    assert "--fleet" in str(nameless.hint)

    settings = settings_for(url, tmp_path, fleet="shop")
    clients = await open_clients(url, settings=settings)
    await clients.commands.mset({"{shop}a": "1", "{shop}b": "2"})
    assert await clients.blocking.mget("{shop}a", "{shop}b") == [b"1", b"2"]
    await clients.aclose()
    with connect_sync(url, settings=settings) as client:
        assert client.get("{shop}a") == b"1"


async def test_sentinels_lead_to_their_master(start: Start, tmp_path: Path) -> None:
    master = start()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor shop 127.0.0.1 {master} 1\n")
    sentinel = start(program=(PACKAGED, str(config), "--sentinel"))

    url = f"redis+sentinel://127.0.0.1:{sentinel}/shop/3"
    settings = settings_for(url, tmp_path)
    clients = await open_clients(url, settings=settings)
    await clients.commands.set("k", "v")
    assert clients.address == f"sentinels 127.0.0.1:{sentinel} (shop)"
    await clients.aclose()
    with connect_sync(url, settings=settings) as client:
        assert client.get("k") == b"v"
    with redis.Redis(port=master, db=3) as direct:
        assert direct.get("k") == b"v"

    unknown = await refusal(f"redis+sentinel://127.0.0.1:{sentinel}/nobody", tmp_path)
    assert unknown.message.startswith("no master to be found through the Redis server at sentinels")


async def test_the_probe_stays_within_the_fleets_prefix(start: Start, tmp_path: Path) -> None:
    port = start("--user", *["shop", "on", ">geheim", "+@all", "~{shop}*"])
    url = f"redis://shop:geheim@127.0.0.1:{port}"
    clients = connect(url, settings=settings_for(url, tmp_path, fleet="shop"))
    await probe(clients.commands, prefix="{shop}")
    await clients.aclose()
    assert "does not permit it" in (await refusal(url, tmp_path, fleet="other")).message


@pytest.mark.parametrize(
    ("error", "start_of_message", "retryable"),
    [
        (redis.exceptions.BusyLoadingError("Redis is loading"), "S is still loading its data", True),
        (redis.exceptions.OutOfMemoryError("command not allowed"), "S has no memory left", True),
        (redis.exceptions.ReadOnlyError("You can't write"), "S is a read-only replica", True),
        (redis.exceptions.ResponseError("MISCONF Errors writing to the AOF"), "S cannot write to its disk", True),
        (redis.exceptions.ResponseError("NOREPLICAS Not enough good"), "S has too few replicas", True),
        (redis.exceptions.MovedError("3999 127.0.0.1:6381"), "S is a Redis Cluster", True),
        (redis.exceptions.TimeoutError("Timeout reading from socket"), "S did not answer in time", True),
        (redis.exceptions.ConnectionError("Connection closed by server."), "cannot reach S: Connection closed", True),
        (MasterNotFoundError("No master found for 'x' : <Redis(password=geheim)>"), "no master to be found", True),
        (redis.exceptions.AuthenticationError("AUTH <password> called without any"), "S has no password", True),
        (redis.exceptions.ResponseError("WRONGTYPE of redis://:geheim@h"), "S answers: WRONGTYPE", False),
        (OSError(101, "?"), "cannot reach S: Network is unreachable", True),
        (InputError("ours"), "ours", False),
    ],
)
def test_errors_become_ours(error: Exception, start_of_message: str, retryable: bool) -> None:
    translated = translate(error, "h:1")
    assert translated.message.startswith(
        start_of_message.replace("S ", "the Redis server at h:1 ").replace("S:", "the Redis server at h:1:")
    )
    assert translated.retryable is retryable
    assert "geheim" not in f"{translated} {translated.hint}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", RedisUrl("single", hosts=(("h", 6379),))),
        ("redis://u:p%40ss@[::1]:1/2", RedisUrl("single", hosts=(("::1", 1),), db=2, username="u", password="p@ss")),
        (
            "rediss://:p@h?ssl_ca_certs=/ca.pem",
            RedisUrl("single", True, (("h", 6379),), password="p", tls_options=(("ssl_ca_certs", "/ca.pem"),)),
        ),
        ("unix:///run/a%20b.sock?db=1", RedisUrl("unix", path="/run/a b.sock", db=1)),
        ("redis+sentinel://a:1,b/m/4", RedisUrl("sentinel", hosts=(("a", 1), ("b", 26379)), service="m", db=4)),
        ("rediss+cluster://a,b:2", RedisUrl("cluster", True, (("a", 6379), ("b", 2)))),
    ],
)
def test_urls_are_read(url: str, expected: RedisUrl) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://:geheim@h", "unknown scheme 'http'"),
        ("redis+sentinal://h/m", "did you mean 'redis+sentinel'"),
        ("redis://:geheim@h:99999", "a port is not a number from 1 to 65535"),
        ("redis://:geheim@", "a host is missing"),
        ("redis://:gehe/imgeheim@h", "the database is not a number"),
        ("redis://h/x", "the database is not a number"),
        ("redis://h?sll_ca_certs=1", "did you mean 'ssl_ca_certs'"),
        ("redis+sentinel://h", "the master's name is missing"),
        ("redis+cluster://h/1", "a cluster has no numbered databases"),
        ("unix://run/a.sock", "a socket's path starts with '/'"),
        ("geheim", "unknown scheme ''"),
    ],
)
def test_unusable_urls_say_why_without_the_password(url: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_url(url)
    assert why in caught.value.message
    assert "geheim" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "file", "line"),
    [
        ("redis://h:1/2", None, "redis-cli -h h -p 1 -n 2"),
        ("redis://:geheim@h", None, "redis-cli -h h -p 6379 --askpass"),
        ("redis://h", "/a b", "REDISCLI_AUTH=\"$(cat '/a b')\" redis-cli -h h -p 6379"),
        ("rediss://u@h", None, "redis-cli -h h -p 6379 --tls --user u"),
        ("redis+cluster://a:1,b:2", None, "redis-cli -h a -p 1 -c"),
        ("redis+sentinel://a/m", None, "redis-cli -h a -p 26379 sentinel get-master-addr-by-name m"),
        ("unix:///a%20b", None, "redis-cli -s '/a b'"),
    ],
)
def test_the_redis_cli_line_never_holds_the_password(url: str, file: str | None, line: str) -> None:
    assert redis_cli(parse_url(url), Path(file) if file else None) == line


def test_a_url_is_not_printed_with_its_password() -> None:
    assert "geheim" not in repr(parse_url("redis://u:geheim@h")) + parse_url("redis://u:geheim@h").address


def test_unreachable_errors_of_the_blocking_client_are_ours_too(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    with connect_sync(url, settings=settings_for(url, tmp_path), retries=0) as client:
        with pytest.raises(redis.exceptions.ConnectionError) as caught:
            client.ping()
        assert isinstance(translate(caught.value, "h:1"), ServiceUnavailable)
        assert translate(caught.value, "h:1").message == "cannot reach the Redis server at h:1: Connection refused"
