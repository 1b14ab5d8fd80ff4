"""What moves traffic and what measures it, each against something real but small."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from aqe.agents.deployment_readiness.rollout.readiness import is_there
from aqe.config.settings import load_settings
from aqe.connectors.executors.command import CommandExecutor
from aqe.connectors.executors.haproxy import HAProxyExecutor
from aqe.connectors.executors.weights import MAX_WEIGHT, swapped, weighted
from aqe.connectors.sources.prometheus import PrometheusSource, is_per_arm, measured_of
from aqe.core.clock import FakeClock, SteadyClock
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.core.records.release import Release
from aqe.core.records.rollouts.kayenta import KayentaJudging
from aqe.core.records.rollouts.rollout import Measured, Placement, Strategy, Trigger
from aqe.fleet.rollouts.parts import Wanted, look, plan, target, unmeasured
from aqe.tests.receivers import web_server
from aqe.tests.servers import documented
from aqe.tests.unit.rollout.test_step import START

SCRIPT = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); "


async def test_any_tool_can_move_traffic_and_say_how_much_there_is(tmp_path: Path) -> None:
    file = tmp_path / "share; rm -rf"
    moves = CommandExecutor(
        [sys.executable, "-c", SCRIPT + "p.write_text(sys.argv[2])", str(file), "{percent}"],
        [sys.executable, "-c", SCRIPT + "print(p.read_text())", str(file)],
    )
    await moves.set_percent(12.5)
    assert file.read_text() == "12.5"
    assert (await moves.look()).percent == 12.5


@pytest.mark.parametrize(
    ("code", "timeout_s", "words"),
    [
        ("raise SystemExit('token=geheim no')", 60, "ended with 1: token=***"),
        ("import time; time.sleep(60)", 0.5, "within 0.5 s"),
    ],
)
async def test_a_tool_that_fails_is_named_without_its_secrets(code: str, timeout_s: float, words: str) -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        await CommandExecutor([sys.executable, "-c", code], None, timeout_s=timeout_s).set_percent(5)
    assert words in str(caught.value)


async def test_a_tool_is_not_waited_for_once_it_has_ended_whatever_it_leaves_running() -> None:
    code = "import subprocess as s; s.Popen(['sleep', '15'], start_new_session=True); print(25)"
    assert (await CommandExecutor(["true"], [sys.executable, "-c", code], timeout_s=10).look()).percent == 25


async def test_of_a_tool_that_prints_without_end_the_last_words_are_shown() -> None:
    code = "import sys; sys.exit('x-' * 4_000_000 + ' password=geheim')"
    with pytest.raises(ServiceUnavailable, match=r"x- password=\*\*\*$"):
        await CommandExecutor([sys.executable, "-c", code], None).set_percent(5)


STAT = "# pxname,svname,stot,status,weight,\nshop,new,5,UP,10,\nshop,old,7,UP,30,\n\n"


@asynccontextmanager
async def haproxy_that_says(text: str, folder: Path) -> AsyncIterator[HAProxyExecutor]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(text.encode())
        writer.close()

    async with await asyncio.start_unix_server(answer, folder / "proxy.sock"):
        yield HAProxyExecutor(folder / "proxy.sock", "shop", ["new"], ["old"])


async def test_an_answer_of_haproxys_that_is_cut_off_anywhere_is_none(tmp_path: Path) -> None:
    """Half of it would say that the new version has all the traffic, or none."""
    async with haproxy_that_says(STAT, tmp_path) as moves:
        assert (await moves.look()).percent == 25
    whole = STAT.index(",30,") + len(",30,")
    for length in range(whole):
        async with haproxy_that_says(STAT[:length], tmp_path) as moves:
            with pytest.raises(ServiceUnavailable):
                await moves.look()


@pytest.mark.parametrize("printed", ["", "many", "[]", '{"share": 5}', "500"])
async def test_a_tool_that_prints_no_percentage_is_an_error(printed: str) -> None:
    moves = CommandExecutor(["true"], [sys.executable, "-c", f"print({printed!r})"])
    with pytest.raises(ServiceUnavailable, match="expected a percentage"):
        await moves.look()


async def test_an_executor_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="No such file"):
        await HAProxyExecutor(tmp_path / "none.sock", "shop", ["a"], ["b"]).look()
    with pytest.raises(ServiceUnavailable, match="No such file"):
        await CommandExecutor(["/no/such/program"], None).set_percent(1)


@pytest.mark.parametrize("servers", [(1, 1), (1, 3), (2, 2), (3, 1), (4, 7)])
@pytest.mark.parametrize("percent", [0, 1, 5, 10, 33.3, 50, 62.5, 99, 100])
def test_weights_come_near_to_the_share_and_never_round_it_to_none(percent: float, servers: tuple[int, int]) -> None:
    canary, baseline = weighted(percent, *servers)
    share = 100 * sum(canary) / (sum(canary) + sum(baseline))
    assert is_there(share, percent)
    assert (share > 0) == (percent > 0)
    assert max(*canary, *baseline) <= MAX_WEIGHT


def test_rolling_swaps_whole_servers() -> None:
    assert [sum(swapped(percent, 4, 4)[0]) for percent in (0, 5, 25, 50, 75, 100)] == [0, 1, 1, 2, 3, 4]
    assert all(sum(map(sum, swapped(percent, 4, 4))) == 4 for percent in (0, 25, 50, 75, 100))


@contextmanager
def prometheus(answers: dict[str, Any], status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)["query"][0]
            result = [{"metric": {}, "value": [1, str(value)]} for value in answers.get(query, [])]
            body = json.dumps({"data": {"resultType": "vector", "result": result}, "error": "bad query"}).encode()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    with web_server(Handler) as url:
        yield f"{url}/"


QUERIES = {"requests": "r{arm}", "errors": "e{arm}", "conversion": "c"}


async def test_what_has_no_value_is_not_measured() -> None:
    with prometheus({"rnew": [10], "rold": [20], "eold": [1], "enew": ["NaN"], "c": [0.5]}) as url:
        found = await PrometheusSource(url, QUERIES, canary="new", baseline="old").read()
    assert (found.canary.requests, found.canary.errors, found.baseline.errors) == (10, None, 1)
    assert found.metrics == {"conversion": 0.5}


async def test_several_series_are_an_error_and_not_one_of_them() -> None:
    with prometheus({"rnew": [10, 11]}) as url, pytest.raises(ServiceUnavailable, match="has 2 series"):
        await PrometheusSource(url, {"requests": "r{arm}"}, canary="new", baseline="old").read()


async def test_a_refused_query_says_why() -> None:
    with prometheus({}, status=400) as url, pytest.raises(ServiceUnavailable, match="bad query"):
        await PrometheusSource(url, QUERIES, canary="new", baseline="old").read()
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        await PrometheusSource("http://127.0.0.1:1", QUERIES, canary="new", baseline="old").read()


def test_the_example_of_the_docs_is_a_target(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("rollout.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    made = plan(section, Release(version="v2"), "v1", Wanted(), START)
    assert [stage.percent for stage in made.stages] == [5, 25, 50, 100]
    assert [(trigger.metric, trigger.limit) for trigger in made.triggers] == [
        ("latency_p95_ms", 800),
        ("error_rate_percent", 5),
    ]
    blue = plan(section, Release(version="v2"), None, Wanted(Strategy.BLUE_GREEN), START)
    assert [stage.percent for stage in blue.stages] == [100]


def test_a_limit_whose_metric_nothing_measures_is_told(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("rollout.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    limits = [
        Trigger(metric=name, limit=1) for name in ("latency_p95_ms", "error_rate_percent", "slow_percent", "sold")
    ]
    made = plan(section, Release(version="v2"), None, Wanted(triggers=limits), START)
    assert unmeasured(section, made) == ["slow_percent", "sold"]


@pytest.mark.parametrize("stages", [(50, 25, 100), (5, 25), (25, 25, 100)])
def test_stages_rise_to_all_traffic(tmp_path: Path, stages: tuple[float, ...]) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("rollout.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    with pytest.raises(InputError, match="expected rising percents that end with 100"):
        plan(section, Release(version="v2"), None, Wanted(stages=stages), START)


def test_rolling_takes_batches_of_servers(tmp_path: Path) -> None:
    text = documented("rollout.yaml").replace("[green]", "[g1, g2, g3]").replace("[blue]", "[b1, b2, b3]")
    (tmp_path / "aqe.yaml").write_text(text + "      batch: 2\n")
    section = target(load_settings({}, {}, tmp_path), "production")
    made = plan(section, Release(version="v2"), None, Wanted(Strategy.ROLLING), START)
    assert [round(stage.percent, 1) for stage in made.stages] == [66.7, 100]
    with pytest.raises(InputError, match=r"50 % is no whole number of 3 servers: rolling can have 33.33, 66.67, 100 %"):
        plan(section, Release(version="v2"), None, Wanted(Strategy.ROLLING, stages=(50, 100)), START)
    uneven = section.model_copy(update={"executor": section.executor.model_copy(update={"baseline": ("b1",)})})
    with pytest.raises(InputError, match="3 of the new version and 1 of the old one"):
        plan(uneven, Release(version="v2"), None, Wanted(Strategy.ROLLING), START)


@pytest.mark.parametrize(
    ("text", "words"),
    [("targets: {}", "no target"), ("targets: {production: {base_url: x}}", "no `rollout`")],
)
def test_a_target_that_is_not_there_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "aqe.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        target(load_settings({}, {}, tmp_path), "production")


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        ("{kind: haproxy}", "needs socket, backend"),
        ("{kind: haproxy, socket: s, backend: 'shop; shutdown'}", "backend"),
        ("{kind: command}", "needs set"),
    ],
)
def test_an_executor_that_cannot_work_is_an_error_of_the_file(tmp_path: Path, executor: str, words: str) -> None:
    queries = "{requests: a, errors: b}"
    text = (
        f"targets: {{p: {{base_url: x, rollout: {{executor: {executor}, metrics: {{url: u, queries: {queries}}}}}}}}}"
    )
    (tmp_path / "aqe.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        load_settings({}, {}, tmp_path)


@contextmanager
def answering(parts: Sequence[bytes], pause_s: float = 0.0) -> Iterator[str]:
    """Something that is no Prometheus: it says these parts, one after the other, and then for ever the last."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                for part in parts:
                    self.wfile.write(part)
                while pause_s and not over.wait(pause_s):
                    self.wfile.write(parts[-1])
                    self.wfile.flush()

    over = threading.Event()
    with web_server(Handler) as url:
        try:
            yield url
        finally:
            over.set()


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "pause_s"),
    [
        ((HEAD, b" "), 0.02),
        ((b"HTTP/1.1 200 OK\r\nX: ", b"x"), 0.02),
        ((HEAD, b"<html>log in</html>"), 0.0),
        ((HEAD, b""), 0.0),
        ((HEAD, b"[]"), 0.0),
        ((HEAD, b'{"status": "error", "error": "query timed out"}'), 0.0),
        ((HEAD, b"[" * 100_000), 0.0),
        ((HEAD, b'{"data": {"resultType": "vector", "result": [{"value": ["now", "many"]}]}}'), 0.0),
        ((HEAD, b'{"data": {"resultType": "vector", "result": [{"value": []}]}}'), 0.0),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",), 0.0),
        ((b"not http",), 0.0),
    ],
)
async def test_whatever_answers_instead_of_prometheus_is_a_service_that_does_not(
    parts: tuple[bytes, ...], pause_s: float
) -> None:
    with answering(parts, pause_s) as url, pytest.raises(ServiceUnavailable, match="Prometheus"):
        await PrometheusSource(url, QUERIES, canary="new", baseline="old", timeout_s=0.3).read()


