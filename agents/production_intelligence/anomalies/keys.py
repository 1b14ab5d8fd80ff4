"""What a report means for the keys that others read: the list of anomalies, alerts, and how production is.

What was found before is not forgotten: an anomaly keeps its id while it lasts, and is resolved when its series is as
usual again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ....core.errors import InputError
from ....core.numbers import counted
from ....core.records.bulk.incidents import Incident
from ....core.records.evidence import Status
from ....core.records.production.anomalies import (
    ALERTS_KEY,
    ANOMALIES_KEY,
    NOT_JUDGED,
    Alert,
    Anomaly,
    AnomalyReport,
    ProductionStatus,
    Severity,
    by_event,
    in_words,
    is_not_judged,
)
from .report import overlap, worst_first

KEPT_RESOLVED = timedelta(days=7)
"""Resolved anomalies stay in the list for so long."""
MAX_LISTED = 200
"""Anomalies in the list, the worst: a memory value must stay below 1 MB."""
OURS = "production-intelligence"
INCIDENTS_KEY = "aqe/production/incidents"
STATUS_KEY = "aqe/production/status"
_ID = "anm-"


@dataclass(frozen=True)
class Known:
    """What stood at ANOMALIES_KEY.

    Args:
        ours: anomalies.
        foreign: what cannot be read, another program's: it stays as it is.
    """

    ours: tuple[Anomaly, ...] = ()
    foreign: tuple[Any, ...] = ()

    @classmethod
    def of(cls, records: Mapping[str, Any]) -> "Known":
        """Out of memory."""
        ours: list[Anomaly] = []
        foreign: list[Any] = []
        for value in records.get(ANOMALIES_KEY, ()):
            if is_not_judged(value):
                continue
            try:
                ours.append(Anomaly.from_value(value, where=ANOMALIES_KEY))
            except InputError:
                foreign.append(value)
        return cls(tuple(ours), tuple(foreign))

    def same_as(self, anomaly: Anomaly) -> list[Anomaly]:
        """Those that are the same event, the first to begin first."""
        same = (old for old in self.ours if old.series == anomaly.series and overlap(old, anomaly))
        return sorted(same, key=lambda old: old.began_at)


def continued(anomaly: Anomaly, known: Known) -> Anomaly:
    """The anomaly with the id and the begin under which it is known."""
    same = known.same_as(anomaly)
    if not same:
        return anomaly
    began = min(same[0].began_at, anomaly.began_at)
    return anomaly.model_copy(update={"id": same[0].id, "began_at": began, "detected_at": same[0].detected_at})


def keys(
    report: AnomalyReport,
    known: Known,
    seen: Mapping[str, float],
    lasting: Collection[str],
    records: Mapping[str, Any],
) -> dict[str, Any]:
    """Key -> what is to stand there.

    Args:
        report: what was found, `continued`.
        seen: every series that was judged -> its last point, seconds since the epoch; at least one.
        lasting: series that are outside of their range at their end, those that were cut from the report too.
        records: what stands in memory now.
    """
    anomalies = merged(report.anomalies, known, seen, lasting, report.window_to)
    until = datetime.fromtimestamp(max(seen.values()), UTC)
    return {
        ANOMALIES_KEY: [*(anomaly.to_dict() for anomaly in anomalies), *known.foreign],
        ALERTS_KEY: alerts(anomalies, records),
        STATUS_KEY: status(anomalies, len(seen), until, report.window_to),
    } | {f"aqe/anomalies/{anomaly.began_at:%Y-%m-%d}/{anomaly.id}": anomaly for anomaly in anomalies}


def unjudged_keys(reason: str, known: Known, records: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Key -> what is to stand there when nothing could be judged, so that nobody takes an earlier state for this one.

    The anomalies stay as they are, behind the word that nobody could judge: nobody can say that one is over.

    Args:
        reason: why nothing was judged.
        known, records: as for `keys`.
        now: of the look.
    """
    opened = sum(anomaly.status == "open" for anomaly in known.ours)
    unknown = Alert(
        id=NOT_JUDGED,
        source=OURS,
        title=f"nobody can say how production is: {reason}",
        severity=None,
        status=Status.NOT_MEASURED,
        started_at=now,
    )
    state = ProductionStatus(
        status="NOT_MEASURED", reason=reason, open_anomalies=opened, judged_series=0, looked_at=now, data_until=None
    )
    return {
        STATUS_KEY: state,
        ANOMALIES_KEY: [unknown.to_dict(), *(anomaly.to_dict() for anomaly in known.ours), *known.foreign],
        ALERTS_KEY: [unknown.to_dict(), *alerts(known.ours, records)],
    }


