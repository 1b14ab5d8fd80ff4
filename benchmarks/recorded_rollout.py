"""`make record-rollout`: the specification's canary use case on real parts, its terminal output written into the docs.

A release goes through 1, 5 and 25 % of the traffic of a real HAProxy; at 25 % a tenth of its answers begin to fail.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .drill_rollout import Drill, prepare
from .rollout_site import Site, site

PAGE = Path(__file__).parents[1] / "docs" / "rollout-example.md"
VERSION = "v2.5.0"
COMMANDS = (
    f"deploy configure-canary --version {VERSION} --stages 1,5,25,50,100 --stage-time 30s",
    "deploy set-rollback-triggers --error-rate 2% --for 10s",
    f"deploy execute --version {VERSION} --strategy canary --auto-rollback",
    f"deploy dashboard --version {VERSION}",
    "deploy history",
)
TEXT = """# A canary that is taken back

Recorded by `make record-rollout` on {date}: HAProxy 2.6 and Prometheus 2.42 of Debian, {rps} requests a second, a look
a second. The release has a GO. Eight seconds after it got 25 % of the traffic, a tenth of its answers became errors. It
is the specification's use case 4; times are those of the run.

```console
{output}
```

Traffic of the new version by HAProxy's own counters, after the decision: {late} requests.
"""
RPS = 80


def main(arguments: Sequence[str]) -> int:
    """Run it and write the page; 1, and no page, when the release was not taken back for its errors."""
    argparse.ArgumentParser(prog="benchmarks record-rollout", description=__doc__).parse_args(arguments)
    programs = shutil.which("haproxy"), shutil.which("prometheus")
    if None in programs:
        print("haproxy and prometheus are needed: make system-deps")
        return 2
    with tempfile.TemporaryDirectory() as name, site(Path(name), programs, rps=RPS) as parts:  # type: ignore[arg-type]
        drill = Drill(Path(name), parts)
        prepare(drill)
        try:
            drill.go(VERSION)
            threading.Thread(target=_spoil, args=(parts,), daemon=True).start()
            shown, codes = zip(*(_shown(command, drill.folder) for command in COMMANDS), strict=True)
            before = parts.answered()["canary"]
            time.sleep(2)
            late = parts.answered()["canary"] - before
        finally:
            drill.aqe("down")
    print(f"exit codes {codes}")
    if "taken back: error" not in shown[2]:
        print(f"the machine is too busy for a record: it was not taken back for its errors\n{shown[2]}")
        return 1
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    PAGE.write_text(TEXT.format(date=date, rps=RPS, output="\n".join(shown), late=late))
    return int(codes[2] != 1)


def _spoil(parts: Site) -> None:
    while parts.percent() < 25:
        time.sleep(0.1)
    time.sleep(8)
    parts.canary.error_share = 0.1


def _shown(command: str, folder: Path) -> tuple[str, int]:
    """The command and all that it says, as a terminal shows it."""
    run = [sys.executable, "-P", "-m", "aqe", *command.split()]
    done = subprocess.run(
        run, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False
    )
    return f"$ aqe {command}\n{done.stdout.rstrip()}\n", done.returncode
