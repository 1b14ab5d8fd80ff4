"""The traces of an incident: whose self time grew, where failures begin, what a time-out hides."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from statistics import fmean, median

from ....analysis.span_tree import Span, SpanTree, tree_of
from ....analysis.waiting import NEAR, Masked, concurrency, masked, plausible
from ....core.numbers import counted, percent, value_text
from ....core.records.bulk.apm import MetricRow, SpanRow
from ....core.records.bulk.incidents import Incident
from ....core.records.evidence import NotMeasured
from ....core.records.production.incident_analysis import Hop, Masking, Plausibility, Traces
from .window import Around, Stretch

GREW = 1.5
"""Self time over that before, from which it is the time that failed, not only the largest share of it."""
LEAST_MASKED = 0.05
"""Share of calls cut by a time-out, from which it is told."""
MAX_HOPS = 20
UNKNOWN = "unknown"


@dataclass
class ServiceTimes:
    """What the spans of one stretch say about one service."""

    self_ms: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Trace -> self time in it."""
    spans: int = 0
    errors: int = 0
    begin_here: int = 0
    served_ms: list[float] = field(default_factory=list)
    """Durations of server spans."""


@dataclass
class Times:
    """What the spans of one stretch say."""

    services: dict[str, ServiceTimes] = field(default_factory=lambda: defaultdict(ServiceTimes))
    traces: int = 0
    orphans: int = 0
    circles: int = 0
    skewed: int = 0
    unmeasured: int = 0


def times_of(spans: Iterable[SpanRow]) -> Times:
    """Self times and errors by service; a call whose callee sent no span counts as the callee's time."""
    by_trace: dict[str, list[SpanRow]] = defaultdict(list)
    for span in spans:
        by_trace[span.trace_id].append(span)
    times = Times(traces=len(by_trace))
    for trace, rows in by_trace.items():
        tree = tree_of([_plain(row) for row in rows])
        times.orphans += tree.orphans
        times.circles += tree.cut
        times.skewed += tree.skewed
        times.unmeasured += tree.unmeasured
        for place, row in enumerate(rows):
            _add(times, trace, row, place, tree, rows)
    return times


def _add(times: Times, trace: str, row: SpanRow, place: int, tree: SpanTree, rows: Sequence[SpanRow]) -> None:
    service = times.services[_whose(row, alone=not tree.children[place])]
    service.spans += 1
    service.self_ms[trace] += tree.self_ms[place]
    service.errors += row.is_error
    service.begin_here += row.is_error and not any(rows[child].is_error for child in tree.children[place])
    if row.kind == "server" and row.duration_ms is not None and isfinite(row.duration_ms):
        service.served_ms.append(row.duration_ms)


def _plain(row: SpanRow) -> Span:
    return Span(row.span_id, row.parent_id, row.at.timestamp() * 1000, row.duration_ms)


def _whose(row: SpanRow, *, alone: bool) -> str:
    if alone and row.kind == "client" and (callee := row.peer or row.db_system):
        return callee
    return row.service or UNKNOWN


def traces_of(here: Around, before: Times, during: Times) -> Traces | NotMeasured:
    """The hops of the incident's traces, and the failing one."""
    if not during.traces:
        return NotMeasured(reason="no spans from while it lasted")
    total = sum(sum(s.self_ms.values()) for s in during.services.values())
    hops = sorted(
        (_hop(name, found, before, during, total) for name, found in during.services.items()),
        key=lambda hop: (-hop.self_ms, hop.service),
    )
    failing, because = _failing(hops)
    return Traces(
        traces=during.traces,
        spans=len(here.during.spans),
        failing=failing,
        because=because,
        hops=tuple(hops[:MAX_HOPS]),
        orphans=during.orphans,
        circles=during.circles,
        skewed=during.skewed,
        unmeasured=during.unmeasured,
        truncated=not here.during.full,
    )


def _hop(name: str, found: ServiceTimes, before: Times, during: Times, total: float) -> Hop:
    own, earlier = sum(found.self_ms.values()), before.services.get(name)
    return Hop(
        service=name,
        spans=found.spans,
        self_ms=own / during.traces,
        # A call that was always answered before took no time of its own then.
        self_before_ms=sum(earlier.self_ms.values() if earlier else ()) / before.traces if before.traces else None,
        share=own / total if total else 0.0,
        errors=found.errors,
        errors_begin_here=found.begin_here,
    )