async def test_counters_below_zero_and_infinite_ones_measure_nothing() -> None:
    with prometheus({"rnew": [-1], "rold": ["+Inf"], "eold": [1], "enew": ["1e999"]}) as url:
        found = await PrometheusSource(url, QUERIES, canary="new", baseline="old").read()
    assert (found.canary.requests, found.canary.errors, found.baseline.requests) == (None, None, None)


class Lost:
    """An executor, or metrics, with a bug."""

    async def set_percent(self, percent: float) -> None:
        raise KeyError(percent)

    async def look(self) -> Placement:
        raise KeyError("weight")

    async def read(self) -> Measured:
        raise RecursionError


async def test_a_bug_of_an_executor_is_a_look_without_it_and_ends_no_runner() -> None:
    sample = await look(Lost(), Lost(), FakeClock(), "so far")
    assert (sample.percent, sample.canary.requests) == (None, None)
    assert sample.problem == "so far; RecursionError: ; KeyError: 'weight'"


def test_a_rollouts_clock_does_not_follow_one_that_is_set() -> None:
    class Set(FakeClock):
        def now(self) -> datetime:
            return START - timedelta(hours=1)

    machine = Set()
    steady = SteadyClock(machine, not_before=START)
    machine.advance(5)
    assert (steady.now() - START).total_seconds() == 5


