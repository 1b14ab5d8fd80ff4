"""Datadog monitors: those that alert or warn are alerts; one without data is neither good nor bad."""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, listed, long_text, record_id, text
from .incident_pages import IncidentPages

_ALERTING = {"Alert": "critical", "Warn": "warning"}
_NO_DATA = ("No Data", "Unknown", None)


class DatadogMonitors(IncidentPages):
    """Datadog monitors that alert -> records of incidents."""

    name = "datadog-monitors"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="Datadog monitors",
        producers="Datadog",
        versions="API v1",
        recognised_by="a list, or one object, with `query`, `overall_state` and `options`",
        fields="id, name, message, overall_state, overall_state_modified, priority, tags",
        sample=Sample.RECORDED,
        how_to_export="GET https://api.datadoghq.com/api/v1/monitor",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("monitors",))

    def recognises(self, head: Head) -> bool:
        """By the first monitor."""
        document = head.json
        page = dict_at(document)
        return _is_monitor(first_of(document if isinstance(document, list) else page.get("monitors")) or document)

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of a monitor: one alert, or none."""
        if way is None and not _is_monitor(value):
            page = dict_at(value)
            if page.get("errors"):
                reading.fail(first_of(page["errors"]))
            elif not isinstance(value, list) and "monitors" not in page:
                raise Unusable("no monitors")
            return ()
        if not _is_monitor(value):
            raise Unusable("a monitor needs `query` and `overall_state`")
        state = text(value.get("overall_state"))
        if state in _NO_DATA:
            reading.note("monitors without data say nothing")
        return [_incident(value, _ALERTING[state])] if state in _ALERTING else ()


def _is_monitor(value: Any) -> bool:
    return {"query", "overall_state", "options"} <= dict_at(value).keys()


def _incident(item: dict[str, Any], severity: str) -> Incident:
    started = clock(item.get("overall_state_modified")) or clock(item.get("modified"))
    identity = record_id("datadog-monitor", item.get("id"))
    if started is None or identity is None:
        raise Unusable("a monitor that alerts needs `id` and `overall_state_modified`")
    told = [found for tag in listed(item.get("tags")) if (found := text(tag))]
    named = dict(tag.split(":", 1) for tag in told if ":" in tag)
    return Incident(
        id=identity,
        source="datadog",
        kind="alert",
        title=text(item.get("name")) or "without a name",
        status="open",
        severity=severity,
        priority=text(item.get("priority")),
        service=named.get("service"),
        environment=named.get("env") or named.get("environment"),
        started_at=started,
        description=long_text(item.get("message")),
        error=text(item.get("query")),
        tags=tuple(told),
    )
