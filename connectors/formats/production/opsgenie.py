"""Opsgenie and Jira Service Management Operations: alerts, incidents, webhooks.

Both write the same alerts; Opsgenie's API ends in April 2027. Times to acknowledge and to close are milliseconds after
the creation.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, listed, long_text, number, record_id, text
from .incident_pages import IncidentPages

Status = Literal["open", "acknowledged", "resolved"]
_ALERT_KEYS = frozenset({"acknowledged", "isSeen", "snoozed", "lastOccurredAt", "alertId"})
_INCIDENT_KEYS = frozenset({"impactedServices", "impactStartDate", "ownerTeam"})


class Opsgenie(IncidentPages):
    """Opsgenie and JSM alerts and incidents -> records of incidents."""

    name = "opsgenie"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="Opsgenie and JSM Operations alerts and incidents",
        producers="Opsgenie, Jira Service Management Operations",
        versions="Alert API v2, Incident API v1, JSM Operations API v1, webhooks",
        recognised_by="items of `data` or `values` with `tinyId`, or a webhook's `action` and `alert`",
        fields="id, tinyId, message, status, acknowledged, priority, entity, tags; createdAt, `report` ackTime and "
        "closeTime; impactStartDate, impactEndDate",
        sample=Sample.RECORDED,
        how_to_export="curl -H 'Authorization: GenieKey ...' 'https://api.opsgenie.com/v2/alerts?limit=100' > "
        "alerts.json, page by page",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("data",), ("values",))

    def recognises(self, head: Head) -> bool:
        """By the short id that only they have."""
        page = dict_at(head.json)
        data = page.get("data")
        item = data if isinstance(data, dict) else first_of(data if data else page.get("values"))
        return _is_item(item) or ("action" in page and "tinyId" in dict_at(page, "alert"))

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of an item, a single alert, a webhook."""
        if way is not None:
            return [_incident(value)]
        page = dict_at(value)
        if "alert" in page and "action" in page:
            return [_of_webhook(page)]
        if isinstance(page.get("data"), dict):
            return [_incident(page["data"])]
        if not ("data" in page or "values" in page):
            if {"message", "took", "requestId"} <= page.keys():
                reading.fail(page["message"])
                return ()
            raise Unusable("no `data`, `values` or `alert`")
        if dict_at(page, "paging").get("next") or dict_at(page, "links").get("next"):
            reading.note("the last page says that there are more")
        return ()


def _is_item(value: Any) -> bool:
    item = dict_at(value)
    return "tinyId" in item and not (_ALERT_KEYS | _INCIDENT_KEYS).isdisjoint(item)


def _incident(value: Any) -> Incident:
    if not _is_item(value):
        raise Unusable("an alert or incident needs `tinyId` and its state")
    item: dict[str, Any] = value
    created = clock(item.get("createdAt"))
    report = dict_at(item, "report")
    closed = item.get("status") in ("closed", "resolved")
    acknowledged = item.get("acknowledged") is True
    return _record(
        item,
        item.get("id"),
        "resolved" if closed else "acknowledged" if acknowledged else "open",
        started=clock(item.get("impactStartDate")) or created,
        acknowledged=_later(created, report.get("ackTime")),
        resolved=(_later(created, report.get("closeTime")) or clock(item.get("impactEndDate"))) if closed else None,
    )


def _of_webhook(page: dict[str, Any]) -> Incident:
    item, action = dict_at(page, "alert"), page.get("action")
    happened = clock(item.get("updatedAt"))
    status: Status = "resolved" if action == "Close" else "acknowledged" if action == "Acknowledge" else "open"
    return _record(
        item,
        item.get("alertId"),
        status,
        started=clock(item.get("createdAt")),
        acknowledged=happened if action == "Acknowledge" else None,
        resolved=happened if action == "Close" else None,
    )


def _record(
    item: dict[str, Any],
    raw_id: Any,
    status: Status,
    *,
    started: datetime | None,
    acknowledged: datetime | None,
    resolved: datetime | None,
) -> Incident:
    identity = record_id("opsgenie", raw_id)
    if identity is None or started is None:
        raise Unusable("an alert or incident needs an id and the time of its creation")
    return Incident(
        id=identity,
        source="opsgenie",
        kind="incident" if not _INCIDENT_KEYS.isdisjoint(item) else "alert",
        title=text(item.get("message")) or "without a message",
        status=status,
        number=text(item.get("tinyId")),
        priority=text(item.get("priority")),
        service=text(item.get("entity")) or text(first_of(item.get("impactedServices"))),
        started_at=started,
        acknowledged_at=acknowledged,
        resolved_at=resolved,
        description=long_text(item.get("description")),
        url=text(dict_at(item, "links").get("web")),
        tags=tuple(found for tag in listed(item.get("tags")) if (found := text(tag))),
    )


def _later(created: datetime | None, milliseconds: Any) -> datetime | None:
    after_ms = number(milliseconds)
    if created is None or after_ms is None or not 0 <= after_ms < 1e13:
        return None
    return created + timedelta(milliseconds=after_ms)
