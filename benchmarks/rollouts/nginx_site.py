"""The site of site.py behind a real nginx; what each version was sent is read of nginx itself.

nginx counts nothing for each server of an upstream. It does say, by its access log, where each request was sent and
when; by `stub_status`, how many requests there were in all, which holds through reloads; and by its error log, when it
was reloaded. The drill has a log of its own, apart from that which the executor reads.
"""

import re
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..servers.nodes import free_port
from .site import ARMS, PACE, SCRAPE_S, SCRAPED_SHOP, Site, load, scraper, until_scraped, version

NGINX = """
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
worker_processes 2;
events {{ worker_connections 256; }}
http {{
  log_format aqe '$msec|$request_time|$upstream_addr';
  log_format drill '$msec $request_time $upstream_addr';
  upstream shop {{ include {folder}/shop.conf; }}
  server {{
    listen 127.0.0.1:{port};
    access_log {folder}/upstream.log aqe;
    access_log {folder}/drill.log drill;
    location / {{ proxy_pass http://shop; }}
    location = /counted {{ access_log off; stub_status; }}
  }}
}}
"""
AQE = """
targets:
  production:
    base_url: http://127.0.0.1:{port}
    rollout:
      executor:
        kind: nginx
        include: {folder}/shop.conf
        log: {folder}/upstream.log
        canary: ["127.0.0.1:{canary}"]
        baseline: ["127.0.0.1:{baseline}"]
        program: [{program}, -p, {folder}, -c, {folder}/nginx.conf]
      metrics:
        url: http://127.0.0.1:{prometheus}
        queries:
          requests: 'sum(shop_requests_total{{arm="{{arm}}"}})'
          errors: 'sum(shop_errors_total{{arm="{{arm}}"}})'"""
_RELOADED = re.compile(r"^([0-9/]+ [0-9:]+) .*\(SIGHUP\) received from .*reconfiguring$", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    """Requests so far, as four count them."""

    log: Counter[str]
    """Arm -> lines of nginx's access log."""

    stub_status: int
    served: dict[str, int]
    """Arm -> by the version itself."""


@dataclass
class NginxSite(Site):
    """Everything that runs.

    Args:
        program: nginx with its arguments.
        sent: time at which it began and arm of each request, by nginx's access log.
    """

    program: tuple[str, ...] = ()
    sent: list[tuple[float, str]] = field(default_factory=list)
    asked_status: int = 0
    _read: int = 0

    def set_percent(self, percent: int) -> None:
        """Move all traffic as a person would."""
        shares = {"canary": percent, "baseline": 100 - percent}
        lines = [
            f"server {self._address(arm)} {f'weight={share}' if share else 'down'};" for arm, share in shares.items()
        ]
        (self.folder / "shop.conf").write_text("\n".join(lines) + "\n")
        subprocess.run([*self.program, "-s", "reload"], check=True, capture_output=True, timeout=20)

    def look(self) -> list[tuple[float, str]]:
        """All requests that the log has by now."""
        arms = {self._address(arm): arm for arm in ARMS}
        with (self.folder / "drill.log").open() as stream:
            stream.seek(self._read)
            *lines, rest = stream.read().split("\n")
            self._read = stream.tell() - len(rest)
        for line in lines:
            at, took, server = line.split(maxsplit=2)
            self.sent.append((float(at) - float(took), arms[server.split(",")[0]]))
        return self.sent

    def reloads(self) -> list[float]:
        """Times at which nginx was reloaded, by its error log, in whole seconds."""
        found = _RELOADED.findall((self.folder / "error.log").read_text())
        return [datetime.strptime(at, "%Y/%m/%d %H:%M:%S").timestamp() for at in found]

    def counts(self) -> Counts:
        """What nginx and the versions say at a moment at which no request is on its way."""
        while True:
            first = self._status()
            served = {"canary": self.canary.served, "baseline": self.baseline.served}
            counts = Counts(Counter(arm for _, arm in self.look()), first[0], served)
            if first == self._status() and first[1] == 1:
                return counts

    def _status(self) -> tuple[int, int]:
        """Requests besides those of this method, and connections, its own too."""
        self.asked_status += 1
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counted", timeout=5) as answer:
            text = answer.read().decode()
        active, requests = text.split()[2], text.split("requests\n")[1].split()[2]
        return int(requests) - self.asked_status, int(active)

    def _address(self, arm: str) -> str:
        return f"127.0.0.1:{(self.canary if arm == 'canary' else self.baseline).port}"


@contextmanager
def nginx_site(folder: Path, programs: tuple[str, str], *, stage_s: float = 4.0, rps: int = 80) -> Iterator[NginxSite]:
    """A site that serves, under load.

    Args:
        folder: for configurations, logs and data.
        programs: paths of nginx and prometheus.
        stage_s: of each stage in aqe.yaml.
        rps: requests a second.
    """
    nginx, prometheus = programs
    port, prometheus_port = free_port(), free_port()
    with version() as baseline, version() as canary:
        filled = {
            "folder": folder, "port": port, "prometheus": prometheus_port, "scrape": SCRAPE_S, "stage_s": stage_s,
            "baseline": baseline.port, "canary": canary.port, "program": nginx,
        }  # fmt: skip
        for file, text in (("nginx.conf", NGINX), ("prometheus.yml", SCRAPED_SHOP), ("aqe.yaml", AQE + PACE)):
            (folder / file).write_text(text.format(**filled))
        (folder / "shop.conf").write_text(f"server 127.0.0.1:{baseline.port};\n")
        program = (nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"))
        subprocess.run(program, check=True, capture_output=True, timeout=20)
        running = NginxSite(folder, port, baseline, canary, 1, program=program)
        try:
            with scraper(prometheus, folder, prometheus_port), load(running, rps):
                until_scraped(prometheus_port, "shop_requests_total")
                yield running
        finally:
            subprocess.run([*program, "-s", "stop"], check=False, capture_output=True, timeout=20)