def merged(
    found: Sequence[Anomaly], known: Known, seen: Mapping[str, float], lasting: Collection[str], now: datetime
) -> tuple[Anomaly, ...]:
    """What was found now and what was known, the worst first; arguments as for `keys`.

    A known anomaly that is open is over when its series has newer points and is as usual; where nothing newer was
    imported it stays as it is.
    """
    again = {old.id for anomaly in found for old in known.same_as(anomaly)}
    kept = [*found, *(_now(old, seen, lasting) for old in known.ours if old.id not in again)]
    recent = [a for a in kept if a.status == "open" or (a.resolved_at or a.began_at) >= now - KEPT_RESOLVED]
    return tuple(sorted(recent, key=worst_first))[:MAX_LISTED]


def _now(old: Anomaly, seen: Mapping[str, float], lasting: Collection[str]) -> Anomaly:
    last_s = seen.get(old.series)
    if old.status != "open" or old.series in lasting or last_s is None or last_s <= old.last_data_at.timestamp():
        return old
    last = datetime.fromtimestamp(last_s, UTC)
    return old.model_copy(update={"status": "resolved", "ended_at": last, "resolved_at": last, "last_data_at": last})


def alerts(anomalies: Iterable[Anomaly], records: Mapping[str, Any]) -> list[Any]:
    """What somebody should look at now: high and critical anomalies and incidents that are open.

    Items of other writers stay as they are.
    """
    incidents = [
        Incident.from_value(value, where=f"{INCIDENTS_KEY}[{index}]")
        for index, value in enumerate(records.get(INCIDENTS_KEY, ()))
    ]
    ours = [*_of_anomalies(anomalies), *_of_incidents(incidents)]
    names = {incident.id for incident in incidents}
    return [*(alert.to_dict() for alert in ours), *(a for a in records.get(ALERTS_KEY, ()) if not _is_ours(a, names))]


def _is_ours(alert: Any, incidents: Collection[str]) -> bool:
    name = alert.get("id") if isinstance(alert, dict) else None
    return isinstance(name, str) and (name.startswith(_ID) or name in incidents)


def _of_anomalies(anomalies: Iterable[Anomaly]) -> Iterator[Alert]:
    """One an event: an outage that fifteen series show is one thing to look at."""
    severe = (a for a in anomalies if a.status == "open" and a.severity in (Severity.CRITICAL, Severity.HIGH))
    for event in by_event(severe):
        one = event[0]
        yield Alert(
            id=one.event or one.id,
            source=OURS,
            title=in_words(event),
            severity=one.severity,
            status=one.status,
            started_at=one.began_at,
            service=one.service,
        )


def _of_incidents(incidents: Iterable[Incident]) -> Iterator[Alert]:
    for one in incidents:
        if one.status != "resolved":
            yield Alert(
                id=one.id,
                source=one.source,
                title=one.title,
                severity=one.severity or one.priority or one.urgency,
                status=one.status,
                started_at=one.started_at,
                service=one.service,
            )


def status(anomalies: Iterable[Anomaly], series: int, until: datetime, now: datetime) -> ProductionStatus:
    """How production is: as bad as the worst open anomaly.

    Args:
        series: judged.
        until: the last point of them.
        now: of the look.
    """
    opened = [anomaly for anomaly in anomalies if anomaly.status == "open"]
    worst = min(opened, key=worst_first, default=None)
    words = {Severity.CRITICAL: "critical", Severity.HIGH: "unhealthy", Severity.MEDIUM: "degraded"}
    word: Any = words.get(worst.severity, "healthy") if worst else "healthy"
    if word != "healthy" and worst:
        reason = worst.explanation
    else:
        mild = (
            f"{counted(len(opened), 'open anomaly', 'open anomalies')}, all of them mild,"
            if opened
            else "no open anomaly"
        )
        reason = f"{mild} in {series} series"
    return ProductionStatus(
        status=word,
        reason=reason,
        open_anomalies=len(opened),
        judged_series=series,
        looked_at=now,
        data_until=until,
    )