def _failing(hops: Sequence[Hop]) -> tuple[Hop, str]:
    known = [hop for hop in hops if hop.self_before_ms is not None]
    grown = max(known, key=lambda hop: hop.self_ms - (hop.self_before_ms or 0), default=None)
    if grown and grown.self_before_ms is not None and grown.self_ms > GREW * grown.self_before_ms:
        before, now = value_text(grown.self_before_ms), value_text(grown.self_ms)
        return grown, f"its self time grew from {before} to {now} ms a trace"
    begin, largest = max(hops, key=lambda hop: hop.errors_begin_here), hops[0]
    if begin.errors_begin_here:
        failed = counted(begin.errors_begin_here, "failed span")
        if known:
            return begin, f"{failed} began there, and no service's self time grew"
        return begin, f"{failed} began there, {_of_self_time(begin)}"
    return largest, _of_self_time(largest)


def _of_self_time(hop: Hop) -> str:
    return f"{percent(hop.share)} of the traces' self time; there is nothing to compare with"


def masking_of(spans: Sequence[SpanRow], incident: Incident) -> Iterator[Masking]:
    """Calls that all end as the caller's time-out, whatever the callee answered.

    The time-out is the one that the incident tells. Of one that tells none it is read from the spans: callers that
    failed while their callee was still at work gave up.
    """
    calls = _given_up(spans) if incident.timeout_ms is None else _as_long(spans, incident.timeout_ms)
    failed: dict[str, list[bool]] = defaultdict(list)
    for span in spans:
        if span.kind == "server" and span.service:
            failed[span.service].append(span.is_error)
    for callee, (found, timeout_ms) in sorted(calls.items()):
        if (found.share or 0) >= LEAST_MASKED:
            failures = fmean(failed[callee]) if callee in failed else None
            yield Masking(
                service=callee,
                timeout_ms=timeout_ms,
                calls=found.calls,
                cut=found.cut,
                callee_failures_share=failures,
                words=_masked_words(callee, timeout_ms, found.calls, found.cut, failures),
            )


def _as_long(spans: Sequence[SpanRow], timeout_ms: float) -> dict[str, tuple[Masked, float]]:
    calls: Mapping[str, list[float]] = defaultdict(list)
    for span in spans:
        if span.kind == "client" and (callee := span.peer or span.db_system) and span.duration_ms is not None:
            calls[callee].append(span.duration_ms)
    return {callee: (masked(made, timeout_ms), timeout_ms) for callee, made in calls.items()}


def _given_up(spans: Sequence[SpanRow]) -> dict[str, tuple[Masked, float]]:
    """Callee -> its calls, those that the caller did not see the end of, and how long callers waited."""
    callers = {(span.trace_id, span.span_id): span for span in spans if span.kind == "client"}
    calls: Counter[str] = Counter()
    waited: dict[str, list[float]] = defaultdict(list)
    for span in spans:
        caller = callers.get((span.trace_id, span.parent_id)) if span.kind == "server" and span.parent_id else None
        if caller is None or span.service is None or caller.duration_ms is None or span.duration_ms is None:
            continue
        calls[span.service] += 1
        if caller.is_error and caller.duration_ms < span.duration_ms * (1 - NEAR):
            waited[span.service].append(caller.duration_ms)
    return {callee: (Masked(calls[callee], len(cut)), median(cut)) for callee, cut in waited.items()}


def _masked_words(callee: str, timeout_ms: float, calls: int, cut: int, failures: float | None) -> str:
    seen = f"{cut} of {calls} calls to {callee} lasted as long as the time-out of {timeout_ms / 1000:.3g} s:"
    if failures is None:
        return f"{seen} they end as a time-out, and whether {callee} would have failed them cannot be seen."
    return f"{seen} they end as a time-out and hide that {callee} itself failed {percent(failures)} of its requests."


def plausibility_of(service: str | None, during: Stretch, times: Times) -> Plausibility | NotMeasured:
    """Requests under way by Little's law, against connections that a metric reports."""
    if service is None:
        return NotMeasured(reason="the incident names no service")
    served = times.services[service].served_ms if service in times.services else []
    if not served:
        return NotMeasured(reason=f"no server spans of {service}")
    reported = [m.value for m in during.metrics if m.service in (None, service) and _counts_connections(m)]
    if not reported:
        return NotMeasured(reason=f"no metric of connections for {service}")
    rate, latency_s, seen = len(served) / during.seconds, fmean(served) / 1000, median(reported)
    expected = concurrency(rate, latency_s)
    fits = plausible(expected, seen)
    if fits is None:
        return NotMeasured(reason=f"{service} has no connections or no time")
    verdict = "fits" if fits else "does not fit: spans are sampled, or the connections wait for something else"
    return Plausibility(
        service=service,
        rate_rps=rate,
        latency_s=latency_s,
        expected=expected,
        reported=seen,
        fits=fits,
        words=f"{value_text(rate)} /s x {value_text(latency_s)} s = {value_text(expected)} under way,"
        f" {value_text(seen)} connections: {verdict}.",
    )


def _counts_connections(metric: MetricRow) -> bool:
    return "connection" in metric.name.lower() and metric.kind != "counter" and isfinite(metric.value)
