"""k6 scripts: checked by the compiler with k6's types, read by k6, run against a server that counts."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from aqe.agents.production_intelligence.load.plan import plan_load_test
from aqe.core.records.production.load_test import LoadTest
from aqe.generators.k6_target import K6Target
from aqe.tests.counting_server import CountingServer, Hit, counting_server
from aqe.tests.e2e.cli_project import TIMEOUT_S
from aqe.tests.load_tools import in_node, k6, tsc
from aqe.tests.unit.production.load_models import SHOP, a_mix, a_model

pytestmark = pytest.mark.xdist_group("load-tools")
HOSTILE = "/a\"b'c`d\\e${f}*/</script>\n\r\0\u2028{g}"


def write(folder: Path, test: LoadTest) -> Path:
    path = folder / K6Target().file_name(test)
    path.write_text(K6Target().render(test), encoding="ascii")
    return path


def a_test(peak_rps: float = 100, duration_s: float = 4) -> LoadTest:
    mix = a_mix([*SHOP, ("GET", HOSTILE, 500)])
    return plan_load_test(a_model(mix=mix), duration_s=duration_s, peak_rps=peak_rps, include_unsafe=True)


def run(server: CountingServer, script: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [k6(), "run", "--quiet", "--summary-export", str(script.with_suffix(".json")), str(script)]
    env = {**os.environ, "AQE_TARGET_URL": f"{server.url}/base/", "K6_NO_USAGE_REPORT": "true", **more}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S)


def test_the_compiler_finds_nothing_with_the_types_of_k6(tmp_path: Path) -> None:
    """Strict; and it does find a function that k6 does not have."""
    script = write(tmp_path, a_test())
    command = [*tsc(tmp_path), script.name]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    script.write_text(script.read_text().replace("http.request(", "http.requests("))
    checked = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert "'requests' does not exist" in checked.stdout


@pytest.mark.parametrize(("peak_rps", "duration_s"), [(0.01, 6000), (5000, 600), (5, 30_000_000)])
def test_k6_reads_scripts_of_very_low_and_very_high_rates(tmp_path: Path, peak_rps: float, duration_s: float) -> None:
    """Whole numbers of requests in a unit of time that keeps their proportions."""
    script = write(tmp_path, a_test(peak_rps, duration_s))
    read = subprocess.run([k6(), "inspect", script], capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    (scenario,) = json.loads(read.stdout)["scenarios"].values()
    unit_s = {"1s": 1, "1m0s": 60, "1h0m0s": 3600, "24h0m0s": 86_400}[scenario["timeUnit"]]
    assert max(stage["target"] for stage in scenario["stages"]) / unit_s == pytest.approx(peak_rps, rel=0.001)
    assert scenario["maxVUs"] <= 10_000


def test_a_run_sends_what_was_planned_and_passes_on_a_service_as_good_as_the_record(tmp_path: Path) -> None:
    """The number of requests, the mix, made-up ids only, hostile paths as recorded."""
    test = a_test()
    with counting_server() as server:
        done = run(server, write(tmp_path, test))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(server.hits) == pytest.approx(test.planned, abs=2)
    seen = Counter(hit.path.removeprefix("/base").rstrip("0123456789") for hit in server.hits)
    for request in test.requests:
        part = seen[request.path.split("{")[0]] / len(server.hits)
        assert part == pytest.approx(request.share, abs=0.03), request.path
    assert f"/base{HOSTILE}" in {unquote(hit.path) for hit in server.hits}
    assert {hit.body for hit in server.hits if hit.method == "POST"} == {b"{}"}


def test_a_run_breaks_its_limits_where_the_service_is_worse_and_ids_and_bodies_can_be_given(tmp_path: Path) -> None:
    """Every fifth request fails: exit code 99, and the summary names the limit."""
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"ids": {"products": ["anvil 1"]}, "bodies": {"post_api_orders": {"sku": "anvil"}}}))
    asked: list[Hit] = []

    def every_fifth(hit: Hit) -> int:
        asked.append(hit)
        return 200 if len(asked) % 5 else 503

    script = write(tmp_path, a_test(duration_s=2))
    with counting_server(every_fifth) as server:
        done = run(server, script, AQE_LOAD_DATA=str(data))
    assert done.returncode == 99, done.stdout + done.stderr
    crossed = json.loads(script.with_suffix(".json").read_text())["metrics"]["http_req_failed"]["thresholds"]
    assert list(crossed.values()) == [True]
    assert {h.path for h in server.hits if "products" in h.path} == {"/base/api/products/anvil%201"}
    assert {h.body for h in server.hits if h.method == "POST"} <= {b'{"sku":"anvil"}'}


def test_without_a_target_no_request_is_sent_and_a_line_says_what_is_missing(tmp_path: Path) -> None:
    with counting_server() as server:
        done = run(server, write(tmp_path, a_test()), AQE_TARGET_URL="")
    assert done.returncode != 0 and "AQE_TARGET_URL is" in done.stdout + done.stderr
    assert server.hits == []


def test_where_k6_is_absent_node_sends_the_same_requests(tmp_path: Path) -> None:
    """Without k6's own clockwork: a second reader of the script, which judges nothing."""
    test = a_test(duration_s=2)
    with counting_server() as server:
        env = {**os.environ, "AQE_TARGET_URL": server.url}
        done = subprocess.run(
            in_node(write(tmp_path, test)), env=env, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.hits) == pytest.approx(test.planned, abs=2)
    assert HOSTILE in {unquote(hit.path) for hit in server.hits}
