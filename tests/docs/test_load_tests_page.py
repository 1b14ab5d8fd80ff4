"""docs/load-tests.md runs as it stands: a small access log in, a load test out, run by both tools, judged."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aqe.tests.counting_server import Hit, counting_server
from aqe.tests.docs.test_console_examples import ROOT, run_tour
from aqe.tests.load_tools import k6, locust

pytestmark = pytest.mark.xdist_group("load-tools")
MIX = (("GET", "/api/products/{n}"), ("GET", "/"), ("GET", "/api/products/{n}?from=cart"), ("GET", "/cart"),
       ("POST", "/api/orders"))  # fmt: skip


def access_log(days: int) -> Iterator[str]:
    """A small shop up to now: quiet by night, one error in a thousand, a response time in microseconds at the end."""
    begin = datetime.now(UTC) - timedelta(days=days)
    after = number = 0.0
    while after < days * 86_400:
        n = int(number)
        method, path = MIX[(n * n + n // 3) % 5 if n % 4 else 0]
        status = 500 if n % 1000 == 999 else 404 if n % 90 == 89 else 200
        yield (
            f"192.0.2.{n % 200} - - [{begin + timedelta(seconds=after):%d/%b/%Y:%H:%M:%S} +0000]"
            f' "{method} {path.format(n=n % 40)} HTTP/1.1" {status} 512 "-" "-" {2000 + n * 7919 % 38_000}\n'
        )
        after += 8 + 30 * abs(math.cos(math.pi * after / 86_400))
        number += 1


def test_the_page_runs_from_the_log_to_the_judgement(tmp_path: Path) -> None:
    """What the page prints is printed; the ids that were given are those that are asked for."""
    k6(), locust()
    (tmp_path / "access.log").write_text("".join(access_log(2)))
    page = (ROOT / "docs" / "load-tests.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```yaml\n(# gates.yaml\n.*?)```", page, re.DOTALL)
    (tmp_path / "gates.yaml").write_text(found)
    with counting_server() as server:
        assert run_tour(page.replace("http://127.0.0.1:8000", server.url), tmp_path) == 10
    assert {ids(hit) for hit in server.hits if "products" in hit.path} == {"3", "17", "42"}


def ids(hit: Hit) -> str:
    return hit.path.rpartition("/")[2]
