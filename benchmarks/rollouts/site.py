"""A small site for rollouts: two versions of a service behind a real HAProxy, a real Prometheus, and load."""

import contextlib
import csv
import io
import json
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..servers.nodes import free_port

SCRAPE_S = 1
ARMS = ("canary", "baseline")
SLOW_S = 0.25
CLIENTS = 16
CLIENT_TIMEOUT_S = 30
"""A busy machine is slow; a request that takes so long is lost, and not late."""
HAPROXY = """
global
  stats socket {socket} level admin expose-fd listeners
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option redispatch
frontend site
  bind 127.0.0.1:{port}
  default_backend shop
frontend metrics
  bind 127.0.0.1:{metrics}
  http-request use-service prometheus-exporter
backend shop
  balance roundrobin
  option httpchk GET /health
  default-server inter 500ms fall 2 rise 1
{servers}
"""
SCRAPED_SHOP = """
global: {{scrape_interval: {scrape}s}}
scrape_configs:
  - job_name: shop
    static_configs:
      - {{targets: ["127.0.0.1:{baseline}"], labels: {{arm: baseline}}}}
      - {{targets: ["127.0.0.1:{canary}"], labels: {{arm: canary}}}}
"""
"""The versions themselves, whatever proxy stands before them."""
PROMETHEUS = f"""{SCRAPED_SHOP}  - job_name: haproxy
    static_configs: [{{{{targets: ["127.0.0.1:{{metrics}}"]}}}}]
"""
AQE = """
targets:
  production:
    base_url: http://127.0.0.1:{port}
    rollout:
      executor: {{kind: haproxy, socket: {socket}, backend: shop, canary: [{canaries}], baseline: [{baselines}]}}
      metrics:
        url: http://127.0.0.1:{prometheus}
        queries:
          requests: 'sum(haproxy_server_http_responses_total{{proxy="shop",server=~"{{arm}}.+"}})'
          errors: 'sum(haproxy_server_http_responses_total{{proxy="shop",server=~"{{arm}}.+",code="5xx"}})'
          slow: 'sum(shop_slow_total{{arm="{{arm}}"}})'"""
PACE = """
      stages: [5, 25, 50, 100]
      stage_s: {stage_s}
      watch_s: 2
      interval_s: 1
      no_data_pause_s: 4
      no_data_rollback_s: 8
      dead_man_s: 3
      settle_looks: 1
      settle_s: 5
"""


@dataclass
class Version:
    """One running version.

    Args:
        error_share: of its answers that are 500.
        delay_s: before each answer.
        port: on 127.0.0.1.
    """

    error_share: float = 0.0
    delay_s: float = 0.0
    port: int = 0
    server: ThreadingHTTPServer | None = None
    served: int = 0
    errors: int = 0
    slow: int = 0
    """Answered later than SLOW_S."""

    broken: bool = False

    def pause(self) -> None:
        """Break every connection from now on, as a process that dies at each request."""
        self.broken = True

    def resume(self) -> None:
        """Answer again."""
        self.broken = False

    def metrics(self) -> str:
        """What it counts itself, as Prometheus reads it."""
        counted = {"requests": self.served, "errors": self.errors, "slow": self.slow}
        return "".join(f"shop_{name}_total {count}\n" for name, count in counted.items())

    def stop(self) -> None:
        """For good."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


@dataclass
class Site:
    """Everything that runs.

    Args:
        folder: with aqe.yaml.
        port: of the site.
        servers: of each version in HAProxy.
    """

    folder: Path
    port: int
    baseline: Version
    canary: Version
    servers: int
    haproxy: "subprocess.Popen[bytes] | None" = None
    prometheus: "subprocess.Popen[bytes] | None" = None
    prometheus_port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    failed: int = 0

    def percent(self) -> float:
        """Share that HAProxy gives the canary, asked past all of our code."""
        return self.snapshot()[0]

    def snapshot(self) -> tuple[float, dict[str, int]]:
        """Share and answered requests of the same moment: one answer of HAProxy's."""
        rows = self.stat()
        canary, baseline = (sum(int(row["weight"]) for row in rows[arm]) for arm in ARMS)
        return 100 * canary / (canary + baseline), answered(rows)

    def reload_haproxy(self) -> None:
        """As an operator would: all weights are those of the file again."""
        assert self.haproxy is not None
        self.haproxy.send_signal(signal.SIGUSR2)

    def stop_prometheus(self) -> None:
        """Kill it."""
        assert self.prometheus is not None
        self.prometheus.kill()
        self.prometheus.wait()

    def start_prometheus(self) -> None:
        """The same again, until it has measured something."""
        assert self.prometheus is not None
        self.prometheus = subprocess.Popen(self.prometheus.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_scraped(self.prometheus_port)

    def set_percent(self, percent: int) -> None:
        """Move traffic as a person would."""
        for arm, weight in (("canary", percent), ("baseline", 100 - percent)):
            for server in names(arm, self.servers):
                self._ask(f"set server shop/{server} weight {weight}")

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "haproxy.sock"))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def stat(self) -> dict[str, list[dict[str, str]]]:
        """HAProxy's own counters of each arm's servers."""
        text = self._ask("show stat").removeprefix("# ")
        rows = [row for row in csv.DictReader(io.StringIO(text)) if row["pxname"] == "shop"]
        return {arm: [row for row in rows if row["svname"].startswith(arm)] for arm in ARMS}

    def down(self, arm: str) -> bool:
        """True when HAProxy calls none of its servers up."""
        return all(row["status"].startswith("DOWN") for row in self.stat()[arm])

    def answered(self) -> dict[str, int]:
        """Requests that each arm has answered, by HAProxy's counters; its sessions include health checks."""
        return self.snapshot()[1]


