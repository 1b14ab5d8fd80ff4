"""Whole imports of large files: CPU time and greatest memory of the process `aqe import`, with and without redaction.

Beside it in the same run: the plain parser alone, and our importer alone. An import does more than both: it hashes,
counts, writes Parquet, stores. Needs 4 GB in the temporary folder; nothing stays there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .. import report
from ..report import table
from . import production, reports

MB = 1_000_000


class Case(NamedTuple):
    """A large file.

    Args:
        write: makes it, of about so many MB or records.
        size: for `write`.
        plain: CPU seconds of the plain parser over it.
        ours: CPU seconds of our importer over it.
    """

    write: Callable[[Path, int], None]
    size: int
    plain: Callable[[Path], float]
    ours: Callable[[Path], float]


class Costs(NamedTuple):
    """What was measured of one file; seconds are of CPU time."""

    megabytes: float
    plain_s: float
    parsed_s: float
    unredacted_s: float
    redacted_s: float
    peak_mb: float
    """Of the greater of both imports."""


def _lines(name: str) -> Callable[[Path, int], None]:
    def write(path: Path, megabytes: int) -> None:
        records = [json.dumps(one, separators=(",", ":")).encode() for one in production.CASES[name][1]()]
        with path.open("wb") as out:
            production._write(out, records, megabytes * MB, production.Layout.LINES)

    return write


def _records(name: str) -> Callable[[Path, int], None]:
    def write(path: Path, count: int) -> None:
        with path.open("w", encoding="utf-8") as out:
            out.writelines(reports.CASES[name].parts(count))

    return write


def _of_rows(name: str, megabytes: int) -> Case:
    def run(work: Callable[[Path, str], float]) -> Callable[[Path], float]:
        return lambda path: production._run(work, path, name)[0]

    return Case(_lines(name), megabytes, run(production._plain), run(production._rows))


def _of_report(name: str, count: int) -> Case:
    def run(work: Callable[[str, Path], float]) -> Callable[[Path], float]:
        return lambda path: reports._alone(work, name, path)[0]

    return Case(_records(name), count, run(reports._plain), run(reports._ours))


CASES = {
    "JSON-lines log": _of_rows("JSON-lines log", 1_000),
    "OTLP, a request a line": _of_rows("OTLP, a request a line", 500),
    "lcov, 1,000,000 lines": _of_report("lcov, 1,000,000 lines", 1_000_000),
    "JUnit, 100,000 cases": _of_report("JUnit, 100,000 cases", 100_000),
}


def main(arguments: Sequence[str]) -> int:
    """Measure each once and print."""
    parser = argparse.ArgumentParser(prog="benchmarks imports")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size")
    share = 20 if parser.parse_args(arguments).quick else 1
    found = {name: _costs(case, case.size // share) for name, case in CASES.items()}
    rows = [
        (
            name, f"{of.megabytes:,.0f}", f"{of.plain_s:.1f}", f"{of.plain_s / of.parsed_s:.2f}",
            f"{of.plain_s / of.unredacted_s:.2f}", f"{of.plain_s / of.redacted_s:.2f}", f"{of.peak_mb:.0f}",
        )
        for name, of in found.items()
    ]  # fmt: skip
    header = ("file", "MB", "plain parser, s", "our parser", "import, unredacted", "import", "peak MB")
    table("Whole imports: CPU time of the plain parser over ours, peak memory of `aqe import`", header, rows)
    report.json_line("imports", results={name: of._asdict() for name, of in found.items()})
    return 0


def _costs(case: Case, size: int) -> Costs:
    with tempfile.TemporaryDirectory(prefix="aqe-imports-") as folder:
        path = Path(folder, "file")
        case.write(path, size)
        plain, parsed = case.plain(path), case.ours(path)
        unredacted, peak = _import(Path(folder, "unredacted"), path, "redaction: {keep: all}\n")
        redacted, peak_redacted = _import(Path(folder, "redacted"), path, "")
        return Costs(path.stat().st_size / MB, plain, parsed, unredacted, redacted, max(peak, peak_redacted))


def _import(project: Path, path: Path, settings: str) -> tuple[float, float]:
    """CPU seconds and peak MB of `aqe import`; the server runs before and ends after."""
    project.mkdir()
    (project / "aqe.yaml").write_text(settings)
    aqe = [sys.executable, "-P", "-m", "aqe"]
    quiet = {"cwd": project, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*aqe, "up", "--server-only"], check=True, **quiet)  # type: ignore[call-overload]
    try:
        command = [*aqe, "import", str(path), "--release", "v1", "--commit", "1234567"]
        process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"aqe import ended with {status}")
    finally:
        subprocess.run([*aqe, "down"], check=True, **quiet)  # type: ignore[call-overload]
    return used.ru_utime + used.ru_stime, used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
