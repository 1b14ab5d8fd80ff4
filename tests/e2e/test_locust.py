"""Generated Locust files: laid out as formatters do, run against a server that counts, judged by their limits."""

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from aqe.agents.production_intelligence.load.plan import plan_load_test
from aqe.connectors.formats.quality.locust import LocustCsv
from aqe.core.records.production.load_test import LoadTest
from aqe.generators.locust_target import LocustTarget
from aqe.tests.counting_server import CountingServer, counting_server
from aqe.tests.e2e.cli_project import TIMEOUT_S
from aqe.tests.load_tools import locust
from aqe.tests.unit.production.load_models import SHOP, a_mix, a_model

pytestmark = pytest.mark.xdist_group("load-tools")
HOSTILE = "/a\"b'c`d\\e${f}\n\r\0\u2028{g}'''\"\"\""


def write(folder: Path, test: LoadTest) -> Path:
    path = folder / LocustTarget().file_name(test)
    path.write_text(LocustTarget().render(test), encoding="ascii")
    return path


def a_test(*paths: str, peak_rps: float = 100, duration_s: float = 3) -> LoadTest:
    mix = a_mix([*SHOP, *(("GET", path, 500) for path in paths)])
    return plan_load_test(a_model(mix=mix), duration_s=duration_s, peak_rps=peak_rps, include_unsafe=True)


def run(server: CountingServer, file: Path, *args: str, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [locust(), "--headless", "--only-summary", "--csv", str(file.with_suffix("")), "-f", str(file), *args]
    env = {**os.environ, "AQE_TARGET_URL": f"{server.url}/base/", **more}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S)


@pytest.mark.parametrize("test", [a_test(), a_test(HOSTILE, f"/{'x' * 90}/{{id}}", peak_rps=5000, duration_s=900)])
def test_formatters_leave_a_file_as_it_is_and_linters_find_nothing(tmp_path: Path, test: LoadTest) -> None:
    file, ruff = write(tmp_path, test), Path(sys.executable).with_name("ruff")
    for command in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I,B,UP,D1,SIM"]):
        done = subprocess.run([ruff, *command, "--isolated", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_no_recorded_text_becomes_code(tmp_path: Path) -> None:
    """With other paths the file has the same tree, its literals aside."""

    def tree(path: str) -> str:
        nodes = ast.walk(ast.parse(write(tmp_path, a_test(path)).read_text()))
        return " ".join(type(node).__name__ for node in nodes)

    assert tree(HOSTILE) == tree("/about")


def test_a_run_sends_what_was_planned_and_passes_on_a_service_as_good_as_the_record(tmp_path: Path) -> None:
    """The number of requests, the mix, made-up ids only, hostile paths as recorded; the importer reads the result."""
    test = a_test(HOSTILE)
    file = write(tmp_path, test)
    with counting_server() as server:
        done = run(server, file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(server.hits) == pytest.approx(test.planned, abs=2)
    seen = Counter(hit.path.removeprefix("/base").rstrip("0123456789") for hit in server.hits)
    for request in test.requests:
        part = seen[request.path.split("{")[0]] / len(server.hits)
        assert part == pytest.approx(request.share, abs=0.05), request.path
    assert f"/base{HOSTILE}" in {unquote(hit.path) for hit in server.hits}
    with file.with_name(f"{file.stem}_stats.csv").open("rb") as stream:
        ((_, signal),) = LocustCsv().parse(stream).signals
    assert signal.metrics["requests"] == len(server.hits)


def test_a_run_breaks_its_limits_where_the_service_is_worse_and_ids_and_bodies_can_be_given(tmp_path: Path) -> None:
    """Every failure is an exit code 1, and a line says which limit was broken."""
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"ids": {"products": ["anvil 1"]}, "bodies": {"post_api_orders": {"sku": "anvil"}}}))
    with counting_server(lambda hit: 503 if "products" in hit.path else 404) as server:
        done = run(server, write(tmp_path, a_test(duration_s=2)), AQE_LOAD_DATA=str(data))
    assert done.returncode == 1
    assert "all requests: errors is 0." in done.stderr and "all requests: refused is 0." in done.stderr
    assert {h.path for h in server.hits if "products" in h.path} == {"/base/api/products/anvil%201"}
    assert {json.loads(h.body)["sku"] for h in server.hits if h.method == "POST"} <= {"anvil"}


@pytest.mark.parametrize(
    ("args", "url", "said"), [((), "", "AQE_TARGET_URL is ''"), (("--master",), "http://127.0.0.1:9", "in one process")]
)
def test_what_cannot_work_is_told_before_anything_is_sent(
    tmp_path: Path, args: tuple[str, ...], url: str, said: str
) -> None:
    with counting_server() as server:
        done = run(server, write(tmp_path, a_test()), *args, AQE_TARGET_URL=url)
    assert done.returncode != 0 and said in done.stdout + done.stderr
    assert server.hits == []
