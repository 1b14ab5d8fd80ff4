"""An incident as a replay: its requests with their arrivals, and its dependencies as slow and broken as they were."""

import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from statistics import median
from urllib.parse import quote

from ....analysis.waiting import masked
from ....core.errors import TaskVetoed
from ....core.numbers import percent
from ....core.records.bulk.apm import SpanRow
from ....core.records.bulk.incidents import Incident
from ....core.records.production.incident_replay import Arrival, Figures, ReplayPlan
from ....core.records.production.scenarios import Conditions, Fault
from ...outcome import Outcome
from ..loaded import Loaded
from .analysis import READS as INCIDENT_KEYS
from .analysis import the_incident
from .traces import LEAST_MASKED, masking_of
from .window import Around, around

READS = INCIDENT_KEYS
HELD = 1.5
"""A call that its caller gave up on is held so many times the time-out: how long it would have taken nobody saw, and at
this distance no race decides whether the caller waits."""
ROUNDED_S = 0.01
"""Arrivals closer than this are one moment."""
CROWDED = 2.0
"""So many times more requests than queries under way, and the pool is what they wait for."""
MAX_REQUESTS = 5_000
WRITTEN_DOWN = "incident-object"
"""Source of incidents that come with one request, which stands for all of them."""
SERVER_ERROR = 500
_TEMPLATE = re.compile(r"[{<]|/:\w")
"""A route as frameworks write it, or what redaction put in the place of a personal value."""
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_AS_IT_IS = string.punctuation
"""A path goes over the wire as it was recorded, but for what no request line can hold."""


def plan_replay(loaded: Loaded) -> Outcome:
    """The task type `incident-replay-plan`; payload: `incident` (id or number).

    Raises:
        TaskVetoed: no such incident, or nothing was recorded that could be replayed.
    """
    incident = the_incident(loaded)
    here = around(loaded, incident)
    return Outcome(plan_of(incident, here))


def plan_of(incident: Incident, here: Around) -> ReplayPlan:
    """From the rows around it; raises like `plan_replay`."""
    served = _served(incident, here.during.spans)
    if not served:
        raise TaskVetoed(
            f"{incident.number or incident.id}: no request of {incident.service or 'its service'} is among the traces"
            " from while it lasted, so there is nothing to replay; import them with `aqe import`"
        )
    if len(served) > MAX_REQUESTS:
        raise TaskVetoed(f"{incident.number or incident.id}: {len(served):,} requests, expected {MAX_REQUESTS} at most")
    served, told = _at_once(served, here)
    calls = _calls(here.during.spans, {span.service for span in served})
    timeout_ms = incident.timeout_ms
    faults: list[Fault] = []
    reasons: list[str] = [*told]
    for name, made in sorted(calls.items()):
        own = [s for s in here.during.spans if s.kind == "server" and s.service == name and s.duration_ms is not None]
        faults += _faults(name, made, own, timeout_ms, reasons)
    pool, why = _pool(here, calls, served)
    arrivals = tuple(_arrivals(served))
    reasons += _without_ids(arrivals)
    return ReplayPlan(
        incident=incident.number or incident.id,
        title=incident.title,
        service=incident.service,
        conditions=Conditions(faults=tuple(faults), concurrency=_most_at_once(served)),
        dependencies=tuple(sorted(calls)),
        pool_size=pool,
        timeout_ms=timeout_ms,
        arrivals=arrivals,
        figures=figures((_outcome(span), span.duration_ms or 0.0) for span in served),
        masking=tuple(masking_of(here.during.spans, incident)),
        reasons=(*reasons, why),
    )


def figures(met: Iterable[tuple[str, float]]) -> Figures:
    """Of outcomes and milliseconds; percentiles by nearest rank."""
    pairs = list(met)
    times = sorted(ms for _, ms in pairs)
    counts = Counter(outcome for outcome, _ in pairs)

    def rank(share: float) -> float:
        return times[max(0, ceil(share * len(times)) - 1)]

    return Figures(
        requests=len(pairs),
        outcomes=dict(sorted(counts.items())),
        p50_ms=rank(0.5),
        p95_ms=rank(0.95),
        max_ms=times[-1],
    )


def _served(incident: Incident, spans: Sequence[SpanRow]) -> list[SpanRow]:
    taken = [
        span
        for span in spans
        if span.kind == "server"
        and incident.service in (None, span.service)
        and span.duration_ms is not None
        and _METHOD.fullmatch(span.request_method or "GET")  # what is none would end the request's first line
    ]
    asked = [span for span in taken if (span.request_path or "").startswith("/")]
    # Of an incident that somebody wrote down the request may be known, and its path not.
    nameless = [span for span in taken if span.request_path is None and incident.source == WRITTEN_DOWN]
    return sorted(asked or nameless, key=lambda span: span.at)


