"""Finding, starting and stopping the embedded server, with real processes."""

import json
import os
import shlex
import signal
import socket as sockets
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aqe.benchmarks.servers.nodes import free_port
from aqe.config.settings import Settings, load_settings
from aqe.core.errors import EXIT_UNAVAILABLE, EXIT_USAGE, InputError, ServiceUnavailable
from aqe.fleet.servers import embedded, server_files
from aqe.fleet.servers.connect import connect_sync
from aqe.fleet.servers.server import ServerInfo, ensure_server, find_server, stop_server
from aqe.fleet.servers.server_files import server_lock
from aqe.tests.integration.conftest import lives

PACKAGED = embedded._packaged()
Project = Callable[..., Settings]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Settings of a project folder; every server started in one is stopped."""
    used: list[Settings] = []

    def settings(folder: str = "shop", *, path: str = "", **flags: object) -> Settings:
        (root := tmp_path / folder).mkdir(parents=True, exist_ok=True)
        used.append(load_settings(flags, {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": path}, root))
        return used[-1]

    yield settings
    for each in used:
        stop_server(each)


@pytest.fixture(name="free_port")
def a_free_port() -> int:
    return free_port()


def kill(info: ServerInfo) -> None:
    """Kill it and wait until it is gone: it may still answer for a moment."""
    assert info.pid is not None
    os.kill(info.pid, signal.SIGKILL)
    while lives(info.pid):
        pass


def put(settings: Settings, key: str, value: str) -> None:
    info = find_server(settings)
    assert info is not None
    with connect_sync(info.url, settings=settings) as client:
        # Syncing every second it may put a write off while a sync is under way, and a SIGKILL takes it along.
        client.config_set("appendfsync", "always")
        client.set(key, value)


def get(info: ServerInfo, settings: Settings, key: str) -> object:
    with connect_sync(info.url, settings=settings) as client:
        return client.get(key)


def starts(settings: Settings) -> int:
    """How often a server came up in this data folder."""
    return (settings.server_dir / "server.log").read_text().count("Server initialized")


def test_the_first_starts_it_the_second_finds_it(project: Project) -> None:
    settings = project()
    assert find_server(settings) is None, "asking starts nothing"

    first = ensure_server(settings)
    second = ensure_server(settings)

    assert (first.source, second.source) == ("started", "running")
    assert first.pid == second.pid
    assert first.address == f"unix:{settings.socket_path}"
    assert first.redis_cli == f"redis-cli -s {settings.socket_path}"


def test_eight_commands_at_once_make_one_server(project: Project, tmp_path: Path) -> None:
    settings = project()
    code = (
        "import sys; from pathlib import Path; from aqe.config.settings import load_settings;"
        "from aqe.fleet.servers.server import ensure_server; from aqe.fleet.servers.connect import connect_sync;"
        "s = load_settings(env={'XDG_RUNTIME_DIR': sys.argv[1]}, cwd=Path(sys.argv[2])); sys.stdin.readline();"
        "i = ensure_server(s); connect_sync(i.url, settings=s).incrby('n', 1); print(i.pid)"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(tmp_path), str(settings.project_root)]
    env = {**os.environ, "PYTHONPATH": str(root / ".dev")}
    starters = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=tmp_path)
        for _ in range(8)
    ]
    for starter in starters:
        assert starter.stdin
        starter.stdin.write("go\n")
        starter.stdin.flush()
    answers = [starter.communicate(timeout=240)[0] for starter in starters]

    info = ensure_server(settings)
    assert {int(answer) for answer in answers} == {info.pid}
    assert get(info, settings, "n") == b"8"
    assert starts(settings) == 1


def test_a_killed_server_comes_back_with_its_data(project: Project) -> None:
    settings = project()
    info = ensure_server(settings)
    put(settings, "k", "v")

    for _ in range(3):
        kill(info)
        info = ensure_server(settings)
        assert info.source == "started"
        assert get(info, settings, "k") == b"v"


def test_stale_files_are_harmless(project: Project) -> None:
    settings = project()
    settings.server_dir.mkdir(parents=True)
    settings.socket_path.parent.mkdir(parents=True, mode=0o700)
    (settings.server_dir / "server.json").write_text("{")
    with sockets.socket(sockets.AF_UNIX) as left:
        left.bind(str(settings.socket_path))

    assert ensure_server(settings).source == "started"


def test_a_server_whose_socket_was_deleted_is_replaced(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "UNREACHABLE_S", 0.2)
    settings = project()
    first = ensure_server(settings)
    put(settings, "k", "v")
    settings.socket_path.unlink()

    second = ensure_server(settings)

    assert second.pid != first.pid
    assert get(second, settings, "k") == b"v"
    settings.socket_path.unlink()
    assert stop_server(settings)


def test_a_server_killed_while_it_rewrites_its_file_comes_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its child lives on and holds the lock."""
    monkeypatch.setattr(embedded, "UNREACHABLE_S", 0.2)
    settings = project()
    info = ensure_server(settings)
    put(settings, "k", "v")  # from here on each write is on the disk before it is answered
    with connect_sync(info.url, settings=settings) as client:
        client.mset({f"k{n}": "v" for n in range(1000)})
        client.config_set("rdb-key-save-delay", 100_000)
        client.bgrewriteaof()
        while not client.info("persistence")["aof_rewrite_in_progress"]:
            pass
    kill(info)

    assert get(ensure_server(settings), settings, "k999") == b"v"


