"""The hops of an incident's request as spans.

A hop says how long its service took, not when, and not who called it. What is taken for the layout is noted: the first
hop took the request in and waits for all others, and what comes after the incident's service was called by it.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from ....core.records.bulk.apm import SpanRow
from ....core.records.bulk.incidents import Incident

MAX_HOPS = 200
"""Of one request."""
ROUNDING_MS = 1.0
"""So much may hops and their sum differ from the whole."""


class Hop(NamedTuple):
    """One service on the way.

    Args:
        took_ms: 0 or more.
        timed_out: whoever called it gave up.
    """

    service: str
    took_ms: float
    timed_out: bool


def spans_of(
    incident: Incident, hops: Sequence[Hop], took_ms: float | None, trace: str, span: str
) -> tuple[list[SpanRow], list[str]]:
    """Spans whose self times are the hops', and notes about what was taken for granted.

    Args:
        hops: one or more.
        took_ms: of the whole request; None = not told.
        trace, span: ids; the spans are numbered.
    """
    own, notes = _own_times(hops, took_ms)
    names = [hop.service for hop in hops]
    middle = names.index(incident.service) if incident.service in names else 0
    calls = [_waited(incident, hops[i], own[middle]) for i in range(middle + 1, len(hops))]
    if middle + 1 < len(hops):
        notes.append(f"hops name no callers: those after {names[middle]} are taken for its calls")
    for hop, waited in zip(hops[middle + 1 :], calls, strict=True):
        if waited > hop.took_ms:
            notes.append(
                f"{hop.service} timed out: {waited / 1000:g} s of {names[middle]}'s time, which the error names, are"
                " taken for waiting"
            )
    return [_row(incident, trace, span, *one) for one in _laid(hops, own, middle, calls)], notes


def _own_times(hops: Sequence[Hop], took_ms: float | None) -> tuple[list[float], list[str]]:
    own = [hop.took_ms for hop in hops]
    total, rest = sum(own), sum(own[1:])
    if took_ms is None or abs(total - took_ms) <= ROUNDING_MS:
        return own, []
    if rest <= own[0] and abs(own[0] - took_ms) <= ROUNDING_MS:
        return [own[0] - rest, *own[1:]], []  # the first hop's time holds the others'
    return own, [f"the hops add up to {total:g} ms, the request took {took_ms:g} ms: the hops are taken as they are"]


def _waited(incident: Incident, hop: Hop, caller_ms: float) -> float:
    """How long the caller waited: of a call that timed out, what the error says, where the caller took as long."""
    limit = incident.timeout_ms if hop.timed_out else None
    return max(hop.took_ms, limit) if limit is not None and limit <= caller_ms else hop.took_ms


_Laid = tuple[int, int | None, str, str, str | None, float, float, bool]
# Number, the parent's, service, kind, peer, start and duration in ms, whether it failed.


def _laid(hops: Sequence[Hop], own: Sequence[float], middle: int, waited: Sequence[float]) -> Iterator[_Laid]:
    after = range(middle + 1, len(hops))
    inside = own[middle] + sum(own[i] for i in after)
    total = sum(own)
    yield 0, None, hops[0].service, "server", None, 0.0, total, middle == 0
    start = own[0]
    for i in range(1, middle + 1):
        took = inside if i == middle else own[i]
        yield i, 0, hops[i].service, "server", None, start, took, i == middle
        start += took
    end = total
    for i, call_ms in reversed(list(zip(after, waited, strict=True))):
        # From the end backwards: the waiting lies before what the callee itself says that it took.
        yield i, middle, hops[middle].service, "client", hops[i].service, end - call_ms, call_ms, hops[i].timed_out
        yield len(hops) + i, i, hops[i].service, "internal", None, end - own[i], own[i], False
        end -= own[i]


def _row(
    incident: Incident, trace: str, span: str, number: int, parent: int | None, service: str, kind: str,
    peer: str | None, start_ms: float, took_ms: float, failed: bool,
) -> SpanRow:  # fmt: skip
    failed = failed and (kind == "client" or incident.error is not None)
    error = incident.error if failed and kind == "server" else None
    return SpanRow(
        at=incident.started_at + timedelta(milliseconds=start_ms),
        duration_ms=took_ms,
        trace_id=trace,
        span_id=f"{span}-{number}",
        parent_id=None if parent is None else f"{span}-{parent}",
        service=service,
        name=f"{service} to {peer}" if peer else service,
        kind=kind,
        is_error=failed,
        error_type=_type_of(error) if error else "timeout" if failed else None,
        message=error,
        peer=peer,
        release=incident.release,
        environment=incident.environment,
    )


def _type_of(error: str) -> str | None:
    """`PaymentException` of `PaymentException: it failed`."""
    name = error.partition(":")[0]
    return name if ":" in error and name.replace(".", "_").isidentifier() else None
