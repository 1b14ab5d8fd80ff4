"""User journeys at the size of a large shop: 847,392 sessions of 3,421,847 views, beside the same questions in polars.

The views are made by `../shared/bench/rum_bench.py gen DIR` beside this repository, or are what `--views` names (with
user_id, ts, page). Both ways read the same Parquet files, as the product stores them, and must come to the same answer:
variants, edges and their distinct people, and pauses within 1 %. What hostile rows cost is measured besides.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ...agents.production_intelligence.journeys.analysis import journeys
from ...agents.production_intelligence.loaded import Loaded
from ...core.records.bulk.rows import RUM
from ...core.records.production.journeys import Journeys
from ...memory.dataset_sql import quoted
from ...memory.datasets import DatasetStore
from ..report import json_line, table

GENERATOR = Path(__file__).resolve().parents[3] / "shared" / "bench" / "rum_bench.py"
NOW = datetime(2023, 11, 23, tzinfo=UTC)
"""The generator's views are of the week before."""
ROUNDS = 3
LEAST, IDLE_US = 5, 1_800_000_000
Answer = dict[str, list[Any]]


def main(arguments: list[str]) -> int:
    """Measure, each time in a process of its own, the ways in turn."""
    parser = argparse.ArgumentParser(prog="journeys", description=__doc__)
    parser.add_argument("--views", type=Path, help="Parquet file of views (default: made anew)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--work", nargs=2, metavar=("FOLDER", "WAY"), help="used by itself: one measurement")
    options = parser.parse_args(arguments)
    if options.work:
        print(json.dumps(_measured(Path(options.work[0]), WAYS[options.work[1]])))
        return 0
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        views = options.views or _made(folder)
        if views is None:
            print(f"NOT_MEASURED, no generator at {GENERATOR}")
            return 0
        _store(
            folder / "shop", f"SELECT make_timestamp(ts * 1000000), 'u' || user_id, '/' || page FROM '{quoted(views)}'"
        )
        found = {way: [_run(folder / "shop", way) for _ in range(options.rounds)] for way in ("polars", "ours")}
        hostile = _hostile(folder)
    equal = _compared(found["polars"][0]["answer"], found["ours"][0]["answer"])
    json_line("journeys", equal=equal, cost=_shown(found), hostile=hostile)
    return 0 if equal else 1


def _made(folder: Path) -> Path | None:
    if not GENERATOR.exists():
        return None
    subprocess.run([sys.executable, "-P", str(GENERATOR), "gen", str(folder)], check=True, capture_output=True)
    return folder / "pv.parquet"


def _store(folder: Path, views: str) -> None:
    """Rows of time, user and page, as an import would leave them."""
    with duckdb.connect() as connection:
        connection.execute(f'CREATE TABLE v AS SELECT * FROM ({views}) AS v("at", "user", page)')
        for (day,) in connection.execute('SELECT DISTINCT "at"::DATE::VARCHAR FROM v').fetchall():
            target = folder / RUM / day / "views.parquet"
            target.parent.mkdir(parents=True)
            connection.execute(
                f"""COPY (SELECT "at", 'view' AS event, "user", page FROM v WHERE "at"::DATE = '{day}')
                    TO '{quoted(target)}' (FORMAT parquet, COMPRESSION zstd)"""
            )


def _run(folder: Path, way: str) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "aqe.benchmarks", "journeys", "--work", str(folder), way]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def _measured(folder: Path, way: Callable[[Path], Any]) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = way(folder)
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "answer": answer,
    }


def ours(folder: Path) -> Answer:
    """The capability, whole."""
    found = journeys(Loaded(NOW, {"days": 30}, DatasetStore(folder))).answer
    assert isinstance(found, Journeys)
    titles = {step.id: step.title for step in found.steps}
    return {
        "sessions": [found.sessions, found.users, found.journeys_withheld],
        "journeys": sorted([">".join(titles[s] for s in j.steps), j.sessions, j.users] for j in found.journeys[:20]),
        "edges": sorted(
            [f"{titles[e.source]}>{titles[e.target]}", e.times, e.sessions, e.users, e.pause.p50_s] for e in found.edges
        ),
        "steps": sorted([s.title, s.sessions, s.users, s.entries, s.exits] for s in found.steps),
    }


