"""Datadog incidents, API v2. A severity of UNKNOWN is none; durations (`time_to_*`) follow from the times."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, long_text, record_id, text
from .incident_pages import IncidentPages

# A stable incident does no more harm and is still worked on.
_STATES: dict[Any, Literal["open", "acknowledged", "resolved"]] = {
    "active": "open", "stable": "acknowledged", "resolved": "resolved", "completed": "resolved",
}  # fmt: skip


class DatadogIncidents(IncidentPages):
    """Datadog incidents -> records of incidents."""

    name = "datadog-incidents"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="Datadog incidents",
        producers="Datadog Incident Management",
        versions="API v2",
        recognised_by="`data` of type `incidents`",
        fields="public_id, title, state, severity, detected, resolved, customer_impact_*; `fields` services, summary, "
        "root_cause",
        sample=Sample.RECORDED,
        how_to_export="GET https://api.datadoghq.com/api/v2/incidents, page by page",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("data",),)

    def recognises(self, head: Head) -> bool:
        """By the type of its items."""
        data = dict_at(head.json).get("data")
        item = data if isinstance(data, dict) else first_of(data)
        return dict_at(item).get("type") == "incidents"

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of an item or a single incident."""
        if way is not None:
            return [_incident(value)]
        page = dict_at(value)
        if isinstance(page.get("data"), dict):
            return [_incident(page["data"])]
        if page.get("errors"):
            reading.fail(first_of(page["errors"]))
        elif "data" not in page:
            raise Unusable("no `data`")
        return ()


def _incident(value: Any) -> Incident:
    if dict_at(value).get("type") != "incidents":
        raise Unusable("an item that is no incident")
    told = dict_at(value, "attributes")
    created = clock(told.get("created"))
    started = clock(told.get("customer_impact_start")) or clock(told.get("detected")) or created
    identity = record_id("datadog", told.get("public_id") or value.get("id"))
    if started is None or identity is None:
        raise Unusable("an incident needs an id and a time")
    fields = dict_at(told, "fields")
    severity = text(told.get("severity")) or text(dict_at(fields, "severity").get("value"))
    status = _STATES.get(text(told.get("state")) or text(dict_at(fields, "state").get("value")), "open")
    impact = [dict_at(fields, name).get("value") for name in ("summary", "root_cause")]
    services = dict_at(fields, "services").get("value")
    return Incident(
        id=identity,
        source="datadog",
        kind="incident",
        title=text(told.get("title")) or "without a title",
        status=status,
        number=text(told.get("public_id")),
        severity=None if severity == "UNKNOWN" else severity,
        service=", ".join(map(str, services)) if isinstance(services, list) else text(services),
        started_at=started,
        detected_at=clock(told.get("detected")),
        resolved_at=(clock(told.get("resolved")) or clock(told.get("customer_impact_end")))
        if status == "resolved"
        else None,
        description=long_text("\n".join(filter(None, map(text, [told.get("customer_impact_scope"), *impact])))),
    )
