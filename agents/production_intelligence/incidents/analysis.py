"""Incident analysis: where the time went, what was different, what the figures hide, which service it began in."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import log1p
from typing import Any

from ....analysis.root_services import change, rank
from ....core.errors import InputError, NoData, TaskVetoed
from ....core.numbers import counted
from ....core.records.bulk.incidents import Incident
from ....core.records.decisions.history import HISTORY_KEY, DeploymentOutcome, read_history
from ....core.records.evidence import NotMeasured
from ....core.records.production.findings import FindingPriority, Insight
from ....core.records.production.incident_analysis import (
    Factor,
    FactorKind,
    IncidentAnalysis,
    IncidentFinding,
    RankedService,
)
from ...outcome import Outcome
from ..loaded import Loaded
from .factors import anomalies_at, factors_of, series_of
from .traces import Times, masking_of, plausibility_of, times_of, traces_of
from .window import Around, Stretch, around

INCIDENTS_KEY = "aqe/production/incidents"
ANOMALIES_KEY = "aqe/production/anomalies"
KEY = "aqe/production/incident-analysis"
READS = (INCIDENTS_KEY, HISTORY_KEY, ANOMALIES_KEY)
MAX_INCIDENTS = 25
"""Analysed in one task, the newest; each reads two stretches of rows."""
LEAST_SCORE = log1p(3.0)
"""Three robust standard deviations, below which no service is suspected."""
TOP = 3
MINUTE_S = 60
_SEVERE = {"critical", "sev1", "sev-1", "p1", "s1", "sev0", "p0", "high", "sev2", "sev-2", "p2", "s2", "error"}
_MILD = {"low", "minor", "info", "p4", "p5", "sev4", "sev5", "sev-4", "s4", "informational"}
MANY_USERS = 1000


def analyze_incidents(loaded: Loaded) -> Outcome:
    """The task type `incident-analysis`.

    Payload: `days`, `incident` (id or number, of any time), `alerts` (analyse alerts too).

    Raises:
        NoData: no incident was ever imported.
        TaskVetoed: no such incident.
    """
    known = _known(loaded.records.get(INCIDENTS_KEY))
    if not known:
        raise NoData("no incidents: `aqe import incidents.json` brings them in")
    chosen, left_out = _chosen(known, loaded)
    try:
        history = read_history(loaded.records.get(HISTORY_KEY) or ())
    except InputError as error:
        raise TaskVetoed(error.message) from error
    findings = tuple(_finding(loaded, incident, history) for incident in chosen[:MAX_INCIDENTS])
    analysis = IncidentAnalysis(
        window_from=loaded.since,
        window_to=loaded.now,
        incidents=findings,
        alerts_left_out=left_out,
        not_analysed=max(0, len(chosen) - MAX_INCIDENTS),
        insights=tuple(insight for finding in findings for insight in _insights(finding, loaded.now)),
    )
    return Outcome(analysis, {"aqe/production/incident-analysis": analysis})


def _known(values: Any) -> list[Incident]:
    found = [Incident.from_value(value, where=INCIDENTS_KEY) for value in values or ()]
    return sorted(found, key=lambda incident: incident.started_at, reverse=True)


def the_incident(loaded: Loaded) -> Incident:
    """The one that the payload's `incident` names, the newest of several; TaskVetoed when there is none."""
    return _named(_known(loaded.records.get(INCIDENTS_KEY)), loaded.payload.get("incident"))[0]


def _named(known: Sequence[Incident], asked: Any) -> list[Incident]:
    named = [i for i in known if asked in (i.id, i.number)]
    if not named:
        names = ", ".join(i.number or i.id for i in known[:5]) or "none"
        raise TaskVetoed(f"no incident {asked!r}; the newest known: {names}")
    return named


def _chosen(known: Sequence[Incident], loaded: Loaded) -> tuple[list[Incident], int]:
    asked = loaded.payload.get("incident")
    if asked is not None:
        return _named(known, asked), 0
    lasting = [i for i in known if i.started_at < loaded.until and (i.resolved_at or loaded.now) >= loaded.since]
    if loaded.payload.get("alerts"):
        return lasting, 0
    incidents = [i for i in lasting if i.kind == "incident"]
    return incidents, len(lasting) - len(incidents)


def _finding(loaded: Loaded, incident: Incident, history: Sequence[DeploymentOutcome]) -> IncidentFinding:
    here = around(loaded, incident)
    before, during = times_of(here.before.spans), times_of(here.during.spans)
    severity, because = _severity(incident)
    return IncidentFinding(
        incident=incident.id,
        number=incident.number,
        title=incident.title,
        severity=severity,
        severity_because=because,
        service=incident.service,
        started_at=incident.started_at,
        ended_at=incident.resolved_at,
        duration_s=_duration_s(incident),
        affected_users=incident.affected_users,
        traces=traces_of(here, before, during),
        masking=tuple(masking_of(here.during.spans, incident)),
        little=plausibility_of(incident.service, here.during, during),
        factors=tuple(factors_of(here, before, during, history)),
        root_services=tuple(root_services(here, before, during)),
        anomalies=tuple(anomalies_at(here, loaded.records.get(ANOMALIES_KEY))),
        reported=incident.reported,
        priority=_priority(severity, incident),
    )


def _duration_s(incident: Incident) -> float | None:
    if incident.resolved_at is None:
        return None
    return max(0.0, (incident.resolved_at - incident.started_at).total_seconds())


