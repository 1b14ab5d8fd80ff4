"""Which service a fault was injected into, from what was recorded around it: the public Nezha recordings.

The recordings are not part of this repository: they are looked for in `../shared/samples/e2e_nezha` beside it, or where
`--data` points. What is there is cut: per-minute metrics of two of ten services over seven hours, and the traces of two
minutes around one fault. So two figures stand apart: faults of the two measured services, told by their metrics (two
candidates: chance is one half), and the traced fault, told by self times among all services.

Nothing is fitted. The one constant that could be, how many series of a service count, is also chosen by leaving one
fault out at a time, and that figure stands beside the product's.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ...analysis import root_services
from ...analysis.span_tree import Span, tree_of
from ..report import json_line, table

SHARED = Path(__file__).resolve().parents[3] / "shared"
BEFORE_S = 420
"""Faults follow each other by eight minutes; what is usual is what came since the last one."""
LAG_S, DURING_S = 30, 150
"""Metrics are by the minute: the first one holds half a fault."""
NAMES = ("Time", "TimeStamp", "PodName")
CHOICES = (1, 2, 3, 5, 8)
Changes = Mapping[str, Sequence[float | None]]


class Fault(NamedTuple):
    """One injected fault."""

    at_s: float
    service: str
    kind: str


def main(arguments: list[str]) -> int:
    """Rank, count, print."""
    parser = argparse.ArgumentParser(prog="incidents", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED / "samples" / "e2e_nezha")
    options = parser.parse_args(arguments)
    if not options.data.exists():
        print(f"NOT_MEASURED, no recordings at {options.data}")
        return 0
    json_line("incidents", metrics=_by_metrics(options.data), traces=_by_traces(options.data))
    return 0


def service_of(pod: str) -> str:
    """`frontend` of `frontend-579b9bff58-t2dbm`."""
    return pod.rsplit("-", 2)[0]


def faults(data: Path) -> list[Fault]:
    """All of the day whose metrics are there."""
    listed = json.loads((data / "2022-08-22_fault_list.json").read_text(encoding="utf-8"))
    return [
        Fault(float(f["inject_timestamp"]), service_of(f["inject_pod"]), f["inject_type"])
        for hour in listed.values()
        for f in hour
    ]


def _by_metrics(data: Path) -> dict[str, Any]:
    series = {service_of(path.name.split("_")[1]): _series(path) for path in sorted(data.glob("*_metric.csv"))}
    found = [(fault, _changes(series, fault.at_s)) for fault in faults(data)]
    judged = [
        (fault, changes)
        for fault, changes in found
        if fault.service in series and any(v is not None for v in changes[fault.service])
    ]
    hits = {n: [_place(c, f.service, n) == 1 for f, c in judged] for n in CHOICES}
    chosen = [_best_without(hits, left_out) for left_out in range(len(judged))]
    crossed = [hits[n][at] for at, n in enumerate(chosen)]
    own = hits[root_services.STRONGEST]
    rows = [(f"{f.kind} in {f.service}", "yes" if hit else "no") for (f, _), hit in zip(judged, own, strict=True)]
    table(f"metrics: first of {len(series)} services", ("fault", "found first"), rows)
    return {
        "faults": len(found),
        "measured": len(judged),
        "candidates": len(series),
        "top1": _share(own),
        "top1_cross_validated": _share(crossed),
        "top1_by_series_counted": {n: _share(values) for n, values in hits.items()},
    }


def _best_without(hits: Mapping[int, Sequence[bool]], left_out: int) -> int:
    return max(CHOICES, key=lambda n: (sum(hits[n]) - hits[n][left_out], -CHOICES.index(n)))


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _place(changes: Changes, service: str, strongest: int) -> int | None:
    names = [name for name, _ in root_services.rank(changes, strongest=strongest)]
    return names.index(service) + 1 if service in names else None


def _series(path: Path) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for name, text in row.items():
                # The node's own figures belong to every pod on it.
                if name not in NAMES and not name.startswith("Node") and text:
                    found[name].append((float(row["TimeStamp"]), float(text)))
    return found


def _changes(series: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], at_s: float) -> Changes:
    def within(points: Sequence[tuple[float, float]], since: float, until: float) -> list[float]:
        return [value for when, value in points if since <= when < until and isfinite(value)]

    return {
        service: [
            root_services.change(
                within(points, at_s - BEFORE_S, at_s), within(points, at_s + LAG_S, at_s + LAG_S + DURING_S)
            )
            for points in metrics.values()
        ]
        for service, metrics in series.items()
    }


def _by_traces(data: Path) -> dict[str, Any]:
    before, during = (dict(_self_ms(path)) for path in sorted(data.glob("*_trace.csv")))
    fault = faults(data)[0]
    changes = {name: [root_services.change(before.get(name, ()), values)] for name, values in during.items()}
    place = _place(changes, fault.service, root_services.STRONGEST)
    told = (f"{fault.kind} in {fault.service}", str(len(changes)), str(place))
    table("traces: one fault", ("fault", "services", "place"), [told])
    return {"fault": fault.kind, "service": fault.service, "candidates": len(changes), "place": place}


def _self_ms(path: Path) -> Iterator[tuple[str, list[float]]]:
    """Service -> its self time in each trace of the file."""
    traces: dict[str, list[tuple[str, Span]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            parent = None if row["ParentID"] == "root" else row["ParentID"]
            span = Span(row["SpanID"], parent, int(row["StartTimeUnixNano"]) / 1e6, int(row["Duration"]) / 1e3)
            traces[row["TraceID"]].append((service_of(row["PodName"]), span))
    found: dict[str, list[float]] = defaultdict(list)
    for spans in traces.values():
        own: dict[str, float] = defaultdict(float)
        for (service, _), self_ms in zip(spans, tree_of([span for _, span in spans]).self_ms, strict=True):
            own[service] += self_ms
        for service, total in own.items():
            found[service].append(total)
    yield from found.items()
