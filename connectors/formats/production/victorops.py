"""Splunk On-Call (VictorOps): incidents of the public and the reporting API."""

import html
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Literal

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, listed, record_id, text
from .incident_pages import IncidentPages

_PHASES: dict[Any, Literal["open", "acknowledged", "resolved"]] = {
    "UNACKED": "open", "TRIGGERED": "open", "ACKED": "acknowledged", "RESOLVED": "resolved",
}  # fmt: skip
# A resolved incident's entity is OK again: that is a state, no severity.
_SEVERITIES = ("CRITICAL", "WARNING", "INFO")


class VictorOps(IncidentPages):
    """VictorOps incidents -> records of incidents."""

    name = "victorops"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="Splunk On-Call (VictorOps) incidents",
        producers="Splunk On-Call, VictorOps",
        versions="public API v1, reporting API v1 and v2",
        recognised_by="`incidents` whose items have `incidentNumber` and `currentPhase`",
        fields="incidentNumber, currentPhase, entityDisplayName, entityState, service, host, startTime, `transitions`",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -H 'X-VO-Api-Id: ...' -H 'X-VO-Api-Key: ...' "
        "https://api.victorops.com/api-reporting/v2/incidents > incidents.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("incidents",),)

    def recognises(self, head: Head) -> bool:
        """By the names of its keys; an empty page by its paging."""
        page = dict_at(head.json)
        incidents = page.get("incidents")
        return _is_incident(first_of(incidents)) or (incidents == [] and "offset" in page and "more" not in page)

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of an item."""
        if way is not None:
            return [_incident(value)]
        page = dict_at(value)
        if _is_incident(page):
            return [_incident(page)]
        if "incidents" not in page:
            if page.keys() <= {"error", "message"} and page:
                reading.fail(page.get("message") or page.get("error"))
                return ()
            raise Unusable("no `incidents`")
        return ()


def _is_incident(value: Any) -> bool:
    return {"incidentNumber", "currentPhase"} <= dict_at(value).keys()


def _incident(value: Any) -> Incident:
    item = dict_at(value)
    status, started = _PHASES.get(text(item.get("currentPhase"))), clock(item.get("startTime"))
    identity = record_id("victorops", item.get("incidentNumber"))
    if status is None or started is None or identity is None:
        raise Unusable("an incident needs `incidentNumber`, `currentPhase` and `startTime`")
    title = text(item.get("entityDisplayName")) or text(item.get("entityId")) or "without a name"
    severity = text(item.get("entityState"))
    return Incident(
        id=identity,
        source="victorops",
        kind="incident",
        title=html.unescape(title),
        status=status,
        number=text(item.get("incidentNumber")),
        severity=severity if severity in _SEVERITIES else None,
        service=html.unescape(text(item.get("service")) or "") or text(item.get("host")),
        started_at=started,
        acknowledged_at=_at(item, "ACKED", first=True),
        resolved_at=_at(item, "RESOLVED", first=False) if status == "resolved" else None,
        url=text(item.get("incidentUrl")),
        tags=tuple(found for team in listed(item.get("pagedTeams")) if (found := text(team))),
    )


def _at(item: dict[str, Any], name: str, *, first: bool) -> datetime | None:
    times = [
        at
        for entry in listed(item.get("transitions"))
        if (text(dict_at(entry).get("name")) or "").upper() == name and (at := clock(dict_at(entry).get("at")))
    ]
    return (min if first else max)(times) if times else None
