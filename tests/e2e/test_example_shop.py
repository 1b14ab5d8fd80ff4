"""The example shop in a real browser: visitors can buy, and what the pages and the recordings tell is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqe.fleet.demo.shop import SOURCE, Release, Shop
from aqe.tests.e2e.cli_project import Project
from aqe.tests.servers import require


@pytest.mark.xdist_group("example-shop")
def test_what_a_browser_tells_of_visits_to_the_shop_is_imported(tmp_path: Path) -> None:
    """Orders are placed; views come with their vitals; recordings of pages and of the API come as exchanges."""
    chromium = require("chromium")
    shop = Shop(SOURCE, tmp_path / "shop")
    shop.prepare("")
    record = tmp_path / "visits.har"
    environment = {**os.environ, "PYTHONPATH": str(shop.folder)}
    with shop.serve(Release("v1", "safe", "")) as (base_url, logs):
        visited = subprocess.run(
            [sys.executable, "browse.py", "--base-url", base_url, "--visits", "3", "--seed", "4", "--json",
             "--chromium", chromium, "--record", str(record)],
            cwd=shop.folder, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert visited.returncode == 0, visited.stderr
    summary = json.loads(visited.stdout)
    assert summary["orders"] >= 1
    assert summary["errors"] == []

    (tmp_path / "project").mkdir()
    with Project.at(tmp_path / "project") as project:
        project.ok("import", str(logs / "rum.jsonl"), str(record), "--release", "v1", "--commit", "abc1234")
        rum = json.loads(project.ok("memory", "get", "aqe/production/rum-data"))
    assert rum["totalSessions"] == 3
    assert rum["totalPageViews"] >= summary["pages"] // 2
    assert rum["totalErrors"] == 0
    vitals = {name: rum[name] for name in ("fcpP75Ms", "lcpP75Ms", "inpP75Ms", "ttfbP75Ms", "clsP75")}
    assert None not in vitals.values()
    assert vitals["lcpP75Ms"] >= vitals["fcpP75Ms"] >= vitals["ttfbP75Ms"] > 0
