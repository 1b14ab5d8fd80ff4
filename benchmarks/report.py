"""What all benchmarks print: where it ran, tables, one JSON line."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple


class Spread(NamedTuple):
    """Median, least and greatest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """None without values."""
        known = list(values)
        return cls(statistics.median(known), min(known), max(known)) if known else None


def shown(spread: Spread | None, digits: int = 0, missing: str = "-") -> str:
    """`1,234 (1,100-1,300)`; one value stands alone."""
    if spread is None:
        return missing
    middle, low, high = (f"{value:,.{digits}f}" for value in spread)
    return middle if low == high else f"{middle} ({low}-{high})"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int = 1) -> None:
    """Print with columns aligned: the first ones, which hold text, to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in (header, *rows)) for i in range(len(header))]
    print(f"\n{title}")
    for line in (header, ["-" * width for width in widths], *rows):
        cells = (f"{cell:{'<' if i < text_columns else '>'}{widths[i]}}" for i, cell in enumerate(line))
        print("  ".join(cells).rstrip())


def machine() -> dict[str, Any]:
    """Where and when."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Package -> installed version, None = not installed."""
    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def json_line(benchmark: str, **parts: Any) -> None:
    """The last line of every benchmark; its load is the one at the end."""
    print("\n" + json.dumps({"benchmark": benchmark, "machine": machine(), **parts}))


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