def test_a_region_is_the_target_with_its_name_filled_in(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("regions.yaml"))
    settings = load_settings({}, {}, tmp_path)
    section = target(settings, "production", "eu-west")
    assert str(section.executor.socket) == "/run/haproxy/eu-west.sock"
    assert section.metrics.queries["requests"].count('region="eu-west",server="{arm}"') == 1
    assert section.traffic is not None
    assert section.traffic.set == ("weigh-region", "eu-west", "{percent}")
    with pytest.raises(InputError, match="no region 'eu-wst', did you mean 'eu-west'"):
        target(settings, "production", "eu-wst")


@pytest.mark.parametrize("wrong", ["timezone: Europe/Atlantis", 'window: "9-5"', 'window: "09:00-09:00"'])
def test_a_region_has_a_time_zone_and_hours_that_there_are(tmp_path: Path, wrong: str) -> None:
    known = "timezone: Europe/Dublin" if wrong.startswith("timezone") else 'window: "09:00-16:00"'
    text = documented("regions.yaml").replace(known, wrong)
    (tmp_path / "aqe.yaml").write_text(text)
    with pytest.raises(InputError, match=r"aqe\.yaml.*(no time zone|no hours|no time at all)"):
        load_settings({}, {}, tmp_path)


def test_own_queries_that_name_the_arm_are_of_both_and_others_of_the_whole() -> None:
    found = {("canary", "queue"): 5.0, ("baseline", "queue"): 3.0, ("", "orders"): 7.0, ("canary", "requests"): 1.0}
    seen = measured_of(found)
    assert (seen.metrics, seen.baseline_metrics) == ({"queue": 5, "orders": 7}, {"queue": 3})
    assert [is_per_arm("queue", 'q{a="{arm}"}'), is_per_arm("orders", "sum(orders)")] == [True, False]


def test_kayentas_judge_is_refused_where_all_traffic_moves_at_once(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("rollout.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    how = KayentaJudging(config={"metrics": [{"name": "latency_p95_ms"}]})
    assert plan(section, Release(version="v2"), "v1", Wanted(kayenta=how), START).kayenta == how
    with pytest.raises(InputError, match="needs traffic on both versions"):
        plan(section, Release(version="v2"), "v1", Wanted(Strategy.BLUE_GREEN, kayenta=how), START)
