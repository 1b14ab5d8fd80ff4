"""Load analysis: real traffic as ramps, visitors told apart, intervals that cover, and what a million rows cost.

The traffic is not part of this repository: it is looked for in `../shared` beside it, or where `--data` points. All
else is simulated, with other seeds than those that were looked at while the methods were chosen.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.production_intelligence.features.usage import feature_usage
from ...agents.production_intelligence.load.patterns import load_patterns
from ...agents.production_intelligence.load.seasonal import WEEKS_BACK
from ...agents.production_intelligence.loaded import Loaded
from ...analysis.series import ramps as ramps_module
from ...analysis.series.event_effect import Effect, effect
from ...analysis.series.growth import weekly_growth
from ...core.occasions import OCCASIONS, occasions
from ...core.records.bulk.logs import AccessRow
from ...core.records.bulk.rows import ACCESS, RUM, Row
from ...core.records.bulk.rum import RumRow
from ...memory.datasets import DatasetStore
from ..report import json_line, table
from .simulated import METHODS, simulate

SHARED = Path(__file__).resolve().parents[3] / "shared"
COUNTS = (6, 12, 24)
NAB = ("realKnownCause/nyc_taxi.csv", "realTraffic/TravelTime_*.csv", "realTweets/*.csv")
GRIDS, SMOOTHS = (10, 15, 30), (15, 31, 61)
SEEDS = range(1_000, 1_200)
DRAWS = 2_000
ROWS = 1_000_000
NOW = datetime(2026, 3, 2, tzinfo=UTC)

Array = NDArray[np.float64]


def main(arguments: list[str]) -> int:
    """Measure all, or one capability over rows that are there."""
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "traffic" / "worldcup98_first_50_days.csv")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the cost (default: a million)")
    parser.add_argument("--work", nargs=2, metavar=("FOLDER", "WHAT"), help="used by itself: one measurement")
    options = parser.parse_args(arguments)
    if options.work:
        print(json.dumps(_measured(Path(options.work[0]), WORK[options.work[1]])))
        return 0
    json_line(
        "load",
        ramps=_ramps(options.data),
        visitors=_visitors(),
        intervals=_intervals(),
        ordinary_days=_ordinary_days(options.data),
        cost=_cost(options.rows),
    )
    return 0


# Days as ramps -------------------------------------------------------------------------------------------------------


def days_of(file: Path) -> list[Array]:
    """Whole days by the minute, of those with some traffic."""
    days: dict[str, list[float]] = {}
    with file.open() as lines:
        for at, count in list(csv.reader(lines))[1:]:
            days.setdefault(at[:10], []).append(float(count))
    return [np.array(day) for day in days.values() if len(day) >= 1_400 and np.mean(day) > 10]


def ours(day: Array, count: int) -> Array:
    knots = ramps_module.ramps(day, count)
    drawn: Array = np.interp(np.arange(len(day)), [knot.at for knot in knots], [knot.rate for knot in knots])
    return drawn


def equal_ramps(day: Array, count: int) -> Array:
    """Ramps of one length, through the traffic smoothed over half an hour."""
    knots = np.linspace(0, len(day) - 1, count + 1).astype(int)
    smoothed = np.convolve(day, np.ones(31), "same") / np.convolve(np.ones(len(day)), np.ones(31), "same")
    drawn: Array = np.interp(np.arange(len(day)), knots, smoothed[knots])
    return drawn


def steps(day: Array, count: int) -> Array:
    """Steps of one length at their mean."""
    return np.concatenate([np.full(len(part), part.mean()) for part in np.array_split(day, count)])


def _fit(draw: Callable[[Array, int], Array], days: list[Array], count: int) -> tuple[float, float, float]:
    """Median nRMSE, median and worst peak error."""
    drawn = [(day, draw(day, count)) for day in days]
    errors = [float(np.sqrt(np.mean((model - day) ** 2)) / day.mean()) for day, model in drawn]
    peaks = [abs(float(model.max() / day.max()) - 1) for day, model in drawn]
    return float(np.median(errors)), float(np.median(peaks)), max(peaks)


def _ramps(file: Path) -> Any:
    if not file.exists():
        print(f"NOT_MEASURED: no traffic at {file}")
        return None
    days = days_of(file)
    found = {}
    for name, draw in (("ours", ours), ("equal ramps", equal_ramps), ("steps at the mean", steps)):
        for count in COUNTS:
            found[f"{name}, {count}"] = _fit(draw, days, count)
    found["ours, constants from other days, 12"] = _cross_validated(days)
    rows = [
        (name, f"{fit:.4f}", f"{100 * peak:.1f} %", f"{100 * worst:.1f} %")
        for name, (fit, peak, worst) in found.items()
    ]
    table(f"{len(days)} days of real traffic", ("method, ramps", "median nRMSE", "median peak error", "worst"), rows)
    return found


def _cross_validated(days: list[Array]) -> tuple[float, float, float]:
    """Grid and smoothing chosen on every other day, measured on the days between, and the other way round."""
    kept = ramps_module.GRID, ramps_module.SMOOTH
    fits: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    try:
        for grid in GRIDS:
            for smooth in SMOOTHS:
                ramps_module.GRID, ramps_module.SMOOTH = grid, smooth
                fits[grid, smooth] = [_fit(ours, [day], 12) for day in days]
    finally:
        ramps_module.GRID, ramps_module.SMOOTH = kept
    unseen = []
    for fold in (0, 1):
        best = min(fits, key=lambda chosen: np.median([fit[0] for fit in fits[chosen][fold::2]]))
        print(f"fold {fold}: grid {best[0]}, smoothing {best[1]}")
        unseen += fits[best][1 - fold :: 2]
    errors, peaks, _ = zip(*unseen, strict=True)
    return float(np.median(errors)), float(np.median(peaks)), max(peaks)


# Visitors and intervals ----------------------------------------------------------------------------------------------


def _visitors() -> Any:
    sites = [simulate(seed) for seed in SEEDS]
    found = {}
    for name, method in METHODS.items():
        bounces = [(method(site), site.bounced) for site in sites]
        right = [float(((bounce > 0.5) == truth).mean()) for bounce, truth in bounces]
        off = [abs(float(bounce.mean() - truth.mean())) for bounce, truth in bounces]
        found[name] = (float(np.mean(right)), min(right), float(np.mean(off)), max(off))
    head = ("method", "right", "worst site", "share off by", "worst site")
    rows = [(name, *(f"{value:.3f}" for value in figures)) for name, figures in found.items()]
    table(f"Bouncers among those who do not buy, {len(SEEDS)} simulated sites", head, rows)
    return found


def _intervals() -> Any:
    """How often 95 % intervals hold the truth."""
    draw = np.random.default_rng(20_000)
    found = {
        "growth, 8 weeks": _covers(lambda: _growth(draw, 8, 0.0)),
        "growth, 8 weeks that resemble the week before (.5)": _covers(lambda: _growth(draw, 8, 0.5)),
        "growth, 26 weeks that resemble the week before (.5)": _covers(lambda: _growth(draw, 26, 0.5)),
        "effect of an event, 4 usual days": _covers(lambda: _effect(draw, 4)),
        "effect of an event, 6 usual days": _covers(lambda: _effect(draw, 6)),
    }
    table(f"95 % intervals, {DRAWS} draws", ("of", "cover"), [(k, f"{100 * v:.1f} %") for k, v in found.items()])
    return found


def _covers(drawn: Callable[[], bool]) -> float:
    return sum(drawn() for _ in range(DRAWS)) / DRAWS


def _growth(draw: np.random.Generator, weeks: int, likeness: float) -> bool:
    noise = np.zeros(weeks)
    for week in range(weeks):
        noise[week] = likeness * (noise[week - 1] if week else 0.0) + draw.normal(0, 0.1)
    found = weekly_growth(np.exp(np.log1p(0.03) * np.arange(weeks) + noise))
    return found is not None and found.low <= 0.03 <= found.high


def _effect(draw: np.random.Generator, usual: int) -> bool:
    days = np.exp(draw.normal(0, 0.15, usual + 1))
    found = effect(4 * days[:1], days[1:, None])
    return found is not None and found.low <= 4 <= found.high


def _ordinary_days(traffic: Path) -> Any:
    """How often the interval of an event that was none, on every ordinary day of real series, holds 1."""
    series = [traffic, *sorted(path for name in NAB for path in (SHARED / "data" / "nab" / "data").glob(name))]
    known = [_whole_days(path) for path in series]
    found = {}
    for length in (1, 2, 4, 23):
        effects = [one for days in known for one in _none_events(days, length)]
        inside = sum(one.low <= 1 <= one.high for one in effects) / len(effects) if effects else None
        found[length] = {"events": len(effects), "inside": inside}
    rows = [
        (str(days), str(one["events"]), "-" if one["inside"] is None else f"{100 * one['inside']:.1f} %")
        for days, one in found.items()
    ]
    table(f"Events that were none, in {len(series)} real series", ("days", "events", "interval holds 1"), rows)
    return found


def _whole_days(file: Path) -> dict[date, float]:
    days: dict[date, list[float]] = {}
    with file.open() as lines:
        for at, count in list(csv.reader(lines))[1:]:
            days.setdefault(date.fromisoformat(at[:10]), []).append(float(count))
    whole = 0.95 * float(np.median([len(counts) for counts in days.values()]))
    return {day: sum(counts) for day, counts in days.items() if len(counts) >= whole}


def _none_events(days: dict[date, float], length: int) -> Iterator[Effect]:
    named = {day for name in OCCASIONS for one in occasions(name, min(days), max(days)) for day in one.days()}
    usual = {day: count for day, count in days.items() if day not in named}
    for first in usual:
        event = [first + timedelta(days=n) for n in range(length)]
        before = [
            [usual.get(d - timedelta(weeks=n // 7 + back), 0.0) for n, d in enumerate(event)] for back in WEEKS_BACK
        ]
        if all(usual.get(day, 0.0) > 0 for day in event) and (
            found := effect(np.array([usual[d] for d in event]), np.array(before))
        ):
            yield found


# Cost ----------------------------------------------------------------------------------------------------------------


def _access(count: int) -> Iterator[Row]:
    """Ten days; a third of the paths differ from each other."""
    for n in range(count):
        at = NOW - timedelta(seconds=864_000 * (n + 1) / count)
        yield AccessRow(
            at, "GET", f"/api/items/{n if n % 3 == 0 else n % 50}", 200, 10, 5.0, f"c{n % 5000}", None, None
        )


def _views(count: int) -> Iterator[Row]:
    """Four views a session."""
    for n in range(count):
        at = NOW - timedelta(seconds=864_000 * (n // 4 * 4 + 1) / count) + timedelta(seconds=20 * (n % 4))
        yield RumRow(at, "view", session=f"s{n // 4}", user=f"u{n // 12}", page=f"/p{n % 9}/{n % 999}", duration_ms=9e3)


def _read(kind: str) -> Callable[[Loaded], Any]:
    return lambda loaded: sum(1 for _ in loaded.rows(kind))


WORK: dict[str, Callable[[Loaded], Any]] = {
    "reading the requests, row by row": _read(ACCESS),
    "load-patterns of the requests": load_patterns,
    "feature-usage of the requests": feature_usage,
    "reading the views, row by row": _read(RUM),
    "load-patterns of the views": load_patterns,
    "feature-usage of the views": feature_usage,
}


def _measured(folder: Path, work: Callable[[Loaded], Any]) -> dict[str, float]:
    start = time.process_time()
    work(Loaded(NOW, {"days": 30}, DatasetStore(folder)))
    return {"cpu_s": time.process_time() - start, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _cost(count: int) -> Any:
    """Each in a process of its own; ratios to reading the same rows one by one."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as work:
        folders = {"requests": Path(work, "access"), "views": Path(work, "rum")}
        for name, given in (("requests", _access(count)), ("views", _views(count))):
            DatasetStore(folders[name]).write(given, source=name, digest="a" * 64, release=None, now=NOW)
        for what in WORK:
            folder = folders["views" if "views" in what else "requests"]
            command = [sys.executable, "-P", "-m", "aqe.benchmarks", "load", "--work", str(folder), what]
            found[what] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rows = []
    for what, cost in found.items():
        base = found[f"reading the {'views' if 'views' in what else 'requests'}, row by row"]["cpu_s"]
        rows.append((what, f"{cost['cpu_s']:.2f}", f"{cost['cpu_s'] / base:.2f}", f"{cost['rss_mb']:.0f}"))
    table(f"{count:,} rows of each", ("what", "CPU s", "ratio to reading", "peak MB"), rows)
    return found
