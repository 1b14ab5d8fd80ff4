"""What the doctor finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from aqe.benchmarks.servers.nodes import Node
from aqe.config.settings import Settings, load_settings
from aqe.core.errors import EXIT_NO_GO, EXIT_OK
from aqe.fleet.doctor import Check, exit_code, open_port, run_doctor
from aqe.fleet.servers import embedded
from aqe.fleet.servers.server import ensure_server, product, stop_server


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A project whose server, if the test starts it, is stopped."""
    settings = load_settings(env={"XDG_RUNTIME_DIR": str(tmp_path)}, cwd=tmp_path)
    yield settings
    stop_server(settings)


def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in run_doctor(settings)}


def test_a_project_without_a_running_server_is_well(settings: Settings) -> None:
    checks = run_doctor(settings)
    assert exit_code(checks) == EXIT_OK
    assert found(settings)["server"].status == "warn"
    assert not settings.data_dir.exists(), "looking changes nothing"


def test_the_embedded_server_is_as_it_should_be(settings: Settings) -> None:
    ensure_server(settings)
    checks = found(settings)
    names = ("python", "configuration", "data folder", "server", "persistence", "memory", "open port", "clock")
    assert {name: checks[name].status for name in names} == dict.fromkeys(names, "ok")
    assert checks["library"].status == "warn"
    assert checks["server"].detail.startswith("Valkey 9")


def test_what_is_wrong_with_a_server_is_named(settings: Settings) -> None:
    with Redis.from_url(ensure_server(settings).url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru", "appendonly", "no")
    checks = found(settings)
    assert (checks["memory"].status, checks["persistence"].status) == ("fail", "warn")
    assert "noeviction" in str(checks["memory"].hint)
    assert exit_code(tuple(checks.values())) == EXIT_NO_GO


def test_dropped_dead_letters_are_warned_about_until_the_kept_ones_are_dealt_with(tmp_path: Path) -> None:
    settings = load_settings(env={"XDG_RUNTIME_DIR": str(tmp_path)}, cwd=tmp_path)
    try:
        with Redis.from_url(ensure_server(settings).url) as client:
            assert found(settings)["dead letters"].status == "ok"
            client.xadd("aqe:dead:weather:changed", {"data": "{}"})
            client.hset("aqe:dropped", "aqe:dead:weather:changed", 41)
            check = found(settings)["dead letters"]
            assert (check.status, "weather:changed (41 dropped)" in check.detail) == ("warn", True)
            client.delete("aqe:dead:weather:changed")
            assert found(settings)["dead letters"].status == "ok"
    finally:
        stop_server(settings)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "warn"),
        ({"port": "0"}, "ok"),
        ({"protected-mode": "yes"}, "ok"),
        ({"bind": "127.0.0.1 -::1"}, "ok"),
        ({"bind": "127.0.0.1 10.0.0.1"}, "warn"),
        ({"bind": ""}, "warn"),
        ({"port": "0", "tls-port": "6380", "tls-auth-clients": "yes"}, "ok"),
        ({"port": "0", "tls-port": "6380", "tls-auth-clients": "no"}, "warn"),
    ],
)
def test_a_port_that_is_open_to_everybody_is_named(changed: dict[str, str], status: str) -> None:
    config = {"port": "6379", "bind": "* -::*", "protected-mode": "no", **changed}
    assert open_port(config, wants_password=False).status == status
    assert open_port(config, wants_password=True).status == "ok"


def test_a_real_server_that_is_open_and_keeps_nothing_is_warned_about(tmp_path: Path) -> None:
    """Unauthenticated on an address besides this machine's usual one; with a password strangers stay out."""
    options = {"bind": "127.0.0.1 127.0.0.2", "protected-mode": "no", "save": "", "appendonly": "no"}
    node = Node(tmp_path / "open", options, program=embedded._packaged())
    try:
        node.start()
        settings = load_settings({"redis_url": f"redis://127.0.0.1:{node.port}"}, {}, tmp_path)
        checks = found(settings)
        assert (checks["open port"].status, checks["persistence"].status) == ("warn", "warn")
        assert "has no password" in checks["open port"].detail
        node.ask("CONFIG SET", "requirepass", "geheim")
        settings = load_settings({"redis_url": f"redis://:geheim@127.0.0.1:{node.port}"}, {}, tmp_path)
        checks = found(settings)
        assert checks["open port"].status == "ok"
        assert "geheim" not in str(checks)
    finally:
        node.kill()


def test_an_unreachable_server_fails(tmp_path: Path) -> None:
    settings = load_settings({"redis_url": "redis://:geheim@127.0.0.1:1"}, {}, tmp_path)
    check = found(settings)["server"]
    assert check.status == "fail"
    assert check.detail == "cannot reach the Redis server at 127.0.0.1:1: Connection refused"
    assert exit_code((check,)) == EXIT_NO_GO


def test_misspelt_variables_and_an_unwritable_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = load_settings({"data_dir": "file/data"}, {"AQE_FLEETS": "x"}, tmp_path)
    checks = found(settings)
    assert "did you mean 'AQE_FLEET'" in checks["environment"].detail
    assert checks["data folder"].status == "fail"


def test_products_are_told_apart() -> None:
    assert product({"redis_version": "7.2.4", "valkey_version": "9.1.2"}) == "Valkey 9.1.2"
    assert product({"redis_version": "7.0.15"}) == "Redis 7.0.15"
