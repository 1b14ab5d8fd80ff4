"""Metrics of the past for `simulate`: of a file, of what was imported, or of the target's Prometheus."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ...agents.deployment_readiness.rollout.simulate import Recording
from ...connectors.formats.production.prometheus import Prometheus
from ...connectors.formats.times import utc_moment
from ...connectors.formats.values import number
from ...connectors.sources.prometheus import COUNTERS, PER_ARM, measured_of
from ...core import jsontext
from ...core.errors import InputError
from ...core.records.bulk.apm import MetricRow
from ...core.records.rollouts.rollout import Measured, Sample

ARMS = ("canary", "baseline")
HEADER = ("at", "arm", *COUNTERS)
MAX_POINTS = 1_000_000


class Point(NamedTuple):
    """One number."""

    at: datetime
    arm: str
    """Empty = of no arm."""
    name: str
    value: float


def of_file(path: Path) -> Recording:
    """What a file says: CSV with `at,arm,requests,errors,...`, or an answer of Prometheus' query_range.

    Raises:
        InputError: it is neither, or has no counters of the baseline.
    """
    with path.open("rb") as stream:
        is_json = stream.read(64).lstrip()[:1] in (b"{", b"[")
        stream.seek(0)
        if is_json:
            try:
                parsed = Prometheus().parse(stream)
                return of_points(
                    _points(parsed.rows or (), {arm: arm for arm in ARMS}), parsed.reason or "what it says"
                )
            except InputError as error:
                raise InputError(f"{path}: {error.message}", hint=error.hint) from error
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        return of_points(_csv(text, str(path)), str(path))


def of_rows(rows: Iterable[MetricRow], arms: dict[str, str], since: datetime, until: datetime) -> Recording:
    """What was imported: series that are named `requests`, `errors`, ... and have the label `arm`.

    Args:
        rows: points of series.
        arms: what an arm is called in the labels -> `canary` or `baseline`.
        since, until: that was asked for.
    """
    return of_points(_points(rows, arms), f"imported metrics of {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}")


def of_points(points: Iterable[Point], source: str) -> Recording:
    """Points of the same moment are one look.

    Raises:
        InputError: no counters of the baseline.
    """
    at: dict[datetime, dict[tuple[str, str], float]] = {}
    for place, point in enumerate(points):
        if place >= MAX_POINTS:
            raise InputError(f"{source}: more than {MAX_POINTS} points")
        at.setdefault(point.at, {})[point.arm, point.name] = point.value
    return of_looks(((moment, measured_of(found)) for moment, found in sorted(at.items())), source)


def of_looks(looks: Iterable[tuple[datetime, Measured]], source: str) -> Recording:
    """Looks in order of time; those in which the baseline was not measured say nothing.

    Raises:
        InputError: it was never measured.
    """
    samples = [
        Sample(
            at=at,
            canary=seen.canary,
            baseline=seen.baseline,
            metrics=seen.metrics,
            baseline_metrics=seen.baseline_metrics,
        )
        for at, seen in looks
        if seen.baseline.requests is not None and seen.baseline.errors is not None
    ]
    if not samples:
        raise InputError(
            f"{source}: no moment has `requests` and `errors` of the arm `baseline`",
            hint=f"CSV: {','.join(HEADER)}; JSON: query_range with series named so and the label `arm`",
        )
    return Recording(samples, source)


def _points(rows: Iterable[object], arms: dict[str, str]) -> Iterator[Point]:
    for row in rows:
        if isinstance(row, MetricRow) and row.statistic == "value":
            arm = arms.get(str(jsontext.loads(row.labels, where="labels").get("arm", "")), "")
            if arm or row.name not in PER_ARM:
                yield Point(row.at, arm if row.name in PER_ARM else "", row.name, row.value)


def _csv(lines: Iterable[str], where: str) -> Iterator[Point]:
    reader = csv.DictReader(lines)
    if missing := [name for name in HEADER[:4] if name not in (reader.fieldnames or ())]:
        raise InputError(f"{where}: no column {', '.join(missing)}", hint=f"the first line is {','.join(HEADER)},...")
    for line, row in enumerate(reader, 2):
        if (at := utc_moment(row["at"])) is None:
            raise InputError(f"{where}:{line}: at is {_shown(row['at'])}, expected a time, 2026-03-01T12:00:00Z")
        if row["arm"] not in ARMS:
            raise InputError(f"{where}:{line}: arm is {_shown(row['arm'])}, expected canary or baseline")
        for name, text in row.items():
            if name in ("at", "arm") or not isinstance(name, str) or not text:
                continue
            if (value := number(text)) is None:
                raise InputError(f"{where}:{line}: {name} is {_shown(text)}, expected a number, or nothing")
            yield Point(at, row["arm"] if name in PER_ARM else "", name, value)


def _shown(text: object) -> str:
    return repr(str(text)[:40])
