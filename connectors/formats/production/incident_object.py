"""An incident with what was known around it, in one JSON object: `incident` and `context`.

`context` holds `systemState`, `requestTrace`, `userContext` and `environmentalFactors`. The state becomes points of
metrics and the trace spans, so that an analysis and a replay treat them as what any platform recorded; what was only
said (`environmentalFactors`) stays with the incident and is told as said.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import IO, Any, ClassVar

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.apm import MetricRow
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS, METRICS, SPANS, Row
from ..documents import clean
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, long_text, ms, number, path_of, record_id, status, text, whole
from .incident_hops import MAX_HOPS, Hop, spans_of

MAX_DURATION_MS = 1e11
"""Three years: whatever lasts longer is no incident, and a wrong unit most likely."""
MAX_STATES = 100
"""Figures of one `systemState`."""
MAX_NAMED = 5
"""Fields that a note names one by one."""
_PARTS = ("systemState", "requestTrace", "userContext", "environmentalFactors")
_FACTORS = ("trafficSpike", "deploymentRecent", "externalServiceDegraded", "databaseSlowQuery")
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_UNITS = {"cpu": "percent", "memory": "GB", "cacheHitRate": "percent"}
"""Of `systemState`, where the specification says one."""


class _Fields:
    """One object of the document: what was taken out of it, what could not be, and what nobody asked for."""

    def __init__(self, value: Any, name: str) -> None:
        self._value: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._name = name
        self.asked: set[str] = set()
        self.damaged: list[str] = []
        if value is not None and not isinstance(value, dict):
            self._refuse(name, value, "an object")

    def take(self, key: str, read: Any, expected: str) -> Any:
        """A value as `read` makes it; None when it is not there or `read` finds none, which is noted."""
        self.asked.add(key)
        raw = self._value.get(key)
        found = None if raw is None else read(raw)
        if found is None and raw is not None:
            self._refuse(f"{self._name}.{key}", raw, expected)
        return found

    def rest(self) -> Iterator[str]:
        """Fields that nothing was made of."""
        return (f"{self._name}.{clean(key, 40)}" for key in self._value if key not in self.asked)

    def _refuse(self, where: str, raw: Any, expected: str) -> None:
        shown = clean(json.dumps(raw), 40) if isinstance(raw, str | int | float | bool) else f"a {type(raw).__name__}"
        self.damaged.append(f"{where} is {shown}, expected {expected}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)


class IncidentObject(PagesFormat):
    """Incident objects -> records of incidents, spans, points of metrics."""

    name = "incident-object"
    produces: tuple[str, ...] = (INCIDENTS, SPANS, METRICS)
    about = About(
        title="incident with its context",
        producers="post-mortem tools and scripts of your own",
        versions="the incident object of the specification of production intelligence; one, an array, or one a line",
        recognised_by="`incident` with `id` and `timestamp`",
        fields="`incident`: id, timestamp, severity, service, error, affectedUsers, duration (ms), region, title,"
        " description, environment, release; `context`: systemState (numbers), requestTrace (traceId, spanId, duration,"
        " method, path, status, hops with service, duration, timeout), userContext (userId, sessionId),"
        " environmentalFactors",
        sample=Sample.CONSTRUCTED,
        how_to_export='write {"incident": {...}, "context": {...}} by hand or from a script',
    )
    arrays: ClassVar[tuple[Way, ...]] = ((),)
    one: ClassVar[str] = "incident"

    def recognises(self, head: Head) -> bool:
        """By the incident's id and time."""
        document = first_of(head.json) if isinstance(head.json, list) else head.json
        return {"id", "timestamp"} <= dict_at(document, "incident").keys()

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Both rows and records; raises like the base class."""
        parsed = super().parse(stream)
        records = tuple(one for one in parsed.records if isinstance(one, Incident))
        rows: list[Any] = [one for one in parsed.records if not isinstance(one, Incident)]
        return replace(parsed, rows=iter(rows) if rows else None, records=records)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[Any]:
        """An object of an array."""
        return _found(item, reading)

    def document(self, document: Any, reading: Reading) -> Iterable[Any]:
        """An object that stands alone."""
        if isinstance(document, list):
            return ()
        found = _found(document, reading)
        reading.used += 1
        return found


def _found(value: Any, reading: Reading) -> Iterable[Any]:
    document = dict_at(value)
    if "incident" not in document:
        raise Unusable("no `incident` in it")
    told, context = _Fields(document["incident"], "incident"), dict_at(document, "context")
    parts = {name: _Fields(context.get(name), f"context.{name}") for name in _PARTS}
    states = dict(_states(parts["systemState"]))
    incident = _incident(told, (*_said_of(states), *_reported(parts["environmentalFactors"])))
    rows = [
        *_points(states, incident),
        *_spans(parts["requestTrace"], parts["userContext"], incident, reading),
    ]
    every = (told, *parts.values())
    _note(reading, "not readable, left out", (line for one in every for line in one.damaged))
    strange = (f"context.{clean(key, 40)}" for key in context if key not in _PARTS)
    beside = (clean(key, 40) for key in document if key not in ("incident", "context"))
    _note(reading, "nothing is made of", chain(beside, strange, *(one.rest() for one in every)))
    return (incident, *rows)


def _note(reading: Reading, what: str, fields: Iterable[str]) -> None:
    named = list(fields)
    if named:
        more = f", and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
        reading.note(f"{what}: {', '.join(named[:MAX_NAMED])}{more}")


def _incident(told: _Fields, reported: tuple[str, ...]) -> Incident:
    number_ = told.take("id", text, "a text")
    identity = record_id("incident", number_)
    started = told.take("timestamp", clock, "a time such as 2026-03-01T14:23:47Z")
    if identity is None or started is None:
        raise Unusable("; ".join(told.damaged) or "an incident needs an id and a timestamp")
    lasted_ms = told.take("duration", _duration_ms, f"milliseconds from 0 to {MAX_DURATION_MS:.0e}")
    error = told.take("error", long_text, "a text")
    return Incident(
        id=identity,
        source="incident-object",
        kind="incident",
        title=told.take("title", text, "a text") or (error or "").split("\n")[0][:300] or f"incident {number_}",
        status="open" if lasted_ms is None else "resolved",
        number=number_,
        severity=told.take("severity", text, "a text"),
        service=told.take("service", text, "a text"),
        region=told.take("region", text, "a text"),
        environment=told.take("environment", text, "a text"),
        release=told.take("release", text, "a text"),
        started_at=started,
        resolved_at=None if lasted_ms is None else started + timedelta(milliseconds=lasted_ms),
        affected_users=told.take("affectedUsers", _count, "a whole number from 0"),
        description=told.take("description", long_text, "a text"),
        error=error,
        reported=reported,
    )


def _reported(factors: _Fields) -> Iterator[str]:
    """`externalServiceDegraded: stripe`; what is said not to have been is left out."""
    for name in _FACTORS:
        value = factors.take(name, _said, "true, false, a name or a number")
        if value not in (None, "false"):
            yield f"{name}: {value}"


def _states(state: _Fields) -> Iterator[tuple[str, float]]:
    for name in list(state)[:MAX_STATES]:
        value = state.take(name, number, "a number")
        if value is not None:
            yield name[:200], value


def _said_of(states: Mapping[str, float]) -> Iterator[str]:
    return (f"{name}: {value:g}{f' {unit}' if (unit := _UNITS.get(name)) else ''}" for name, value in states.items())


def _points(states: Mapping[str, float], incident: Incident) -> Iterator[MetricRow]:
    for name, value in states.items():
        yield MetricRow(incident.started_at, name, value, unit=_UNITS.get(name), service=incident.service)


def _spans(trace: _Fields, person: _Fields, incident: Incident, reading: Reading) -> Iterator[Row]:
    user, session = (person.take(name, text, "a text") for name in ("userId", "sessionId"))
    hops = tuple(_hops(trace))
    names = {name: trace.take(name, text, "a text") for name in ("traceId", "spanId")}
    request = {
        "request_method": trace.take("method", _method, "a method such as POST"),
        "request_path": trace.take("path", path_of, "a path"),
        "status": trace.take("status", status, "an HTTP status"),
    }
    took_ms = trace.take("duration", _duration_ms, "milliseconds")
    if hops:
        rows, notes = spans_of(incident, hops, took_ms, names["traceId"] or incident.id, names["spanId"] or "span")
        for note in notes:
            reading.note(note)
        for row in rows:
            more = request if row.kind == "server" and row.service == incident.service else {}
            yield row._replace(user=user, session=session, region=incident.region, **more)


def _hops(trace: _Fields) -> Iterator[Hop]:
    listed = trace.take("hops", lambda value: value if isinstance(value, list) else None, "a list") or []
    if len(listed) > MAX_HOPS:
        trace.damaged.append(f"context.requestTrace.hops has {len(listed)} items, expected {MAX_HOPS} at most")
    for place, value in enumerate(listed[:MAX_HOPS]):
        hop = _Fields(value, f"hops[{place}]")
        service, took_ms = hop.take("service", text, "a text"), hop.take("duration", _duration_ms, "milliseconds")
        timed_out = hop.take("timeout", _flag, "true or false")
        if service is not None and took_ms is not None:
            yield Hop(service, took_ms, timed_out is True)
        elif not hop.damaged:
            hop.damaged.append(f"hops[{place}] has no service or no duration")
        trace.damaged += hop.damaged


def _duration_ms(value: Any) -> float | None:
    found = ms(value)
    return found if found is not None and found <= MAX_DURATION_MS else None


def _count(value: Any) -> int | None:
    found = whole(value)
    return found if found is not None and found >= 0 else None


def _method(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) and _METHOD.fullmatch(value) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _said(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else text(value, 200)