def _at_once(served: list[SpanRow], here: Around) -> tuple[list[SpanRow], list[str]]:
    """One request that stands for all: as many of it as there were connections, and why."""
    told = []
    if served[0].request_path is None:
        told.append("the incident names no path, so `/` is asked for; put the path and its method into the conditions")
    if here.incident.source != WRITTEN_DOWN or len(served) > 1:
        return served, told
    if served[0].status is None and served[0].is_error:
        told.append(f"the incident names no HTTP status, so {SERVER_ERROR} stands for its failure in `outcomes`")
    counts = [m.value for m in here.during.metrics if m.name == "connections" and m.service == served[0].service]
    times = int(min(MAX_REQUESTS, max(counts, default=1)))
    if times > 1:
        told.append(f"one request is known and {times} connections were reported: it is sent {times} times at once")
    return served * max(1, times), told


def _calls(spans: Sequence[SpanRow], services: set[str | None]) -> Mapping[str, list[SpanRow]]:
    calls: dict[str, list[SpanRow]] = defaultdict(list)
    for span in spans:
        name = span.db_system or span.peer
        if span.kind == "client" and span.service in services and name and span.duration_ms is not None:
            calls[name].append(span)
    return calls


def _faults(
    name: str, made: Sequence[SpanRow], own: Sequence[SpanRow], timeout_ms: float | None, reasons: list[str]
) -> Iterator[Fault]:
    """A dependency as slow as its calls were, or as held as they were cut; failing as often as it failed itself."""
    durations = [span.duration_ms or 0.0 for span in made]
    found = masked(durations, timeout_ms) if timeout_ms else None
    failing = [span for span in (own or made) if span.is_error]
    if found and timeout_ms and (found.share or 0) >= LEAST_MASKED:
        longest = median([span.duration_ms or 0.0 for span in own] or [timeout_ms])
        held = max(longest, HELD * timeout_ms)
        yield Fault(kind="latency", upstream=name, share=found.share or 0.0, value=held)
        reasons.append(
            f"{name}: {found.cut} of {found.calls} calls ended at the time-out of {timeout_ms / 1000:g} s; they are"
            f" held {held / 1000:g} s, since nobody saw how long they would have taken"
        )
        failing = failing if own else []
    else:
        yield Fault(kind="latency", upstream=name, value=median(durations))
        reasons.append(f"{name}: {len(durations)} calls, {median(durations) / 1000:g} s at the median")
    if failing:
        share = len(failing) / len(own or made)
        status = Counter(span.status for span in failing if (span.status or 0) >= SERVER_ERROR).most_common(1)
        yield Fault(kind="error", upstream=name, share=share, value=status[0][0] if status else None)
        reasons.append(f"{name}: failed {percent(share)} of them")


def _pool(here: Around, calls: Mapping[str, list[SpanRow]], served: Sequence[SpanRow]) -> tuple[int | None, str]:
    sizes = [
        m.value
        for m in here.during.metrics
        if "pool" in m.name.lower()
        and any(word in m.name.lower() for word in ("max", "size", "limit"))
        and m.value >= 1
    ]
    if sizes:
        return int(min(sizes)), f"pool: {min(sizes):g} connections, as a metric says"
    queries = [span for made in calls.values() for span in made if span.db_system]
    at_once = _most_at_once(queries) if queries else 0
    if at_once and _most_at_once(served) >= CROWDED * at_once:
        return at_once, f"pool: {at_once} connections, since never more queries ran at once while requests waited"
    return None, "pool: not recorded"


def _most_at_once(spans: Sequence[SpanRow]) -> int:
    edges = [(s.at.timestamp(), 1) for s in spans]
    edges += [(s.at.timestamp() + (s.duration_ms or 0.0) / 1000, -1) for s in spans]
    now = most = 0
    # An end and a beginning at one moment follow each other: a connection goes from hand to hand. Times are rounded,
    # because floats of the same microsecond may differ.
    for _, step in sorted((round(at, 4), step) for at, step in edges):
        now += step
        most = max(most, now)
    return max(1, most)


def _arrivals(served: Sequence[SpanRow]) -> Iterator[Arrival]:
    first = served[0].at
    moments: Counter[tuple[float, str, str]] = Counter()
    for span in served:
        at_s = round((span.at - first).total_seconds() / ROUNDED_S) * ROUNDED_S
        path = quote(span.request_path or "/", safe=_AS_IT_IS)
        moments[round(at_s, 2), span.request_method or "GET", path] += 1
    for (at_s, method, path), count in sorted(moments.items()):
        yield Arrival(at_s=at_s, count=count, method=method, path=path)


def _without_ids(arrivals: Sequence[Arrival]) -> Iterator[str]:
    paths = list(dict.fromkeys(a.path for a in arrivals if _TEMPLATE.search(a.path)))
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield (
            f"{paths[0]}{more}: the traces name no ids, so the service is asked for just that; put ids that it knows"
            " into the conditions"
        )


def _outcome(span: SpanRow) -> str:
    status = span.status or (SERVER_ERROR if span.is_error else 200)
    return f"{status} {span.error_type}" if span.error_type else str(status)