def _severity(incident: Incident) -> tuple[str, str]:
    for name in ("severity", "priority", "urgency"):
        value = getattr(incident, name)
        if value:
            return value, f"{name} as {incident.source} gives it"
    users = incident.affected_users
    if users is not None:
        return (
            "HIGH" if users >= MANY_USERS else "MEDIUM"
        ), f"{users} affected users; {incident.source} does not rate it"
    return "UNKNOWN", f"{incident.source} does not rate it and names no affected users"


def _priority(severity: str, incident: Incident) -> FindingPriority:
    word = severity.lower()
    if word in _SEVERE or (incident.affected_users or 0) >= MANY_USERS:
        return FindingPriority.HIGH
    return FindingPriority.LOW if word in _MILD else FindingPriority.MEDIUM


def root_services(here: Around, before: Times, during: Times) -> Iterator[RankedService]:
    """The likeliest services, by all that was recorded of each."""
    changes: dict[str, dict[str, float]] = defaultdict(dict)
    for service, sign, value in (*_metric_changes(here), *_trace_changes(before, during), *_log_changes(here)):
        if value is not None:
            changes[service][sign] = value
    for service, score in rank({name: tuple(signs.values()) for name, signs in changes.items()})[:TOP]:
        if score >= LEAST_SCORE:
            signs = sorted(changes[service].items(), key=lambda item: -abs(item[1]))[:TOP]
            yield RankedService(
                service=service, score=score, signs=tuple(f"{sign}: {value:+.3g} sd" for sign, value in signs)
            )


Change = tuple[str, str, float | None]


def _metric_changes(here: Around) -> Iterator[Change]:
    then = series_of(here.before.metrics)
    for series, values in series_of(here.during.metrics).items():
        if series[0]:
            yield series[0], _sign(*series[1:]), change(then.get(series, ()), values)


def _sign(name: str, statistic: str, labels: str) -> str:
    """A series in words; which process was scraped, and that it is a value, says nothing to people."""
    told = {key: value for key, value in _labels(labels).items() if key not in ("instance", "job")}
    parts = [name, "" if statistic == "value" else statistic, *(f"{key}={value}" for key, value in told.items())]
    return " ".join(filter(None, parts))


def _labels(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _trace_changes(before: Times, during: Times) -> Iterator[Change]:
    for name, found in during.services.items():
        earlier = before.services.get(name)
        if earlier:
            yield name, "self time", change(tuple(earlier.self_ms.values()), tuple(found.self_ms.values()))


def _log_changes(here: Around) -> Iterator[Change]:
    then, now = _error_minutes(here.before), _error_minutes(here.during)
    for service, minutes in now.items():
        yield service, "errors logged", change(then.get(service) or _silence(here.before), minutes, least=1)


def _error_minutes(stretch: Stretch) -> Mapping[str, list[float]]:
    counts: Counter[tuple[str, int]] = Counter()
    for row in stretch.errors:
        if row.service:
            counts[row.service, int((row.at - stretch.since).total_seconds() // MINUTE_S)] += 1
    services = {service for service, _ in counts}
    return {s: [float(counts[s, minute]) for minute in range(len(_silence(stretch)))] for s in services}


def _silence(stretch: Stretch) -> list[float]:
    return [0.0] * max(1, int(stretch.seconds // MINUTE_S))


def _insights(finding: IncidentFinding, now: datetime) -> Iterator[Insight]:
    facts = [f"{finding.title}."]
    if not isinstance(finding.traces, NotMeasured):
        facts.append(f"The time went into {finding.traces.failing.service}: {finding.traces.because}.")
    facts += [m.words for m in finding.masking]
    facts += [f"{_NAMES[f.kind]}: {f.what}." for f in finding.factors]
    yield Insight(
        id=f"incident-{finding.incident}",
        title=f"Incident {finding.number or finding.incident}{f' of {finding.service}' if finding.service else ''}",
        detail=" ".join(facts),
        priority=finding.priority,
        evidence=(finding.incident, KEY, *finding.anomalies),
        recommendation=_recommendation(finding),
        created_at=now,
        occurrences=1,
        affected_users=finding.affected_users,
        benefit=_benefit(finding),
    )


_NAMES = {kind: kind.value.replace("_", " ").capitalize() for kind in FactorKind}


def _recommendation(finding: IncidentFinding) -> str:
    where = (
        "" if isinstance(finding.traces, NotMeasured) else f" with {finding.traces.failing.service} as slow as it was"
    )
    first = next(iter(finding.factors), None)
    check = _CHECKS[first.kind] if isinstance(first, Factor) else "record traces and metrics: nothing shows why"
    return f"Replay it as a test{where}; {check}."


_CHECKS = {
    FactorKind.DEPLOYMENT: "look at what the deployment before it changed",
    FactorKind.TRAFFIC_SPIKE: "test with the load it came with",
    FactorKind.DEGRADED_DEPENDENCY: "give the call a time-out, a limit and an answer without it",
    FactorKind.SLOW_QUERY: "look at the query's plan and its pool",
    FactorKind.CACHE_HIT_DROP: "test with a cold cache",
    FactorKind.SATURATION: "test at the limit of that resource",
    FactorKind.RESOURCE_USE: "record that resource's limit, and test at it",
}


def _benefit(finding: IncidentFinding) -> str:
    parts = []
    if finding.affected_users is not None:
        parts.append(counted(finding.affected_users, "user"))
    if finding.duration_s is not None:
        parts.append(f"{finding.duration_s / 60:.0f} min")
    return f"Spares another one like this: {', '.join(parts)}." if parts else ""
