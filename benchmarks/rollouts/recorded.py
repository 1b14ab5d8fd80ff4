"""`make record-rollout`: use cases 4 and 5 of the specification on real parts, their terminal output into the docs.

A release goes through 1, 5 and 25 % of the traffic of a real HAProxy; at 25 % a tenth of its answers begin to fail.
Another goes through four regions, a real HAProxy in each; in the third one three of ten of its answers begin to fail.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from aqe.tests.e2e.cli_project import Project
from aqe.tests.e2e.test_cli_readiness import POLICY, put
from aqe.tests.e2e.test_rollout import READY

from .regions_site import REGIONS, regions_site
from .site import Site, site

DOCS = Path(__file__).parents[2] / "docs"
CANARY_PAGE, REGIONS_PAGE = "rollout-example.md", "regions-example.md"
VERSION = "v2.5.0"
RPS = 80
REGION_RPS = 20
BAD_REGION = REGIONS[2]
MARK = "\n<!-- recorded by make record-rollout: {digest} -->\n"
"""The last line of a page: SHA-256 of all before it, so that nobody mends a record by hand."""

CANARY = (
    f"deploy assess --version {VERSION}",
    f"deploy configure-canary --version {VERSION} --stages 1,5,25,50,100 --stage-time 20s",
    "deploy set-rollback-triggers --error-rate 2% --latency-p95 800ms --for 10s",
    f"deploy execute --version {VERSION} --strategy canary --auto-rollback",
    f"deploy dashboard --version {VERSION}",
    "deploy history",
)
MULTI_REGION = (
    f"deploy assess-multi-region --version {VERSION} --regions {','.join(REGIONS)}",
    f"deploy plan-regions --version {VERSION} --strategy staggered --stage-time 10s --bake-time 2s",
    f"deploy execute-multi-region --version {VERSION}",
    f"deploy multi-region --version {VERSION}",
    "deploy history",
)
CANARY_TEXT = """# A canary that is taken back

Use case 4 of the specification, recorded by `make record-rollout` on {date}: HAProxy and Prometheus of Debian, {rps}
requests a second, a look a second. Eight seconds after the release got 25 % of the traffic, a tenth of its answers
became errors. The release's signals are
made up for it; all that comes after the assessment is measured. Nothing below is edited; how it is set up stands in
[operations.md](operations.md#rollouts).

```console
{output}
```

Exit codes: {codes}. Requests that HAProxy's own counters give the new version in the two seconds after: {late}.
"""
REGIONS_TEXT = """# A release in four regions, taken back in one

Use case 5 of the specification, recorded by `make record-rollout` on {date}: a HAProxy of Debian in each of four
"regions", one Prometheus, {rps} requests a second in each, a look a second. In {bad}, as soon as the release had 25 %
of the traffic, three of ten of its answers became errors. The release's signals are
made up for it; all that comes after the assessment is measured. Nothing below is edited; how it is set up stands in
[operations.md](operations.md#regions).

```console
{output}
```

Exit codes: {codes}. Share of the new version at the end, asked of each HAProxy: {shares}.
"""


def main(arguments: Sequence[str]) -> int:
    """Run both and write their pages; 1, and no page, for a run that did not end as it must."""
    argparse.ArgumentParser(prog="benchmarks record-rollout", description=__doc__).parse_args(arguments)
    programs = shutil.which("haproxy"), shutil.which("prometheus")
    if None in programs:
        print("haproxy and prometheus are needed: make system-deps")
        return 2
    return max([record(programs) for record in (record_canary, record_regions)])  # type: ignore[arg-type]


def record_canary(programs: tuple[str, str]) -> int:
    """Use case 4."""
    with _folder() as folder, site(folder, programs, rps=RPS) as parts, _ready(folder):
        _spoil(parts, after_s=8, error_share=0.1)
        shown, codes = _record(folder, CANARY)
        before = parts.answered()["canary"]
        time.sleep(2)
        late = parts.answered()["canary"] - before
    well = "taken back: error" in shown and codes == [0, 0, 0, 1, 0, 0]
    return _write(CANARY_PAGE, CANARY_TEXT, well, rps=RPS, output=shown, codes=_listed(codes), late=late)


def record_regions(programs: tuple[str, str]) -> int:
    """Use case 5."""
    with _folder() as folder, regions_site(folder, programs, rps=REGION_RPS) as sites, _ready(folder):
        _spoil(sites[BAD_REGION], after_s=0, error_share=0.3)
        shown, codes = _record(folder, MULTI_REGION)
        found = {name: one.percent() for name, one in sites.items()}
    well = found == {name: 0 if name == BAD_REGION else 100 for name in REGIONS} and codes == [0, 0, 1, 1, 0]
    shares = ", ".join(f"{name} {share:g} %" for name, share in found.items())
    told = {"rps": REGION_RPS, "bad": BAD_REGION, "output": shown, "codes": _listed(codes), "shares": shares}
    return _write(REGIONS_PAGE, REGIONS_TEXT, well, **told)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextmanager
def _ready(folder: Path) -> Iterator[Project]:
    """A project with a policy, a past, and a release that was measured and may be deployed."""
    with Project.at(folder) as project:
        (folder / "policy.yaml").write_text(POLICY)
        settings = folder / "aqe.yaml"
        settings.write_text(settings.read_text() + "policy: {file: policy.yaml}\n")
        project.ok("up", "--server-only")
        with project.redis() as client:
            for version, days in (("v2.4.2", 20), ("v2.4.3", 9)):
                at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
                item = {"version": version, "deployedAt": at, "outcome": "success"}
                client.rpush("aqe/deployment/history", json.dumps(item))
        put(project, VERSION, READY)
        yield project


def _spoil(parts: Site, *, after_s: float, error_share: float) -> None:
    """Let the release fail once it has had a quarter of the traffic for so long."""

    def wait() -> None:
        while not parts.stopping.is_set() and parts.percent() < 25:
            time.sleep(0.1)
        time.sleep(after_s)
        parts.canary.error_share = error_share

    threading.Thread(target=wait, daemon=True).start()


def _record(folder: Path, commands: Sequence[str]) -> tuple[str, list[int]]:
    """The commands and all that they say, as a terminal shows it; their exit codes."""
    shown, codes = [], []
    for command in commands:
        run = [sys.executable, "-P", "-m", "aqe", *command.split()]
        done = subprocess.run(
            run, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False
        )
        shown.append(f"$ aqe {command}\n{done.stdout.rstrip()}\n")
        codes.append(done.returncode)
    return "\n".join(shown).rstrip(), codes


def _listed(codes: Sequence[int]) -> str:
    return ", ".join(map(str, codes))


def _write(name: str, text: str, well: bool, **told: object) -> int:
    """The page, or what was not well."""
    body = text.format(date=datetime.now(UTC).strftime("%Y-%m-%d"), **told)
    if not well:
        print(f"{name} is not written: the run did not end as it must\n{body}")
        return 1
    (DOCS / name).write_text(signed(body), encoding="utf-8")
    print(f"wrote docs/{name}")
    return 0


def signed(body: str) -> str:
    """A page and its digest."""
    return body + MARK.format(digest=sha256(body.encode()).hexdigest())
