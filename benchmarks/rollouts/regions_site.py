"""Four "regions" for rollouts: in each a real HAProxy with two versions behind it under load; one real Prometheus."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..servers.nodes import free_port
from .site import HAPROXY, SCRAPE_S, Site, load, names, process, scraper, until_scraped, version

REGIONS = ("us-east", "us-west", "eu-west", "ap-south")
PROMETHEUS = """
global: {{scrape_interval: {scrape}s}}
scrape_configs:
  - job_name: haproxy
    static_configs:
{targets}
"""
TARGET = '      - {{targets: ["127.0.0.1:{metrics}"], labels: {{region: {name}}}}}'
AQE = """
targets:
  production:
    base_url: http://127.0.0.1:{port}
    rollout:
      executor:
        kind: haproxy
        socket: "{{region}}/haproxy.sock"
        backend: shop
        canary: [{canaries}]
        baseline: [{baselines}]
      metrics:
        url: http://127.0.0.1:{prometheus}
        queries:
          requests: 'sum(haproxy_server_http_responses_total{{region="{{region}}",server=~"{{arm}}.+"}})'
          errors: 'sum(haproxy_server_http_responses_total{{region="{{region}}",server=~"{{arm}}.+",code="5xx"}})'
      stages: [25, 100]
      stage_s: {stage_s}
      watch_s: 1
      interval_s: 1
      min_requests: 10
      no_data_pause_s: 4
      no_data_rollback_s: 8
    regions:
{regions}
"""


@contextmanager
def regions_site(
    folder: Path,
    programs: tuple[str, str],
    *,
    regions: Sequence[str] = REGIONS,
    stage_s: float = 3.0,
    rps: int = 20,
    servers: int = 1,
) -> Iterator[dict[str, Site]]:
    """A site in each region that serves, under load.

    Args:
        folder: for configurations and data; aqe.yaml is written there.
        programs: paths of haproxy and prometheus.
        regions: their names.
        stage_s: of each stage.
        rps: requests a second in each region.
        servers: of each version in each region.
    """
    haproxy, prometheus = programs
    prometheus_port, targets, sites = free_port(), [], dict[str, Site]()
    with ExitStack() as stack:
        for name in regions:
            sites[name], metrics = stack.enter_context(_region(folder / name, haproxy, servers))
            targets.append(TARGET.format(metrics=metrics, name=name))
        filled = {
            "port": sites[regions[0]].port, "prometheus": prometheus_port, "stage_s": stage_s,
            "canaries": ", ".join(names("canary", servers)), "baselines": ", ".join(names("baseline", servers)),
            "regions": "\n".join(f"      {name}: {{timezone: UTC}}" for name in regions),
        }  # fmt: skip
        (folder / "aqe.yaml").write_text(AQE.format(**filled))
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(scrape=SCRAPE_S, targets="\n".join(targets)))
        stack.enter_context(scraper(prometheus, folder, prometheus_port))
        for one in sites.values():
            stack.enter_context(load(one, rps))
        until_scraped(prometheus_port)
        for one in sites.values():
            one.asked = one.failed = 0
        yield sites


@contextmanager
def _region(here: Path, haproxy: str, servers: int) -> Iterator[tuple[Site, int]]:
    """Two versions behind a HAProxy, and the port of its metrics."""
    here.mkdir()
    with version() as baseline, version() as canary:
        port, metrics = free_port(), free_port()
        lines = [
            f"  server {server} 127.0.0.1:{at} check weight {weight}"
            for arm, at, weight in (("baseline", baseline.port, 1), ("canary", canary.port, 0))
            for server in names(arm, servers)
        ]
        config = HAPROXY.format(socket=here / "haproxy.sock", port=port, metrics=metrics, servers="\n".join(lines))
        (here / "haproxy.cfg").write_text(config)
        with process([haproxy, "-f", str(here / "haproxy.cfg")]):
            yield Site(here, port, baseline, canary, servers), metrics
