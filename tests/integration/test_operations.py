"""What docs/operations.md tells an operator to do works, and the doctor is content with it."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from aqe.benchmarks.servers.nodes import Node, free_port, until, watched
from aqe.config.settings import Settings
from aqe.fleet.doctor import Check, run_doctor
from aqe.fleet.servers.library import load_sync
from aqe.tests.integration.conftest import settings_for
from aqe.tests.servers import documented, require_redis_server


@pytest.fixture(autouse=True)
def redis_server() -> str:
    return require_redis_server()


def node_with(folder: Path, *blocks: str, **options: str) -> Node:
    folder.mkdir()
    (folder / "redis.conf").write_text("\n".join(map(documented, blocks)))
    return Node(folder, {name.replace("_", "-"): value for name, value in options.items()}, arguments=("redis.conf",))


def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in run_doctor(settings)}


def test_a_single_server_as_documented(tmp_path: Path) -> None:
    node = node_with(tmp_path / "server", "redis.conf")
    try:
        node.start()
        with Redis(port=node.port) as client:
            load_sync(client)
        checks = found(settings_for(f"redis://127.0.0.1:{node.port}", tmp_path))
    finally:
        node.kill()
    names = ("server", "persistence", "memory", "open port", "library")
    assert {name: checks[name].status for name in names} == dict.fromkeys(names, "ok"), checks
    assert "replicas" not in checks


def test_a_cluster_as_documented(tmp_path: Path) -> None:
    node = node_with(tmp_path / "server", "redis.conf", "cluster.conf", cluster_port=str(free_port()))
    settings = settings_for(f"redis+cluster://127.0.0.1:{node.port}", tmp_path, fleet="shop")
    try:
        node.start()
        node.ask("CLUSTER ADDSLOTSRANGE", 0, 16383)
        until(lambda: node.ask("CLUSTER INFO")["cluster_state"] == "ok")
        well = found(settings)
        node.ask("CONFIG SET", "cluster-require-full-coverage", "yes")
        risky = found(settings)
    finally:
        node.kill()
    assert (well["cluster"].status, well["cluster"].detail) == ("ok", "1 nodes, 1 shards")
    assert well["persistence"].status == well["memory"].status == "ok", "the shard's own server is looked at"
    assert risky["cluster"].status == "warn"


async def test_replicas_as_documented(tmp_path: Path) -> None:
    """Without `min-replicas-to-write` the doctor warns."""
    with watched(tmp_path / "w", replicas=1, sentinels=1) as servers:
        settings = settings_for(servers.url, tmp_path)
        primary = servers.primary()
        careless = (await asyncio.to_thread(found, settings))["replicas"]
        assert (careless.status, "min-replicas-to-write 1" in str(careless.hint)) == ("warn", True)
        for line in documented("replicas.conf").splitlines():
            if not line.startswith("#"):
                primary.ask("CONFIG SET", *line.split())
        careful = (await asyncio.to_thread(found, settings))["replicas"]
        assert (careful.status, careful.detail) == ("ok", "1 attached, at least 1 in step at each write")


def test_a_primary_that_refuses_to_write_is_named(tmp_path: Path) -> None:
    with watched(tmp_path / "w", replicas=1, sentinels=1, min_replicas_to_write="2") as servers:
        server = found(settings_for(f"redis://127.0.0.1:{servers.primary().port}", tmp_path))["server"]
    assert server.status == "fail"
    assert "too few replicas" in server.detail