def in_polars(folder: Path) -> Answer:
    """The same questions, as one would ask them in polars: no conformance, no intervals, no drop-offs."""
    import polars as pl

    people = pl.col("user").n_unique().alias("users")
    views = pl.read_parquet(sorted(folder.glob("*/*/*.parquet")), columns=["at", "user", "page"])
    views = views.with_columns(pl.col("user", "page").cast(pl.Categorical)).sort("user", "at")
    begins = (pl.col("at").diff().dt.total_microseconds().fill_null(IDLE_US + 1) > IDLE_US) | (
        pl.col("user") != pl.col("user").shift(1)
    ).fill_null(True)
    views = views.with_columns(
        session=begins.cum_sum(), begins=begins, pause=pl.col("at").diff(), before=pl.col("page").shift(1)
    )
    moves = views.filter(pl.col("begins") | (pl.col("page") != pl.col("before")))
    visits = moves.group_by("session", maintain_order=True).agg(
        pl.col("page").cast(pl.String).head(30).str.join(">").alias("way"),
        pl.col("user").first(),
        pl.col("page").first().alias("entry"),
        pl.col("page").last().alias("exit"),
    )
    ways = visits.group_by("way").agg(pl.len().alias("sessions"), people)
    edges = (
        moves.filter(~pl.col("begins"))
        .group_by("before", "page")
        .agg(
            pl.len().alias("times"),
            pl.col("session").n_unique().alias("sessions"),
            people,
            *(pl.col("pause").dt.total_microseconds().quantile(q, "lower").alias(f"p{q}") for q in (0.5, 0.75, 0.95)),
        )
        .filter(pl.col("users") >= LEAST)
    )
    steps = moves.group_by("page").agg(pl.col("session").n_unique(), people)
    entries, exits = (dict(visits.group_by(pl.col(end).cast(pl.String)).len().rows()) for end in ("entry", "exit"))
    top = ways.filter(pl.col("users") >= LEAST).sort("sessions", descending=True).head(20)
    return {
        "sessions": [visits.height, visits["user"].n_unique(), ways.filter(pl.col("users") < LEAST).height],
        "journeys": sorted(map(list, top.rows())),
        "edges": sorted([f"{a}>{b}", n, s, u, p50 / 1e6] for a, b, n, s, u, p50, *_ in edges.rows()),
        "steps": sorted([page, s, u, entries[page], exits[page]] for page, s, u in steps.rows()),
    }


WAYS: dict[str, Callable[[Path], Any]] = {"ours": ours, "polars": in_polars}


def _compared(theirs: Answer, mine: Answer) -> bool:
    """Everything equal, and medians of pauses within 1 %."""
    close = all(
        abs(one[-1] - other[-1]) <= 0.0101 * other[-1]
        for one, other in zip(mine["edges"], theirs["edges"], strict=True)
    )
    counts = all(mine[part] == theirs[part] for part in ("sessions", "journeys", "steps"))
    return counts and close and [edge[:-1] for edge in mine["edges"]] == [edge[:-1] for edge in theirs["edges"]]


def _shown(found: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Medians of the rounds."""
    cost = {
        way: {name: sorted(run[name] for run in runs)[len(runs) // 2] for name in ("wall_s", "cpu_s", "rss_mb")}
        for way, runs in found.items()
    }
    base = cost["polars"]
    rows = [
        (
            way,
            *(f"{of[name]:.2f}" for name in ("wall_s", "cpu_s")),
            f"{of['rss_mb']:.0f}",
            *(f"{of[name] / base[name]:.2f}" for name in ("wall_s", "cpu_s", "rss_mb")),
        )
        for way, of in cost.items()
    ]
    table("Journeys", ("way", "wall s", "CPU s", "peak MB", "wall ratio", "CPU ratio", "memory ratio"), rows)
    return cost


HOSTILE = {
    "a million pages, each seen once": "'u' || i % 250000, '/p/' || chr((97 + i % 26)::INT) || hash(i) || 'x y'",
    "one session of 100,000 events among 100,000 others": "CASE WHEN i < 100000 THEN 'u' ELSE 'u' || i % 100000 END,"
    " '/' || chr((97 + i % 7)::INT)",
    "all rows at one instant, each told twice": "'u' || (i // 2) % 250000, '/' || chr((97 + (i // 500000) % 7)::INT)",
}
"""What it is -> user and page of row i of a million."""


def _hostile(folder: Path) -> dict[str, dict[str, float]]:
    found = {}
    for number, (name, columns) in enumerate(HOSTILE.items()):
        at = "0" if "instant" in name else "i * 100"
        _store(
            folder / str(number),
            f"SELECT make_timestamp(1700000000000000 + {at}), {columns} FROM range(1000000) AS r(i)",
        )
        run = _run(folder / str(number), "ours")
        found[name] = {what: run[what] for what in ("cpu_s", "rss_mb")}
    rows = [(name, f"{of['cpu_s']:.2f}", f"{of['rss_mb']:.0f}") for name, of in found.items()]
    table("A million hostile rows", ("rows", "CPU s", "peak MB"), rows)
    return found
