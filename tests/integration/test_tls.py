"""rediss:// against a real server with a CA of its own: single, in a cluster, with client certificates."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqe.benchmarks.servers.nodes import Node, free_port
from aqe.core.errors import AqeError, ServiceUnavailable
from aqe.fleet.servers.connect import connect_sync, open_clients
from aqe.tests.integration.conftest import Open, an_event, eventually, settings_for
from aqe.tests.servers import documented, require, require_redis_server

Start = Callable[..., int]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA and a server's certificate, as documented, and with a client's and a stranger's."""
    require("openssl")
    folder = tmp_path_factory.mktemp("tls")
    steps = [
        *documented("tls").splitlines(),
        "openssl req -newkey rsa:2048 -nodes -subj /CN=client -keyout client.key -out client.csr",
        "openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out client.crt",
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt",
    ]
    subprocess.run(["bash", "-euc", "\n".join(steps)], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def start(certificates: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a server with the documented configuration, and returns its port."""
    require_redis_server()
    started: list[Node] = []

    class TlsNode(Node):
        def answers(self) -> bool:
            log = (self.folder / "log").read_text()
            assert "FATAL" not in log, log
            return "Ready to accept connections" in log

    def run(**options: str) -> int:
        folder = tmp_path / "server"
        shutil.copytree(certificates, folder)
        (folder / "tls.conf").write_text(documented("tls.conf"))
        port = free_port()
        node = TlsNode(folder, {"tls-port": str(port), "save": "", **options}, arguments=("tls.conf",), port=0)
        started.append(node)
        node.start()
        return port

    yield run
    for node in started:
        node.kill()


async def test_a_fleet_over_tls(start: Start, certificates: Path, open_parts: Open) -> None:
    """All three clients: commands, blocking reads, the lease keeper's thread."""
    parts = await open_parts(url=f"rediss://127.0.0.1:{start()}?ssl_ca_certs={certificates}/ca.crt")
    seen: list[int] = []

    async def handler(event: object) -> None:
        seen.append(1)

    await parts.bus.subscribe("weather:changed", handler, group="g")
    await parts.bus.publish(an_event(1))
    await eventually(lambda: seen)
    assert await parts.memory.store("aqe/x", 1) == 1


@pytest.mark.parametrize("authority", ["other.crt", None])
async def test_a_server_that_the_ca_did_not_sign_is_refused(
    start: Start, certificates: Path, tmp_path: Path, authority: str | None
) -> None:
    url = f"rediss://127.0.0.1:{start()}" + (f"?ssl_ca_certs={certificates}/{authority}" if authority else "")
    with pytest.raises(ServiceUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await open_clients(url, settings=settings_for(url, tmp_path))


async def test_plain_redis_at_a_tls_port_ends_with_a_hint(start: Start, tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{start()}"
    begun = time.monotonic()
    with pytest.raises(AqeError) as caught:
        await open_clients(url, settings=settings_for(url, tmp_path))
    assert isinstance(caught.value, ServiceUnavailable)
    assert time.monotonic() - begun < 12


async def test_client_certificates(start: Start, certificates: Path, tmp_path: Path) -> None:
    """Debian's default (`tls-auth-clients yes`) wants one."""
    address = f"rediss://127.0.0.1:{start(**{'tls-auth-clients': 'yes'})}?ssl_ca_certs={certificates}/ca.crt"
    with pytest.raises(ServiceUnavailable):
        await open_clients(address, settings=settings_for(address, tmp_path))
    url = f"{address}&ssl_certfile={certificates}/client.crt&ssl_keyfile={certificates}/client.key"
    await (await open_clients(url, settings=settings_for(url, tmp_path))).aclose()


async def test_a_cluster_over_tls(start: Start, certificates: Path, tmp_path: Path) -> None:
    port = start(**{"cluster-enabled": "yes", "tls-cluster": "yes", "cluster-port": str(free_port())})
    single = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificates}/ca.crt"
    with connect_sync(single, settings=settings_for(single, tmp_path)) as node:
        node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        await eventually(lambda: node.cluster("INFO")["cluster_state"] == "ok")
    url = single.replace("rediss:", "rediss+cluster:")
    settings = settings_for(url, tmp_path, fleet="shop")
    clients = await open_clients(url, settings=settings)
    await clients.commands.set("{shop}a", "1")
    await clients.aclose()
    with connect_sync(url, settings=settings) as client:
        assert client.get("{shop}a") == b"1"
