"""nginx moves traffic by weights in a file, and its log says whether it did; against a real nginx."""

import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqe.benchmarks.servers.nodes import free_port
from aqe.connectors.executors.nginx import NginxExecutor
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.tests.servers import documented, require

CONFIGURATION = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 64; }}
http {{
  access_log off;
  {page}
  server {{ listen {new}; return 200 new; }}
  server {{ listen {old}; return 200 old; }}
}}
"""


class Nginx:
    """One that runs."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self.include, self.log = folder, folder / "shop.conf", folder / "upstream.log"
        self.port, self.new, self.old = free_port(), f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        page = documented("nginx.conf").replace("/etc/nginx/aqe/shop.conf", str(self.include))
        page = page.replace("/var/log/nginx/shop-upstream.log", str(self.log)).replace("8000", f"127.0.0.1:{self.port}")
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, page=page, new=self.new, old=self.old))
        self.include.write_text(f"server {self.old};\n")
        self.program = (program, "-p", str(folder), "-c", str(folder / "nginx.conf"))
        subprocess.run(self.program, check=True, capture_output=True, timeout=20)

    def executor(self, **more: object) -> NginxExecutor:
        return NginxExecutor(self.include, self.log, [self.new], [self.old], **{"program": self.program, **more})  # type: ignore[arg-type]

    def answers(self, count: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(count):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                found[answer.read().decode()] += 1
        return found

    def until(self, what: Callable[[], bool]) -> None:
        """Old workers answer for a moment after a reload."""
        deadline = time.monotonic() + 20
        while not what():
            assert time.monotonic() < deadline


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    running = Nginx(tmp_path_factory.mktemp("nginx"), require("nginx"))
    yield running
    subprocess.run((*running.program, "-s", "stop"), check=False, capture_output=True, timeout=20)


async def test_traffic_moves_as_it_is_told_and_the_log_proves_it(nginx: Nginx) -> None:
    moves = nginx.executor()
    nginx.answers(3)
    assert (await moves.look()).percent == 0
    await moves.set_percent(25)
    nginx.until(lambda: 10 <= nginx.answers(60)["new"] <= 20)
    placed = await moves.look()
    assert (placed.percent, (placed.canary_requests or 0) >= 10) == (25, True)
    written = nginx.include.read_text()
    await moves.set_percent(25)
    assert nginx.include.read_text() == written, "nothing is reloaded for what is so already"
    await moves.set_percent(100)
    nginx.until(lambda: nginx.answers(20) == {"new": 20})
    await moves.set_percent(0)
    nginx.until(lambda: nginx.answers(20) == {"old": 20})
    assert (await nginx.executor().look()).percent == 0


async def test_a_file_that_was_written_and_never_loaded_is_not_believed(nginx: Nginx) -> None:
    moves = nginx.executor()
    await moves.set_percent(0)
    loaded = nginx.include.read_text()
    nginx.include.write_text(loaded.replace(", loaded", ", written").replace(" at ", " at 9"))
    with pytest.raises(ServiceUnavailable, match="maybe not loaded"):
        await nginx.executor().look()
    await moves.set_percent(0)
    assert (await nginx.executor().look()).percent == 0


async def test_where_the_log_shows_another_share_than_was_written_the_log_is_right(nginx: Nginx) -> None:
    moves = nginx.executor()
    await moves.set_percent(0)
    lie = nginx.include.read_text().replace("# aqe: 0 %", "# aqe: 100 %")
    nginx.include.write_text(lie)
    deadline = time.monotonic() + 20
    while (await nginx.executor().look()).percent:
        nginx.answers(1)
        assert time.monotonic() < deadline, "the log of before the reload says nothing, that of after it does"


async def test_a_configuration_that_nginx_refuses_is_taken_back(nginx: Nginx) -> None:
    before = nginx.include.read_text()
    broken = nginx.executor(program=(*nginx.program, "-g", "no such directive;"))
    with pytest.raises(ServiceUnavailable, match="ended with 1"):
        await broken.set_percent(50)
    assert nginx.include.read_text() == before
    assert [path.name for path in nginx.folder.glob(".shop*")] == []


async def test_a_log_that_was_rotated_is_read_on(nginx: Nginx) -> None:
    moves = nginx.executor()
    nginx.answers(2)
    await moves.look()
    nginx.log.rename(nginx.folder / "old.log")
    subprocess.run((*nginx.program, "-s", "reopen"), check=True, capture_output=True, timeout=20)
    nginx.until(nginx.log.exists)
    nginx.answers(2)
    await moves.look()


@pytest.mark.parametrize("name", ["a; daemon off", "a}\nuser root;", "a b", "", "$(id)", "a:99999999", "unix:/x"])
def test_a_server_whose_name_could_be_a_directive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected host or host:port"):
        NginxExecutor(tmp_path / "a", tmp_path / "b", [name], ["c"])