def test_the_socket_stays_where_it_is_when_the_environment_differs(project: Project, tmp_path: Path) -> None:
    """A login shell has $XDG_RUNTIME_DIR, cron has not."""
    first = ensure_server(project())
    (elsewhere := tmp_path / "run").mkdir()
    other = load_settings({}, {"XDG_RUNTIME_DIR": str(elsewhere)}, tmp_path / "shop")
    assert ensure_server(other) == ServerInfo(first.url, "running", first.pid, first.data_dir)


@pytest.mark.skipif(PACKAGED is None, reason="needs the packaged server")
def test_a_server_that_is_loading_is_waited_for(project: Project) -> None:
    settings = project()
    ensure_server(settings)
    with connect_sync(f"unix://{settings.socket_path}", settings=settings) as client:
        client.mset({f"k{n}": "v" * 50 for n in range(1000)})
        client.bgrewriteaof()
        while client.info("persistence")["aof_rewrite_in_progress"]:
            pass
    stop_server(settings)
    slowly = ("--key-load-delay", "1500", "--loading-process-events-interval-bytes", "1024")
    place = ("--port", "0", "--unixsocket", str(settings.socket_path), "--dir", str(settings.server_dir))
    slow = subprocess.Popen([str(PACKAGED), *place, "--appendonly", "yes", *slowly], stdout=subprocess.DEVNULL)
    try:
        while (found := find_server(settings)) is None:
            pass
        assert found.pid == slow.pid
        loading = embedded.find(settings)
        assert loading is not None
        assert loading.loading
        answers: list[ServerInfo] = []
        threads = [threading.Thread(target=lambda: answers.append(ensure_server(settings))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [(info.pid, info.source) for info in answers] == [(slow.pid, "running")] * 4
        assert get(answers[0], settings, "k999") == b"v" * 50
    finally:
        slow.terminate()
        slow.wait()


def test_stopping_saves_waits_and_can_be_repeated(project: Project) -> None:
    settings = project()
    assert stop_server(settings) is False
    info = ensure_server(settings)
    put(settings, "k", "v")

    assert stop_server(settings) is True

    assert find_server(settings) is None
    assert not settings.socket_path.exists()
    with server_lock(settings) as lock:
        assert lock is not None, "the process is gone"
    assert stop_server(settings) is False
    assert get(ensure_server(settings), settings, "k") == b"v"
    assert info.pid != ensure_server(settings).pid


@pytest.mark.parametrize(
    "folder", ["with space", "ünï-códe 日本", "quote\"s and 'more' $HOME", "l" * 100 + "/" + "m" * 100]
)
def test_any_folder_will_do(project: Project, folder: str) -> None:
    settings = project(folder)
    kill(ensure_server(settings))
    info = ensure_server(settings)
    put(settings, "k", "v")
    assert get(info, settings, "k") == b"v"
    assert (settings.server_dir / "appendonlydir").is_dir()


def test_data_and_socket_are_private(project: Project) -> None:
    settings = project()
    ensure_server(settings)
    for path in (settings.data_dir, settings.server_dir, settings.socket_path.parent, settings.socket_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert (settings.data_dir / ".gitignore").read_text() == "*\n"


def test_a_socket_folder_of_somebody_else_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = project()
    settings.socket_path.parent.mkdir()
    monkeypatch.setattr(server_files, "user_id", lambda: os.getuid() + 1)
    with pytest.raises(ServiceUnavailable, match="is not a folder of user"):
        ensure_server(settings)
    with pytest.raises(ServiceUnavailable, match="is not a folder of user"):
        find_server(settings)
    monkeypatch.undo()


def test_listening_opens_tcp_with_a_password(project: Project, free_port: int) -> None:
    settings = project(listen=f"127.0.0.1:{free_port}")
    info = ensure_server(settings)

    password = settings.server_password_file.read_text()
    assert stat.S_IMODE(settings.server_password_file.stat().st_mode) == 0o600
    assert len(password) >= 32
    with redis.Redis(port=free_port, password=password) as client:
        assert client.ping()
    once = Retry(NoBackoff(), 0)
    for stranger in (
        redis.Redis(port=free_port, retry=once),
        redis.Redis(unix_socket_path=str(settings.socket_path), retry=once),
    ):
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    with connect_sync(info.url, settings=settings) as ours:
        assert ours.ping(), "our own client finds the password"
    assert info.redis_cli.endswith(f"redis-cli -h 127.0.0.1 -p {free_port}")
    assert shlex.quote(str(settings.server_password_file)) in info.redis_cli
    assert password not in info.redis_cli + repr(info)
    assert info.pid
    assert (
        password not in subprocess.run(["ps", "-o", "args", "-p", str(info.pid)], capture_output=True, text=True).stdout
    )


def test_a_running_server_starts_to_listen_without_losing_its_clients(project: Project, free_port: int) -> None:
    quiet = project()
    info = ensure_server(quiet)
    with connect_sync(info.url, settings=quiet) as client:
        client.ping()
        assert ensure_server(project(listen=f"127.0.0.1:{free_port}")).pid == info.pid
        client.connection_pool.disconnect()
        assert client.ping(), "the next connection sends the password"


def test_listening_survives_a_crash_and_ends_with_stop(project: Project, free_port: int) -> None:
    listening, plain = project(listen=f"127.0.0.1:{free_port}"), project()
    kill(ensure_server(listening))

    again = ensure_server(plain)
    assert again.listen == f"127.0.0.1:{free_port}"
    password = plain.server_password_file.read_text()

    stop_server(plain)
    assert ensure_server(plain).listen is None
    assert ensure_server(listening).listen == f"127.0.0.1:{free_port}"
    assert plain.server_password_file.read_text() == password, "others have it in their configuration"


def test_listening_for_other_machines_must_be_meant(project: Project) -> None:
    settings = project(listen="0.0.0.0:6390")
    with pytest.raises(InputError, match=r"^listen on 0.0.0.0:6390: other machines could reach it") as caught:
        ensure_server(settings)
    assert caught.value.exit_code == EXIT_USAGE
    assert "--i-know" in str(caught.value.hint)
    assert find_server(settings) is None
    assert embedded._permitted_address(project(listen="0.0.0.0:6390", i_know=True)) == "0.0.0.0:6390"


def test_a_taken_port_is_one_clear_line(project: Project) -> None:
    with sockets.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceUnavailable, match=f"cannot listen on 127.0.0.1:{port}"):
            ensure_server(project(listen=f"127.0.0.1:{port}"))
    assert ensure_server(project()).listen is None


def test_a_data_folder_that_cannot_be_written_is_one_clear_line(project: Project) -> None:
    settings = project()
    settings.data_dir.write_text("a file is in the way")
    with pytest.raises(ServiceUnavailable, match=r"no place for the embedded server's data") as caught:
        ensure_server(settings)
    assert caught.value.exit_code == EXIT_UNAVAILABLE
    assert "AQE_DATA_DIR" in str(caught.value.hint)
    assert "\n" not in caught.value.message


def test_a_server_that_cannot_start_says_why(project: Project) -> None:
    settings = project()
    settings.server_dir.mkdir(parents=True)
    (settings.server_dir / "appendonlydir").write_text("in the way")
    with pytest.raises(ServiceUnavailable, match=r"no Redis server can be started: .*valkey-server: .*append-only dir"):
        ensure_server(settings)


def a_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_the_packaged_server_one_on_the_path_is_taken(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_packaged", lambda: None)
    a_program(tmp_path / "bin", "valkey-server", "echo cannot run here; exit 1")
    a_program(tmp_path / "bin", "redis-server", f"exec {shlex.quote(str(PACKAGED))} -")
    assert ensure_server(project(path=str(tmp_path / "bin"))).source == "started"


def test_a_server_on_the_path_that_is_too_old_is_stopped_and_named(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_packaged", lambda: None)
    old = f"cat > conf; echo 'rename-command FUNCTION \"\"' >> conf; exec {shlex.quote(str(PACKAGED))} conf"
    a_program(tmp_path / "bin", "redis-server", f"cd {shlex.quote(str(tmp_path))}; {old}")
    settings = project(path=str(tmp_path / "bin"))
    with pytest.raises(ServiceUnavailable, match=r"redis-server: too old, aqe needs Redis or Valkey 7\.0"):
        ensure_server(settings)
    assert find_server(settings) is None


def test_without_any_server_the_error_says_what_to_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_packaged", lambda: None)
    with pytest.raises(ServiceUnavailable, match="no valkey-server or redis-server found") as caught:
        ensure_server(project(path="/nowhere"))
    assert "AQE_REDIS_URL" in str(caught.value.hint)


def test_a_given_server_is_used_and_left_alone(project: Project) -> None:
    settings = project(redis_url="redis://u:geheim@127.0.0.1:1/2")
    info = ensure_server(settings)
    assert (info.source, info.url) == ("url", "redis://u:geheim@127.0.0.1:1/2")
    assert find_server(settings) == info
    assert stop_server(settings) is False
    assert info.redis_cli == "redis-cli -h 127.0.0.1 -p 1 -n 2 --user u --askpass"
    assert "geheim" not in repr(info) + info.address
    assert not settings.data_dir.exists()


def test_the_record_of_a_server_holds_no_secret(project: Project, free_port: int) -> None:
    settings = project(listen=f"127.0.0.1:{free_port}")
    ensure_server(settings)
    record = json.loads((settings.server_dir / "server.json").read_text())
    assert record == {"socket": str(settings.socket_path), "listen": f"127.0.0.1:{free_port}"}