def answered(stat: dict[str, list[dict[str, str]]]) -> dict[str, int]:
    """Of each arm, all kinds of answers."""
    return {
        arm: sum(int(row[f"hrsp_{kind}xx"] or 0) for row in rows for kind in range(1, 6)) for arm, rows in stat.items()
    }


def names(arm: str, servers: int) -> list[str]:
    """Of an arm's servers in HAProxy."""
    return [f"{arm}{number}" for number in range(1, servers + 1)]


@contextmanager
def site(
    folder: Path, programs: tuple[str, str], *, stage_s: float = 4.0, rps: int = 80, servers: int = 2
) -> Iterator[Site]:
    """A site that serves, under load.

    Args:
        folder: for configurations and data.
        programs: paths of haproxy and prometheus.
        stage_s: of each stage in aqe.yaml.
        rps: requests a second.
        servers: of each version.
    """
    haproxy, prometheus = programs
    with ExitStack() as stack:
        baseline, canary = stack.enter_context(version()), stack.enter_context(version())
        port, metrics, prometheus_port = free_port(), free_port(), free_port()
        runtime = folder / "haproxy.sock"
        ports = {"baseline": (baseline.port, 1), "canary": (canary.port, 0)}
        lines = [
            f"  server {name} 127.0.0.1:{at} check weight {weight}"
            for arm, (at, weight) in ports.items()
            for name in names(arm, servers)
        ]
        filled = {
            "canaries": ", ".join(names("canary", servers)), "baselines": ", ".join(names("baseline", servers)),
            "servers": "\n".join(lines), "socket": runtime, "port": port, "metrics": metrics,
            "prometheus": prometheus_port, "stage_s": stage_s, "baseline": baseline.port, "canary": canary.port,
            "scrape": SCRAPE_S,
        }  # fmt: skip
        for file, text in (("haproxy.cfg", HAPROXY), ("prometheus.yml", PROMETHEUS), ("aqe.yaml", AQE + PACE)):
            (folder / file).write_text(text.format(**filled))
        proxy = stack.enter_context(process([haproxy, "-W", "-db", "-f", str(folder / "haproxy.cfg")]))
        scrapes = stack.enter_context(scraper(prometheus, folder, prometheus_port))
        running = Site(folder, port, baseline, canary, servers, proxy, scrapes, prometheus_port)
        stack.enter_context(load(running, rps))
        until_scraped(prometheus_port)
        running.asked = running.failed = 0
        try:
            yield running
        finally:
            running.stop_prometheus()


@contextmanager
def version() -> Iterator[Version]:
    """A version that answers as it is told to."""
    running = Version()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if running.broken:
                self.connection.close()
                return
            if self.path in ("/health", "/metrics"):
                self._answer(200, running.metrics().encode())
                return
            running.served += 1
            time.sleep(running.delay_s)
            running.slow += running.delay_s > SLOW_S
            # Every n-th one: a share without chance.
            bad = int(running.served * running.error_share) != int((running.served - 1) * running.error_share)
            running.errors += bad
            self._answer(500 if bad else 200, b"ok\n")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            with contextlib.suppress(OSError):  # HAProxy has closed a check that it did not wait for
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # with 5, connections of a busy moment are lost

    server = Server(("127.0.0.1", 0), Handler)
    running.server, running.port = server, server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def process(command: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
    """A process as long as it is needed."""
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def scraper(program: str, folder: Path, port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Prometheus with the folder's configuration and data, on this port of 127.0.0.1."""
    files = f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"
    with process([program, *files, f"--web.listen-address=127.0.0.1:{port}"]) as running:
        yield running


@contextmanager
def load(running: Site, rps: int) -> Iterator[None]:
    """So many requests a second, all of them counted."""

    def ask() -> None:
        due = time.monotonic()
        while not running.stopping.is_set():
            running.asked += 1
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/", timeout=CLIENT_TIMEOUT_S) as answer:
                    answer.read()
            except OSError:
                running.failed += 1
            due += CLIENTS / rps
            time.sleep(max(0.0, due - time.monotonic()))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        running.stopping.set()
        for thread in threads:
            thread.join()


def until_scraped(port: int, query: str = "haproxy_server_http_responses_total") -> None:
    """Wait until Prometheus has these counters."""
    for _ in range(300):
        address = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            if json.load(answer)["data"]["result"]:
                return
        time.sleep(0.1)
    raise AssertionError("Prometheus scraped nothing")
