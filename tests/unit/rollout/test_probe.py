"""Requests of our own to both arms: what they show, and what must not look like health."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.connectors.sources.probe import ProbeSource
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.fleet.rollouts.parts import recorder, source, target
from aqe.tests.receivers import trickler, web_server
from aqe.tests.servers import documented

NOBODY = "http://127.0.0.1:1"


@contextmanager
def version(statuses: dict[str, int]) -> Iterator[str]:
    """One that answers each path so, and 404 else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with web_server(Handler) as url:
        yield url


async def test_both_arms_are_asked_the_same_and_counters_grow_with_every_look() -> None:
    with version({"/a": 200, "/b": 200}) as old, version({"/a": 200, "/b": 500}) as new:
        probe = ProbeSource(new, old, paths=("/a", "/b"), requests=3)
        first, second = await probe.read(), await probe.read()
    assert (first.canary.requests, first.canary.errors, first.baseline.errors) == (3, 1, 0)
    assert (second.canary.requests, second.canary.errors, second.baseline.requests) == (6, 3, 6)
    assert (second.canary.up, second.canary.slow) == (True, 0)
    assert second.canary.latency_p95_ms is not None


async def test_an_arm_that_nobody_answers_for_is_down_and_all_its_probes_have_failed() -> None:
    with version({"/": 200}) as old:
        found = await ProbeSource(NOBODY, old, requests=2).read()
    assert (found.canary.up, found.canary.errors, found.baseline.up) == (False, 2, True)


async def test_a_path_that_neither_version_has_is_no_health() -> None:
    with version({}) as old, version({}) as new, pytest.raises(ServiceUnavailable, match="no probe well: /typo"):
        await ProbeSource(new, old, paths=("/typo",)).read()


async def test_an_arm_that_trickles_its_answer_has_failed_at_the_time_out() -> None:
    with version({"/": 200}) as old, trickler() as new:
        found = await ProbeSource(new.url, old, requests=1, timeout_s=0.1).read()
    assert (found.canary.requests, found.canary.errors) == (1, 1)


async def test_the_example_of_the_docs_is_a_probe_and_records_nothing(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("probe.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    assert isinstance(source(section), ProbeSource)
    with pytest.raises(InputError, match="of kind probe record nothing"):
        recorder(section)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ("{kind: probe}", "a probe needs the address of canary"),
        ("{kind: probe, canary: 'http://a', baseline: 'file:///etc/passwd'}", "address of baseline"),
        ("{kind: probe, canary: 'http://a', baseline: 'http://b', paths: ['no slash']}", "paths"),
        ("{queries: {requests: a, errors: b}}", "need its url"),
    ],
)
def test_metrics_that_cannot_be_had_are_an_error_of_the_file(tmp_path: Path, metrics: str, words: str) -> None:
    text = f"targets: {{p: {{base_url: x, rollout: {{executor: {{kind: dry-run}}, metrics: {metrics}}}}}}}"
    (tmp_path / "aqe.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        load_settings({}, {}, tmp_path)
