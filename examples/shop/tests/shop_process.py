"""Starts the shop as a process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SHOP = Path(__file__).parents[1]

# Seconds until a process that was asked to stop is taken for stuck.
STOP_TIMEOUT_S = 20


@dataclass(frozen=True)
class ShopProcess:
    """A running `python -m shop`."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]


def start_shop(*flags: str, module: str = "shop") -> subprocess.Popen[str]:
    """`python -m shop` with the flags; PYTHONPATH, because PYTHONSAFEPATH may hide the working directory."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *flags],
        env={**os.environ, "PYTHONPATH": str(SHOP)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_shop(data_dir: Path, *flags: str) -> Iterator[ShopProcess]:
    """A shop process on a free port; stopped at the end if it still runs."""
    with start_shop("--port", "0", "--data-dir", str(data_dir), *flags) as process:
        try:
            assert process.stdout is not None
            first_line = process.stdout.readline()
            assert first_line.startswith("listening on http://"), process.communicate()[1]
            yield ShopProcess(first_line.split()[-1], data_dir, process)
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_S)
