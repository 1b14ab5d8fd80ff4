"""PagerDuty: incidents of the REST API v2, webhooks v3 and v2.

Urgency, priority and the severity of an alert are three different things, and priority is often null. A v3 webhook has
no `resolved_at`: the event that resolves says when it occurred.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, listed, long_text, record_id, text
from .incident_pages import IncidentPages

Status = Literal["open", "acknowledged", "resolved"]
_STATUS: dict[Any, Status] = {"triggered": "open", "acknowledged": "acknowledged", "resolved": "resolved"}
_ACKNOWLEDGED = ("incident.acknowledged", "incident.acknowledge")
_RESOLVED = ("incident.resolved", "incident.resolve")


class PagerDuty(IncidentPages):
    """PagerDuty incidents -> records of incidents."""

    name = "pagerduty"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="PagerDuty incidents",
        producers="PagerDuty",
        versions="REST API v2, webhooks v3 and v2; one or many a file",
        recognised_by="`incidents` whose items have `incident_number` or `urgency`; a webhook's `event` or `messages`",
        fields="id, number, title, status, urgency, priority, service, times; `acknowledgements`, `log_entries`, "
        "`alerts`",
        sample=Sample.RECORDED,
        how_to_export="curl -H 'Authorization: Token token=...' 'https://api.pagerduty.com/incidents?include[]=...' > "
        "incidents.json, page by page",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("incidents",), ("messages",), ())

    def recognises(self, head: Head) -> bool:
        """An incident, a webhook, or an empty page."""
        document = head.json
        if isinstance(document, list):
            return _is_incident(first_of(document)) or _is_event(first_of(document))
        if not isinstance(document, dict):
            return False
        page = document.get("incidents")
        return (
            _is_incident(first_of(page))
            or (page == [] and ("more" in document or "offset" not in document))
            or _is_incident(document.get("incident"))
            or _is_event(document)
            or str(dict_at(first_of(document.get("messages"))).get("event")).startswith("incident.")
        )

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of a page's item, a webhook, a single incident."""
        if way is None:
            return self._of_document(value, reading)
        if way == ("messages",):
            return [
                _incident(dict_at(value, "incident"), dict_at(value).get("event"), dict_at(value).get("created_on"))
            ]
        return self._of_event(value, reading) if _is_event(value) else [_incident(value)]

    def _of_document(self, document: Any, reading: Reading) -> Iterable[Incident]:
        if _is_event(document):
            return self._of_event(document, reading)
        page = dict_at(document)
        if "error" in page:
            reading.fail(dict_at(page, "error").get("message") or page["error"])
        elif "incident" in page:
            return [_incident(page["incident"])]
        elif not (isinstance(document, list) or "incidents" in page or "messages" in page):
            raise Unusable("no `incidents`, `incident`, `event` or `messages`")
        elif page.get("more") is True:
            reading.note("the last page says that there are more incidents")
        return ()

    def _of_event(self, value: Any, reading: Reading) -> Iterable[Incident]:
        event = dict_at(value, "event")
        data = dict_at(event, "data")
        if data.get("type") != "incident":
            reading.note(f"events without an incident were passed over, such as {text(event.get('event_type'), 80)}")
            return ()
        return [_incident(data, event.get("event_type"), event.get("occurred_at"))]


def _incident(value: Any, event: Any = None, occurred: Any = None) -> Incident:
    """From an incident, and for a webhook what happened to it and when."""
    item = dict_at(value)
    status, started = _STATUS.get(text(item.get("status"))), clock(item.get("created_at"))
    identity = record_id("pagerduty", item.get("id"))
    if status is None or started is None or identity is None:
        raise Unusable("an incident needs `id`, `status` and `created_at`")
    acknowledged = clock(occurred) if event in _ACKNOWLEDGED else _earliest(item, "acknowledge")
    resolved = None
    if status == "resolved":
        resolved = clock(item.get("resolved_at")) or (clock(occurred) if event in _RESOLVED else None)
        resolved = resolved or _earliest(item, "resolve") or clock(item.get("last_status_change_at"))
    title = text(item.get("title")) or text(item.get("summary")) or text(item.get("description"))
    body = item.get("body")
    priority, alert = dict_at(item, "priority"), dict_at(first_of(item.get("alerts")))
    return Incident(
        id=identity,
        source="pagerduty",
        kind="incident",
        title=title or "without a title",
        status=status,
        number=text(item.get("incident_number")) or text(item.get("number")),
        severity=text(alert.get("severity")),
        priority=text(priority.get("summary")) or text(priority.get("name")),
        urgency=text(item.get("urgency")),
        service=text(dict_at(item, "service").get("summary")) or text(dict_at(item, "service").get("name")),
        started_at=started,
        acknowledged_at=acknowledged,
        resolved_at=resolved,
        description=long_text(body.get("details") if isinstance(body, dict) else body),
        url=text(item.get("html_url")),
        tags=tuple(found for team in listed(item.get("teams")) if (found := text(dict_at(team).get("summary")))),
    )


def _earliest(item: dict[str, Any], what: str) -> Any:
    """When it was acknowledged or resolved, as its log says."""
    entries = [entry for entry in listed(item.get("log_entries")) if dict_at(entry).get("type") == f"{what}_log_entry"]
    times = [clock(dict_at(entry).get("created_at")) for entry in entries]
    if what == "acknowledge":
        times += [clock(dict_at(entry).get("at")) for entry in listed(item.get("acknowledgements"))]
    return (
        min((at for at in times if at), default=None)
        if what == "acknowledge"
        else max((at for at in times if at), default=None)
    )


def _is_incident(value: Any) -> bool:
    item = dict_at(value)
    return text(item.get("status")) in _STATUS and ("incident_number" in item or "urgency" in item)


def _is_event(value: Any) -> bool:
    event = dict_at(value, "event")
    return {"event_type", "occurred_at"} <= event.keys() or ("event_type" in event and "resource_type" in event)
